"""Random tiny programs for hypothesis.

``scheduled_programs`` writes a random sequential schedule, so what it makes always ends.
``arbitrary_programs`` balances the tokens of every channel and is otherwise free, so what it
makes may deadlock, over channels and over ports.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from hypothesis import strategies as st

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
)
from archsim.mapping.schedule import Schedule

OPS = 3
ACTIONS = ("adc.convert", "array.pass")

_ticks = st.one_of(st.just(0), st.integers(0, 7))
_capacities = st.integers(1, 3)
_latencies = st.one_of(st.just(0), st.integers(0, 5))


def changed(
    program: Program,
    *,
    instruction: Callable[[int, Instruction], Instruction] = lambda _, i: i,
    channel: Callable[[Channel], Channel] = lambda c: c,
) -> Program:
    """Return the program with every (unit index, instruction) and every channel replaced."""

    def body(unit: int, instructions: tuple[Instruction, ...]) -> tuple[Instruction, ...]:
        return tuple(
            Repeat(i.count, body(unit, i.body)) if isinstance(i, Repeat) else instruction(unit, i)
            for i in instructions
        )

    return replace(
        program,
        units=tuple(
            replace(unit, instructions=body(index, unit.instructions))
            for index, unit in enumerate(program.units)
        ),
        channels=tuple(channel(c) for c in program.channels),
    )


class _Writer:
    """Draws a schedule step by step, looking only at what a sequential machine could do next."""

    def __init__(self, draw: st.DrawFn, dynamic: bool) -> None:
        self.draw = draw
        self.schedule = Schedule()
        self.ports = [self.schedule.port("p0")] if dynamic else []
        units = draw(st.integers(1, 4))
        shared = [draw(st.sampled_from([None, *self.ports])) for _ in range(units)]
        self.units = [self.schedule.unit(f"u{i}", "unit", port=p) for i, p in enumerate(shared)]
        pairs = st.tuples(*[st.integers(0, units - 1)] * 2, _capacities, _latencies)
        self.links = draw(st.lists(pairs, max_size=4))
        self.channels: dict[int, int] = {}

    def write(self) -> Program:
        with self.schedule.op("op0"):
            self.block(depth=0)
            self.restore({})
        return self.schedule.finish()

    def block(self, depth: int) -> None:
        for _ in range(self.draw(st.integers(1, 5))):
            self.step(depth)

    def step(self, depth: int) -> None:
        kinds = ["work"]
        kinds += [f"send {i}" for i, link in enumerate(self.links) if self.held(i) < link[2]]
        kinds += [f"recv {i}" for i in range(len(self.links)) if self.held(i)]
        kinds += ["repeat", "op"] if depth < 2 else []
        match self.draw(st.sampled_from(kinds)).split():
            case ["work"]:
                unit = self.draw(st.sampled_from(self.units))
                unit.work(self.draw(_ticks), {self.draw(st.sampled_from(ACTIONS)): 1})
            case ["send", link]:
                self.send(int(link))
            case ["recv", link]:
                self.recv(int(link))
            case ["repeat"]:
                before = {i: self.held(i) for i in range(len(self.links))}
                with self.schedule.repeat(self.draw(st.integers(1, 4))):
                    self.block(depth + 1)
                    self.restore(before)
            case ["op"]:
                with self.schedule.op(f"op{self.draw(st.integers(0, OPS - 1))}"):
                    self.block(depth + 1)

    def held(self, link: int) -> int:
        return self.schedule.tokens(f"c{link}")

    def send(self, link: int) -> None:
        sender, _, capacity, latency_ticks = self.links[link]
        if link not in self.channels:
            self.channels[link] = self.schedule.channel(f"c{link}", capacity, latency_ticks)
        self.units[sender].send(self.channels[link])

    def recv(self, link: int) -> None:
        self.units[self.links[link][1]].recv(self.channels[link])

    def restore(self, before: dict[int, int]) -> None:
        """Leave every channel as it was found."""
        for link in range(len(self.links)):
            while self.held(link) > before.get(link, 0):
                self.recv(link)
            while self.held(link) < before.get(link, 0):
                self.send(link)


@st.composite
def scheduled_programs(draw: st.DrawFn, dynamic: bool | None = None) -> Program:
    """Draw a program that ends; ``dynamic`` says whether it has a port, None that it may."""
    return _Writer(draw, draw(st.booleans()) if dynamic is None else dynamic).write()


_PRIMES = (2, 3)
_TOKENS = (1, 2, 3, 4, 6)

Times = tuple[Instruction, int]


class _Nester:
    """Draws a unit's program that executes each given instruction a given number of times."""

    def __init__(self, draw: st.DrawFn, ports: int) -> None:
        self.draw = draw
        self.ports = ports

    def body(self, contents: list[Times]) -> tuple[Instruction, ...]:
        pieces: list[tuple[Instruction, ...]] = []
        rounds = self.draw(st.sampled_from((1, *_PRIMES)))
        inside = [c for c in contents if rounds > 1 and c[1] % rounds == 0]
        outside = [c for c in contents if c not in inside]
        if inside:
            nested = self.body([(i, times // rounds) for i, times in inside])
            pieces.append((Repeat(rounds, nested),))
        for instruction, times in outside:
            pieces += [(instruction,)] * times
        pieces += [(self.work(),) for _ in range(self.draw(st.integers(0, 2)))]
        if self.ports:
            pieces += [self.visit() for _ in range(self.draw(st.integers(0, 2)))]
        if self.draw(st.integers(0, 9)) == 9:
            pieces.append((Repeat(0, (self.work(),)),))
        flat = tuple(i for piece in self.draw(st.permutations(pieces)) for i in piece)
        guarded = self.ports and self.draw(st.integers(0, 3)) == 3
        return self.guarded(flat) if guarded else flat

    def work(self) -> Work:
        actions = ((self.draw(st.sampled_from(ACTIONS)), self.draw(st.integers(1, 3))),)
        return Work(self.draw(st.integers(0, OPS - 1)), self.draw(_ticks), actions)

    def visit(self) -> tuple[Instruction, ...]:
        """Work while holding a port, now and then two."""
        inner = self.visit() if self.draw(st.integers(0, 3)) == 3 else ()
        acquire, release = self.pair()
        return (acquire, self.work(), *inner, release)

    def guarded(self, flat: tuple[Instruction, ...]) -> tuple[Instruction, ...]:
        """Hold a port from one place of the body to another."""
        first, last = sorted(self.draw(st.tuples(*[st.integers(0, len(flat))] * 2)))
        acquire, release = self.pair()
        return (*flat[:first], acquire, *flat[first:last], release, *flat[last:])

    def pair(self) -> tuple[Acquire, Release]:
        port, priority = self.draw(st.integers(0, self.ports - 1)), self.draw(st.integers(0, 1))
        return Acquire(port, 0, priority), Release(port, 0)


@st.composite
def arbitrary_programs(draw: st.DrawFn, dynamic: bool | None = None) -> Program:
    """Draw a program whose tokens balance and that may deadlock all the same."""
    if dynamic is None:
        dynamic = draw(st.booleans())
    units = draw(st.integers(2 if dynamic else 1, 4))
    ports = draw(st.lists(st.integers(1, 2), min_size=1, max_size=2)) if dynamic else []
    contents: list[list[Times]] = [[] for _ in range(units)]
    channels = []
    for index in range(draw(st.integers(0, 5))):
        tokens, op = draw(st.sampled_from(_TOKENS)), draw(st.integers(0, OPS - 1))
        contents[draw(st.integers(0, units - 1))].append((Send(index, op), tokens))
        contents[draw(st.integers(0, units - 1))].append((Recv(index, op), tokens))
        channels.append(Channel(f"c{index}", draw(_capacities), draw(_latencies)))
    nester = _Nester(draw, len(ports))
    return Program(
        ops=tuple(f"op{i}" for i in range(OPS)),
        units=tuple(Unit(f"u{i}", "unit", nester.body(c)) for i, c in enumerate(contents)),
        channels=tuple(channels),
        ports=tuple(Port(f"p{i}", places) for i, places in enumerate(ports)),
    )
