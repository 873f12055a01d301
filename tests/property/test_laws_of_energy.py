from __future__ import annotations

from collections import Counter
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

import archsim
from archsim import hardware
from archsim.hardware.check import facts
from archsim.report import energy
from archsim.report.windows import Window, active_ticks, windows
from tests.unit.report.tiny import compiled, ledger, machine, record

TINY = machine()
RUNS = [
    ("homodyne", {"repetitions": 3}),
    ("ring_bank", {}),
    ("crossbar", {"batch": 3, "schedule": "pipelined"}),
    ("dota_b", {"batch": 16}),
    ("digital_int8", {}),
]

spans = st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=1, max_size=8)
counts = st.dictionaries(
    st.sampled_from(["adc.convert", "buffer.read_bit", "dram.write_bit"]), st.integers(1, 10**9)
)


@given(spans)
def test_all_time_is_shared_out_and_none_twice(pairs):
    found = {str(i): Window(min(p), max(p), 0, "array") for i, p in enumerate(pairs)}
    covered = {t for w in found.values() for t in range(w.start_tick, w.end_tick)}
    assert sum(energy.split_ticks(found).values()) == len(covered)


@given(spans)
def test_active_spans_are_as_many_as_hold_each_tick(pairs):
    ordered = [(min(p), max(p)) for p in pairs]
    active = active_ticks(ordered)
    for tick in range(51):
        running = next((n for t, n in reversed(active.items()) if t <= tick), 0)
        assert running == sum(start <= tick < end for start, end in ordered)


@given(spans, st.lists(counts, min_size=8, max_size=8))
def test_energy_is_one_number_however_it_is_added(pairs, actions):
    ops = [str(i) for i in range(len(pairs))]
    records = tuple(
        record("dram", "dram", op, start=min(p), end=max(p))
        for op, p in zip(ops, pairs, strict=True)
    )
    run = ledger(records=records, actions=dict(zip(ops, actions, strict=False)))
    spent = energy.of_run(TINY, compiled(placements={}), run, windows(run))
    assert sum(spent.by_op_j().values()) == spent.total_j
    assert sum(spent.by_component_j().values()) == spent.total_j
    assert spent.by_component_j()["accumulator"] == Fraction(2 * 60, 10**9)


@given(spans, st.lists(counts, min_size=8, max_size=8))
def test_static_power_over_time_is_static_energy(pairs, actions):
    ops = ["a", "b", *map(str, range(len(pairs)))][: len(pairs)]  # the first two have tiles
    records = tuple(
        record("dram", "dram", op, start=min(p), end=max(p))
        for op, p in zip(ops, pairs, strict=True)
    )
    run = ledger(records=records, actions=dict(zip(ops, actions, strict=False)))
    found = windows(run)
    energy_j = Counter()
    for slot, start, end, power_w in energy.static_spans(TINY, compiled(), run, found):
        energy_j[slot] += power_w * (end - start) * compiled().tick_s
    expected_j = Counter()
    for entry in energy.of_run(TINY, compiled(), run, found).entries:
        expected_j[entry.component] += entry.static_j
    assert +energy_j == +expected_j


@pytest.fixture(scope="module", params=RUNS, ids=[name for name, _ in RUNS])
def report(request):
    name, options = request.param
    return archsim.simulate(name, "lenet5", **options)


def test_a_real_run_adds_up(report):
    assert sum(report.energy_by_op_j.values()) == pytest.approx(report.energy_j, rel=1e-12)
    by_component_j = sum(report.energy_by_component_j.values())
    assert by_component_j == pytest.approx(report.energy_j, rel=1e-12)
    assert report.components.area_m2.sum() == pytest.approx(report.area_m2, rel=1e-12)


def test_every_unit_is_busy_stalled_or_idle_for_the_whole_makespan(report):
    units = report.units
    assert (units[["busy_ticks", "stall_ticks", "idle_ticks"]] >= 0).all(axis=None)
    total_ticks = units.busy_ticks + units.stall_ticks + units.idle_ticks
    assert (total_ticks == report.makespan_ticks).all()


def test_activity_adds_up_to_the_units(report):
    summed = report.activity.groupby("unit")[["busy_ticks", "stall_ticks"]].sum()
    units = report.units.set_index("unit")[["busy_ticks", "stall_ticks"]]
    assert summed.sort_index().equals(units.sort_index())


def test_nothing_is_used_beyond_its_peak(report):
    assert 0 < report.utilization <= 1
    assert report.ops.utilization.dropna().between(0, 1).all()


def test_no_part_draws_more_than_its_rated_power(report):
    rated_w = facts(hardware.load_hardware(report.hardware)).power_w
    drawn_w = report.components.set_index("component").power_w
    for slot in rated_w.keys() - energy.MACHINE_SLOTS:  # memories are rated without their accesses
        assert drawn_w[slot] <= rated_w[slot] * (1 + 1e-9), slot


def test_every_op_runs_within_the_makespan(report):
    ran = report.ops.dropna(subset="start_s")
    assert (ran.start_s <= ran.end_s).all()
    assert ran.end_s.max() <= report.makespan_s * (1 + 1e-12)
    assert 0 < report.latency_s <= report.makespan_s * (1 + 1e-12)
