"""Programs as flat code, which engines run: a line for each instruction, loops as jumps."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from archsim.errors import MappingError
from archsim.mapping.durations import Duration
from archsim.mapping.instructions import (
    Acquire,
    Actions,
    Instruction,
    Recv,
    Repeat,
    Send,
    Work,
)

NO_OP = -1
"""What lines of loops have in place of an op and of a part."""


class Opcode(IntEnum):
    """What a line of code does; ``first`` and ``second`` are its arguments."""

    RECV = 0  # first: channel
    SEND = 1  # first: channel
    WORK = 2  # first: ticks
    ACQUIRE = 3  # first: port, second: priority
    RELEASE = 4  # first: port
    LOOP = 5  # first: count, second: line of its END
    END = 6  # second: line of its LOOP


@dataclass(frozen=True, eq=False)
class Lines:
    """The programs of all units, line by line, one unit after the other, without times.

    Attributes:
        opcodes: What each line does.
        first: Its first argument; of work, which of ``durations`` it takes.
        second: Its second argument.
        ops: The op on whose behalf.
        parts: Which of ``pairs`` it belongs to.
        times: How often it is executed in all.
        actions: What one execution counts.
        starts: The first line of each unit, and the number of lines at the end.
        pairs: Every unit with an op of it, in order of units and first mention.
        durations: The different ones.
    """

    opcodes: Sequence[int]
    first: Sequence[int]
    second: Sequence[int]
    ops: Sequence[int]
    parts: Sequence[int]
    times: Sequence[int]
    actions: Sequence[Actions]
    starts: Sequence[int]
    pairs: Sequence[tuple[int, int]]
    durations: Sequence[int | Duration]

    @cached_property
    def table(self) -> NDArray[np.int64]:
        """Return a row for each of opcodes, first, second, ops and parts.

        Raises:
            MappingError: A number that 64 bits cannot hold.
        """
        columns = (self.opcodes, self.first, self.second, self.ops, self.parts)
        try:
            return np.array(columns, dtype=np.int64)
        except OverflowError:
            raise _too_long(max(self.first)) from None

    def of(self, opcode: Opcode) -> list[int]:
        """Return the lines with an opcode."""
        return np.flatnonzero(self.table[0] == opcode).tolist()

    def of_unit(self, unit: int) -> range:
        """Return the lines of a unit."""
        return range(self.starts[unit], self.starts[unit + 1])

    @cached_property
    def steps(self) -> int:
        """Return how many instructions other than loops are executed in all."""
        lines = zip(self.opcodes, self.times, strict=True)
        return sum(times for opcode, times in lines if opcode < _LOOP)

    @cached_property
    def works(self) -> Mapping[tuple[int, int], int]:
        """Return how often each part takes each duration."""
        found: Counter[tuple[int, int]] = Counter()
        for line in self.of(Opcode.WORK):
            found[self.parts[line], self.first[line]] += self.times[line]
        return found

    @cached_property
    def met(self) -> Sequence[int]:
        """Return the parts that anything is executed of, in order of units and ops."""
        found = {part for part, n in zip(self.parts, self.times, strict=True) if n}
        return sorted(found - {NO_OP}, key=self.pairs.__getitem__)

    @cached_property
    def counted(self) -> Mapping[int, Mapping[str, int]]:
        """Return, for each op that works, how often each action is done in all."""
        totals: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        for line in self.of(Opcode.WORK):
            if times := self.times[line]:
                counts = totals[self.ops[line]]
                for action, n in self.actions[line]:
                    counts[action] += times * n
        return totals


@dataclass(frozen=True, eq=False)
class Code:
    """Lines with their times, ready to run.

    Attributes:
        lines: What is done.
        ticks: How long each of the lines' durations is.
    """

    lines: Lines
    ticks: Sequence[int]

    @cached_property
    def table(self) -> NDArray[np.int64]:
        """Return a row for each of opcodes, first, second, ops and parts.

        Raises:
            MappingError: A number that 64 bits cannot hold.
        """
        table = self.lines.table.copy()
        try:
            ticks = np.array(self.ticks, dtype=np.int64)
        except OverflowError:
            raise _too_long(max(self.ticks)) from None
        works = table[0] == Opcode.WORK
        table[1, works] = ticks[table[1, works]]
        return table

    @property
    def opcodes(self) -> Sequence[int]:
        """Return what each line does."""
        return self.lines.opcodes

    @cached_property
    def first(self) -> Sequence[int]:
        """Return the first argument of each line."""
        first: list[int] = self.table[1].tolist()
        return first

    @property
    def second(self) -> Sequence[int]:
        """Return the second argument of each line."""
        return self.lines.second

    @property
    def ops(self) -> Sequence[int]:
        """Return the op that each line is on behalf of."""
        return self.lines.ops

    @property
    def parts(self) -> Sequence[int]:
        """Return which of ``pairs`` each line belongs to."""
        return self.lines.parts

    @property
    def pairs(self) -> Sequence[tuple[int, int]]:
        """Return every unit with an op of it."""
        return self.lines.pairs

    @property
    def works(self) -> int:
        """Return how many works are executed in all."""
        return sum(self.lines.works.values())

    @property
    def steps(self) -> int:
        """Return how many instructions other than loops are executed in all."""
        return self.lines.steps

    @property
    def work_ticks(self) -> int:
        """Return how long all work takes, one after the other."""
        return sum(n * self.ticks[of] for (_, of), n in self.lines.works.items())


def _too_long(ticks: int) -> MappingError:
    return MappingError(
        f"time: found {ticks:,} ticks or rounds; 64 bits can be held. Choose "
        "clocks whose periods have a larger common divisor, or fewer inputs or repetitions."
    )


_Line = tuple[int, int, int, int, int, int, Actions]
"""Everything about a line of code, in the order of the attributes of ``Lines``."""

_RECV, _SEND, _WORK = int(Opcode.RECV), int(Opcode.SEND), int(Opcode.WORK)
_ACQUIRE, _RELEASE = int(Opcode.ACQUIRE), int(Opcode.RELEASE)
_LOOP, _END = int(Opcode.LOOP), int(Opcode.END)


def flatten(bodies: Iterable[tuple[Instruction, ...]]) -> Lines:
    """Return the programs of some units as flat code."""
    rows: list[_Line] = []
    starts, pairs = [0], list[tuple[int, int]]()
    numbers: dict[int | Duration, int] = {}
    for unit, body in enumerate(bodies):
        part_of: dict[int, int] = {}
        _write(rows, body, 1, part_of, len(pairs), numbers)
        pairs += [(unit, op) for op in part_of]
        starts.append(len(rows))
    columns = list(zip(*rows, strict=True)) or [()] * 7
    opcodes, first, second, ops, parts, times, actions = columns
    durations = tuple(numbers)
    return Lines(opcodes, first, second, ops, parts, times, actions, starts, pairs, durations)


def _write(
    rows: list[_Line],
    body: tuple[Instruction, ...],
    times: int,
    part_of: dict[int, int],
    first_part: int,
    numbers: dict[int | Duration, int],
) -> None:
    """Append instructions; the one place that knows them all besides the engines."""
    for step in body:
        if isinstance(step, Repeat):
            start = len(rows)
            rows.append((_LOOP, step.count, 0, NO_OP, NO_OP, times, ()))
            _write(rows, step.body, times * step.count, part_of, first_part, numbers)
            rows[start] = (_LOOP, step.count, len(rows), NO_OP, NO_OP, times, ())
            rows.append((_END, 0, start, NO_OP, NO_OP, times, ()))
            continue
        op = step.op
        part = part_of.setdefault(op, first_part + len(part_of))
        if isinstance(step, Work):
            number = numbers.setdefault(step.ticks, len(numbers))
            rows.append((_WORK, number, 0, op, part, times, step.actions))
        elif isinstance(step, Recv):
            rows.append((_RECV, step.channel, 0, op, part, times, ()))
        elif isinstance(step, Send):
            rows.append((_SEND, step.channel, 0, op, part, times, ()))
        elif isinstance(step, Acquire):
            rows.append((_ACQUIRE, step.port, step.priority, op, part, times, ()))
        else:
            rows.append((_RELEASE, step.port, 0, op, part, times, ()))
