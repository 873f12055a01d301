"""What a run tells while it is under way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from archsim.mapping.program import Program

Progress = Callable[[int, int], None]
"""Called now and then with how many works of how many are done."""


class Trace(Protocol):
    """Someone who wants to know of every instruction. Those of one unit come in order."""

    def begins(self, program: Program) -> None:
        """A program is about to run."""

    def done(self, unit: int, line: int, tick: int) -> None:
        """An instruction of the program's code completes at that tick."""

    def skipped(self, unit: int, length: int, shift_ticks: int, periods: int) -> None:
        """The last ``length`` things told of the unit, earlier skips being one each, recur.

        They happen so many ``periods`` more, each ``shift_ticks`` after the one before.
        """
