"""What a run tells while it is under way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from archsim.mapping.program import Program

Progress = Callable[[int, int], None]
"""Called now and then with how many works of how many are done."""

SKIPPED = -1
"""Instead of a line of code: a row tells of periods that were skipped."""

Rows = NDArray[np.int64]
"""What happened, a row for each thing, those of one unit in order.

A row is (unit, line, tick, 0, 0): an instruction of the program's code completes at that tick. Or
it is (unit, ``SKIPPED``, shift_ticks, periods, length): the last ``length`` rows of the unit,
earlier skips being one each, recur; they happen so many ``periods`` more, each ``shift_ticks``
after the one before. Engines use the array again: copy what is to be kept.
"""


class Trace(Protocol):
    """Someone who wants to know of every instruction."""

    def begins(self, program: Program) -> None:
        """A program is about to run."""

    def happened(self, rows: Rows) -> None:
        """So much more of it is done."""


class Together:
    """Several traces of one run."""

    def __init__(self, traces: Sequence[Trace]) -> None:
        self._traces = traces

    def begins(self, program: Program) -> None:
        """Pass on that a program is about to run."""
        for trace in self._traces:
            trace.begins(program)

    def happened(self, rows: Rows) -> None:
        """Pass on what happened."""
        for trace in self._traces:
            trace.happened(rows)
