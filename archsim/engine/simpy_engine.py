"""The specification: every unit is a SimPy process that does what its program says.

Channels wake their one waiting peer directly, because SimPy's ``Store`` costs two events a
token where blocking needs at most one; ``tests/bench/bench_simpy.py`` measures what that gains.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from dataclasses import dataclass, field

import simpy
from simpy.events import Event, Timeout

from archsim.engine.arbiter import Arbiter
from archsim.engine.clock import Clock
from archsim.engine.code import Code, Opcode, flatten
from archsim.engine.ledger import Ledger, Record, counted_actions
from archsim.errors import SimulationError
from archsim.mapping.program import Program, executions

Progress = Callable[[int, int], None]
"""Called now and then with how many works of how many are done."""

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
    busy_ticks: int = 0
    stall_ticks: int = 0
    start_tick: int | None = None
    first_end_tick: int | None = None
    end_tick: int | None = None


@dataclass(slots=True)
class _State:
    """One unit at work."""

    code: Code
    line: int = 0
    end_tick: int | None = None
    tallies: dict[int, _Tally] = field(default_factory=dict)


def run(
    program: Program, progress: Progress | None = None, *, clock: Clock | None = None
) -> Ledger:
    """Run a program to its end.

    Args:
        program: One instruction stream per unit.
        progress: Called now and then, and at the end.
        clock: The environment to run in, a fresh one by default; no clock that orders the events
            of one instant and priority in another way may change the result.

    Raises:
        SimulationError: The program deadlocks; the message says who waits for what.
    """
    clock = clock or Clock()
    queues = [_Queue(c.capacity, c.latency_ticks) for c in program.channels]
    arbiter = Arbiter(clock, program.ports)
    states = [_State(flatten(unit.instructions)) for unit in program.units]
    for index, state in enumerate(states):
        clock.process(_execute(clock, index, state, queues, arbiter))
    _drain(clock, states, progress)
    if any(state.end_tick is None for state in states):
        raise SimulationError(_deadlock(program, states, arbiter, clock.now))
    return _ledger(program, states)


def _drain(clock: Clock, states: list[_State], progress: Progress | None) -> None:
    """Process events until none is left, reporting now and then."""
    total = sum(_executions(state.code, works_only=True) for state in states) if progress else 0
    exhausted = False
    while not exhausted:
        try:
            for _ in range(_STEPS_PER_CALL):
                clock.step()
        except simpy.core.EmptySchedule:
            exhausted = True
        if progress:
            works = sum(tally.works for state in states for tally in state.tallies.values())
            progress(works, total)


def _execute(  # noqa: C901, PLR0912, PLR0915  (one arm per instruction, inlined: this is the hot loop)
    clock: Clock, unit: int, state: _State, queues: list[_Queue], arbiter: Arbiter
) -> Generator[Event, None, None]:
    code = state.code
    opcodes, first, second = code.opcodes, code.first, code.second
    tallies = [state.tallies.setdefault(op, _Tally()) for op in code.ops]
    remaining = [0] * len(opcodes)  # iterations left of each loop
    line, length, now = 0, len(opcodes), clock.now  # time passes in yields only
    while line < length:
        opcode, argument = opcodes[line], first[line]
        if opcode == _WORK:
            tally = tallies[line]
            if not tally.works:
                tally.start_tick = now
            if argument:
                yield Timeout(clock, argument)
                now = clock.now
            if not tally.works:
                tally.first_end_tick = now
            tally.works += 1
            tally.busy_ticks += argument
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
                tallies[line].stall_ticks += clock.now - now
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
                tallies[line].stall_ticks += clock.now - now
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
            tallies[line].stall_ticks += clock.now - now
            now = clock.now
        elif opcode == _RELEASE:
            arbiter.release(argument, unit)
        line += 1
    state.end_tick = now


def _executions(code: Code, *, works_only: bool = False) -> int:
    """Return how many instructions other than loops, or how many works, the code executes."""
    times, total = [1], 0
    for opcode, count in zip(code.opcodes, code.first, strict=True):
        if opcode == _LOOP:
            times.append(times[-1] * count)
        elif opcode == _END:
            times.pop()
        elif opcode == _WORK or not works_only:
            total += times[-1]
    return total


def _deadlock(program: Program, states: list[_State], arbiter: Arbiter, now_tick: int) -> str:
    """Say who waits for what, and what to do about it."""
    waits = [
        f"{unit.name} waits {_awaited(program, state, arbiter)}"
        for unit, state in zip(program.units, states, strict=True)
        if state.end_tick is None
    ]
    return (
        f"deadlock at tick {now_tick}: {'; '.join(waits)}. No unit can go on before another does: "
        "make the full channels larger or change the order in which the units take and give; if "
        "archsim mapped this program, please report the machine and the workload."
    )


def _awaited(program: Program, state: _State, arbiter: Arbiter) -> str:
    opcode, target = state.code.opcodes[state.line], state.code.first[state.line]
    if opcode == _ACQUIRE:
        holders = ", ".join(program.units[unit].name for unit in arbiter.holders(target))
        return f"for port {program.ports[target].name} (held by {holders})"
    channel = program.channels[target]
    if opcode == _RECV:
        return f"for {channel.name} (empty; sent by {program.senders[target]})"
    full = f"full, {channel.capacity} of {channel.capacity}"
    return f"to send on {channel.name} ({full}; read by {program.receivers[target]})"


def _ledger(program: Program, states: list[_State]) -> Ledger:
    ends = {u.name: s.end_tick or 0 for u, s in zip(program.units, states, strict=True)}
    records = tuple(
        Record(
            unit.name,
            unit.role,
            program.ops[op],
            tally.busy_ticks,
            tally.stall_ticks,
            tally.start_tick,
            tally.first_end_tick,
            tally.end_tick,
        )
        for unit, state in zip(program.units, states, strict=True)
        for op in sorted({i.op for i, times in executions(unit.instructions) if times})
        if (tally := state.tallies[op])
    )
    return Ledger(
        engine="simpy",
        makespan_ticks=max(ends.values(), default=0),
        end_ticks=ends,
        records=records,
        actions=counted_actions(program),
        instructions=sum(_executions(state.code) for state in states),
    )
