"""What a timeline shows, times how often, is what the ledger has: whatever was skipped, and how."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from archsim.engine import Ledger, compiled, simpy_engine
from archsim.errors import SimulationError
from archsim.mapping import Program
from archsim.report.timeline.history import History, Recording
from archsim.report.timeline.slices import Slices, repeats_of, works_of
from tests.long_programs import balanced, scheduled
from tests.programs import scheduled_programs
from tests.runs import Completions

SEEDS = 150
calm = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def recorded(engine, program: Program, **options) -> tuple[History, Ledger]:
    trace = Recording()
    trace.begins(program)
    ledger = engine(program, trace=trace, **options)
    return trace.history(), ledger


def drawn(history: History, ledger: Ledger) -> Slices:
    everything = np.ones(len(history.program.ops), bool)
    return works_of(history.works(), everything, (0, ledger.makespan_ticks))


def busy_ticks(program: Program, slices: Slices, amounts: np.ndarray) -> dict[tuple[str, str], int]:
    found = Counter()
    for unit, op, ticks in zip(slices.unit, slices.op, amounts, strict=True):
        found[program.units[unit].name, program.ops[op]] += int(ticks)
    return +found


def expected_ticks(ledger: Ledger) -> dict[tuple[str, str], int]:
    return {(r.unit, r.op): r.busy_ticks for r in ledger.records if r.busy_ticks}


def check(program: Program, engine, **options) -> History:
    history, ledger = recorded(engine, program, **options)
    slices, expected = drawn(history, ledger), expected_ticks(ledger)
    assert (slices.busy == slices.end - slices.start).all()
    assert busy_ticks(program, slices, slices.busy * slices.multiplicity) == expected
    check_skips(history, ledger, slices)
    for gap_ticks in (0, 3, ledger.makespan_ticks):
        joined = slices.joined(gap_ticks)
        assert busy_ticks(program, joined, joined.busy * joined.multiplicity) == expected
        assert int(joined.works.sum()) == len(slices)
        check_order(joined)
    return history


def check_skips(history: History, ledger: Ledger, slices: Slices) -> None:
    """What is shown once and what fills the time of skipped periods is all there was, too."""
    everything = np.ones(len(history.program.ops), bool)
    repeats = repeats_of(history.works(), everything, (0, ledger.makespan_ticks))
    assert (repeats.end > repeats.start).all()
    assert int(slices.busy.sum() + repeats.busy.sum()) == sum(r.busy_ticks for r in ledger.records)
    assert (repeats.busy <= repeats.end - repeats.start).all()
    waits = history.waits()
    stalls = waits.with_skips(np.where(waits.is_skip, 0, waits.end - waits.start))
    assert int(stalls.sum()) == sum(r.stall_ticks for r in ledger.records)


def check_order(slices: Slices) -> None:
    """One thing at a time on every unit."""
    same = slices.unit[1:] == slices.unit[:-1]
    assert (slices.start[1:][same] >= slices.end[:-1][same]).all()


@pytest.mark.parametrize("make", [scheduled, balanced])
def test_durations_times_multiplicities_are_the_busy_time_where_loops_are_long(make):
    skips = nested = 0
    for seed in range(SEEDS):
        program = make(seed)
        try:
            history = check(program, compiled.run)
        except SimulationError:  # a deadlock, which has no ledger to compare with
            continue
        skips += len(history.skips)
        nested += sum(s < r for s, r in zip(history.first[1:], history.skips[:-1], strict=True))
    assert skips > SEEDS / 2  # else these programs are not what they are meant to be
    assert nested > 3


@calm
@given(scheduled_programs())
def test_durations_are_the_busy_time_where_nothing_is_skipped(program):
    check(program, simpy_engine.run)


@calm
@given(st.integers(0, 10**6), st.sampled_from([scheduled, balanced]))
def test_a_row_happens_as_often_as_it_does_when_all_of_it_is_written_out(seed, make):
    program = make(seed)
    assume(program.code.steps < 30_000)
    trace = Completions()
    trace.begins(program)
    try:
        history, _ = recorded(compiled.run, program)
        compiled.run(program, trace=trace)
    except SimulationError:
        assume(False)
    times = Counter()
    for unit, line, often in zip(history.unit, history.line, history.multiplicity, strict=True):
        times[int(unit), int(line)] += int(often)
    of = Counter((unit, line) for unit, steps in trace.of.items() for line, _ in steps)
    assert +times == of
    # And in its place: what was executed is among what happened.
    happened = {(unit, line, tick) for unit, steps in trace.of.items() for line, tick in steps}
    rows = zip(history.unit, history.line, history.end, strict=True)
    shown = {(int(u), int(line), int(end)) for u, line, end in rows if line >= 0}
    assert shown <= happened
