"""Random static programs with long and nested loops, made from a seed, many a second.

``scheduled`` writes a random sequential schedule, so what it makes always ends. ``balanced`` nests
every unit's instructions in loops of its own, so that their rates fall in and out of step, and what
it makes may deadlock.
"""

from __future__ import annotations

import random
from math import gcd

from archsim.mapping.program import (
    Channel,
    Instruction,
    Program,
    Recv,
    Repeat,
    Send,
    Unit,
    Work,
)
from archsim.mapping.schedule import Schedule

OPS = ("a", "b", "c")
TICKS = (0, 0, 1, 2, 3, 5, 8, 13)
CAPACITIES = (1, 1, 2, 2, 3, 4, 9, 17)
LATENCIES = (0, 0, 0, 1, 3, 11, 40)
OUTER_ROUNDS = (1, 2, 3, 5, 7, 20, 50, 100, 400)
INNER_ROUNDS = (1, 2, 3, 4, 9, 30)
TOKENS = (1, 2, 3, 4, 6, 8, 12, 30, 60, 100, 210, 360, 840)
DEEPEST = 4


class _Scheduled:
    """Writes a schedule step by step, looking only at what a sequential machine could do next."""

    def __init__(self, dice: random.Random) -> None:
        self.dice, self.schedule = dice, Schedule()
        units = dice.randint(1, 7)
        self.units = [self.schedule.unit(f"u{i}", "unit") for i in range(units)]
        self.links = [
            (dice.randrange(units), dice.randrange(units), dice.choice(CAPACITIES))
            for _ in range(dice.randint(0, 8))
        ]
        self.channels = [
            self.schedule.channel(f"c{i}", capacity, dice.choice(LATENCIES))
            for i, (_, _, capacity) in enumerate(self.links)
        ]
        self.held = [0] * len(self.links)

    def write(self) -> Program:
        with self.schedule.op("a"):
            self.block(0)
            for link in range(len(self.links)):  # a channel that nobody uses is refused
                self.send(link)
                self.recv(link)
        return self.schedule.finish()

    def block(self, depth: int) -> None:
        before = list(self.held)
        for _ in range(self.dice.randint(1, 6 if depth else 4)):
            self.step(depth)
        links = list(range(len(self.links)))
        self.dice.shuffle(links)
        for link in links:
            while self.held[link] > before[link]:
                self.recv(link)
            while self.held[link] < before[link]:
                self.send(link)

    def step(self, depth: int) -> None:
        kind = self.dice.random()
        if kind < 0.35:
            self.dice.choice(self.units).work(self.dice.choice(TICKS), {"x": 1})
        elif kind < 0.6:
            self.one_of([i for i, link in enumerate(self.links) if self.held[i] < link[2]], "send")
        elif kind < 0.75:
            self.one_of([i for i in range(len(self.links)) if self.held[i]], "recv")
        elif depth < DEEPEST and kind < 0.95:
            rounds = self.dice.choice(OUTER_ROUNDS if depth < 2 else INNER_ROUNDS)
            with self.schedule.repeat(rounds):
                self.block(depth + 1)
        elif depth < DEEPEST:
            with self.schedule.op(self.dice.choice(OPS)):
                self.block(depth + 1)

    def one_of(self, links: list[int], what: str) -> None:
        if links:
            getattr(self, what)(self.dice.choice(links))

    def send(self, link: int) -> None:
        self.units[self.links[link][0]].send(self.channels[link])
        self.held[link] += 1

    def recv(self, link: int) -> None:
        self.units[self.links[link][1]].recv(self.channels[link])
        self.held[link] -= 1


def scheduled(seed: int) -> Program:
    """Return a program that ends."""
    return _Scheduled(random.Random(seed)).write()


class _Balanced:
    """Nests given instructions in random loops that execute each a given number of times."""

    def __init__(self, dice: random.Random) -> None:
        self.dice = dice

    def write(self) -> Program:
        units, base = self.dice.randint(1, 6), self.dice.choice(TOKENS)
        contents: list[list[tuple[Instruction, int]]] = [[] for _ in range(units)]
        channels = []
        for index in range(self.dice.randint(0, 7)):
            tokens = base * self.dice.choice((1, 1, 1, 2, 3, 5, 7))
            if self.dice.random() < 0.2:
                tokens = self.dice.randint(1, 30)
            ends = [self.dice.randrange(units) for _ in range(2)]
            sender, receiver = sorted(ends) if self.dice.random() < 0.7 else ends
            contents[sender].append((Send(index, self.op()), tokens))
            contents[receiver].append((Recv(index, self.op()), tokens))
            latency_ticks = self.dice.choice(LATENCIES)
            channels.append(Channel(f"c{index}", self.dice.choice(CAPACITIES), latency_ticks))
        bodies = [(*self.empty(), *self.together(of)) for of in contents]
        named = tuple(Unit(f"u{i}", "unit", body) for i, body in enumerate(bodies))
        return Program(OPS, named, tuple(channels))

    def together(self, contents: list[tuple[Instruction, int]]) -> tuple[Instruction, ...]:
        """Share loops as far as the numbers of executions allow."""
        if not contents:
            return (self.work(),)
        common = gcd(*(times for _, times in contents))
        if common > 1 and self.dice.random() < 0.85:
            rounds = self.divisor(common)
            body = self.together([(i, times // rounds) for i, times in contents])
            return (*self.perhaps(), Repeat(rounds, body), *self.perhaps())
        self.dice.shuffle(contents)
        return tuple(i for one, times in contents for i in self.alone(one, times))

    def alone(self, instruction: Instruction, times: int) -> tuple[Instruction, ...]:
        if times == 1:
            return (*self.perhaps(), instruction, *self.perhaps())
        rounds = self.divisor(times)
        body = self.alone(instruction, times // rounds)
        written_out = rounds < 6 and self.dice.random() < 0.15
        nested = body * rounds if written_out else (Repeat(rounds, body),)
        return (*self.perhaps(), *nested, *self.perhaps())

    def divisor(self, number: int) -> int:
        return self.dice.choice([d for d in range(2, number + 1) if number % d == 0])

    def empty(self) -> tuple[Instruction, ...]:
        """Now and then a loop of nothing, or of no rounds."""
        if self.dice.random() < 0.8:
            return ()
        return (Repeat(self.dice.randint(0, 5), (self.work(),) * self.dice.randint(0, 2)),)

    def perhaps(self) -> tuple[Instruction, ...]:
        return (self.work(),) if self.dice.random() < 0.4 else ()

    def work(self) -> Work:
        return Work(self.op(), self.dice.choice(TICKS), (("x", 1),))

    def op(self) -> int:
        return self.dice.randrange(len(OPS))


def balanced(seed: int) -> Program:
    """Return a program whose tokens balance and that may deadlock all the same."""
    return _Balanced(random.Random(seed)).write()
