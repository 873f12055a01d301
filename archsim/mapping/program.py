"""A machine's worth of programs: one instruction stream per unit, and what connects them.

A program is static: what a unit does never depends on data, so without ``Acquire`` the units form a
Kahn network and every engine must agree on every tick.

What units do does not depend on the clocks of a machine either. A program whose work is given in
steps of the machine's parts is written and checked once, and then ``timed`` for each machine.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from archsim.errors import MappingError
from archsim.mapping.code import Code, Lines, Opcode, flatten
from archsim.mapping.durations import Duration, Paces, fixed_ticks
from archsim.mapping.instructions import (
    Acquire,
    Actions,
    Instruction,
    Recv,
    Release,
    Repeat,
    Send,
    Step,
    Work,
    executions,
)

__all__ = [
    "Acquire",
    "Actions",
    "Channel",
    "Instruction",
    "Port",
    "Program",
    "Recv",
    "Release",
    "Repeat",
    "Send",
    "Step",
    "Unit",
    "Work",
    "executions",
]


@dataclass(frozen=True, slots=True)
class Unit:
    """A hardware thing that runs one program.

    ``role`` says what kind of thing it is (``array``, ``adc``, ``buffer_read``, ...), for
    reports; ``name`` is unique in the machine.
    """

    name: str
    role: str
    instructions: tuple[Instruction, ...]


@dataclass(frozen=True, slots=True)
class Channel:
    """A bounded queue of tokens from one unit to another.

    A token is receivable ``latency_ticks`` after it was sent; its slot is free again as soon as
    it is received.
    """

    name: str
    capacity: int
    latency_ticks: int | Duration = 0


@dataclass(frozen=True, slots=True)
class Port:
    """A shared resource with ``places`` users at a time, arbitrated while the program runs."""

    name: str
    places: int = 1


@dataclass(frozen=True)
class Program:
    """One instruction stream per unit, and the channels and ports between them.

    ``ops`` names the op of each op index. Construction refuses, all faults at once, a channel
    that has not exactly one sender and one receiver or whose tokens do not balance, a unit that
    gives back a place it has not or keeps one, an index of nothing, and a name given twice.

    Attributes:
        lines: All of it as flat code, without times.
        senders: The unit that sends on each channel.
        receivers: The unit that receives from each channel.
        tokens: How many tokens each channel carries in all.
    """

    ops: tuple[str, ...]
    units: tuple[Unit, ...]
    channels: tuple[Channel, ...]
    ports: tuple[Port, ...] = ()
    _paces: Paces | None = field(default=None, init=False, compare=False, repr=False)
    lines: Lines = field(init=False, compare=False, repr=False)
    senders: tuple[int, ...] = field(init=False, compare=False, repr=False)
    receivers: tuple[int, ...] = field(init=False, compare=False, repr=False)
    tokens: tuple[int, ...] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Check every connection before time starts."""
        lines = flatten(unit.instructions for unit in self.units)
        object.__setattr__(self, "lines", lines)
        sent, received = _tokens(self)
        faults = [*_name_faults(self), *_channel_faults(self, sent, received), *_port_faults(self)]
        faults += _line_faults(self)
        if faults:
            raise MappingError("\n".join(faults))
        object.__setattr__(self, "senders", tuple(next(iter(of)) for of in sent))
        object.__setattr__(self, "receivers", tuple(next(iter(of)) for of in received))
        object.__setattr__(self, "tokens", tuple(of.total() for of in sent))

    def timed(self, paces: Paces) -> Program:
        """Return the same program on a machine: nothing but its times is found anew."""
        made = copy(self)
        object.__setattr__(made, "_paces", paces)
        for name in ("code", "latency_ticks"):
            vars(made).pop(name, None)
        return made

    def ticks(self, duration: int | Duration) -> int:
        """Return how long work, or a channel, takes."""
        return fixed_ticks(duration) if self._paces is None else self._paces.ticks(duration)

    @cached_property
    def code(self) -> Code:
        """All of it as flat code."""
        return Code(self.lines, tuple(map(self.ticks, self.lines.durations)))

    @cached_property
    def latency_ticks(self) -> tuple[int, ...]:
        """How long a token is under way on each channel."""
        return tuple([self.ticks(channel.latency_ticks) for channel in self.channels])

    @property
    def dynamic(self) -> bool:
        """Whether any order is decided while the program runs."""
        return bool(self.ports)

    @property
    def serial_ticks(self) -> int:
        """Return an upper bound of the makespan: all work one after the other, plus latencies."""
        latencies = zip(self.tokens, self.latency_ticks, strict=True)
        return self.code.work_ticks + sum(tokens * ticks for tokens, ticks in latencies)


def _name_faults(program: Program) -> Iterator[str]:
    kinds = {"op": program.ops, "unit": [unit.name for unit in program.units]}
    kinds["channel"] = [channel.name for channel in program.channels]
    kinds["port"] = [port.name for port in program.ports]
    for kind, names in kinds.items():
        if len(set(names)) == len(names):
            continue
        for name, times in Counter(names).items():
            if times > 1:
                yield f"{name}: {times} {kind}s have this name; give each its own."


def _tokens(program: Program) -> tuple[list[Counter[int]], list[Counter[int]]]:
    """Return, for each channel, how many tokens each unit sends, and how many each receives."""
    code, channels = program.lines, len(program.channels)
    opcodes, first, *_ = code.table
    units = np.repeat(np.arange(len(program.units)), np.diff(code.starts))
    found = []
    for wanted in (Opcode.SEND, Opcode.RECV):
        counters: list[Counter[int]] = [Counter() for _ in range(channels)]
        lines = np.flatnonzero((opcodes == wanted) & (first >= 0) & (first < channels))
        places = zip(first[lines].tolist(), units[lines].tolist(), lines.tolist(), strict=True)
        for channel, unit, line in places:
            counters[channel][unit] += code.times[line]
        found.append(counters)
    return found[0], found[1]


def _line_faults(program: Program) -> Iterator[str]:
    """Yield what is wrong with single instructions, unit by unit."""
    code = program.lines
    opcodes, first, _, ops, _ = code.table
    wrong = (opcodes < Opcode.LOOP) & ((ops < 0) | (ops >= len(program.ops)))
    for of, length in _targets(program).items():
        wrong |= (opcodes == of) & ((first < 0) | (first >= length))
    wrong |= (opcodes == Opcode.LOOP) & (first < 0)
    if negative := [i for i, ticks in enumerate(code.durations) if _least(ticks) < 0]:
        wrong |= (opcodes == Opcode.WORK) & np.isin(first, negative)
    lines = set(np.flatnonzero(wrong).tolist())
    if min((n for actions in code.actions for _, n in actions), default=0) < 0:
        lines |= {i for i, of in enumerate(code.actions) if any(n < 0 for _, n in of)}
    places = Opcode.ACQUIRE in code.opcodes
    for unit in range(len(program.units)) if lines or places else ():
        told = (
            fault
            for line in code.of_unit(unit)
            if line in lines
            for fault in _told(program, unit, line)
        )
        yield from dict.fromkeys(told)
        yield from _place_faults(program, unit) if places else ()


def _targets(program: Program) -> dict[Opcode, int]:
    """Return how many things there are that each opcode can be about."""
    channels, ports = len(program.channels), len(program.ports)
    return {
        Opcode.SEND: channels,
        Opcode.RECV: channels,
        Opcode.ACQUIRE: ports,
        Opcode.RELEASE: ports,
    }


def _told(program: Program, unit: int, line: int) -> Iterator[str]:
    """Yield the faults of a line that has some."""
    code, name = program.lines, program.units[unit].name
    opcode, argument = Opcode(code.opcodes[line]), code.first[line]
    if opcode < Opcode.LOOP and not 0 <= code.ops[line] < len(program.ops):
        yield _index_fault(name, "op", code.ops[line], len(program.ops))
    if opcode is Opcode.LOOP:
        yield f"{name}: a loop of {argument} rounds; needs at least 0."
    elif opcode is Opcode.WORK:
        taken = _least(code.durations[argument])
        for of, amount in (("ticks", taken), *code.actions[line]):
            if amount < 0:
                yield f"{name}: work with {amount} {of}; needs at least 0."
    elif not 0 <= argument < _targets(program)[opcode]:
        kind = "channel" if opcode in {Opcode.SEND, Opcode.RECV} else "port"
        yield _index_fault(name, kind, argument, _targets(program)[opcode])


def _least(duration: int | Duration) -> int:
    """Return the ticks, or what is the least of a duration that depends on the machine."""
    if isinstance(duration, int):
        return duration
    return min((times * stretch.steps for stretch, times in duration), default=0)


def _index_fault(unit: str, kind: str, index: int, length: int) -> str:
    return f"{unit}: {kind} {index} is not one of the {length} {kind}s; add it first."


def _channel_faults(
    program: Program, sent_by: list[Counter[int]], received_by: list[Counter[int]]
) -> Iterator[str]:
    for channel, sent, received in zip(program.channels, sent_by, received_by, strict=True):
        if len(sent) != 1 or len(received) != 1:
            yield (
                f"{channel.name}: sent to by {_listed(program, sent)}, received from by "
                f"{_listed(program, received)}; a channel has one sender and one receiver."
            )
        elif sent.total() != received.total():
            yield (
                f"{channel.name}: {sent.total()} tokens are sent and {received.total()} received; "
                "the numbers must be equal."
            )
        if channel.capacity < 1:
            yield f"{channel.name}: capacity {channel.capacity}; needs at least 1."
        if (ticks := _least(channel.latency_ticks)) < 0:
            yield f"{channel.name}: latency of {ticks} ticks; needs at least 0."


def _listed(program: Program, units: Counter[int]) -> str:
    return ", ".join(sorted(program.units[unit].name for unit in units)) or "nobody"


def _port_faults(program: Program) -> Iterator[str]:
    for port in program.ports:
        if port.places < 1:
            yield f"{port.name}: {port.places} places; needs at least 1."


def _place_faults(program: Program, unit: int) -> Iterator[str]:
    """Yield where places of ports are given back unheld, or kept from round to round."""
    code, name = program.lines, program.units[unit].name
    held, before = Counter[int](), list[Counter[int]]()
    for line in code.of_unit(unit):
        opcode, port = code.opcodes[line], code.first[line]
        if opcode == Opcode.ACQUIRE:
            held[port] += 1
        elif opcode == Opcode.RELEASE and held[port]:
            held[port] -= 1
        elif opcode == Opcode.RELEASE:
            yield f"{name}: gives back a place of port {port} it has not; acquire it first."
        elif opcode == Opcode.LOOP:
            before.append(+held)
        elif opcode == Opcode.END and before.pop() != +held:
            yield f"{name}: a loop ends with other places of ports than it began with."
    for port in +held:
        yield f"{name}: ends with a place of port {port}; give it back with a release."
