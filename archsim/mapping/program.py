"""A machine's worth of programs: one instruction stream per unit, and what connects them.

A program is static: what a unit does never depends on data, so without ``Acquire`` the units form a
Kahn network and every engine must agree on every tick.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from archsim.errors import MappingError
from archsim.mapping.code import Code, Opcode, flatten
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
    latency_ticks: int = 0


@dataclass(frozen=True, slots=True)
class Port:
    """A shared resource with ``places`` users at a time, arbitrated while the program runs."""

    name: str
    places: int = 1


@dataclass(frozen=True, slots=True)
class Program:
    """One instruction stream per unit, and the channels and ports between them.

    ``ops`` names the op of each op index. Construction refuses, all faults at once, a channel
    that has not exactly one sender and one receiver or whose tokens do not balance, a unit that
    gives back a place it has not or keeps one, an index of nothing, and a name given twice.

    Attributes:
        code: All of it as flat code.
        senders: The unit that sends on each channel.
        receivers: The unit that receives from each channel.
    """

    ops: tuple[str, ...]
    units: tuple[Unit, ...]
    channels: tuple[Channel, ...]
    ports: tuple[Port, ...] = ()
    code: Code = field(init=False, compare=False, repr=False)
    senders: tuple[int, ...] = field(init=False, compare=False, repr=False)
    receivers: tuple[int, ...] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Check every connection before time starts."""
        code = flatten(unit.instructions for unit in self.units)
        object.__setattr__(self, "code", code)
        sent, received = _tokens(self, _SEND), _tokens(self, _RECV)
        faults = [*_name_faults(self), *_channel_faults(self, sent, received), *_port_faults(self)]
        for index in range(len(self.units)):
            faults += dict.fromkeys(_line_faults(self, index))
            faults += _place_faults(self, index) if _ACQUIRE in code.opcodes else ()
        if faults:
            raise MappingError("\n".join(faults))
        object.__setattr__(self, "senders", tuple(next(iter(of)) for of in sent))
        object.__setattr__(self, "receivers", tuple(next(iter(of)) for of in received))

    @property
    def dynamic(self) -> bool:
        """Whether any order is decided while the program runs."""
        return bool(self.ports)

    @property
    def serial_ticks(self) -> int:
        """Return an upper bound of the makespan: all work one after the other, plus latencies."""
        code, latency_ticks = self.code, [channel.latency_ticks for channel in self.channels]
        ticks = 0
        for opcode, first, times in zip(code.opcodes, code.first, code.times, strict=True):
            if opcode == Opcode.WORK:
                ticks += times * first
            elif opcode == Opcode.SEND:
                ticks += times * latency_ticks[first]
        return ticks


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


_SEND, _RECV, _WORK = int(Opcode.SEND), int(Opcode.RECV), int(Opcode.WORK)
_LOOP, _END = int(Opcode.LOOP), int(Opcode.END)
_ACQUIRE, _RELEASE = int(Opcode.ACQUIRE), int(Opcode.RELEASE)


def _tokens(program: Program, wanted: int) -> list[Counter[int]]:
    """Return, for each channel, how often each unit executes an instruction on it."""
    code, channels = program.code, len(program.channels)
    found: list[Counter[int]] = [Counter() for _ in range(channels)]
    for unit in range(len(program.units)):
        for line in code.lines(unit):
            if code.opcodes[line] == wanted and 0 <= code.first[line] < channels:
                found[code.first[line]][unit] += code.times[line]
    return found


def _line_faults(program: Program, unit: int) -> Iterator[str]:
    """Yield what is wrong with a unit's single instructions."""
    code, name, made = program.code, program.units[unit].name, len(program.ops)
    channels, ports = ("channel", len(program.channels)), ("port", len(program.ports))
    targets = {_SEND: channels, _RECV: channels, _ACQUIRE: ports, _RELEASE: ports}
    for line in code.lines(unit):
        opcode, argument = code.opcodes[line], code.first[line]
        if opcode not in {_LOOP, _END} and not 0 <= code.ops[line] < made:
            yield _index_fault(name, "op", code.ops[line], made)
        if opcode in targets:
            kind, length = targets[opcode]
            if not 0 <= argument < length:
                yield _index_fault(name, kind, argument, length)
        elif opcode == _WORK:
            for of, amount in (("ticks", argument), *code.actions[line]):
                if amount < 0:
                    yield f"{name}: work with {amount} {of}; needs at least 0."
        elif argument < 0:
            yield f"{name}: a loop of {argument} rounds; needs at least 0."


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
        if channel.latency_ticks < 0:
            yield f"{channel.name}: latency of {channel.latency_ticks} ticks; needs at least 0."


def _listed(program: Program, units: Counter[int]) -> str:
    return ", ".join(sorted(program.units[unit].name for unit in units)) or "nobody"


def _port_faults(program: Program) -> Iterator[str]:
    for port in program.ports:
        if port.places < 1:
            yield f"{port.name}: {port.places} places; needs at least 1."


def _place_faults(program: Program, unit: int) -> Iterator[str]:
    """Yield where places of ports are given back unheld, or kept from round to round."""
    code, name = program.code, program.units[unit].name
    held, before = Counter[int](), list[Counter[int]]()
    for line in code.lines(unit):
        opcode, port = code.opcodes[line], code.first[line]
        if opcode == _ACQUIRE:
            held[port] += 1
        elif opcode == _RELEASE and held[port]:
            held[port] -= 1
        elif opcode == _RELEASE:
            yield f"{name}: gives back a place of port {port} it has not; acquire it first."
        elif opcode == _LOOP:
            before.append(+held)
        elif opcode == _END and before.pop() != +held:
            yield f"{name}: a loop ends with other places of ports than it began with."
    for port in +held:
        yield f"{name}: ends with a place of port {port}; give it back with a release."
