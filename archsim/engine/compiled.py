"""The fast engine: every unit on a clock of its own, and what recurs is not done again.

Programs without dynamic ports are Kahn networks: when something happens does not depend on the
order in which units are evaluated. So there is no queue of events. Each unit goes on until it is
blocked, channels carry the ticks at which tokens become receivable and at which slots were freed,
and where the whole state of a group of units is that of an earlier snapshot, shifted in time, the
periods that are left in its loops are skipped, exactly (``_kernel.skip`` says on what condition).
So the cost of a run hardly grows with repetitions and with the number of vectors, unless clocks
drift apart for long before anything recurs (long queues that fill, streams of few inputs).

Snapshots are taken at several spacings at once: close ones find the short periods of inner loops,
far ones those of loops around them, which have to contain the same skips each time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from archsim.engine import _kernel
from archsim.engine._kernel import Ints, Machine, Past, State
from archsim.engine.deadlock import deadlock
from archsim.engine.ledger import Ledger, Times, ledger_of
from archsim.engine.trace import Progress, Trace
from archsim.mapping.code import NO_OP, Lines, Opcode
from archsim.mapping.program import Program

_STEPS_PER_CALL = 10_000_000
"""Between two reports of progress, and two chances to be interrupted."""

_LOG_ROWS = 1 << 16

_OFTEN = 64
"""How many times more tokens a unit may exchange with others than with one of its crew."""


def run(
    program: Program,
    progress: Progress | None = None,
    trace: Trace | None = None,
    *,
    fast_forward: bool = True,
) -> Ledger:
    """Run a program without dynamic ports to its end.

    Args:
        program: One instruction stream per unit.
        progress: Called now and then, and at the end.
        trace: Told of every instruction that is executed, unit by unit, and of what is skipped.
        fast_forward: Whether to skip periods that recur.

    Raises:
        SimulationError: The program deadlocks; the message says who waits for what.
    """
    if program.dynamic:
        raise ValueError(f"{len(program.ports)} ports are arbitrated while the program runs")
    machine = _machine(program)
    state = _state(program, machine)
    levels = len(_kernel.SPACING) if fast_forward else 0
    near, far = _past(state, levels), _past(state, levels)
    log = np.zeros((_LOG_ROWS + 2 * len(program.units) if trace else 0, 5), np.int64)
    total = program.code.works if progress else 0
    executed = skipped = 0
    going = True
    while going:
        going, steps, periods, rows = _kernel.advance(
            machine, state, near, far, log, _STEPS_PER_CALL
        )
        executed += steps
        skipped += periods
        if trace:
            trace.happened(log[:rows])
        if progress:
            progress(int(state.works.sum()), total)
    lines, ends = state.line.tolist(), program.lines.starts[1:]
    waiting = [(unit, line) for unit, line in enumerate(lines) if line < ends[unit]]
    if waiting:
        raise deadlock(program, int(state.clock.max(initial=0)), waiting)
    return ledger_of("compiled", program, _times(state), executed, skipped)


def _times(state: State) -> Times:
    works = state.works.tolist()

    def if_any(ticks: Ints) -> list[int | None]:
        return [tick if n else None for tick, n in zip(ticks.tolist(), works, strict=True)]

    return Times(
        works,
        state.clock.tolist(),
        state.stall.tolist(),
        if_any(state.start),
        if_any(state.first_end),
        if_any(state.last_end),
    )


def _machine(program: Program) -> Machine:
    capacities = tuple([channel.capacity for channel in program.channels])
    frame = _frame(program.lines, capacities, program.senders, program.receivers, program.tokens)
    return frame._replace(first=program.code.table[1], latency_ticks=_ints(program.latency_ticks))


@lru_cache(maxsize=8)  # the same for all machines that differ in times only
def _frame(
    lines: Lines,
    capacities: tuple[int, ...],
    senders: tuple[int, ...],
    receivers: tuple[int, ...],
    tokens: tuple[int, ...],
) -> Machine:
    """Return all of a machine but its times."""
    opcodes, first, second, _, parts = lines.table
    depths, innermost, part_from, part_to = _nesting(lines)
    units = len(lines.starts) - 1
    links: list[list[int]] = [[] for _ in range(units)]
    for channel, (sender, receiver) in enumerate(zip(senders, receivers, strict=True)):
        links[sender].append(channel)
        if receiver != sender:
            links[receiver].append(channel)
    # No more slots than tokens are ever used.
    carried = zip(capacities, tokens, strict=True)
    capacity = [min(slots, max(1, passed)) for slots, passed in carried]
    crews_from, members = _crews(units, senders, receivers, tokens)
    return Machine(
        opcodes=opcodes,
        first=first,
        second=second,
        parts=parts,
        depths=depths,
        open=depths + (np.append(opcodes, -1) == Opcode.END),
        innermost=innermost,
        part_from=part_from,
        part_to=part_to,
        starts=_ints(lines.starts),
        capacity=_ints(capacity),
        latency_ticks=_ints([0] * len(capacity)),
        offset=_ints([0, *accumulate(capacity)][: len(capacity)]),
        sender=_ints(senders),
        receiver=_ints(receivers),
        links_from=_ints([0, *accumulate(len(of) for of in links)]),
        links=_ints([channel for of in links for channel in of]),
        crews_from=crews_from,
        members=members,
    )


def _crews(
    units: int, senders: Sequence[int], receivers: Sequence[int], carried: Sequence[int]
) -> tuple[Ints, Ints]:
    """Return the units by crew, and where each crew begins among them.

    Two units are of one crew if no channel of either carries many times the tokens that the one
    between them does. This decides in which order units are evaluated, and so no result.
    """
    tokens = np.array(carried, dtype=np.float64)
    ends = np.array([senders, receivers], dtype=np.int64)
    busiest = np.zeros(units)
    for of in ends:
        np.maximum.at(busiest, of, tokens)
    close = _OFTEN * tokens >= busiest[ends].max(axis=0, initial=0)
    crew_of = list(range(units))

    def crew(unit: int) -> int:
        while crew_of[unit] != unit:
            unit = crew_of[unit]
        return unit

    for one, other in ends[:, close].T.tolist():
        crew_of[crew(one)] = crew(other)
    crews = np.array([crew(unit) for unit in range(len(crew_of))], dtype=np.int64)
    members = np.argsort(crews, kind="stable")
    begins = np.flatnonzero(np.diff(crews[members], prepend=-1))
    return np.append(begins, len(members)), members


def _ints(values: Iterable[int]) -> Ints:
    return np.array(list(values), dtype=np.int64)


def _nesting(code: Lines) -> tuple[Ints, NDArray[np.bool_], Ints, Ints]:
    """Return for each line how deep it lies, whether it ends an innermost loop, and a range.

    The range is that of the parts that the outermost loop around the line can touch. There is one
    line more than in the code, because the last unit ends behind it.
    """
    opcodes, parts = np.append(code.table[0], -1), code.table[4]
    begins, ends = opcodes == Opcode.LOOP, opcodes == Opcode.END
    depths = np.cumsum(begins) - np.cumsum(ends) - begins
    jumps = np.flatnonzero(begins | ends)
    innermost = np.zeros(len(opcodes), np.bool_)
    innermost[jumps[1:]] = begins[jumps[:-1]] & ends[jumps[1:]]
    part_from, part_to = np.zeros((2, len(opcodes)), np.int64)
    opens, closes = begins & (depths == 0), ends & (depths == 0)
    if opens.any():
        inside = np.cumsum(opens) > np.cumsum(closes) - closes
        loop = np.cumsum(opens)[inside] - 1
        edges = np.stack([np.flatnonzero(opens), np.flatnonzero(closes) + 1], axis=1).ravel()
        least = np.append(np.where(parts == NO_OP, len(code.pairs), parts), 0)
        part_from[inside] = np.minimum.reduceat(least, edges)[::2][loop]
        part_to[inside] = np.maximum.reduceat(np.append(parts, 0), edges)[::2][loop] + 1
    return depths, innermost, part_from, part_to


def _state(program: Program, machine: Machine) -> State:
    units, channels, parts = len(program.units), len(program.channels), len(program.lines.pairs)
    stamps = int(machine.capacity.sum())
    nesting = int(machine.depths.max(initial=0)) + 1

    def zeros(*shape: int) -> Ints:
        return np.zeros(shape, np.int64)

    return State(
        line=machine.starts[:-1].copy(),
        clock=zeros(units),
        moves=zeros(units),
        told=zeros(units),
        counts=zeros(units, nesting),
        entries=zeros(units, nesting),
        awake=np.ones(units, np.bool_),
        head=machine.offset.copy(),
        tail=machine.offset.copy(),
        held=zeros(channels),
        passed=zeros(channels),
        ready=zeros(stamps),
        freed=zeros(stamps),
        works=zeros(parts),
        stall=zeros(parts),
        start=zeros(parts),
        first_end=zeros(parts),
        last_end=zeros(parts),
    )


def _past(state: State, levels: int) -> Past:
    """Return snapshots of the beginning, at so many spacings."""

    def stacked(values: Ints) -> Ints:
        return np.repeat(values[np.newaxis], levels, axis=0)

    units = len(state.line)
    copied = {name: stacked(getattr(state, name)) for name in State._fields if name in Past._fields}
    room = {name: np.zeros(units, np.int64) for name in ("group", "shift", "periods")}
    room["group"][:] = -1
    of_levels = {name: np.zeros(levels, np.int64) for name in ("taken", "stood")}
    return Past(now=np.zeros(1, np.int64), **of_levels, **copied, **room)
