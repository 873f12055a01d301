"""Programs as flat code: one opcode, two arguments and an op per line, loops as jumps."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

from archsim.mapping.program import Acquire, Instruction, Recv, Release, Repeat, Send, Work


class Opcode(IntEnum):
    """What a line of code does; ``first`` and ``second`` are its arguments."""

    RECV = 0  # first: channel
    SEND = 1  # first: channel
    WORK = 2  # first: ticks
    ACQUIRE = 3  # first: port, second: priority
    RELEASE = 4  # first: port
    LOOP = 5  # first: count, second: line of its END
    END = 6  # second: line of its LOOP


@dataclass(slots=True)
class Code:
    """A unit's program, line by line."""

    opcodes: list[int] = field(default_factory=list)
    first: list[int] = field(default_factory=list)
    second: list[int] = field(default_factory=list)
    ops: list[int] = field(default_factory=list)

    def _line(self, opcode: Opcode, first: int, second: int, op: int) -> int:
        self.opcodes.append(int(opcode))
        self.first.append(first)
        self.second.append(second)
        self.ops.append(op)
        return len(self.opcodes) - 1

    def add(self, body: tuple[Instruction, ...]) -> None:
        """Append instructions; the one place that knows them all besides the engines."""
        for instruction in body:
            match instruction:
                case Recv(channel, op):
                    self._line(Opcode.RECV, channel, 0, op)
                case Send(channel, op):
                    self._line(Opcode.SEND, channel, 0, op)
                case Work(op, ticks):
                    self._line(Opcode.WORK, ticks, 0, op)
                case Acquire(port, op, priority):
                    self._line(Opcode.ACQUIRE, port, priority, op)
                case Release(port, op):
                    self._line(Opcode.RELEASE, port, 0, op)
                case Repeat(count, nested):
                    start = self._line(Opcode.LOOP, count, 0, -1)
                    self.add(nested)
                    self.second[start] = self._line(Opcode.END, 0, start, -1)


def flatten(body: tuple[Instruction, ...]) -> Code:
    """Return a program as flat code."""
    code = Code()
    code.add(body)
    return code
