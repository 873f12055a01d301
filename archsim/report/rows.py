"""The rows of a report's tables: one dataclass per table, one field per column."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from archsim.engine import Ledger
from archsim.hardware import Hardware
from archsim.mapping import Compiled, Placement
from archsim.mapping.floor import INPUT, OUTPUT, STORED
from archsim.report.energy import Energy
from archsim.report.peak import peak_macs_per_s
from archsim.report.windows import ROLE_NAMES, Window

TRANSFERS = {INPUT: "input", OUTPUT: "output"}
"""Kinds of the pseudo-ops that move the network's inputs in and its outputs out."""

_RIDES = "with "


@dataclass(frozen=True, slots=True)
class OpRow:
    """How one op ran; times are None where it did nothing.

    ``place`` is ``array``, ``vector_unit``, ``dram`` for the network's inputs and outputs, or the
    op whose results it was applied to. ``stall_s`` is the duration less the busy time of the op's
    busiest array. ``macs`` are one input's; ``tiles`` the most in use at a time; ``rounds`` how
    often they are loaded; ``spilled`` the tensors moved to or from DRAM for want of buffer.
    ``packing_overhead`` is None where the op has no count for each channel.
    """

    op: str
    kind: str
    place: str
    start_s: float | None
    end_s: float | None
    duration_s: float | None
    stall_s: float | None
    bound_by: str | None
    energy_j: float
    macs: int
    utilization: float | None
    tiles: int
    rounds: int
    replicas: int
    input_slices: int
    weight_slices: int
    repetitions: int | float
    packing_overhead: float | None
    spilled: int


@dataclass(frozen=True, slots=True)
class EnergyRow:
    """What one op spent in one component."""

    op: str
    component: str
    energy_j: float
    dynamic_j: float
    static_j: float


@dataclass(frozen=True, slots=True)
class ComponentRow:
    """What one component of the machine takes and spent; ``power_w`` is its mean over the run."""

    component: str
    kind: str
    instances: int
    area_m2: float
    energy_j: float
    dynamic_j: float
    static_j: float
    power_w: float


@dataclass(frozen=True, slots=True)
class UnitRow:
    """How one unit spent its time; the three parts add up to the makespan."""

    unit: str
    role: str
    busy_s: float
    stall_s: float
    idle_s: float
    busy_ticks: int
    stall_ticks: int
    idle_ticks: int


@dataclass(frozen=True, slots=True)
class ActivityRow:
    """One unit's part in one op."""

    unit: str
    role: str
    op: str
    start_s: float | None
    end_s: float | None
    busy_s: float
    stall_s: float
    busy_ticks: int
    stall_ticks: int


@dataclass(frozen=True, slots=True)
class ActionRow:
    """How often one op did one action."""

    op: str
    action: str
    count: int


def op_rows(
    hardware: Hardware,
    compiled: Compiled,
    windows: Mapping[str, Window],
    energy: Energy,
    *,
    packing: Mapping[str, float],
) -> tuple[OpRow, ...]:
    """Return how every op ran: inputs first, the workload's ops in order, outputs last."""
    placements = dict(compiled.placements)
    for op, kind in TRANSFERS.items():
        if op in windows:
            placements[op] = Placement(op, kind, "dram")
    order = [INPUT, *compiled.placements, OUTPUT]
    energy_j = energy.by_op_j()
    return tuple(
        _op_row(
            hardware,
            compiled,
            placements[op],
            window=windows.get(op),
            energy_j=energy_j.get(op, Fraction()),
            packing=packing.get(op),
        )
        for op in order
        if op in placements
    )


def _op_row(
    hardware: Hardware,
    compiled: Compiled,
    placement: Placement,
    *,
    window: Window | None,
    energy_j: Fraction,
    packing: float | None,
) -> OpRow:
    tick_s = compiled.tick_s
    return OpRow(
        op=placement.op,
        kind=placement.kind,
        place=placement.place,
        start_s=float(window.start_tick * tick_s) if window else None,
        end_s=float(window.end_tick * tick_s) if window else None,
        duration_s=float(window.ticks * tick_s) if window else None,
        stall_s=float(window.stall_ticks * tick_s) if window else None,
        bound_by=_bound_by(placement, window),
        energy_j=float(energy_j),
        macs=placement.macs,
        utilization=_utilization(hardware, compiled, placement, window),
        tiles=placement.tiles,
        rounds=placement.rounds,
        replicas=placement.replicas,
        input_slices=placement.input_slices,
        weight_slices=placement.weight_slices,
        repetitions=placement.repetitions,
        packing_overhead=packing,
        spilled=placement.spilled,
    )


def has_own_time(bound_by: str | None) -> bool:
    """Whether an op has time of its own; those applied to another's results ride along."""
    return bound_by is not None and not bound_by.startswith(_RIDES)


def _bound_by(placement: Placement, window: Window | None) -> str | None:
    if placement.place not in ("array", "vector_unit", "dram"):
        return f"{_RIDES}{placement.place}"
    return ROLE_NAMES[window.bound_by] if window else None


def _utilization(
    hardware: Hardware, compiled: Compiled, placement: Placement, window: Window | None
) -> float | None:
    if window is None or not window.ticks or not placement.macs:
        return None
    possible = peak_macs_per_s(hardware, placement) * window.ticks * compiled.tick_s
    return float(placement.macs * compiled.inputs / possible)


def energy_rows(energy: Energy) -> tuple[EnergyRow, ...]:
    """Return the energy by op and component."""
    return tuple(
        EnergyRow(e.op, e.component, float(e.energy_j), float(e.dynamic_j), float(e.static_j))
        for e in energy.entries
    )


def component_rows(
    hardware: Hardware, energy: Energy, makespan_s: Fraction
) -> tuple[ComponentRow, ...]:
    """Return what every component of the machine takes and spent, in the machine's order."""
    rows = []
    for slot, part in hardware.parts().items():
        spent = [entry for entry in energy.entries if entry.component == slot]
        dynamic_j = sum((entry.dynamic_j for entry in spent), Fraction())
        static_j = sum((entry.static_j for entry in spent), Fraction())
        energy_j = dynamic_j + static_j
        rows.append(
            ComponentRow(
                component=slot,
                kind=part.component.kind,
                instances=part.per_machine,
                area_m2=part.area_m2,
                energy_j=float(energy_j),
                dynamic_j=float(dynamic_j),
                static_j=float(static_j),
                power_w=float(energy_j / makespan_s),
            )
        )
    return tuple(rows)


def unit_rows(ledger: Ledger, tick_s: Fraction) -> tuple[UnitRow, ...]:
    """Return how every unit spent its time."""
    busy_ticks: dict[str, int] = {}
    stall_ticks: dict[str, int] = {}
    roles: dict[str, str] = {}
    for record in ledger.records:
        roles[record.unit] = record.role
        busy_ticks[record.unit] = busy_ticks.get(record.unit, 0) + record.busy_ticks
        stall_ticks[record.unit] = stall_ticks.get(record.unit, 0) + record.stall_ticks
    rows = []
    for unit, role in roles.items():
        busy, stall = busy_ticks[unit], stall_ticks[unit]
        idle = ledger.makespan_ticks - busy - stall
        busy_s, stall_s, idle_s = (float(ticks * tick_s) for ticks in (busy, stall, idle))
        rows.append(UnitRow(unit, role, busy_s, stall_s, idle_s, busy, stall, idle))
    return tuple(rows)


def activity_rows(ledger: Ledger, tick_s: Fraction) -> tuple[ActivityRow, ...]:
    """Return every unit's part in every op; that outputs are stored is a mark, and no op."""

    def seconds(ticks: int | None) -> float | None:
        return None if ticks is None else float(ticks * tick_s)

    return tuple(
        ActivityRow(
            unit=record.unit,
            role=record.role,
            op=record.op,
            start_s=seconds(record.start_tick),
            end_s=seconds(record.end_tick),
            busy_s=float(record.busy_ticks * tick_s),
            stall_s=float(record.stall_ticks * tick_s),
            busy_ticks=record.busy_ticks,
            stall_ticks=record.stall_ticks,
        )
        for record in ledger.records
        if record.op != STORED
    )


def action_rows(ledger: Ledger) -> tuple[ActionRow, ...]:
    """Return how often every op did every action."""
    return tuple(
        ActionRow(op, action, count)
        for op, counts in ledger.actions.items()
        for action, count in counts.items()
    )
