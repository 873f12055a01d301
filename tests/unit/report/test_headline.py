"""The figures that a sweep asks for are those of the report, to the last bit."""

from __future__ import annotations

import pytest

from archsim.engine import run
from archsim.hardware import load_hardware
from archsim.mapping import compile_workload
from archsim.report.energy import by_component_j, of_run
from archsim.report.headline import headline
from archsim.report.windows import windows
from archsim.workload import load_workload

MACHINES = ("crossbar", "digital_int8", "dota_b", "homodyne", "ring_bank")
ALWAYS = ("tiles.array.on=always", "dram.on=always", "buffer.on=always")


@pytest.mark.parametrize("network", ["lenet5", "resnet20_cifar10"])
@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("overrides", [(), ALWAYS])
def test_energy_by_component_is_the_sum_over_ops(machine, network, overrides):
    hardware, workload = load_hardware(machine, overrides), load_workload(network)
    compiled = compile_workload(workload, hardware, batch=2)
    ledger = run(compiled.program)
    when = windows(ledger)
    entries = of_run(hardware, compiled, ledger, when).entries
    found = by_component_j(hardware, compiled, ledger, when)
    assert found == {
        slot: sum(entry.energy_j for entry in entries if entry.component == slot)
        for slot in {entry.component for entry in entries}
    }
    figures = headline(hardware, compiled, ledger)
    assert figures.energy_j == float(sum(entry.energy_j for entry in entries))
    assert list(figures.energy_by_component_j) == list(hardware.parts())


def test_light_that_follows_the_counts_is_paid_op_by_op():
    hardware = load_hardware(
        "homodyne",
        ["tiles.repetition=power", "tiles.laser.min_power=1 mW", "tiles.laser.max_power=10 W"],
    )
    workload = load_workload("lenet5")
    compiled = compile_workload(workload, hardware, 2.5)
    ledger = run(compiled.program)
    when = windows(ledger)
    entries = of_run(hardware, compiled, ledger, when).entries
    light = sum(entry.energy_j for entry in entries if entry.component == "laser")
    assert by_component_j(hardware, compiled, ledger, when)["laser"] == light > 0
