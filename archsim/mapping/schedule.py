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

from collections import defaultdict
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Self, TypedDict, Unpack

from archsim.errors import MappingError
from archsim.mapping.bodies import Body, add_work, rebooked, repeat, sending_ahead, tidy
from archsim.mapping.durations import Duration, shared
from archsim.mapping.program import (
    Acquire,
    Actions,
    Channel,
    Instruction,
    Port,
    Program,
    Recv,
    Release,
    Send,
    Unit,
    Work,
)

Bodies = defaultdict[int, list[Instruction]]
"""What each unit does, by its index."""

_REPORT = "This is a fault of the mapping; please report the machine and the workload."
_WHOLE = Fraction(1)
_ONCE = nullcontext()


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
    role: str
    port: int | None = None
    ranked: bool = False
    share: Fraction = _WHOLE

    def recv(self, channel: int) -> None:
        """Take one token."""
        self.schedule.count_token(channel, -1)
        self.schedule.bodies[self.index].append(Recv(channel, self.schedule.current_op))

    def send(self, channel: int) -> None:
        """Put one token."""
        self.schedule.count_token(channel, +1)
        self.schedule.bodies[self.index].append(Send(channel, self.schedule.current_op))

    def work(self, ticks: int | Duration, actions: Mapping[str, int] | None = None) -> None:
        """Be busy and count actions, such as ``{"adc.convert": 256}``."""
        counted = tuple([item for item in actions.items() if item[1]]) if actions else ()
        if not ticks and not counted:
            return
        if self.share is not _WHOLE:
            ticks = shared(ticks, self.share)
        if self.port is None:
            self.note(ticks, counted)
            return
        op, body = self.schedule.current_op, self.schedule.bodies[self.index]
        body.append(Acquire(self.port, op, op if self.ranked else 0))
        self.note(ticks, counted)
        body.append(Release(self.port, op))

    def note(self, ticks: int | Duration = 0, actions: Actions = ()) -> None:
        """Append a work as it is, be it one of no length that counts nothing."""
        body = self.schedule.bodies[self.index]
        add_work(body, Work(self.schedule.current_op, ticks, actions))


class Schedule:
    """A program under construction.

    Attributes:
        bodies: What is written of the innermost loop that is open.
        current_op: The op that is booked.
    """

    def __init__(self) -> None:
        self._ops: dict[str, int] = {}
        self._units: dict[str, UnitHandle] = {}
        self._ahead: dict[int, int] = {}
        self._channel_names: dict[str, int] = {}
        self._channels: list[Channel] = []
        self._tokens: list[int] = []
        self._found: dict[int, int] = {}  # tokens that the open loop found, of channels it used
        self._ports: dict[str, int] = {}
        self.bodies: Bodies = defaultdict(list)
        self.current_op = -1

    def unit(self, name: str, role: str, ahead: int = 0, **way: Unpack[Way]) -> UnitHandle:
        """Return the unit of that name, made at its first mention.

        Args:
            name: Unique in the machine.
            role: What kind of thing it is.
            ahead: Tokens that it may send before it takes what comes back for them: see
                ``sending_ahead``.
            way: How it gets at what it shares.
        """
        unit = self._units.get(name)
        if unit is None:
            unit = self._units[name] = UnitHandle(self, len(self._units), role, **way)
            if ahead:
                self._ahead[unit.index] = ahead
        if unit.role != role:
            raise MappingError(f"{name}: made as {unit.role}, now wanted as {role}. {_REPORT}")
        return unit

    def channel(self, name: str, capacity: int = 1, latency_ticks: int | Duration = 0) -> int:
        """Return the channel of that name, made at its first mention."""
        index = self._channel_names.get(name)
        if index is None:
            index = self._channel_names[name] = len(self._channels)
            self._channels.append(Channel(name, capacity, latency_ticks))
            self._tokens.append(0)
        made = self._channels[index]
        if made.capacity != capacity or made.latency_ticks != latency_ticks:
            wanted = Channel(name, capacity, latency_ticks)
            raise MappingError(f"{name}: made as {made}, now wanted as {wanted}. {_REPORT}")
        return index

    def port(self, name: str) -> int:
        """Return the dynamically arbitrated port of that name, made at its first mention."""
        return self._ports.setdefault(name, len(self._ports))

    def tokens(self, name: str) -> int:
        """Return how many tokens the channel of that name holds at this place of the schedule."""
        return self._tokens[self._channel_names[name]] if name in self._channel_names else 0

    def op(self, name: str) -> _Booking:
        """Book everything inside ``with`` under an op."""
        return _Booking(self, self.op_index(name))

    def op_index(self, name: str) -> int:
        """Return the index of an op, numbered at its first mention."""
        return self._ops.setdefault(name, len(self._ops))

    def repeat(self, count: int) -> Section | nullcontext[None]:
        """Do everything inside ``with`` so often; every unit used inside gets the loop."""
        return Section(self, count) if count != 1 else _ONCE

    def section(self, count: int = 1) -> Section:
        """Do everything inside ``with`` so often, and remember it, to be written again.

        Be it one round, it has to leave every channel as it finds it.
        """
        return Section(self, count)

    def count_token(self, channel: int, change: int) -> None:
        """Keep the number of tokens a channel would hold if steps were done one by one."""
        held = self._tokens[channel]
        self._found.setdefault(channel, held)
        self._tokens[channel] = held = held + change
        if not 0 <= held <= self._channels[channel].capacity:
            raise MappingError(
                f"{self._channels[channel].name}: the schedule leaves {held} tokens in a channel "
                f"of capacity {self._channels[channel].capacity}, so it could deadlock. {_REPORT}"
            )

    def open(self) -> tuple[Bodies, dict[int, int]]:
        """Begin a loop; return what is written so far of the one around it."""
        outer = self.bodies, self._found
        self.bodies, self._found = defaultdict(list), {}
        return outer

    def close(self, outer: tuple[Bodies, dict[int, int]]) -> tuple[dict[int, Body], dict[int, int]]:
        """End a loop; return what is in it, and the tokens that it found in channels it used."""
        bodies, found = self.bodies, self._found
        self.bodies, self._found = outer
        return {unit: tidy(body) for unit, body in bodies.items()}, found

    def append(self, count: int, bodies: Mapping[int, Body]) -> None:
        """Append a loop to the program of every unit that is in it."""
        for unit, body in bodies.items():
            ahead = self._ahead.get(unit, 0)
            loops = sending_ahead(count, body, ahead) if ahead else [(count, body)]
            for rounds, part in loops:
                repeat(self.bodies[unit], rounds, part)

    def refuse_other_tokens(self, found: Mapping[int, int]) -> None:
        """Refuse a loop unless channels hold what it found in them: it could deadlock."""
        for channel, then in found.items():
            if self._tokens[channel] != then:
                raise MappingError(
                    f"{self._channels[channel].name}: a loop finds {then} tokens and leaves "
                    f"{self._tokens[channel]}. {_REPORT}"
                )

    def units(self) -> tuple[Unit, ...]:
        """Return what every unit does so far."""
        return tuple(
            Unit(name, unit.role, tidy(self.bodies.get(unit.index, [])))
            for name, unit in self._units.items()
        )

    def finish(self) -> Program:
        """Return the program; every connection is checked."""
        ports = tuple(Port(name) for name in self._ports)
        return Program(tuple(self._ops), self.units(), tuple(self._channels), ports)


class _Booking:
    """Everything inside ``with`` is booked under an op; a generator would take twice as long."""

    def __init__(self, schedule: Schedule, op: int) -> None:
        self._schedule = schedule
        self._op = op

    def __enter__(self) -> None:
        self._outer = self._schedule.current_op
        self._schedule.current_op = self._op

    def __exit__(self, *_: object) -> None:
        self._schedule.current_op = self._outer


class Section:
    """What is written inside ``with`` is done ``count`` times, and may be written again later."""

    def __init__(self, schedule: Schedule, count: int) -> None:
        self._schedule = schedule
        self._count = count

    def __enter__(self) -> Self:
        self._outer = self._schedule.open()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._bodies, self._found = self._schedule.close(self._outer)
        if kind is None:
            self.again(self._count)

    def again(self, count: int = 1) -> None:
        """Write so many rounds of the same, at a place where it finds the same tokens."""
        self._schedule.refuse_other_tokens(self._found)
        self._schedule.append(count, self._bodies)

    def rebooked(self, ops: Mapping[int, int]) -> Section:
        """Return the same section, to be written under other ops."""
        section = Section(self._schedule, self._count)
        section._bodies = {unit: rebooked(body, ops) for unit, body in self._bodies.items()}
        section._found = self._found
        return section
