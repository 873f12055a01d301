"""What is drawn on the threads: works, the periods that were skipped, and what is left out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from archsim.mapping import Program
from archsim.report.timeline.history import History, Ints
from archsim.report.timeline.names import Places, quoted, shown
from archsim.report.timeline.scale import Scale

Flags = NDArray[np.bool_]

_CHUNK = 4096
"""Slices that are turned into text at a time."""


class Table:
    """Columns of one length."""

    def part(self, rows: Ints | Flags | slice) -> Self:
        """Return some rows of all columns."""
        return type(self)(*(column[rows] for column in self.columns()))

    def columns(self) -> list[NDArray[Any]]:
        """Return all columns."""
        return [getattr(self, column.name) for column in fields(self)]  # type: ignore[arg-type]

    def __len__(self) -> int:
        return len(self.columns()[0])


@dataclass(frozen=True, eq=False)
class Slices(Table):
    """Stretches of units' time, one of each in every column; unit by unit, in order of time.

    Attributes:
        unit: Whose.
        op: For what.
        start: First tick.
        end: Tick after the last.
        multiplicity: How often it happens in the run.
        works: How many works it is, once.
        busy: How many ticks of it are work: all, unless works were joined across waits.
        place: Its row in the history of works, to tell who are neighbours.
    """

    unit: Ints
    op: Ints
    start: Ints
    end: Ints
    multiplicity: Ints
    works: Ints
    busy: Ints
    place: Ints

    def gaps(self) -> Ints:
        """Return the ticks between each one and the next, -1 where the two cannot be joined.

        Only neighbours can: works of one op on one unit that happen equally often, without a skip
        or another op's work between them.
        """
        joinable = np.diff(self.place) == 1
        for column in (self.unit, self.op, self.multiplicity):
            joinable &= np.diff(column) == 0
        return np.where(joinable, self.start[1:] - self.end[:-1], -1)

    def joined(self, gap_ticks: int) -> Slices:
        """Return them with neighbours made one that are at most so many ticks apart."""
        gaps = self.gaps()
        first = np.flatnonzero(np.append(True, (gaps < 0) | (gaps > gap_ticks))[: len(self)])
        last = np.append(first[1:], len(self)) - 1
        if not len(first):
            return self
        return Slices(
            self.unit[first],
            self.op[first],
            self.start[first],
            self.end[last],
            self.multiplicity[first],
            np.add.reduceat(self.works, first),
            np.add.reduceat(self.busy, first),
            self.place[last],
        )


@dataclass(frozen=True, eq=False)
class Repeats(Table):
    """Skipped periods that had works.

    Attributes:
        unit: Whose.
        first_op: The op of the first row that recurs.
        last_op: The op of the last.
        mixed: Whether they are of different ops.
        start: First tick of all the periods.
        end: Tick after their last.
        periods: How many they are.
        works: How many works they have in all.
        busy: How long those take in all.
    """

    unit: Ints
    first_op: Ints
    last_op: Ints
    mixed: Flags
    start: Ints
    end: Ints
    periods: Ints
    works: Ints
    busy: Ints


def works_of(works: History, wanted: Flags, window: tuple[int, int]) -> Slices:
    """Return a slice for each executed work of some ops that is under way in a window."""
    rows = np.flatnonzero(~works.is_skip & wanted[works.op])
    rows = rows[_within(works.start[rows], works.end[rows], window)]
    start, end = works.start[rows], works.end[rows]
    return Slices(
        works.unit[rows].astype(np.int64),
        works.op[rows],
        start,
        end,
        works.multiplicity[rows],
        np.ones(len(rows), np.int64),
        end - start,
        rows,
    )


def repeats_of(works: History, wanted: Flags, window: tuple[int, int]) -> Repeats:
    """Return skipped periods that had works of some ops, and are under way in a window."""
    skips, reach, once = works.skips, works.reach, ~works.is_skip
    drawn = np.append(0, np.cumsum(once & wanted[works.op]))
    kept = drawn[skips] > drawn[reach]
    kept &= _within(works.start[skips], works.end[skips], window)
    kept &= works.end[skips] > works.start[skips]
    changes = np.append(0, np.cumsum(np.append(False, np.diff(works.op) != 0)))
    busy = works.with_skips(np.where(once, works.end - works.start, 0))
    count = works.with_skips(once.astype(np.int64))
    skips, reach = skips[kept], reach[kept]
    return Repeats(
        works.unit[skips].astype(np.int64),
        works.op[reach],
        works.op[skips - 1],
        changes[skips] - changes[reach + 1] > 0,
        works.start[skips],
        works.end[skips],
        works.periods[kept],
        count[skips],
        busy[skips],
    )


def _within(start: Ints, end: Ints, window: tuple[int, int]) -> Flags:
    """Whether stretches share a tick with a window; those of no length are in at both its ends."""
    after, before = window
    meets = (start < before) & (end > after)
    return np.asarray(meets | ((start == end) & (start >= after) & (start <= before)))


class Drawn:
    """Slices as text, an event for each."""

    def __init__(self, program: Program, scale: Scale) -> None:
        self._scale = scale
        self._places = [f'"pid":{p},"tid":{t}' for p, t in Places(program).of_units]
        self._ops = [quoted(shown(op, i))[1:-1] for i, op in enumerate(program.ops)]

    def size_bytes(self, slices: Slices) -> int:
        """Return how long the events of works are, each with what parts it from the next.

        They are as long as that of a slice of small numbers, but for names and for further digits.
        """
        lasting = slices.end > slices.start
        return sum(self._size_bytes(slices.part(lasting == of), of) for of in (True, False))

    def _size_bytes(self, slices: Slices, lasting: bool) -> int:
        if not len(slices):
            return 0
        least = Slices(*np.zeros((len(fields(Slices)), 1), np.int64))
        least.end[:] = lasting
        [[event]] = self.works(least)
        frame = len(event) + len(SEPARATOR) - 2 * len(self._ops[0]) - len(self._places[0])
        ticks = slices.end - slices.start
        numbers = (slices.start, ticks, slices.multiplicity, slices.works, slices.busy)
        digits = sum(_further_digits(column) for column in numbers)
        digits += sum(_further_digits(self._scale.whole_us(of)) for of in (slices.start, ticks))
        many = slices.multiplicity[slices.multiplicity > 1]
        digits += len(many) * len(_TIMES % 1) + _further_digits(many)
        ops, places = (np.array([len(t) for t in of]) for of in (self._ops, self._places))
        names = 2 * int(ops[slices.op].sum()) + int(places[slices.unit].sum())
        return len(slices) * frame + digits + names

    def works(self, slices: Slices) -> Iterator[list[str]]:
        """Yield the events of works, some at a time."""
        for begin in range(0, len(slices), _CHUNK):
            yield self._works(slices.part(slice(begin, begin + _CHUNK)))

    def _works(self, part: Slices) -> list[str]:
        places, ops = self._places, self._ops
        columns = (
            part.unit.tolist(),
            part.op.tolist(),
            self._scale.shown(part.start),
            self._scale.shown(part.end - part.start),
            part.start.tolist(),
            (part.end - part.start).tolist(),
            part.multiplicity.tolist(),
            part.works.tolist(),
            part.busy.tolist(),
        )
        return [
            f'{{{_LASTING if ticks else _INSTANT},"cat":"work",'
            f'"name":"{ops[op]}{_TIMES % times if times > 1 else ""}",'
            f'{places[unit]},"ts":{ts}{_LASTS + dur if ticks else ""},'
            f'"args":{{"op":"{ops[op]}","start_tick":{start},'
            f'"ticks":{ticks},"multiplicity":{times},"works":{works},"busy_ticks":{busy}}}}}'
            for unit, op, ts, dur, start, ticks, times, works, busy in zip(*columns, strict=True)
        ]

    def repeats(self, repeats: Repeats) -> Iterator[list[str]]:
        """Yield the events of skipped periods, some at a time."""
        for begin in range(0, len(repeats), _CHUNK):
            yield self._repeats(repeats.part(slice(begin, begin + _CHUNK)))

    def _repeats(self, part: Repeats) -> list[str]:
        columns = (
            *(column.tolist() for column in part.columns()),
            self._scale.shown(part.start),
            self._scale.shown(part.end - part.start),
        )
        return [
            f'{{"ph":"X","cat":"skipped","name":"{self._label(first, last, mixed)}: {periods} more '
            f'{"period" if periods == 1 else "periods"}",{self._places[unit]},"ts":{ts},'
            f'"dur":{dur},"args":{{"start_tick":{start},"ticks":{end - start},"multiplicity":0,'
            f'"periods":{periods},"period_ticks":{(end - start) // periods},"works":{works},'
            f'"busy_ticks":{busy}}}}}'
            for unit, first, last, mixed, start, end, periods, works, busy, ts, dur in zip(
                *columns, strict=True
            )
        ]

    def _label(self, first: int, last: int, mixed: bool) -> str:
        if not mixed:
            return self._ops[first]
        return f"{self._ops[first]} ... {self._ops[last]}"


def _further_digits(numbers: Ints) -> int:
    """Return how many digits some numbers have after their first ones."""
    return int(np.searchsorted(_POWERS, numbers, side="right").sum())


_POWERS = 10 ** np.arange(1, 19)

SEPARATOR = ",\n"
"""What parts an event from the next."""

_LASTING, _INSTANT = '"ph":"X"', '"ph":"i","s":"t"'
"""Work that takes no time is no slice, as viewers could not tell what it is inside of."""

_LASTS = ',"dur":'

_TIMES = " \\u00d7%d"
"""How often a slice happens, after its name: a multiplication sign and the number."""
