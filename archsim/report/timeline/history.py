"""All that happened in a run, with how often: arithmetic on what an engine told.

An engine tells of every instruction that it executed, and of periods that it skipped because they
are like those before. Nothing else is needed: times pass in works and in waiting only, so an
instruction begins where the one before it ended, and how often a row happens in all follows from
the skips after it, those of outer loops covering those of inner ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from heapq import heappop, heappush
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archsim.engine.trace import SKIPPED, Rows
from archsim.errors import SimulationError
from archsim.mapping import Program
from archsim.mapping.code import Opcode

Ints = NDArray[np.int64]

MOST_ROWS = 20_000_000
"""What is kept takes some 100 bytes a row while it is written."""


class Recording:
    """A trace that keeps what it is told."""

    def __init__(self) -> None:
        self.begins(Program((), (), ()))

    def begins(self, program: Program) -> None:
        """Forget what was told before."""
        self._program = program
        self._units: list[NDArray[np.int32]] = []
        self._lines: list[NDArray[np.int32]] = []
        self._ticks: list[Ints] = []
        self._skips: list[Ints] = []
        self._rows = 0

    def happened(self, rows: Rows) -> None:
        """Keep rows.

        Raises:
            SimulationError: They are more than can be kept.
        """
        at = np.flatnonzero(rows[:, 1] == SKIPPED)
        self._skips.append(np.column_stack([at + self._rows, rows[at, 3], rows[at, 4]]))
        self._units.append(rows[:, 0].astype(np.int32))
        self._lines.append(rows[:, 1].astype(np.int32))
        self._ticks.append(rows[:, 2].copy())
        self._rows += len(rows)
        if self._rows > MOST_ROWS:
            raise SimulationError(
                f"timeline: found more than {MOST_ROWS:,} instructions executed one by one; "
                "expected fewer, as all are kept until the run is over; run fewer inputs, or leave "
                "--timeline out (the compiled engine skips what recurs, SimPy does not)"
            )

    def history(self) -> History:
        """Return all of it in order: unit by unit, each from its beginning to its end."""
        none = np.zeros(0, np.int32)
        units = np.concatenate([none, *self._units])
        order = np.argsort(units, kind="stable")
        place = np.empty(len(order), np.int64)
        place[order] = np.arange(len(order))
        told = np.concatenate([np.zeros((0, 3), np.int64), *self._skips])
        at = place[told[:, 0]]
        by_place = np.argsort(at)
        at, periods, length = at[by_place], told[by_place, 1], told[by_place, 2]
        lines = np.concatenate([none, *self._lines])[order]
        ticks = np.concatenate([none.astype(np.int64), *self._ticks])[order]
        return _history(self._program, units[order], lines, ticks, (at, at - length, periods))


@dataclass(frozen=True, eq=False)
class History:
    """What happened, a row for each instruction that was executed, and for each skip.

    Attributes:
        program: What ran.
        unit: The unit of each row; rows of a unit are together and in order.
        line: The line of code, or ``SKIPPED``.
        op: The op, for a skip that of the row before it.
        start: The tick at which the row begins: where the one before it ended.
        end: The tick at which it is complete, or at which the last skipped period is.
        multiplicity: How often it happens in all; 0 for a skip, whose rows count it.
        skips: The rows that are skips.
        first: For each skip, the first row that recurs; the last is the one before the skip.
        periods: For each skip, how often.
    """

    program: Program
    unit: NDArray[np.int32]
    line: NDArray[np.int32]
    op: Ints
    start: Ints
    end: Ints
    multiplicity: Ints
    skips: Ints
    first: Ints
    periods: Ints

    def works(self) -> History:
        """Return the works of it, and the skips."""
        return self._part(Opcode.WORK)

    def waits(self) -> History:
        """Return the sends, receives and grants that took time, and the skips."""
        return self._part(Opcode.RECV, Opcode.SEND, Opcode.ACQUIRE)

    def _part(self, *opcodes: Opcode) -> History:
        kept = np.append(np.isin(self.program.lines.table[0], opcodes), False)[self.line]
        if Opcode.WORK not in opcodes:
            kept &= self.end > self.start
        rows = np.flatnonzero(kept | self.is_skip)
        return History(
            self.program,
            self.unit[rows],
            self.line[rows],
            self.op[rows],
            self.start[rows],
            self.end[rows],
            self.multiplicity[rows],
            np.searchsorted(rows, self.skips),
            np.searchsorted(rows, self.first),
            self.periods,
        )

    @property
    def is_skip(self) -> NDArray[np.bool_]:
        """Whether each row is a skip."""
        return np.asarray(self.line == SKIPPED)

    @cached_property
    def reach(self) -> Ints:
        """Return for each skip the first row of any that recurs, those inside inner skips, too."""
        found = self.first.tolist()
        inner = np.searchsorted(self.skips, self.first).tolist()
        for skip, begin in enumerate(inner):
            found[skip] = min(found[begin : skip + 1])
        return np.array(found, np.int64)

    def with_skips(self, amounts: NDArray[Any]) -> NDArray[Any]:
        """Return amounts by row, with what all of its periods come to in each skip's row."""
        so_far = np.append(np.zeros(1, amounts.dtype), np.cumsum(amounts))
        own = (so_far[self.skips] - so_far[self.first]).tolist()
        inner = np.searchsorted(self.skips, self.first).tolist()
        total = [amounts.dtype.type(0).item()]
        for once, begin, periods in zip(own, inner, self.periods.tolist(), strict=True):
            total.append(total[-1] + periods * (once + total[-1] - total[begin]))
        found = amounts.copy()
        found[self.skips] = [after - before for before, after in pairwise(total)]
        return found


def _history(
    program: Program,
    unit: NDArray[np.int32],
    line: NDArray[np.int32],
    tick: Ints,
    skips: tuple[Ints, Ints, Ints],
) -> History:
    at, first, periods = skips
    opens = np.append(True, unit[1:] != unit[:-1])[: len(unit)]
    op = np.append(program.lines.table[3], -1)[line]
    end = tick
    for row, repeated in zip(at.tolist(), periods.tolist(), strict=True):
        # So far it is the length of a period; skips before this one are ticks already.
        end[row] *= repeated
        if not opens[row]:
            end[row] += end[row - 1]
            op[row] = op[row - 1]
    start = np.append(0, end[:-1])[: len(end)]
    start[opens] = 0
    multiplicity = _multiplicity(len(unit), at.tolist(), first.tolist(), periods.tolist())
    return History(program, unit, line, op, start, end, multiplicity, at, first, periods)


def _multiplicity(
    rows: int, at: Sequence[int], first: Sequence[int], periods: Sequence[int]
) -> Ints:
    """Return how often each row happens: once, and once for each period that it recurs in.

    Going back from the end, how often a skip itself happens is known before it is needed.
    """
    change, more = np.zeros(rows + 1, np.int64), 0
    ends: list[tuple[int, int]] = []  # of stretches that are under way: minus where, how often
    for row, begin, repeated in zip(reversed(at), reversed(first), reversed(periods), strict=True):
        while ends and -ends[0][0] > row:
            more -= heappop(ends)[1]
        times = (1 + more) * repeated
        heappush(ends, (-begin, times))
        more += times
        change[begin] += times
        change[row] -= times
    found: Ints = 1 + np.cumsum(change[:-1])
    found[list(at)] = 0
    return found
