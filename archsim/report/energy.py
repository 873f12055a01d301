"""Where the energy goes: counts times energies, power times time, in exact arithmetic.

Every energy is kept as a fraction until it is shown, so that the sums by op, by component and in
all are the same number and not merely close.

Static power, by the component's ``on``:

* ``op``, instances that belong to tiles: on while an op runs on those tiles;
* ``op``, instances that the whole machine shares (memories, the vector unit, shared drivers): on
  while at least one op uses them, paid in equal parts by the ops that do;
* ``always``: on for the whole run, paid in equal parts by the ops under way at each instant, and
  by ``(idle)`` where there is none.

While weights are programmed ahead of a ``pipelined`` run, only the arrays of the op's tiles and the
memories in use are on, beside what is always on: drivers, light and receivers have nothing to do.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from typing import TypeVar

from archsim.engine import Ledger
from archsim.errors import SimulationError
from archsim.hardware import Hardware, Part
from archsim.mapping import Compiled, Placement
from archsim.mapping.floor import op_of, weights_of
from archsim.physics import repetition
from archsim.report.windows import Span, Window, active_ticks

SomeSpan = TypeVar("SomeSpan", bound=Span)

IDLE = "(idle)"
"""What pays for power that is drawn while no op is under way."""

MACHINE_SLOTS = frozenset({"buffer", "dram", "vector_unit"})
"""Components that no tile owns: an op uses them if it has actions on them."""

PROGRAMMED_SLOTS = MACHINE_SLOTS | {"array"}
"""Components that are on while weights are programmed."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What one op spent in one component, exactly [J]."""

    op: str
    component: str
    dynamic_j: Fraction
    static_j: Fraction

    @property
    def energy_j(self) -> Fraction:
        """Return both together."""
        return self.dynamic_j + self.static_j


@dataclass(frozen=True, slots=True)
class Energy:
    """The energy of a run, op by op and component by component."""

    entries: tuple[Entry, ...]

    @property
    def total_j(self) -> Fraction:
        """Return the energy of the run."""
        return _sum_j(self.entries)

    def by_op_j(self) -> dict[str, Fraction]:
        """Return the energy of each op."""
        return _grouped_j(self.entries, "op")

    def by_component_j(self) -> dict[str, Fraction]:
        """Return the energy of each component."""
        return _grouped_j(self.entries, "component")


def of_run(
    hardware: Hardware, compiled: Compiled, ledger: Ledger, windows: Mapping[str, Window]
) -> Energy:
    """Return the energy of a run.

    Raises:
        SimulationError: The run did something that the machine has no cost for.
    """
    static_j = _static_j(hardware, compiled, ledger, windows)
    return _merged(_dynamic_j(hardware, ledger), static_j)


def by_component_j(
    hardware: Hardware, compiled: Compiled, ledger: Ledger, windows: Mapping[str, Span]
) -> dict[str, Fraction]:
    """Return what ``of_run(...).by_component_j()`` does, without looking at single ops.

    The same fractions in another order: counts and ticks, which are whole numbers, are added up
    before they meet a cost, so that it takes a small part of the time.

    Raises:
        SimulationError: The run did something that the machine has no cost for.
    """
    counts: dict[str, int] = defaultdict(int)
    for done in ledger.actions.values():
        for action, count in done.items():
            counts[action] += count
    costs_j = _costs_j(hardware, counts)
    found: dict[str, Fraction] = defaultdict(Fraction)
    for action, count in counts.items():
        found[action.partition(".")[0]] += count * costs_j[action]
    ticks: dict[tuple[str, Fraction], int] = defaultdict(int)
    for slot, start_tick, end_tick, power_w in static_spans(hardware, compiled, ledger, windows):
        ticks[slot, power_w] += end_tick - start_tick
    for (slot, power_w), on_ticks in ticks.items():
        found[slot] += on_ticks * power_w * compiled.tick_s
    return {slot: energy_j for slot, energy_j in found.items() if energy_j}


def of_programming(hardware: Hardware, compiled: Compiled, ledger: Ledger) -> Fraction:
    """Return the energy of programming all weights before a run.

    Raises:
        SimulationError: The run did something that the machine has no cost for.
    """
    alone = replace(compiled, tick_s=hardware.tick_s)
    static_j = _static_j(hardware, alone, ledger, _loading(ledger), PROGRAMMED_SLOTS)
    return _merged(_dynamic_j(hardware, ledger), static_j).total_j


def _loading(ledger: Ledger) -> dict[str, Window]:
    """Return for each op when its weights were on their way."""
    found: dict[str, Window] = {}
    for record in ledger.records:
        if record.start_tick is None or record.end_tick is None:
            continue
        op = op_of(record.op)
        before = found.get(op, Window(record.start_tick, record.end_tick, 0, record.role))
        found[op] = replace(
            before,
            start_tick=min(before.start_tick, record.start_tick),
            end_tick=max(before.end_tick, record.end_tick),
        )
    return found


Amounts = dict[tuple[str, str], Fraction]
"""Energy by op and component [J]."""


def _costs_j(hardware: Hardware, actions: Iterable[str]) -> dict[str, Fraction]:
    """Return the energy of every action of a machine, which must have one for all of these."""
    costs_j = action_costs_j(hardware)
    unknown = sorted(set(actions) - costs_j.keys())
    if unknown:
        raise SimulationError(
            f"{hardware.name}: found actions without a cost ({', '.join(unknown)}); expected "
            f"some of {', '.join(costs_j)}; this is a fault of the mapping; please report it"
        )
    return costs_j


def _dynamic_j(hardware: Hardware, ledger: Ledger) -> Amounts:
    costs_j = _costs_j(hardware, (a for counts in ledger.actions.values() for a in counts))
    found: Amounts = defaultdict(Fraction)
    for op, counts in ledger.actions.items():
        for action, count in counts.items():
            found[op_of(op), action.partition(".")[0]] += count * costs_j[action]
    return found


def action_costs_j(hardware: Hardware) -> dict[str, Fraction]:
    """Return the energy of every action that the machine has a cost for."""
    return {
        f"{slot}.{action}": Fraction(energy_j)
        for slot, part in hardware.parts().items()
        for action, energy_j in part.component.costs().items()
    }


def static_spans(
    hardware: Hardware, compiled: Compiled, ledger: Ledger, windows: Mapping[str, Span]
) -> Iterator[tuple[str, int, int, Fraction]]:
    """Yield when components draw static power: slot, first tick, tick after the last, power [W]."""
    for slot, part in hardware.parts().items():
        power_w = Fraction(part.component.static_w())
        if not power_w:
            continue
        if part.component.on == "always":
            yield slot, 0, ledger.makespan_ticks, part.per_machine * power_w
            continue
        users = _users(slot, compiled.placements, ledger, windows)
        changes = list(active_ticks((w.start_tick, w.end_tick) for w in users.values()).items())
        shared_w = part.shared * power_w
        for (tick, running), (following, _) in pairwise(changes):
            if running and part.shared:
                yield slot, tick, following, shared_w
        raised_w: dict[tuple[int, int | float], Fraction] = {}
        for op, window in users.items() if part.per_tile else ():
            which = compiled.placements[op].tiles, compiled.placements[op].repetitions
            if which not in raised_w:
                brighter = _brighter(slot, op, hardware, compiled)
                raised_w[which] = part.per_tile * which[0] * power_w * brighter
            yield slot, window.start_tick, window.end_tick, raised_w[which]


def _static_j(
    hardware: Hardware,
    compiled: Compiled,
    ledger: Ledger,
    windows: Mapping[str, Window],
    slots: Container[str] | None = None,
) -> Amounts:
    """Return the static energy; of parts that are on with an op, only those in these slots."""
    found = _always_j(hardware, ledger, windows, compiled.tick_s)
    for slot, part in hardware.parts().items():
        power_w = Fraction(part.component.static_w())
        if part.component.on == "always" or not power_w or not (slots is None or slot in slots):
            continue
        users = _users(slot, compiled.placements, ledger, windows)
        for op, ticks in _own_ticks(part, users, compiled.placements).items():
            raised_w = power_w * _brighter(slot, op, hardware, compiled)
            found[op, slot] += ticks * compiled.tick_s * raised_w
    return found


def _always_j(
    hardware: Hardware, ledger: Ledger, windows: Mapping[str, Window], tick_s: Fraction
) -> Amounts:
    shared_ticks = split_ticks(windows)
    idle_ticks = ledger.makespan_ticks - sum(shared_ticks.values(), Fraction())
    found: Amounts = defaultdict(Fraction)
    for slot, part in hardware.parts().items():
        power_w = Fraction(part.component.static_w()) * part.per_machine
        if part.component.on != "always" or not power_w:
            continue
        for op, ticks in (shared_ticks | {IDLE: idle_ticks}).items():
            found[op, slot] += ticks * tick_s * power_w
    return found


def _users(
    slot: str,
    placements: Mapping[str, Placement],
    ledger: Ledger,
    windows: Mapping[str, SomeSpan],
) -> dict[str, SomeSpan]:
    """Return the ops that use a component while they run."""
    if slot in MACHINE_SLOTS:
        return {
            op: window
            for op, window in windows.items()
            if any(
                action.partition(".")[0] == slot
                for booked in (op, weights_of(op))
                for action in ledger.actions.get(booked, {})
            )
        }
    return {op: w for op, w in windows.items() if op in placements and placements[op].tiles}


def _own_ticks(
    part: Part, users: Mapping[str, Window], placements: Mapping[str, Placement]
) -> dict[str, Fraction]:
    """Return for each op how long it has a part's instances on, times how many of them."""
    found = {op: part.shared * ticks for op, ticks in split_ticks(users).items()}
    for op, window in users.items() if part.per_tile else ():
        found[op] += part.per_tile * placements[op].tiles * window.ticks
    return found


def _brighter(slot: str, op: str, hardware: Hardware, compiled: Compiled) -> Fraction:
    """Return by how much repetition raises a component's power while an op runs."""
    if slot != "laser":
        return Fraction(1)
    count = compiled.placements[op].repetitions
    return Fraction(repetition.laser_power_factor(count, hardware.tiles.repetition))


def split_ticks(windows: Mapping[str, Window]) -> dict[str, Fraction]:
    """Return each op's part of the time, every instant shared equally among the ops under way."""
    active = active_ticks((window.start_tick, window.end_tick) for window in windows.values())
    so_far_ticks: dict[int, Fraction] = {}  # integral over time of 1 / (ops under way)
    ticks, before_tick, running = Fraction(), 0, 0
    for tick, after in active.items():
        if running:
            ticks += Fraction(tick - before_tick, running)
        so_far_ticks[tick] = ticks
        before_tick, running = tick, after
    return {
        op: so_far_ticks[w.end_tick] - so_far_ticks[w.start_tick] if w.ticks else Fraction()
        for op, w in windows.items()
    }


def _merged(dynamic_j: Amounts, static_j: Amounts) -> Energy:
    keys = dict.fromkeys((*dynamic_j, *static_j))
    none = Fraction()
    entries = (Entry(*key, dynamic_j.get(key, none), static_j.get(key, none)) for key in keys)
    return Energy(tuple(entry for entry in entries if entry.energy_j))


def _grouped_j(entries: Iterable[Entry], attribute: str) -> dict[str, Fraction]:
    found: dict[str, Fraction] = defaultdict(Fraction)
    for entry in entries:
        found[getattr(entry, attribute)] += entry.energy_j
    return dict(found)


def _sum_j(entries: Iterable[Entry]) -> Fraction:
    return sum((entry.energy_j for entry in entries), Fraction())
