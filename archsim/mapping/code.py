"""Programs as flat code, which engines run: a line for each instruction, loops as jumps."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from archsim.errors import MappingError
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


@dataclass
class Code:
    """The programs of all units, line by line, one unit after the other.

    Attributes:
        opcodes: What each line does.
        first: Its first argument.
        second: Its second argument.
        ops: The op on whose behalf.
        parts: Which of ``pairs`` it belongs to.
        times: How often it is executed in all.
        actions: What one execution counts.
        starts: The first line of each unit, and the number of lines at the end.
        pairs: Every unit with an op of it, in order of units and first mention.
    """

    opcodes: list[int] = field(default_factory=list)
    first: list[int] = field(default_factory=list)
    second: list[int] = field(default_factory=list)
    ops: list[int] = field(default_factory=list)
    parts: list[int] = field(default_factory=list)
    times: list[int] = field(default_factory=list)
    actions: list[Actions] = field(default_factory=list)
    starts: list[int] = field(default_factory=lambda: [0])
    pairs: list[tuple[int, int]] = field(default_factory=list)

    @cached_property
    def table(self) -> NDArray[np.int64]:
        """Return a row for each of opcodes, first, second, ops and parts, once all is written.

        Raises:
            MappingError: A number that 64 bits cannot hold.
        """
        columns = (self.opcodes, self.first, self.second, self.ops, self.parts)
        try:
            return np.array(columns, dtype=np.int64)
        except OverflowError:
            raise MappingError(
                f"time: found {max(self.first):,} ticks or rounds; 64 bits can be held. Choose "
                "clocks whose periods have a larger common divisor, or run fewer inputs."
            ) from None

    @property
    def works(self) -> int:
        """Return how many works are executed in all."""
        lines = zip(self.opcodes, self.times, strict=True)
        return sum(times for opcode, times in lines if opcode == _WORK)

    @property
    def steps(self) -> int:
        """Return how many instructions other than loops are executed in all."""
        lines = zip(self.opcodes, self.times, strict=True)
        return sum(times for opcode, times in lines if opcode < _LOOP)

    def lines(self, unit: int) -> range:
        """Return the lines of a unit."""
        return range(self.starts[unit], self.starts[unit + 1])

    def add_unit(self, body: tuple[Instruction, ...]) -> None:
        """Append the program of one more unit."""
        unit, parts = len(self.starts) - 1, dict[int, int]()
        self._add(body, 1, unit, parts)
        self.starts.append(len(self.opcodes))

    def _add(
        self, body: tuple[Instruction, ...], times: int, unit: int, parts: dict[int, int]
    ) -> None:
        """Append instructions; the one place that knows them all besides the engines."""
        for step in body:
            if isinstance(step, Repeat):
                start = len(self.opcodes)
                self._line(_LOOP, step.count, 0, NO_OP, NO_OP, times, ())
                self._add(step.body, times * step.count, unit, parts)
                self.second[start] = len(self.opcodes)
                self._line(_END, 0, start, NO_OP, NO_OP, times, ())
                continue
            second = 0
            actions: Actions = ()
            if isinstance(step, Work):
                opcode, first, actions = _WORK, step.ticks, step.actions
            elif isinstance(step, Recv):
                opcode, first = _RECV, step.channel
            elif isinstance(step, Send):
                opcode, first = _SEND, step.channel
            elif isinstance(step, Acquire):
                opcode, first, second = _ACQUIRE, step.port, step.priority
            else:
                opcode, first = _RELEASE, step.port
            part = parts.get(step.op)
            if part is None:
                part = parts[step.op] = len(self.pairs)
                self.pairs.append((unit, step.op))
            self._line(opcode, first, second, step.op, part, times, actions)

    def _line(  # noqa: PLR0913, PLR0917 - a line's columns
        self,
        opcode: int,
        first: int,
        second: int,
        op: int,
        part: int,
        times: int,
        actions: Actions,
    ) -> None:
        self.opcodes.append(opcode)
        self.first.append(first)
        self.second.append(second)
        self.ops.append(op)
        self.parts.append(part)
        self.times.append(times)
        self.actions.append(actions)


_RECV, _SEND, _WORK = int(Opcode.RECV), int(Opcode.SEND), int(Opcode.WORK)
_ACQUIRE, _RELEASE = int(Opcode.ACQUIRE), int(Opcode.RELEASE)
_LOOP, _END = int(Opcode.LOOP), int(Opcode.END)


def flatten(bodies: Iterable[tuple[Instruction, ...]]) -> Code:
    """Return the programs of some units as flat code."""
    code = Code()
    for body in bodies:
        code.add_unit(body)
    return code
