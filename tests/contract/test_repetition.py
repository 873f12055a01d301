"""Timing side against physics: passes, conversions and light in a run are physics.repetition's."""

import random
from collections import Counter
from dataclasses import replace

import pytest

import archsim
from archsim.errors import MappingError
from archsim.physics import repetition
from archsim.physics.repetition import Averaging, Repetition
from archsim.workload import RepetitionPlan, Workload
from tests.networks import network

MACHINES = {
    Repetition.TIME: ["homodyne", "dota_b", "ring_bank", "crossbar"],
    Repetition.SPACE: ["homodyne", "dota_b", "ring_bank", "crossbar"],
    Repetition.POWER: ["homodyne", "ring_bank"],
}
NETWORK = archsim.load_workload("lenet5")
COUNTS = 3
TILE_COLUMNS = {"homodyne": 64, "dota_b": 12, "ring_bank": 64, "crossbar": 32}
"""Columns of a tile; the crossbar has 128, four for each 8-bit weight in cells of 2 bits."""


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


# ---- one count for each output channel -------------------------------------------------


@pytest.mark.parametrize(
    ("name", "mode", "averaging"), [case for case in cases() if "power" not in case.id]
)
def test_a_tile_repeats_as_often_as_its_largest_count_and_converts_each_column_its_own(
    name, mode, averaging
):
    hardware, dice = machine(name, mode, averaging), random.Random(7)
    plan = per_channel(lambda: dice.randint(1, 4))
    once = archsim.simulate(hardware, NETWORK).actions
    planned = archsim.simulate(hardware, NETWORK, plan).actions
    for op in NETWORK.gemms:
        counts = sorted(plan.counts[op.name], reverse=True)
        width = TILE_COLUMNS[name]
        tiles = [counts[first : first + width] for first in range(0, len(counts), width)]
        expected = {
            "array.mac": sum(
                repetition.passes(tile[0], mode) * repetition.copies(tile[0], mode) * len(tile)
                for tile in tiles
            ),
            "adc.convert": sum(repetition.conversions(k, mode, averaging) for k in counts),
        }
        for action, columns in expected.items():
            done = [
                int(frame[(frame.op == op.name) & (frame.action == action)]["count"].sum())
                for frame in (once, planned)
            ]
            assert done[1] * len(counts) == columns * done[0], (op.name, action)


@pytest.mark.parametrize(
    ("name", "mode", "averaging"), [case for case in cases() if "power" not in case.id]
)
def test_a_plan_with_the_same_count_for_each_channel_is_that_count(name, mode, averaging):
    hardware = machine(name, mode, averaging)
    plain = archsim.simulate(hardware, NETWORK, repetitions=COUNTS)
    planned = archsim.simulate(hardware, NETWORK, per_channel(lambda: COUNTS))
    ops = tuple(replace(row, packing_overhead=None) for row in planned.tables.ops)
    assert replace(planned.tables, ops=ops) == plain.tables
    assert planned.packing_overhead == 0
    assert planned.makespan_ticks == plain.makespan_ticks


def per_channel(count):
    counts = {op.name: tuple(count() for _ in range(op.channels)) for op in NETWORK.gemms}
    return RepetitionPlan(fingerprint=NETWORK.fingerprint, counts=counts)


def linear(counts):
    """Return 100 vectors of 64 times 64 x len(counts) weights, and a plan with those counts."""
    op = {
        "name": "fc",
        "kind": "linear",
        "inputs": ["x"],
        "shape": [1, 100, len(counts)],
        "in_features": 64,
        "out_features": len(counts),
    }
    workload = Workload(**network(op, inputs=[{"name": "x", "shape": [1, 100, 64]}]))
    return workload, RepetitionPlan(fingerprint=workload.fingerprint, counts={"fc": tuple(counts)})


def in_space(name, tiles, averaging=Averaging.DIGITAL, *more):
    hardware = machine(name, Repetition.SPACE, averaging)
    changes = {"count": tiles, "reload": True} if name == "ring_bank" else {"count": tiles}
    return hardware.model_copy(
        update={"tiles": hardware.tiles.model_copy(update={**changes, **dict(more)})}
    )


def used(report):
    [row] = [row for row in report.tables.ops if row.op == "fc"]
    return row.tiles, row.rounds, row.replicas


def test_in_space_a_finished_column_of_a_copy_is_multiplied_but_not_converted():
    # 32 columns on one tile of 64 x 64, which takes 3 tiles for its largest count.
    report = archsim.simulate(in_space("ring_bank", 3), *linear([1] * 16 + [3] * 16))
    done = totals(report)
    assert used(report) == (3, 1, 1)
    assert done["adc.convert"] == 100 * (16 * 1 + 16 * 3) == 6_400
    assert done["array.mac"] == 100 * 3 * 32 * 64 == 614_400
    assert done["dac.convert"] == 100 * 3 * 64 == 19_200  # each copy has input drivers of its own
    assert done["array.write"] == 3 * 32 * 64 == 6_144


# Channels are sorted by count, so that of two tiles of 64 columns one takes 3 tiles, one takes 1.
ALTERNATING = [1, 3] * 64


@pytest.mark.parametrize(
    ("averaging", "conversions"),
    [(Averaging.DIGITAL, 100 * (64 * 3 + 64 * 1)), (Averaging.ANALOG, 100 * 128)],
)
@pytest.mark.parametrize(
    ("tiles", "expected", "writes"),
    [
        (4, (4, 1, 1), (3 + 1) * 64 * 64),
        (3, (3, 2, 3), (3 + 3) * 64 * 64),  # the count of 1 comes in a round of 3 replicas
    ],
)
def test_in_space_weight_tiles_take_the_copies_of_their_own_largest_count(
    tiles, expected, writes, averaging, conversions
):
    report = archsim.simulate(in_space("ring_bank", tiles, averaging), *linear(ALTERNATING))
    done = totals(report)
    assert used(report) == expected
    assert done["array.mac"] == 100 * (3 + 1) * 64 * 64 == 1_638_400
    assert done["dac.convert"] == 100 * (3 + 1) * 64 == 25_600
    assert done["adc.convert"] == conversions
    assert done["array.write"] == writes


@pytest.mark.parametrize(
    ("averaging", "conversions"),
    [(Averaging.DIGITAL, 100 * (64 * 3 + 64 * 1)), (Averaging.ANALOG, 100 * 128)],
)
@pytest.mark.parametrize(("tiles", "rounds"), [(4, 1), (3, 2)])
def test_in_space_output_tiles_take_the_copies_of_their_own_largest_count(
    tiles, rounds, averaging, conversions
):
    report = archsim.simulate(in_space("homodyne", tiles, averaging), *linear(ALTERNATING))
    done = totals(report)
    assert used(report) == (tiles, rounds, 1)
    assert done["array.mac"] == 100 * (3 + 1) * 64 * 64 == 1_638_400
    assert done["dac.convert"] == rounds * 100 * 64  # one set of drivers serves all tiles
    assert done["weight_dac.convert"] == 2 * (3 + 1) * 64 * 64  # 100 vectors are two tiles high
    assert done["adc.convert"] == conversions


def test_in_space_tiles_that_take_vectors_are_shared_out_to_copies():
    # 6 tiles: 2 x 64 vectors at once with 3 copies, then 6 x 64 with one.
    own = [("tiles_split", "rows"), ("inputs_shared_by", "none")]
    hardware = in_space("homodyne", 6, Averaging.DIGITAL, *own)
    report = archsim.simulate(hardware, *linear(ALTERNATING))
    done = totals(report)
    assert used(report) == (6, 2, 1)
    assert done["array.mac"] == 100 * (3 + 1) * 64 * 64 == 1_638_400
    assert done["dac.convert"] == 100 * (3 + 1) * 64 == 25_600
    assert done["adc.convert"] == 100 * (3 + 1) * 64 == 25_600


def test_in_space_weights_that_stay_need_all_their_copies_at_once():
    hardware = in_space("ring_bank", 3, Averaging.DIGITAL, ("reload", False))
    with pytest.raises(MappingError) as error:
        archsim.simulate(hardware, *linear(ALTERNATING))
    assert str(error.value) == (
        "weights: all resident at once need 4 tiles; 'ring_bank' has 3, 1 too few. Raise "
        "tiles.count to 4, or set tiles.reload: true and use schedule serial."
    )


@pytest.mark.parametrize("name", ["ring_bank", "homodyne"])
def test_in_space_too_few_tiles_for_the_copies_of_one_are_refused(name):
    with pytest.raises(MappingError) as error:
        archsim.simulate(in_space(name, 2), *linear(ALTERNATING))
    assert str(error.value) == (
        f"fc: 3 repetitions in space need 3 tiles; '{name}' has 2, 1 too few. "
        "Raise tiles.count to 3, repeat in time, or lower the count."
    )
