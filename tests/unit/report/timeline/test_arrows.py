"""Arrows lead from who makes a tensor to who reads it, forward in time."""

from __future__ import annotations

import numpy as np
import pytest

from archsim.mapping.program import Program, Unit
from archsim.report.timeline.arrows import Arrow, arrows, edges
from archsim.report.timeline.slices import Slices
from archsim.workload import Workload
from tests import networks

OPS = ("(input)", "conv", "relu", "second", "(output)")
PROGRAM = Program(OPS, tuple(Unit(f"u{i}", "unit", ()) for i in range(5)), ())


def network() -> Workload:
    second = networks.conv("second", "relu", in_channels=4)
    ops = networks.conv(), networks.relu(), second
    return Workload.model_validate(networks.network(*ops))


def slices(*rows: tuple[str, int, int, int]) -> Slices:
    """Return slices from (op, unit, start, end)."""
    op, unit, start, end = zip(*rows, strict=True)
    columns = [np.array(c, np.int64) for c in (unit, [OPS.index(o) for o in op], start, end)]
    one = np.ones(len(rows), np.int64)
    return Slices(*columns, one, one, columns[3] - columns[2], one)


def test_ops_that_do_no_work_are_looked_through():
    every = [("(input)", "conv"), ("conv", "relu"), ("relu", "second"), ("second", "(output)")]
    assert list(edges(network(), frozenset({"conv", "relu", "second"}))) == every
    some = [("(input)", "conv"), ("conv", "second"), ("second", "(output)")]
    assert list(edges(network(), frozenset({"conv", "second"}))) == some


def test_an_arrow_goes_from_the_last_work_to_the_first():
    made = slices(
        ("conv", 0, 0, 10), ("conv", 1, 5, 20), ("second", 3, 40, 50), ("second", 2, 30, 35)
    )
    assert arrows(network(), PROGRAM, made) == [Arrow(1, 19, 2, 30)]


@pytest.mark.parametrize(
    ("reader", "arrow"),
    [
        (20, [Arrow(1, 19, 2, 20)]),
        (12, [Arrow(0, 9, 2, 12)]),  # the first work is over
        (7, [Arrow(1, 7, 2, 7)]),  # the second has begun
        (2, [Arrow(0, 2, 2, 2)]),
    ],
)
def test_an_arrow_between_ops_that_overlap_goes_forward(reader, arrow):
    made = slices(("conv", 0, 0, 10), ("conv", 1, 5, 20), ("second", 2, reader, 90))
    assert arrows(network(), PROGRAM, made) == arrow


def test_there_is_no_arrow_back_in_time_or_from_nothing():
    assert arrows(network(), PROGRAM, slices(("conv", 0, 5, 9), ("second", 1, 4, 8))) == []
    assert arrows(network(), PROGRAM, slices(("conv", 0, 5, 5), ("second", 1, 6, 8))) == []
    assert arrows(network(), PROGRAM, slices(("second", 1, 6, 8))) == []
