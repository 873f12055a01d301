"""The compiled engine's inner loops, in the part of Python that numba compiles.

All are in one file, because numba keeps what it compiled until the file changes that a function is
in, whatever happens to those that it calls.

Arrays are by unit, by channel, by stamp (a channel has as many as it has slots), by part (a unit's
part in an op) and by line of code. Snapshots have one row more in front, for each of their levels.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from archsim.engine.trace import SKIPPED
from archsim.mapping.code import Opcode

Ints = NDArray[np.int64]

_RECV, _SEND, _WORK = int(Opcode.RECV), int(Opcode.SEND), int(Opcode.WORK)
_LOOP = int(Opcode.LOOP)

TURNS = 64
"""Rounds of an innermost loop after which a unit that nothing blocks lets others go on, so that a
recurrence can be seen at all. After a round of any other loop it does so too: then it always stops
at the same places of the loop."""

SPACING = (4, 16, 64, 256, 1024, 4096, 16384)
"""Sweeps between two snapshots of each level: recurrences of up to so many sweeps are found."""

_INTERVALS = np.array(SPACING)
_UNBOUNDED = 1 << 62
_NEVER = -1

_QUICKER: dict[str, Any] = {"error_model": "numpy", "no_cfunc_wrapper": True}
"""What saves a part of the time that compiling takes."""


def _kept(options: dict[str, Any]) -> Callable[[Callable[..., Any]], Any]:
    """Return what compiles a function and keeps it on disk, if there is a place to keep it."""

    def compiled(function: Callable[..., Any]) -> Any:
        try:
            return njit(cache=True, **options)(function)
        except RuntimeError:  # neither the package's folder nor the user's cache can be written
            return njit(**options)(function)

    return compiled


_compiled = _kept(_QUICKER)

_inner = _kept(_QUICKER | {"no_cpython_wrapper": True, "forceinline": True, "_nrt": False})
"""Inner functions make no arrays, and their caller holds those that they are given. So they need
not count references to them, nor be handed copies of these large tuples: that took two thirds of
the time (``tests/bench/bench_engines.py``)."""


class Machine(NamedTuple):
    """What never changes: code, and which units the channels connect."""

    opcodes: Ints
    first: Ints
    second: Ints
    parts: Ints
    depths: Ints  # by line: how many loops are around it, for its ends the loop itself left out
    open: Ints  # by line: how many loops are under way there, for its ends the loop itself as well
    innermost: NDArray[np.bool_]  # by line: whether it ends a loop without loops
    part_from: Ints  # by line: parts that the outermost loop around it can touch; none outside
    part_to: Ints
    starts: Ints  # by unit, and the end
    capacity: Ints
    latency_ticks: Ints
    offset: Ints  # by channel: its first stamp
    sender: Ints
    receiver: Ints
    links_from: Ints  # by unit, and the end: where its channels begin in ``links``
    links: Ints
    crews_from: Ints  # by crew, and the end: where its units begin in ``members``
    members: Ints


class State(NamedTuple):
    """A run under way. Tokens lie from ``head`` on, ``held`` of them, the next goes to ``tail``."""

    line: Ints
    clock: Ints
    moves: Ints  # by unit: changes whenever it does anything
    told: Ints  # by unit: rows of the log that it would have, skipped periods being one
    counts: Ints  # by unit and depth: rounds left of each loop
    entries: Ints  # by unit and depth: how often a loop was entered there
    awake: NDArray[np.bool_]  # whether the unit may be able to go on
    head: Ints
    tail: Ints
    held: Ints
    passed: Ints  # tokens sent
    ready: Ints  # by stamp: when its token is receivable
    freed: Ints  # by stamp: when its last token was received
    works: Ints  # by part
    stall: Ints
    start: Ints
    first_end: Ints
    last_end: Ints


class Past(NamedTuple):
    """Snapshots, and room to compare the state with one of them."""

    now: Ints  # one number: sweeps since the crew began, or rounds over all crews
    taken: Ints  # by level: its sweep
    stood: Ints  # by level: a number that tells where all units stood
    line: Ints
    clock: Ints
    moves: Ints
    told: Ints
    counts: Ints
    entries: Ints
    head: Ints
    held: Ints
    passed: Ints
    ready: Ints
    freed: Ints
    works: Ints
    stall: Ints
    group: Ints  # by unit: another one of those that it is connected to, or itself; -1: idle
    shift: Ints  # by unit: how far its clock has moved
    periods: Ints  # by unit: how many more periods its loops allow; 0: it does not recur


@_compiled
def advance(
    machine: Machine, state: State, near: Past, far: Past, log: Ints, budget: int
) -> tuple[bool, int, int, int]:
    """Let units go on until none can, or for some number of instructions.

    Crew by crew, units go on until all of the crew are blocked; a crew are units that exchange
    tokens often. So what happens inside a crew recurs undisturbed by others, and crews stand still
    at places that do not depend on who ran first, so that what happens among them recurs, too.

    Args:
        machine: What runs.
        state: Where it stands; changed.
        near: Snapshots of the crew that is at work; changed.
        far: Snapshots of all units, between rounds over all crews; changed. Without levels in
            either, nothing is skipped.
        log: Rows of (unit, line, tick) for what is executed, and (unit, SKIPPED, shift, periods,
            rows of one period) for what is skipped; not written if it has no rows.
        budget: Instructions after which to return, give or take a sweep over a crew.

    Returns:
        Whether any unit may be able to go on, instructions executed, periods skipped, rows logged.
    """
    everyone = np.arange(len(state.line))
    executed, skipped, rows, left = 0, 0, 0, budget
    while True:
        moved = False
        for crew in range(len(machine.crews_from) - 1):
            members = machine.members[machine.crews_from[crew] : machine.crews_from[crew + 1]]
            if not anyone(state, members):
                continue
            moved = True
            near.taken[:] = _NEVER
            near.now[0] = 0
            steps, periods, rows, left = settle(machine, state, near, members, log, rows, left)
            executed += steps
            skipped += periods
            if left <= 0:
                return True, executed, skipped, rows
        if not moved:
            return False, executed, skipped, rows
        periods, rows = look_back(machine, state, far, everyone, log, rows, False)
        skipped += periods


@_inner
def anyone(state: State, members: Ints) -> bool:
    """Whether any of some units may be able to go on."""
    for unit in members:
        if state.awake[unit]:
            return True
    return False


@_inner
def settle(
    machine: Machine, state: State, past: Past, members: Ints, log: Ints, rows: int, left: int
) -> tuple[int, int, int, int]:
    """Let a crew go on until all of it is blocked, or nothing is left of the instructions.

    Returns:
        Instructions executed, periods skipped, rows logged, what is left.
    """
    executed, skipped = 0, 0
    while left > 0 and anyone(state, members):
        steps, rows, full = sweep(machine, state, members, log, rows)
        executed += steps
        left -= steps + len(members)  # looking at a unit costs about as much
        if full:
            left = 0
            break
        periods, rows = look_back(machine, state, past, members, log, rows, True)
        skipped += periods
    return executed, skipped, rows, left


@_inner
def look_back(
    machine: Machine,
    state: State,
    past: Past,
    members: Ints,
    log: Ints,
    rows: int,
    together: bool,
) -> tuple[int, int]:
    """Skip what recurs since a snapshot, and take those that are due.

    Units of a crew recur ``together``, so that a snapshot of another time is looked at closely only
    if all of them stand where they stood then. Other units may be of many groups, each with a time
    of its own.

    Returns:
        Periods skipped, rows logged.
    """
    if len(past.taken) == 0:
        return 0, rows
    past.now[0] += 1
    stand = 0
    for unit in members:
        stand += state.line[unit] * (2 * unit + 1)
    skipped, due = 0, 0  # levels below that are taken anew
    for level in range(len(past.taken)):
        age = past.now[0] - past.taken[level]
        if past.taken[level] == _NEVER or (level > 0 and age <= _INTERVALS[level - 1]):
            continue
        if together and level > 0 and stand != past.stood[level]:
            continue
        skipped = skip(machine, state, past, members, level)
        if skipped:
            due = level + 1
            rows = log_skips(state, past, members, level, log, rows)
            break
    for level in range(len(past.taken)):
        first = past.taken[level] == _NEVER
        if first and level > 0 and past.now[0] < _INTERVALS[level - 1]:
            break
        if first or level < due or past.now[0] - past.taken[level] >= _INTERVALS[level]:
            remember(machine, state, past, members, level, first)
            past.stood[level] = stand
    return skipped, rows


@_inner
def sweep(
    machine: Machine, state: State, members: Ints, log: Ints, rows: int
) -> tuple[int, int, bool]:
    """Let each of some units go on until it is blocked or has done many rounds of a loop.

    Returns:
        Instructions executed, rows logged, whether the log has no room for another sweep.
    """
    opcodes, first, second, parts = machine.opcodes, machine.first, machine.second, machine.parts
    counts, entries, awake = state.counts, state.entries, state.awake
    head, tail, held, passed = state.head, state.tail, state.held, state.passed
    ready, freed, works, stall = state.ready, state.freed, state.works, state.stall
    tracing = len(log) > 0
    last_row = len(log) - len(state.line)  # each unit may add a row when periods are skipped
    executed = 0
    for unit in members:
        if not awake[unit]:
            continue
        awake[unit] = False
        line, end, now = state.line[unit], machine.starts[unit + 1], state.clock[unit]
        done, turns = 0, 0
        while line < end:
            opcode, argument = opcodes[line], first[line]
            if opcode == _WORK:
                part = parts[line]
                if works[part] == 0:
                    state.start[part] = now
                    state.first_end[part] = now + argument
                now += argument
                works[part] += 1
                state.last_end[part] = now
            elif opcode == _RECV:
                if held[argument] == 0:
                    break
                slot = head[argument]
                if ready[slot] > now:
                    stall[parts[line]] += ready[slot] - now
                    now = ready[slot]
                freed[slot] = now
                held[argument] -= 1
                slot += 1
                base = machine.offset[argument]
                head[argument] = base if slot == base + machine.capacity[argument] else slot
                awake[machine.sender[argument]] = True
            elif opcode == _SEND:
                if held[argument] == machine.capacity[argument]:
                    break
                slot = tail[argument]
                if freed[slot] > now:
                    stall[parts[line]] += freed[slot] - now
                    now = freed[slot]
                ready[slot] = now + machine.latency_ticks[argument]
                held[argument] += 1
                passed[argument] += 1
                slot += 1
                base = machine.offset[argument]
                tail[argument] = base if slot == base + machine.capacity[argument] else slot
                awake[machine.receiver[argument]] = True
            else:
                depth = machine.depths[line]
                if opcode == _LOOP:
                    turns = 0
                    if argument == 0:
                        line = second[line]
                    else:
                        counts[unit, depth] = argument
                        entries[unit, depth] += 1
                    line += 1
                    continue
                counts[unit, depth] -= 1
                if counts[unit, depth] == 0:
                    line += 1
                    continue
                turns = turns + 1 if machine.innermost[line] else TURNS
                line = second[line] + 1
                if turns == TURNS:
                    awake[unit] = True
                    break
                continue
            done += 1
            line += 1
            if tracing:
                log[rows, 0], log[rows, 1], log[rows, 2] = unit, line - 1, now
                rows += 1
                if rows >= last_row:
                    awake[unit] = True
                    break
        if line != state.line[unit] or done or turns:  # a round of a loop of nothing is a move
            state.line[unit], state.clock[unit] = line, now
            state.moves[unit] += 1
            state.told[unit] += done
            executed += done
        if tracing and rows >= last_row:
            return executed, rows, True
    return executed, rows, False


@_inner
def log_skips(state: State, past: Past, members: Ints, level: int, log: Ints, rows: int) -> int:
    """Add a row for every unit that has just skipped periods; return how many there are now."""
    for unit in members:
        if past.periods[unit] > 0:
            if len(log) > 0:
                log[rows, 0], log[rows, 1], log[rows, 2] = unit, SKIPPED, past.shift[unit]
                log[rows, 3] = past.periods[unit]
                log[rows, 4] = state.told[unit] - past.told[level, unit]
                rows += 1
            state.told[unit] += 1
    return rows


@_inner
def remember(
    machine: Machine, state: State, past: Past, members: Ints, level: int, first: bool
) -> None:
    """Take a snapshot of some units; not the first one: of those that moved since the last one."""
    past.taken[level] = past.now[0]
    for unit in members:
        if state.moves[unit] == past.moves[level, unit] and not first:
            continue
        line = state.line[unit]
        past.moves[level, unit] = state.moves[unit]
        past.told[level, unit] = state.told[unit]
        past.line[level, unit] = line
        past.clock[level, unit] = state.clock[unit]
        for depth in range(state.counts.shape[1]):
            past.counts[level, unit, depth] = state.counts[unit, depth]
            past.entries[level, unit, depth] = state.entries[unit, depth]
        for part in range(machine.part_from[line], machine.part_to[line]):
            past.works[level, part] = state.works[part]
            past.stall[level, part] = state.stall[part]
        for link in range(machine.links_from[unit], machine.links_from[unit + 1]):
            channel = machine.links[link]
            past.head[level, channel] = state.head[channel]
            past.held[level, channel] = state.held[channel]
            past.passed[level, channel] = state.passed[channel]
            base = machine.offset[channel]
            for stamp in range(base, base + machine.capacity[channel]):
                past.ready[level, stamp] = state.ready[stamp]
                past.freed[level, stamp] = state.freed[stamp]


@_inner
def skip(machine: Machine, state: State, past: Past, members: Ints, level: int) -> int:
    """Skip whole periods where the state is a snapshot's, shifted; return how many.

    Units that exchanged tokens since the snapshot form a group. A group recurs if

    * every unit of it stands at the line where it stood, in loops that it neither entered nor left
      where their counters moved, and all their clocks moved by the same shift;
    * its channels hold as many tokens as they did, of the same age as seen by their receiver, in
      slots that were freed as long ago as seen by their sender. Ages of what is ready or free
      already are all alike: nobody waits for it.

    Then what the group did since is possible again, at the same distances in time, as long as no
    counter runs out; other groups have no part in it. So it happens that often, and what it leaves
    is that multiple of what it left once.
    """
    total, group, periods = 0, past.group, past.periods
    if candidates(machine, state, past, members, level):
        connect(machine, state, past, members, level)
        for unit in members:
            if group[unit] >= 0:
                root = found(group, unit)
                periods[root] = min(periods[root], periods[unit])
        for unit in members:
            if group[unit] < 0:
                continue
            root = found(group, unit)
            periods[unit] = periods[root]
            if periods[unit] == 0:
                continue
            total += periods[unit] if unit == root else 0
            repeat_unit(machine, state, past, level, unit)
            for link in range(machine.links_from[unit], machine.links_from[unit + 1]):
                channel = machine.links[link]
                if machine.sender[channel] == unit:
                    repeat_channel(machine, state, past, level, channel)
    for unit in members:
        group[unit] = -1
    return total


@_inner
def candidates(machine: Machine, state: State, past: Past, members: Ints, level: int) -> bool:
    """Find, unit by unit, how many periods the loops allow; return whether they ever allow any."""
    some = False
    for unit in members:
        past.periods[unit] = 0
        if state.moves[unit] == past.moves[level, unit]:
            continue
        past.group[unit] = unit
        past.shift[unit] = state.clock[unit] - past.clock[level, unit]
        periods, line = 0, state.line[unit]
        if line == past.line[level, unit] and line < machine.starts[unit + 1]:
            periods = _UNBOUNDED
            for depth in range(machine.open[line]):
                left = state.counts[unit, depth]
                gone = past.counts[level, unit, depth] - left
                if gone != 0:
                    if gone < 0 or state.entries[unit, depth] != past.entries[level, unit, depth]:
                        periods = 0
                        break
                    periods = min(periods, (left - 1) // gone)
            if periods == _UNBOUNDED:
                periods = 0
        past.periods[unit] = periods
        some |= periods > 0
    return some


@_inner
def connect(machine: Machine, state: State, past: Past, members: Ints, level: int) -> None:
    """Join units that exchanged tokens, and rule out those whose channels do not recur."""
    group, shift, periods = past.group, past.shift, past.periods
    for unit in members:
        if group[unit] < 0:
            continue
        for link in range(machine.links_from[unit], machine.links_from[unit + 1]):
            channel = machine.links[link]
            sent = state.passed[channel] - past.passed[level, channel]
            more = state.held[channel] - past.held[level, channel]
            other = machine.receiver[channel] + machine.sender[channel] - unit
            if sent == 0 and more == 0:
                continue
            if more != 0:
                periods[unit] = 0  # it would run full, or empty
            if group[other] < 0 or machine.sender[channel] != unit:
                continue
            group[found(group, unit)] = found(group, other)
            if periods[unit] == 0 or periods[other] == 0:
                continue
            if shift[unit] != shift[other] or not same_ages(machine, state, past, level, channel):
                periods[unit] = 0


@_inner
def same_ages(machine: Machine, state: State, past: Past, level: int, channel: int) -> bool:
    """Whether a channel's stamps are those of the snapshot, as far as anybody waits for them."""
    base, capacity, held = machine.offset[channel], machine.capacity[channel], state.held[channel]
    receiver, sender = machine.receiver[channel], machine.sender[channel]
    now, then = state.head[channel], past.head[level, channel]
    for place in range(capacity):
        if place < held:
            ahead = max(0, state.ready[now] - state.clock[receiver])
            before = max(0, past.ready[level, then] - past.clock[level, receiver])
        else:
            ahead = max(0, state.freed[now] - state.clock[sender])
            before = max(0, past.freed[level, then] - past.clock[level, sender])
        if ahead != before:
            return False
        now = base if now + 1 == base + capacity else now + 1
        then = base if then + 1 == base + capacity else then + 1
    return True


@_inner
def found(group: Ints, unit: int) -> int:
    """Return the unit that stands for the group of another."""
    while group[unit] != unit:
        group[unit] = group[group[unit]]
        unit = group[unit]
    return unit


@_inner
def repeat_unit(machine: Machine, state: State, past: Past, level: int, unit: int) -> None:
    """Let a unit have done so many more periods."""
    periods, line = past.periods[unit], state.line[unit]
    ticks = periods * past.shift[unit]
    state.clock[unit] += ticks
    state.moves[unit] += 1
    for depth in range(state.counts.shape[1]):
        entered = state.entries[unit, depth] - past.entries[level, unit, depth]
        state.entries[unit, depth] += periods * entered
        if depth < machine.open[line]:
            gone = past.counts[level, unit, depth] - state.counts[unit, depth]
            state.counts[unit, depth] -= periods * gone
    for part in range(machine.part_from[line], machine.part_to[line]):
        state.stall[part] += periods * (state.stall[part] - past.stall[level, part])
        works = state.works[part] - past.works[level, part]
        if works > 0:
            state.works[part] += periods * works
            state.last_end[part] += ticks


@_inner
def repeat_channel(machine: Machine, state: State, past: Past, level: int, channel: int) -> None:
    """Let a channel have carried the tokens of so many more periods of its sender."""
    sent = state.passed[channel] - past.passed[level, channel]
    if sent == 0:
        return
    sender = machine.sender[channel]
    state.passed[channel] += past.periods[sender] * sent
    ticks = past.periods[sender] * past.shift[sender]
    base = machine.offset[channel]
    for stamp in range(base, base + machine.capacity[channel]):
        state.ready[stamp] += ticks
        state.freed[stamp] += ticks
