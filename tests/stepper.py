"""A third judge: run a program tick by tick, with no event queue and no code of the engine.

Every tick visits every unit, and every loop is written out beforehand, so this is slow and, it
is hoped, obviously right. It shares only the instruction classes with what it judges.

One tick has one phase, for all ports together:

1. let every unit go on as far as it can without time passing, until none can;
2. decide every port: its free places go to the requests lowest in (priority, request tick, unit);
3. if any request was granted, start again at 1.

Then a tick passes. If no unit is in the middle of work and none awaits a token that is under way,
no later tick can differ from this one: what has not ended is deadlocked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from archsim.mapping.program import (
    Acquire,
    Instruction,
    Program,
    Recv,
    Release,
    Repeat,
    Send,
    Unit,
    Work,
)


@dataclass
class Part:
    """One unit's part in one op."""

    busy_ticks: int = 0
    stall_ticks: int = 0
    start_tick: int | None = None
    first_end_tick: int | None = None
    end_tick: int | None = None


@dataclass(frozen=True)
class Deadlock:
    """Where a run got stuck: each waiting unit with the channel or port it waits for."""

    tick: int
    waits: frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Outcome:
    """What a run did; ``deadlock`` is None where every unit ended."""

    end_ticks: dict[str, int]
    parts: dict[tuple[str, str], Part]
    actions: dict[tuple[str, str], int]
    instructions: int
    deadlock: Deadlock | None


@dataclass
class Pipe:
    """A channel: the tick from which each of its tokens can be taken, oldest first."""

    capacity: int
    latency_ticks: int
    ready_ticks: list[int] = field(default_factory=list)


@dataclass
class Desk:
    """A port: its free places and the requests (priority, request tick, unit) before it."""

    free: int
    requests: list[tuple[int, int, int]] = field(default_factory=list)


@dataclass
class Runner:
    """A unit at its current instruction, reached at ``since_tick``."""

    unit: Unit
    steps: list[Instruction]
    place: int = 0
    since_tick: int = 0
    asked: bool = False
    granted: bool = False
    end_tick: int | None = None

    @property
    def step(self) -> Instruction:
        return self.steps[self.place]


def written_out(body: tuple[Instruction, ...]) -> Iterator[Instruction]:
    """Yield the instructions in the order in which they are executed, loops written out."""
    for instruction in body:
        if isinstance(instruction, Repeat):
            for _ in range(instruction.count):
                yield from written_out(instruction.body)
        else:
            yield instruction


class Stepper:
    """A program on its way."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.tick = 0
        self.pipes = [Pipe(c.capacity, program.ticks(c.latency_ticks)) for c in program.channels]
        self.desks = [Desk(p.places) for p in program.ports]
        self.runners = [Runner(u, list(written_out(u.instructions))) for u in program.units]
        self.parts: dict[tuple[str, str], Part] = {}
        self.actions: Counter[tuple[str, str]] = Counter()
        self.instructions = 0

    def run(self) -> Outcome:
        while True:
            self.settle()
            if all(r.end_tick is not None for r in self.runners):
                return self.outcome(None)
            if not any(self.time_will_help(r) for r in self.runners):
                return self.outcome(Deadlock(self.tick, self.waits()))
            self.tick += 1

    def settle(self) -> None:
        """Do everything that happens at this tick."""
        granted = True
        while granted:
            moved = True
            while moved:
                moved = False
                for index in range(len(self.runners)):
                    moved |= self.go_on(index)
            granted = False
            for port in range(len(self.desks)):
                granted |= self.decide(port)

    def go_on(self, index: int) -> bool:
        """Let a unit finish its current instruction if it can; return whether it could."""
        runner = self.runners[index]
        if runner.end_tick is not None:
            return False
        if runner.place == len(runner.steps):
            runner.end_tick = self.tick
            return True
        if not self.can_finish(index):
            return False
        self.book(runner)
        runner.place += 1
        runner.since_tick = self.tick
        runner.asked = runner.granted = False
        return True

    def can_finish(self, index: int) -> bool:  # noqa: PLR0911  (one arm per instruction)
        """Return whether the current instruction finishes now, and if so, take its effect."""
        runner = self.runners[index]
        match runner.step:
            case Work(_, ticks):
                return self.tick == runner.since_tick + self.program.ticks(ticks)
            case Recv(channel):
                ready_ticks = self.pipes[channel].ready_ticks
                if ready_ticks and ready_ticks[0] <= self.tick:
                    del ready_ticks[0]
                    return True
                return False
            case Send(channel):
                pipe = self.pipes[channel]
                if len(pipe.ready_ticks) < pipe.capacity:
                    pipe.ready_ticks.append(self.tick + pipe.latency_ticks)
                    return True
                return False
            case Acquire(port, _, priority):
                if not runner.asked:
                    runner.asked = True
                    self.desks[port].requests.append((priority, self.tick, index))
                return runner.granted
            case Release(port):
                self.desks[port].free += 1
                return True
        raise TypeError(runner.step)

    def decide(self, port: int) -> bool:
        """Give a port's free places to its first requests; return whether any was given."""
        desk = self.desks[port]
        desk.requests.sort()
        winners, desk.requests = desk.requests[: desk.free], desk.requests[desk.free :]
        desk.free -= len(winners)
        for _, _, index in winners:
            self.runners[index].granted = True
        return bool(winners)

    def book(self, runner: Runner) -> None:
        """Note the instruction that finishes now."""
        self.instructions += 1
        step = runner.step
        op = self.program.ops[step.op]
        part = self.parts.setdefault((runner.unit.name, op), Part())
        if not isinstance(step, Work):
            part.stall_ticks += self.tick - runner.since_tick
            return
        part.busy_ticks += self.program.ticks(step.ticks)
        if part.start_tick is None:
            part.start_tick, part.first_end_tick = runner.since_tick, self.tick
        part.end_tick = self.tick
        for action, times in step.actions:
            self.actions[op, action] += times

    def time_will_help(self, runner: Runner) -> bool:
        """Return whether the unit goes on at some later tick whatever the others do."""
        if runner.end_tick is not None:
            return False
        match runner.step:
            case Work():
                return True
            case Recv(channel):
                return bool(self.pipes[channel].ready_ticks)
        return False

    def waits(self) -> frozenset[tuple[str, str]]:
        """Return each waiting unit with what it waits for."""
        return frozenset(
            (r.unit.name, self.awaited(r.step)) for r in self.runners if r.end_tick is None
        )

    def awaited(self, step: Instruction) -> str:
        match step:
            case Recv(channel) | Send(channel):
                return self.program.channels[channel].name
            case Acquire(port):
                return self.program.ports[port].name
        raise TypeError(step)

    def outcome(self, deadlock: Deadlock | None) -> Outcome:
        ends = {r.unit.name: r.end_tick for r in self.runners if r.end_tick is not None}
        return Outcome(ends, self.parts, dict(self.actions), self.instructions, deadlock)


def step_through(program: Program) -> Outcome:
    """Run a tiny program to its end, or until it is stuck."""
    return Stepper(program).run()
