"""What was told becomes what happened: worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from archsim.engine import compiled
from archsim.engine.trace import SKIPPED
from archsim.errors import SimulationError
from archsim.mapping.program import Channel, Program, Recv, Repeat, Send, Unit, Work
from archsim.report.timeline import history as module
from archsim.report.timeline.history import History, Recording

ONE = Program(("a", "b"), (Unit("u", "unit", (Work(0, 2), Work(1, 3))),), ())
TWO = Program(
    ("a", "b"), (Unit("u", "unit", (Work(0, 2), Work(1, 3))), Unit("v", "unit", (Work(0, 7),))), ()
)


def told(program: Program, *rows: tuple[int, ...]) -> History:
    recording = Recording()
    recording.begins(program)
    for row in rows:  # one at a time: where a batch ends may not matter
        recording.happened(np.array([row], np.int64))
    return recording.history()


def test_rows_begin_where_the_one_before_ended():
    history = told(TWO, (1, 2, 7, 0, 0), (0, 0, 2, 0, 0), (0, 1, 5, 0, 0))
    assert history.unit.tolist() == [0, 0, 1]
    assert history.start.tolist() == [0, 2, 0]
    assert history.end.tolist() == [2, 5, 7]
    assert history.op.tolist() == [0, 1, 0]
    assert history.multiplicity.tolist() == [1, 1, 1]


def test_a_skip_takes_its_time_and_its_period_happens_more_often():
    # a ends at 2, then (a, b) at 4 and 7 recurs 10 times, then a drain of b until 60.
    rows = (0, 0, 2), (0, 0, 4), (0, 1, 7)
    history = told(ONE, *((*row, 0, 0) for row in rows), (0, SKIPPED, 5, 10, 2), (0, 1, 60, 0, 0))
    assert history.end.tolist() == [2, 4, 7, 57, 60]
    assert history.multiplicity.tolist() == [1, 11, 11, 0, 1]
    assert history.with_skips(np.array([1, 2, 3, 0, 4])).tolist() == [1, 2, 3, 50, 4]


def test_skips_within_skips_multiply():
    # a; b, and again 4 times; both of it, and again 2 times: a happens 3 times, b 15 times.
    rows = (0, 0, 2, 0, 0), (0, 1, 5, 0, 0), (0, SKIPPED, 3, 4, 1), (0, SKIPPED, 17, 2, 3)
    history = told(ONE, *rows)
    assert history.multiplicity.tolist() == [3, 15, 0, 0]
    assert history.end.tolist() == [2, 5, 17, 51]
    assert history.with_skips(np.array([2, 3, 0, 0])).tolist() == [2, 3, 12, 34]
    assert history.reach.tolist() == [1, 0]


def test_a_skip_may_hold_a_part_of_an_inner_skips_period():
    # a b (a b again, 3 times); then b and that skip again, twice: b, then 3 times (a b).
    rows = (0, 0, 2, 0, 0), (0, 1, 5, 0, 0), (0, SKIPPED, 5, 3, 2), (0, SKIPPED, 18, 2, 2)
    history = told(ONE, *rows)
    assert history.multiplicity.tolist() == [1 + 3 + 2 * 3, 1 + 3 + 2 * (1 + 3), 0, 0]
    assert history.reach.tolist() == [0, 0]  # a recurs, too


def test_a_period_of_no_rows_is_possible():
    history = told(TWO, (0, 0, 2, 0, 0), (1, SKIPPED, 0, 5, 0), (1, 2, 7, 0, 0))
    assert history.multiplicity.tolist() == [1, 0, 1]
    assert history.end.tolist() == [2, 0, 7]


def test_warm_up_a_period_and_the_drain_are_where_they_happened():
    # The sender is done first and waits for room; a period takes the receiver's 5 ticks.
    units = (
        Unit("sends", "unit", (Repeat(1000, (Work(0, 3), Send(0, 0))),)),
        Unit("takes", "unit", (Repeat(1000, (Recv(0, 0), Work(1, 5))), Work(1, 2))),
    )
    program = Program(("a", "b"), units, (Channel("c", 2),))
    recording = Recording()
    recording.begins(program)
    ledger = compiled.run(program, trace=recording)
    assert ledger.makespan_ticks == 3 + 1000 * 5 + 2
    works = recording.history().works()
    takes = works.unit == 1
    assert works.start[takes][0] == 3
    assert works.multiplicity[takes][0] == 1
    assert works.multiplicity[takes].max() > 400
    assert works.multiplicity[takes].sum() == 1000 + 1
    drain = works.start[takes][-1], works.end[takes][-1], works.multiplicity[takes][-1]
    assert drain == (5003, 5005, 1)
    [skip] = np.flatnonzero(takes & works.is_skip)
    assert works.end[skip] - works.start[skip] > 900 * 5
    assert works.end[skip] < 5003


def test_what_cannot_be_kept_is_refused(monkeypatch):
    monkeypatch.setattr(module, "MOST_ROWS", 2)
    rows = ((0, 0, 2, 0, 0), (0, 1, 5, 0, 0), (0, 1, 8, 0, 0))
    with pytest.raises(SimulationError, match="more than 2 instructions executed one by one; ex"):
        told(ONE, *rows)


def test_nothing_happened():
    history = told(ONE)
    assert len(history.unit) == 0
    assert len(history.works().unit) == 0
