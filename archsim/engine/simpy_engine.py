"""The specification: every unit is a SimPy process that does what its program says.

Channels wake their one waiting peer directly, because SimPy's ``Store`` costs two events a
token where blocking needs at most one; ``tests/bench/bench_simpy.py`` measures what that gains.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from dataclasses import dataclass, field

import numpy as np
import simpy
from simpy.events import Event, Timeout

from archsim.engine.arbiter import Arbiter
from archsim.engine.clock import Clock
from archsim.engine.deadlock import deadlock
from archsim.engine.ledger import Ledger, Times, ledger_of
from archsim.engine.trace import Progress, Trace
from archsim.mapping.code import Code, Opcode
from archsim.mapping.program import Program

_STEPS_PER_CALL = 20_000
_RECV, _SEND, _WORK = int(Opcode.RECV), int(Opcode.SEND), int(Opcode.WORK)
_ACQUIRE, _RELEASE = int(Opcode.ACQUIRE), int(Opcode.RELEASE)
_LOOP, _END = int(Opcode.LOOP), int(Opcode.END)


@dataclass(slots=True)
class _Queue:
    """A channel at work: the ticks at which its tokens become receivable, and who waits."""

    capacity: int
    latency_ticks: int
    stamps: deque[int] = field(default_factory=deque)
    sender: Event | None = None
    receiver: Event | None = None


@dataclass(slots=True)
class _Tally:
    """One unit's part in one op, growing."""

    works: int = 0
    stall_ticks: int = 0
    start_tick: int | None = None
    first_end_tick: int | None = None
    end_tick: int | None = None


@dataclass(slots=True)
class _State:
    """One unit at work: the line it is stuck at while it waits, and when it ended."""

    line: int = 0
    end_tick: int | None = None


@dataclass(frozen=True, slots=True)
class _Run:
    """All that units share."""

    clock: Clock
    code: Code
    queues: list[_Queue]
    arbiter: Arbiter
    tallies: list[_Tally]
    told: list[tuple[int, ...]] | None


def run(
    program: Program,
    progress: Progress | None = None,
    trace: Trace | None = None,
    *,
    clock: Clock | None = None,
) -> Ledger:
    """Run a program to its end.

    Args:
        program: One instruction stream per unit.
        progress: Called now and then, and at the end.
        trace: Told of every instruction that completes.
        clock: The environment to run in, a fresh one by default; no clock that orders the events
            of one instant and priority in another way may change the result.

    Raises:
        SimulationError: The program deadlocks; the message says who waits for what.
    """
    clock, code = clock or Clock(), program.code
    channels = zip(program.channels, program.latency_ticks, strict=True)
    queues = [_Queue(channel.capacity, ticks) for channel, ticks in channels]
    tallies = [_Tally() for _ in code.pairs]
    told: list[tuple[int, ...]] | None = None if trace is None else []
    shared = _Run(clock, code, queues, Arbiter(clock, program.ports), tallies, told)
    states = [_State() for _ in program.units]
    for index, state in enumerate(states):
        clock.process(_execute(shared, index, state))
    _drain(shared, progress, trace)
    waiting = [(unit, state.line) for unit, state in enumerate(states) if state.end_tick is None]
    if waiting:
        holders = [shared.arbiter.holders(port) for port in range(len(program.ports))]
        raise deadlock(program, clock.now, waiting, holders)
    times = Times(
        [tally.works for tally in tallies],
        [state.end_tick or 0 for state in states],
        [tally.stall_ticks for tally in tallies],
        [tally.start_tick for tally in tallies],
        [tally.first_end_tick for tally in tallies],
        [tally.end_tick for tally in tallies],
    )
    return ledger_of("simpy", program, times, executed=code.steps)


def _drain(shared: _Run, progress: Progress | None, trace: Trace | None) -> None:
    """Process events until none is left, reporting now and then."""
    total, exhausted = shared.code.works if progress else 0, False
    while not exhausted:
        try:
            for _ in range(_STEPS_PER_CALL):
                shared.clock.step()
        except simpy.core.EmptySchedule:
            exhausted = True
        if trace and shared.told:
            trace.happened(np.array(shared.told, np.int64))
            shared.told.clear()
        if progress:
            progress(sum(tally.works for tally in shared.tallies), total)


def _execute(  # noqa: C901, PLR0912, PLR0915  (one arm per instruction, inlined: this is the hot loop)
    shared: _Run, unit: int, state: _State
) -> Generator[Event, None, None]:
    clock, queues, arbiter, told = shared.clock, shared.queues, shared.arbiter, shared.told
    opcodes, first, second = shared.code.opcodes, shared.code.first, shared.code.second
    parts, tallies = shared.code.parts, shared.tallies
    remaining: dict[int, int] = {}  # iterations left of each loop
    lines = shared.code.lines.of_unit(unit)
    line, length, now = lines.start, lines.stop, clock.now  # time passes in yields only
    while line < length:
        opcode, argument = opcodes[line], first[line]
        if opcode == _WORK:
            tally = tallies[parts[line]]
            if not tally.works:
                tally.start_tick = now
            if argument:
                yield Timeout(clock, argument)
                now = clock.now
            if not tally.works:
                tally.first_end_tick = now
            tally.works += 1
            tally.end_tick = now
        elif opcode == _RECV:
            queue = queues[argument]
            if not queue.stamps or queue.stamps[0] > now:
                state.line = line
                if not queue.stamps:
                    queue.receiver = Event(clock)
                    yield queue.receiver
                    queue.receiver = None
                if (under_way := queue.stamps[0] - clock.now) > 0:
                    yield Timeout(clock, under_way)
                tallies[parts[line]].stall_ticks += clock.now - now
                now = clock.now
            queue.stamps.popleft()
            if queue.sender is not None and not queue.sender.triggered:
                queue.sender.succeed()
        elif opcode == _SEND:
            queue = queues[argument]
            if len(queue.stamps) >= queue.capacity:
                state.line = line
                queue.sender = Event(clock)
                yield queue.sender
                queue.sender = None
                tallies[parts[line]].stall_ticks += clock.now - now
                now = clock.now
            queue.stamps.append(now + queue.latency_ticks)
            if queue.receiver is not None and not queue.receiver.triggered:
                queue.receiver.succeed()
        elif opcode == _END:
            start = second[line]
            remaining[start] -= 1
            if remaining[start]:
                line = start
        elif opcode == _LOOP:
            remaining[line] = argument
            if not argument:
                line = second[line]
        elif opcode == _ACQUIRE:
            state.line = line
            yield arbiter.request(argument, second[line], unit)
            tallies[parts[line]].stall_ticks += clock.now - now
            now = clock.now
        elif opcode == _RELEASE:
            arbiter.release(argument, unit)
        if told is not None and opcode < _LOOP:
            told.append((unit, line, now, 0, 0))
        line += 1
    state.end_tick = now
