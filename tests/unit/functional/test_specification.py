"""What the functional side is told: all that changes its numbers, and nothing else."""

from __future__ import annotations

import pytest

from archsim.functional import Quantisation, Settings, Specification, evaluate, exported
from archsim.functional.targets import load_task
from archsim.hardware import load_hardware
from archsim.workload import RepetitionPlan, load_workload
from tests.small_task import forget_small_task, write_small_task

LENET = load_workload("lenet5")


def told(*changes, plan=1, workload=LENET, machine="homodyne", **settings):
    hardware = load_hardware(machine, list(changes))
    return Specification.of(workload, hardware, plan, Settings(**settings)).hash


@pytest.mark.parametrize(
    "change",
    [
        "dram.bandwidth=64 GB/s",
        "dram.latency=1 us",
        "buffer.size=1 MiB",
        "tiles.adc.energy=1 nJ",
        "tiles.modulator.static_power=1 W",
        "tiles.laser.wall_plug_efficiency=0.1",
        "tiles.adc.area=1 mm^2",
        "clocks.digital=2 GHz",
        "tiles.count=2",
        "vector_unit.lanes=8",
    ],
)
def test_time_energy_and_area_alone_are_no_part_of_it(change):
    assert told(change) == told()


@pytest.mark.parametrize(
    "changes",
    [
        ["tiles.adc.bits=9"],
        ["tiles.adc.enob=6.5"],
        ["tiles.laser.power=2 mW"],
        ["tiles.modulator.loss=4 dB"],
        ["tiles.tia.temperature=400 K"],
        ["tiles.detector.quantum_efficiency=0.7"],
        ["tiles.integrate_symbols=8"],
        ["tiles.averaging=digital"],
        ["clocks.symbol=2.5 GHz", "tiles.dac.rate=2.5 GHz"],
    ],
)
def test_noise_and_conversion_are_part_of_it(changes):
    assert told(*changes) != told()


def test_plan_settings_and_bits_are_part_of_it():
    plan = RepetitionPlan.uniform(LENET, 2)
    found = [
        told(),
        told(plan=2),
        told(workload=LENET.with_bits(4, 4), machine="crossbar"),
        told(machine="crossbar"),
        told(sources={"shot"}),
        told(adc="full_scale"),
        told(adc="ideal"),
        told(quantisation=None),
        told(quantisation=Quantisation(weights_per_channel=False)),
    ]
    assert len(set(found)) == len(found)
    assert told(plan=plan) == told(plan=2)


def test_equal_specifications_mean_equal_accuracy(tmp_path, monkeypatch):
    write_small_task(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    try:
        task = load_task("small_nets:task")
        network = exported(task)
    finally:
        forget_small_task()

    def both(*changes):
        hardware = load_hardware("homodyne", list(changes))
        found = evaluate(task, hardware, 1, trials=2, network=network)
        hash_ = Specification.of(network.workload, hardware, 1, Settings()).hash
        noise_stds = [op.noise_std for op in found.ops]
        return hash_, (found.values, found.quantised, found.clean, noise_stds)

    first = both("tiles.laser.power=0.01 mW")
    same = both("tiles.laser.power=0.01 mW", "dram.bandwidth=64 GB/s", "tiles.adc.energy=1 nJ")
    other = both("tiles.laser.power=0.01 mW", "tiles.adc.bits=4", "tiles.adc.enob=4")
    assert first == same
    assert other[0] != first[0]
    assert other[1] != first[1]
