"""What is joined, what is left out, and what slices are called."""

from __future__ import annotations

import json
from fractions import Fraction

import numpy as np
import pytest

from archsim.mapping.program import Program, Unit, Work
from archsim.report.timeline.history import Recording
from archsim.report.timeline.scale import Scale
from archsim.report.timeline.slices import SEPARATOR, Drawn, Slices, repeats_of, works_of

ALL = np.ones(2, bool)
MANY = 1 << 40


def program(*names: str) -> Program:
    return Program(names or ("a", "b"), (Unit("u", "adc", (Work(0, 2), Work(1, 3))),), ())


def slices(*rows: tuple[int, ...]) -> Slices:
    """Return slices from (op, start, end, multiplicity, place)."""
    op, start, end, times, place = np.array(rows, np.int64).T
    one = np.ones(len(rows), np.int64)
    return Slices(0 * one, op, start, end, times, one, end - start, place)


def test_neighbours_are_joined_by_the_shortest_waits_first():
    made = slices((0, 0, 2, 1, 0), (0, 2, 4, 1, 1), (0, 5, 7, 1, 2), (0, 17, 20, 1, 3))
    assert made.gaps().tolist() == [0, 1, 10]
    assert made.joined(0).start.tolist() == [0, 5, 17]
    joined = made.joined(1)
    assert joined.start.tolist() == [0, 17]
    assert joined.end.tolist() == [7, 20]
    assert joined.works.tolist() == [3, 1]
    assert joined.busy.tolist() == [6, 3]


@pytest.mark.parametrize(
    "second",
    [
        (1, 2, 4, 1, 1),  # another op
        (0, 2, 4, 9, 1),  # another multiplicity
        (0, 2, 4, 1, 2),  # something in between
    ],
)
def test_others_are_not_joined(second):
    made = slices((0, 0, 2, 1, 0), second)
    assert made.gaps().tolist() == [-1]
    assert len(made.joined(MANY)) == 2


def drawn(window=(0, MANY), wanted=ALL):
    """Return works and repeats of: a 0-2; b 2-5, 7 times more until 26; a 26-28."""
    recording = Recording()
    recording.begins(program())
    rows = [(0, 0, 2, 0, 0), (0, 1, 5, 0, 0), (0, -1, 3, 7, 1), (0, 0, 28, 0, 0)]
    recording.happened(np.array(rows, np.int64))
    works = recording.history().works()
    return works_of(works, wanted, window), repeats_of(works, wanted, window)


def events(names=("a", "b"), **choice):
    works, repeats = drawn(**choice)
    text = Drawn(program(*names), Scale(Fraction(1, 10**9), 1000))
    found = [*text.works(works), *text.repeats(repeats)]
    return [json.loads(event) for some in found for event in some]


def test_a_slice_says_how_often_it_happens_and_a_skip_fills_the_time():
    found = events()
    assert [event["name"] for event in found] == ["a", "b ×8", "a", "b: 7 more periods"]
    assert [(event["ts"], event["dur"]) for event in found] == [(0, 2), (2, 3), (26, 2), (5, 21)]
    assert found[1]["args"] == {
        "op": "b",
        "start_tick": 2,
        "ticks": 3,
        "multiplicity": 8,
        "works": 1,
        "busy_ticks": 3,
    }
    assert found[3]["args"] == {
        "start_tick": 5,
        "ticks": 21,
        "multiplicity": 0,
        "periods": 7,
        "period_ticks": 3,
        "works": 7,
        "busy_ticks": 21,
    }


@pytest.mark.parametrize(
    ("window", "starts"),
    [((2, 5), [2]), ((4, 6), [2, 5]), ((10, 11), [5]), ((26, 100), [26]), ((1, 3), [0, 2])],
)
def test_what_shares_a_tick_with_the_window_is_drawn_whole(window, starts):
    found = events(window=window)
    assert sorted(event["ts"] for event in found) == starts


def test_only_ops_that_are_wanted_are_drawn():
    assert [e["name"] for e in events(wanted=np.array([True, False]))] == ["a", "a"]
    names = [e["name"] for e in events(wanted=np.array([False, True]))]
    assert names == ["b ×8", "b: 7 more periods"]


@pytest.mark.parametrize("tick_ns", [1000, 1, 7_000, 1_500])
def test_sizes_are_known_before_anything_is_written(tick_ns):
    dice = np.random.default_rng(3)
    count = 500
    columns = [(10 ** dice.uniform(0, 13, count)).astype(np.int64) for _ in range(5)]
    start, ticks, times, works, busy = columns
    ticks[::7] = 0
    zero = np.zeros(count, np.int64)
    made = Slices(zero, dice.integers(0, 2, count), start, start + ticks, times, works, busy, zero)
    text = Drawn(program("short", "ünï💥" * 40), Scale(Fraction(1, 10**9), tick_ns))
    written = sum(len(event) + len(SEPARATOR) for some in text.works(made) for event in some)
    assert text.size_bytes(made) == written


@pytest.mark.parametrize("tick_ns", [1, 250, 1000, 1_500, 2_000_000])
def test_ticks_are_shown_exactly(tick_ns):
    scale = Scale(Fraction(1, 485 * 10**9), tick_ns)
    ticks = np.array([0, 1, 999, 1000, 123_456_789])
    expected = [Fraction(int(tick) * tick_ns, 1000) for tick in ticks]
    assert [Fraction(text) for text in scale.shown(ticks)] == expected


def test_work_that_takes_no_time_is_an_instant():
    text = Drawn(program(), Scale(Fraction(1, 10**9), 1000))
    [[one, other]] = text.works(slices((0, 5, 5, 3, 0), (0, 5, 6, 1, 1)))
    event = json.loads(one)
    assert (event["ph"], event["s"], event["ts"], event["name"]) == ("i", "t", 5, "a ×3")
    assert "dur" not in event
    assert json.loads(other)["ph"] == "X"


def test_the_scale_is_said():
    assert str(Scale(Fraction(1, 1_280_000_000), 1000)) == "1 tick (781.25 ps) is shown as 1 us"
