"""Timing side against physics: passes, conversions and light in a run are physics.repetition's."""

from collections import Counter

import pytest

import archsim
from archsim.physics import repetition
from archsim.physics.repetition import Averaging, Repetition
from archsim.workload import RepetitionPlan

MACHINES = {
    Repetition.TIME: ["homodyne", "dota_b", "ring_bank", "crossbar"],
    Repetition.SPACE: ["homodyne", "dota_b", "ring_bank", "crossbar"],
    Repetition.POWER: ["homodyne", "ring_bank"],
}
NETWORK = archsim.load_workload("lenet5")
COUNTS = 3


def cases():
    for mode, machines in MACHINES.items():
        for machine in machines:
            for averaging in Averaging:
                if (machine, averaging) != ("crossbar", Averaging.ANALOG):  # it cannot hold charge
                    yield pytest.param(machine, mode, averaging, id=f"{machine}-{mode}-{averaging}")


def machine(name, mode, averaging):
    chosen = [f"tiles.repetition={mode}", f"tiles.averaging={averaging}"]
    chosen += ["tiles.laser.min_power=1 uW"] if mode is Repetition.POWER else []
    chosen += ["tiles.laser.max_power=10 W"] if mode is Repetition.POWER else []
    chosen += ["tiles.count=16"] if name in ("homodyne", "dota_b") else []
    chosen += ["tiles.tia.integrator=true"] if name == "ring_bank" else []
    if name == "ring_bank" and averaging is Averaging.ANALOG:
        chosen += ["tiles.tia.capacitance=5 fF", "tiles.tia.temperature=300 K"]
    return archsim.load_hardware(name, chosen)


def totals(report):
    return Counter(report.actions.groupby("action")["count"].sum().to_dict())


@pytest.mark.parametrize(("name", "mode", "averaging"), list(cases()))
def test_products_and_conversions_are_those_of_physics(name, mode, averaging):
    hardware = machine(name, mode, averaging)
    once = totals(archsim.simulate(hardware, NETWORK))
    often = totals(archsim.simulate(hardware, NETWORK, repetitions=COUNTS))
    passes = repetition.passes(COUNTS, mode) * repetition.copies(COUNTS, mode)
    conversions = repetition.conversions(COUNTS, mode, averaging)
    assert often["array.mac"] == passes * once["array.mac"]
    assert often["adc.convert"] == conversions * once["adc.convert"]


@pytest.mark.parametrize("name", MACHINES[Repetition.POWER])
def test_repetition_by_power_takes_as_much_more_light_and_no_more_time(name):
    hardware = machine(name, Repetition.POWER, Averaging.DIGITAL)
    once = archsim.simulate(hardware, NETWORK)
    often = archsim.simulate(hardware, NETWORK, repetitions=2.5)
    assert often.makespan_ticks == once.makespan_ticks
    light = "laser"
    assert often.energy_by_component_j[light] == pytest.approx(
        2.5 * once.energy_by_component_j[light]
    )
    others = [c for c in once.energy_by_component_j if c != light]
    for component in others:
        assert often.energy_by_component_j[component] == once.energy_by_component_j[component]


def test_a_plan_is_followed_op_by_op():
    hardware = archsim.load_hardware("ring_bank")
    counts = {op.name: place + 1 for place, op in enumerate(NETWORK.gemms)}
    plan = RepetitionPlan(fingerprint=NETWORK.fingerprint, counts=counts)
    once = archsim.simulate(hardware, NETWORK).actions
    planned = archsim.simulate(hardware, NETWORK, plan).actions
    for name, count in counts.items():
        for action in ("array.mac", "adc.convert", "dac.convert"):
            done = [
                int(frame[(frame.op == name) & (frame.action == action)]["count"].sum())
                for frame in (once, planned)
            ]
            assert done[1] == count * done[0], (name, action)
