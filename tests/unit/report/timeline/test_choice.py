"""What is asked for is read before a run, and what is wrong with it is said."""

from __future__ import annotations

from fractions import Fraction

import pytest

from archsim.errors import ConfigError
from archsim.mapping.program import Program
from archsim.report.timeline import MOST_BYTES, Choice

NS = Fraction(1, 10**9)
PROGRAM = Program(("(input)", "conv1", "conv1 (weights)", "conv2", "fc[0]", "(stored)"), (), ())


def names(*patterns: str) -> list[str]:
    wanted = Choice(ops=patterns).wanted(PROGRAM)
    return [op for op, of in zip(PROGRAM.ops, wanted, strict=True) if of]


def test_patterns_choose_ops_with_the_loading_of_their_weights():
    assert names() == list(PROGRAM.ops)
    assert names("conv1") == ["conv1", "conv1 (weights)"]
    assert names("conv*") == ["conv1", "conv1 (weights)", "conv2"]
    assert names("*(weights)") == ["conv1 (weights)"]
    assert names("fc[0]", "(stored)") == ["fc[0]", "(stored)"]  # brackets as they are


def test_patterns_that_fit_nothing_are_told_together():
    with pytest.raises(ConfigError, match=r"found 'conv3', 'x\*', which no op's name fits; exp"):
        names("conv3", "conv1", "x*")


@pytest.mark.parametrize(
    ("window", "ticks"),
    [
        (":", (0, 900)),
        ("100:", (100, 900)),
        (":100", (0, 100)),
        ("100:200", (100, 200)),
        ("100:5000", (100, 900)),
        ("0.1 us:200ns", (100, 200)),
        ("100: 0.3us", (100, 300)),
    ],
)
def test_a_window_is_in_ticks_or_in_time(window, ticks):
    assert Choice(window=window).ticks(900, NS) == ticks


@pytest.mark.parametrize("window", ["", "5", "1:2:3", "a:b", "1.5:2", "-1:5", "1:2 kg"])
def test_what_is_no_window_is_refused_at_once(window):
    with pytest.raises(ConfigError, match="expected START:END, each a tick such as 1000, a time"):
        Choice(window=window)


@pytest.mark.parametrize("window", ["5:5", "6:5", "2 ns:1 ns"])
def test_a_window_that_ends_before_it_starts_is_refused_at_once(window):
    with pytest.raises(ConfigError, match="expected its start before its end; exchange them"):
        Choice(window=window)


@pytest.mark.parametrize("window", ["900:", "1000:2000", "500: 3 ns", ":0"])
def test_a_window_outside_of_the_run_is_refused(window):
    with pytest.raises(ConfigError, match="expected a start before its end and inside the run"):
        Choice(window=window).ticks(900, NS)


def test_texts_are_read():
    assert Choice.of_texts((), None, None, None) == Choice()
    assert Choice().most_bytes == MOST_BYTES
    made = Choice.of_texts(("a",), "1:2", "50 MB", "0.5 us")
    assert made == Choice(("a",), "1:2", 50_000_000, 500)


@pytest.mark.parametrize(
    ("limit", "tick", "message"),
    [
        ("50", None, "--timeline-limit: found '50'; expected"),
        ("0 B", None, "--timeline-limit: found '0 B'; expected"),
        (None, "1", "--timeline-tick: found '1'; expected"),
        (None, "1 ps", "--timeline-tick: found '1 ps'; expected whole nanoseconds"),
        (None, "0 s", "--timeline-tick: found '0 s'; expected whole nanoseconds"),
    ],
)
def test_a_text_of_another_kind_is_refused(limit, tick, message):
    with pytest.raises(ConfigError, match=message):
        Choice.of_texts((), None, limit, tick)
