"""The instruction set: what a hardware unit can be told to do, and a machine's worth of it.

Adding an instruction means one class here plus one arm in each engine. A program is
static: what a unit does never depends on data, so without ``Acquire`` the units form a Kahn
network and every engine must agree on every tick.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from archsim.errors import MappingError

Actions = tuple[tuple[str, int], ...]
"""Pairs of a dotted action name, such as ``adc.convert``, and how often one execution does it."""


@dataclass(frozen=True, slots=True)
class Recv:
    """Take one token from ``channel`` on behalf of ``op``; block while there is none."""

    channel: int
    op: int


@dataclass(frozen=True, slots=True)
class Send:
    """Put one token into ``channel`` on behalf of ``op``; block while it is full."""

    channel: int
    op: int


@dataclass(frozen=True, slots=True)
class Work:
    """Be busy with ``op`` for ``ticks`` and count ``actions``."""

    op: int
    ticks: int
    actions: Actions = ()


@dataclass(frozen=True, slots=True)
class Acquire:
    """Wait for one of ``port``'s places; lower ``priority`` goes first, then first come."""

    port: int
    op: int
    priority: int = 0


@dataclass(frozen=True, slots=True)
class Release:
    """Give the place of ``port`` back."""

    port: int
    op: int


@dataclass(frozen=True, slots=True)
class Repeat:
    """Do ``body`` ``count`` times."""

    count: int
    body: tuple[Instruction, ...]


Step = Recv | Send | Work | Acquire | Release
Instruction = Step | Repeat


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
    """

    ops: tuple[str, ...]
    units: tuple[Unit, ...]
    channels: tuple[Channel, ...]
    ports: tuple[Port, ...] = ()

    def __post_init__(self) -> None:
        """Check every connection before time starts."""
        faults = [*_name_faults(self), *_channel_faults(self), *_port_faults(self)]
        for unit in self.units:
            faults += dict.fromkeys(_body_faults(self, unit.name, unit.instructions))
            held: Counter[int] = Counter()
            faults += _place_faults(unit.name, unit.instructions, held)
            faults += [
                f"{unit.name}: ends with a place of port {port}; give it back with a release."
                for port in +held
            ]
        if faults:
            raise MappingError("\n".join(faults))

    @property
    def dynamic(self) -> bool:
        """Whether any order is decided while the program runs."""
        return bool(self.ports)

    @property
    def senders(self) -> Mapping[int, str]:
        """Return the name of the sending unit of each channel."""
        return MappingProxyType({c: next(iter(u)) for c, u in _endpoints(self.units)[0].items()})

    @property
    def receivers(self) -> Mapping[int, str]:
        """Return the name of the receiving unit of each channel."""
        return MappingProxyType({c: next(iter(u)) for c, u in _endpoints(self.units)[1].items()})

    @property
    def serial_ticks(self) -> int:
        """Return an upper bound of the makespan: all work one after the other, plus latencies."""
        work = sum(
            n * i.ticks
            for u in self.units
            for i, n in executions(u.instructions)
            if isinstance(i, Work)
        )
        hops = sum(
            n * self.channels[i.channel].latency_ticks
            for u in self.units
            for i, n in executions(u.instructions)
            if isinstance(i, Send)
        )
        return work + hops


def executions(body: tuple[Instruction, ...], times: int = 1) -> Iterator[tuple[Step, int]]:
    """Yield every instruction other than loops with how often it is executed in all."""
    for instruction in body:
        if isinstance(instruction, Repeat):
            yield from executions(instruction.body, times * instruction.count)
        else:
            yield instruction, times


Endpoints = dict[int, Counter[str]]


def _endpoints(units: tuple[Unit, ...]) -> tuple[Endpoints, Endpoints]:
    senders: Endpoints = defaultdict(Counter)
    receivers: Endpoints = defaultdict(Counter)
    for unit in units:
        for instruction, times in executions(unit.instructions):
            if isinstance(instruction, Send):
                senders[instruction.channel][unit.name] += times
            elif isinstance(instruction, Recv):
                receivers[instruction.channel][unit.name] += times
    return senders, receivers


def _name_faults(program: Program) -> Iterator[str]:
    kinds = {"op": program.ops, "unit": [unit.name for unit in program.units]}
    kinds["channel"] = [channel.name for channel in program.channels]
    kinds["port"] = [port.name for port in program.ports]
    for kind, names in kinds.items():
        for name, times in Counter(names).items():
            if times > 1:
                yield f"{name}: {times} {kind}s have this name; give each its own."


def _channel_faults(program: Program) -> Iterator[str]:
    senders, receivers = _endpoints(program.units)
    for index, channel in enumerate(program.channels):
        sent, received = senders[index], receivers[index]
        if len(sent) != 1 or len(received) != 1:
            yield (
                f"{channel.name}: sent to by {_listed(sent)}, received from by "
                f"{_listed(received)}; a channel has one sender and one receiver."
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


def _port_faults(program: Program) -> Iterator[str]:
    for port in program.ports:
        if port.places < 1:
            yield f"{port.name}: {port.places} places; needs at least 1."


def _body_faults(program: Program, unit: str, body: tuple[Instruction, ...]) -> Iterator[str]:
    """Yield what is wrong with single instructions."""
    for instruction in body:
        if isinstance(instruction, Repeat):
            if instruction.count < 0:
                yield f"{unit}: a loop of {instruction.count} rounds; needs at least 0."
            yield from _body_faults(program, unit, instruction.body)
            continue
        yield from _index_faults(program, unit, instruction)
        if isinstance(instruction, Work):
            amounts = (("ticks", instruction.ticks), *instruction.actions)
            for name, amount in amounts:
                if amount < 0:
                    yield f"{unit}: work with {amount} {name}; needs at least 0."


def _index_faults(
    program: Program, unit: str, instruction: Recv | Send | Work | Acquire | Release
) -> Iterator[str]:
    """Yield what an instruction refers to that is not there."""
    indices = [("op", instruction.op, len(program.ops))]
    match instruction:
        case Recv(channel) | Send(channel):
            indices.append(("channel", channel, len(program.channels)))
        case Acquire(port) | Release(port):
            indices.append(("port", port, len(program.ports)))
    for kind, index, length in indices:
        if not 0 <= index < length:
            yield f"{unit}: {kind} {index} is not one of the {length} {kind}s; add it first."


def _place_faults(unit: str, body: tuple[Instruction, ...], held: Counter[int]) -> Iterator[str]:
    """Yield where places of ports are given back unheld, or kept from round to round."""
    for instruction in body:
        match instruction:
            case Acquire(port):
                held[port] += 1
            case Release(port) if held[port]:
                held[port] -= 1
            case Release(port):
                yield f"{unit}: gives back a place of port {port} it has not; acquire it first."
            case Repeat(_, nested):
                before = +held
                yield from _place_faults(unit, nested, held)
                if +held != before:
                    yield f"{unit}: a loop ends with other places of ports than it began with."


def _listed(units: Counter[str]) -> str:
    return ", ".join(sorted(units)) or "nobody"
