"""Write one global schedule; get one program per unit.

Mapping code reads like a sequential program: *for each vector, the port reads it, the driver
converts it, the array multiplies it, ...*. Each unit's program is the projection of that one
order onto the unit, loops included. This gives two things for nothing:

* **No deadlock.** A schedule may only do what could be done one step after the other: it never
  receives from an empty channel nor sends to a full one, and a loop leaves every channel as it
  found it. This is checked while it is written. Whatever the units' own speeds, the earliest
  unfinished step can then always go on.
* **Overlap.** A unit is bound by its own order and by tokens only, so a DRAM that has nothing
  to wait for runs ahead and prefetches as far as the capacities let it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil
from typing import TypedDict, Unpack

from archsim.errors import MappingError
from archsim.mapping.program import (
    Acquire,
    Channel,
    Instruction,
    Port,
    Program,
    Recv,
    Release,
    Repeat,
    Send,
    Unit,
    Work,
    executions,
)

Frame = dict[int, list[Instruction]]
_REPORT = "This is a fault of the mapping; please report the machine and the workload."


class Way(TypedDict, total=False):
    """How a unit gets at what it shares: see ``UnitHandle``."""

    port: int | None
    ranked: bool
    share: Fraction


@dataclass(frozen=True, slots=True)
class UnitHandle:
    """A unit being programmed; its methods append to its program at the current place.

    A unit with a ``port`` shares that port with others and acquires it for each work; where it is
    ``ranked``, work for an earlier op goes first. A unit with a ``share`` below one owns that share
    of a resource's time: its work takes as much longer.
    """

    schedule: Schedule = field(repr=False)
    index: int
    port: int | None = None
    ranked: bool = False
    share: Fraction = Fraction(1)

    def recv(self, channel: int) -> None:
        """Take one token."""
        self.schedule.count_token(channel, -1)
        self.schedule.emit(self.index, Recv(channel, self.schedule.current_op))

    def send(self, channel: int) -> None:
        """Put one token."""
        self.schedule.count_token(channel, +1)
        self.schedule.emit(self.index, Send(channel, self.schedule.current_op))

    def work(self, ticks: int, actions: Mapping[str, int] | None = None) -> None:
        """Be busy and count actions, such as ``{"adc.convert": 256}``."""
        op = self.schedule.current_op
        counted = tuple((name, n) for name, n in (actions or {}).items() if n)
        if not ticks and not counted:
            return
        if self.port is not None:
            self.schedule.emit(self.index, Acquire(self.port, op, op if self.ranked else 0))
        self.schedule.emit(self.index, Work(op, ceil(ticks / self.share), counted))
        if self.port is not None:
            self.schedule.emit(self.index, Release(self.port, op))


class Schedule:
    """A program under construction."""

    def __init__(self) -> None:
        self._ops: dict[str, int] = {}
        self._units: dict[str, tuple[int, str]] = {}
        self._ahead: dict[int, int] = {}
        self._channel_names: dict[str, int] = {}
        self._channels: list[Channel] = []
        self._tokens: list[int] = []
        self._ports: dict[str, int] = {}
        self._frames: list[Frame] = [{}]
        self.current_op = -1

    def unit(self, name: str, role: str, ahead: int = 0, **way: Unpack[Way]) -> UnitHandle:
        """Return the unit of that name, made at its first mention.

        Args:
            name: Unique in the machine.
            role: What kind of thing it is.
            ahead: Tokens that it may send before it takes what comes back for them: see
                ``_sending_ahead``.
            way: How it gets at what it shares.
        """
        index, made_for = self._units.setdefault(name, (len(self._units), role))
        if made_for != role:
            raise MappingError(f"{name}: made as {made_for}, now wanted as {role}. {_REPORT}")
        if ahead:
            self._ahead[index] = ahead
        return UnitHandle(self, index, **way)

    def channel(self, name: str, capacity: int = 1, latency_ticks: int = 0) -> int:
        """Return the channel of that name, made at its first mention."""
        wanted = Channel(name, capacity, latency_ticks)
        if name not in self._channel_names:
            self._channel_names[name] = len(self._channels)
            self._channels.append(wanted)
            self._tokens.append(0)
        index = self._channel_names[name]
        if self._channels[index] != wanted:
            raise MappingError(
                f"{name}: made as {self._channels[index]}, now wanted as {wanted}. {_REPORT}"
            )
        return index

    def port(self, name: str) -> int:
        """Return the dynamically arbitrated port of that name, made at its first mention."""
        return self._ports.setdefault(name, len(self._ports))

    def tokens(self, name: str) -> int:
        """Return how many tokens the channel of that name holds at this place of the schedule."""
        return self._tokens[self._channel_names[name]] if name in self._channel_names else 0

    @contextmanager
    def op(self, name: str) -> Iterator[None]:
        """Book everything inside under an op."""
        outer = self.current_op
        self.current_op = self._ops.setdefault(name, len(self._ops))
        yield
        self.current_op = outer

    @contextmanager
    def repeat(self, count: int) -> Iterator[None]:
        """Do everything inside ``count`` times; every unit used inside gets the loop."""
        before = list(self._tokens)
        self._frames.append({})
        yield
        if count != 1:
            self._check_balance(before)
        for unit, body in self._frames.pop().items():
            for loop in _sending_ahead(count, body, self._ahead.get(unit, 0)):
                for instruction in _loop(*loop):
                    self.emit(unit, instruction)

    def emit(self, unit: int, instruction: Instruction) -> None:
        """Append to a unit's program, joining neighbouring work of one op."""
        body = self._frames[-1].setdefault(unit, [])
        last = body[-1] if body else None
        if isinstance(instruction, Work) and isinstance(last, Work) and last.op == instruction.op:
            body[-1] = _joined(last, instruction)
        else:
            body.append(instruction)

    def count_token(self, channel: int, change: int) -> None:
        """Keep the number of tokens a channel would hold if steps were done one by one."""
        self._tokens[channel] += change
        if not 0 <= self._tokens[channel] <= self._channels[channel].capacity:
            raise MappingError(
                f"{self._channels[channel].name}: the schedule leaves {self._tokens[channel]} "
                f"tokens in a channel of capacity {self._channels[channel].capacity}, so it could "
                f"deadlock. {_REPORT}"
            )

    def finish(self) -> Program:
        """Return the program; every connection is checked."""
        [frame] = self._frames
        units = tuple(
            Unit(name, role, tuple(frame.get(index, ())))
            for name, (index, role) in self._units.items()
        )
        ports = tuple(Port(name) for name in self._ports)
        return Program(tuple(self._ops), units, tuple(self._channels), ports)

    def _check_balance(self, before: list[int]) -> None:
        before += [0] * (len(self._tokens) - len(before))
        for channel, (then, now) in enumerate(zip(before, self._tokens, strict=True)):
            if then != now:
                raise MappingError(
                    f"{self._channels[channel].name}: a loop finds {then} tokens and leaves {now}. "
                    f"{_REPORT}"
                )


def _sending_ahead(
    count: int, body: list[Instruction], ahead: int
) -> list[tuple[int, list[Instruction]]]:
    """Return a loop with its sends some rounds ahead of its receives, as loops one after the other.

    A memory that reads operands and writes results of the same loop would otherwise wait for each
    result before it reads the next operand, and so pay its latency in every round. What stands
    before the first receive is moved up by as many rounds as ``ahead`` tokens allow; the channel
    has to have room for them. Units that wait for nothing but earlier sends stay free of deadlock.
    """
    first = next((i for i, instruction in enumerate(body) if _receives(instruction)), len(body))
    sends, receives = body[:first], body[first:]
    sent = Counter[int]()
    for instruction, times in executions(tuple(sends)):
        if isinstance(instruction, Send):
            sent[instruction.channel] += times
    most = max(sent.values(), default=0)
    if count <= 1 or not receives or not most or ahead < most:
        return [(count, body)]
    rounds = min(count, ahead // most)
    return [(rounds, sends), (count - rounds, body), (rounds, receives)]


def _receives(instruction: Instruction) -> bool:
    return any(isinstance(inner, Recv) for inner, _ in executions((instruction,)))


def _loop(count: int, body: list[Instruction]) -> list[Instruction]:
    if count == 0 or not body:
        return []
    if count == 1:
        return body
    match body:
        case [Work(op, ticks, actions)]:  # nothing can happen in between: one stretch of work
            return [Work(op, count * ticks, tuple((a, count * n) for a, n in actions))]
        case [Repeat(inner, nested)]:
            return [Repeat(count * inner, nested)]
    return [Repeat(count, tuple(body))]


def _joined(first: Work, second: Work) -> Work:
    counts = dict(first.actions)
    for action, n in second.actions:
        counts[action] = counts.get(action, 0) + n
    return Work(first.op, first.ticks + second.ticks, tuple(counts.items()))
