"""When each op ran, and what it waited for: arithmetic on the ledger's records, in whole ticks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from archsim.engine import Ledger, Record
from archsim.errors import SimulationError
from archsim.mapping.floor import STORED, op_of, weights_of

ROLE_NAMES = {
    "array": "array",
    "driver": "DAC",
    "adc": "ADC",
    "accumulator": "accumulator",
    "vector_unit": "vector unit",
    "buffer_read": "buffer read port",
    "buffer_write": "buffer write port",
    "buffer_fill": "buffer fill port",
    "dram": "DRAM",
    "writer": "weight programming",
}
"""What reports call each role; of two that are equally busy the earlier one bounds an op."""

_ORDER = {role: place for place, role in enumerate(ROLE_NAMES)}


@dataclass(frozen=True, slots=True)
class Span:
    """When one op ran.

    Attributes:
        start_tick: Its first work; loading its weights, which is ahead of it, left out.
        end_tick: Its last work.
    """

    start_tick: int
    end_tick: int

    @property
    def ticks(self) -> int:
        """Return the op's duration."""
        return self.end_tick - self.start_tick


@dataclass(frozen=True, slots=True)
class Window(Span):
    """The same, with what it waited for.

    Attributes:
        stall_ticks: Its duration less the busy time of its busiest array; 0 where it uses none.
        bound_by: The role of the unit that is busiest inside the window.
    """

    stall_ticks: int
    bound_by: str


class _Part(NamedTuple):
    """A unit that did work for an op: its role and name, when, and for how long it was busy."""

    role: str
    unit: str
    busy_ticks: int
    start_tick: int
    end_tick: int

    @property
    def is_array(self) -> bool:
        """Whether it is an array, even one that waits for slower drivers at every symbol."""
        return self.unit.rpartition(".")[2] == "array"


def windows(ledger: Ledger) -> dict[str, Window]:
    """Return the window of every op that did any work, in the order of their starts."""
    parts: dict[str, list[_Part]] = {}
    for record in ledger.records:
        if record.op != STORED and (part := _part(record)) is not None:
            parts.setdefault(record.op, []).append(part)
    found = {
        op: _window(of_op, parts.get(weights_of(op), []))
        for op, of_op in parts.items()
        if op == op_of(op)
    }
    return dict(sorted(found.items(), key=lambda item: (item[1].start_tick, item[1].end_tick)))


def spans(ledger: Ledger) -> dict[str, Span]:
    """Return when every op ran that did any work: all that energy depends on of its window."""
    starts: dict[str, int] = {}
    ends: dict[str, int] = {}
    for _, _, op, _, _, start_tick, _, end_tick in ledger.records:
        if start_tick is None or end_tick is None:
            continue
        if start_tick < starts.get(op, start_tick + 1):
            starts[op] = start_tick
        if end_tick > ends.get(op, -1):
            ends[op] = end_tick
    own = (op for op in starts if op != STORED and op == op_of(op))
    return {op: Span(starts[op], ends[op]) for op in own}


def output_ticks(ledger: Ledger) -> tuple[int, int]:
    """Return when the first and when the last input's outputs were complete in DRAM.

    Raises:
        SimulationError: There was none, which is a fault of the program and not of its input.
    """
    stored = [
        record
        for record in ledger.records
        if record.op == STORED and record.role == "dram" and record.end_tick is not None
    ]
    if not stored:
        raise SimulationError(
            f"{STORED}: found no output stored in DRAM; expected one for each input; "
            "this is a fault of the mapping; please report the machine and workload"
        )
    first = [record.first_end_tick for record in stored if record.first_end_tick is not None]
    return max(first), max(record.end_tick or 0 for record in stored)


def active_ticks(spans: Iterable[tuple[int, int]]) -> Mapping[int, int]:
    """Return, from each tick at which it changes, how many of some spans are under way."""
    changes: dict[int, int] = {}
    for start_tick, end_tick in spans:
        if end_tick > start_tick:
            changes[start_tick] = changes.get(start_tick, 0) + 1
            changes[end_tick] = changes.get(end_tick, 0) - 1
    active, running = {}, 0
    for tick in sorted(changes):
        running += changes[tick]
        active[tick] = running
    return active


def _part(record: Record) -> _Part | None:
    if record.start_tick is None or record.end_tick is None:
        return None
    return _Part(record.role, record.unit, record.busy_ticks, record.start_tick, record.end_tick)


def _window(parts: list[_Part], loading: list[_Part]) -> Window:
    start_tick = min([part.start_tick for part in parts])
    end_tick = max([part.end_tick for part in parts])
    arrays_ticks = [part.busy_ticks for part in parts if part.is_array]
    stall_ticks = end_tick - start_tick - max(arrays_ticks) if arrays_ticks else 0
    most_ticks, bound_by = -1, ""
    for role, _, busy_ticks, began_tick, ended_tick in parts + loading:
        overlap_ticks = min(ended_tick, end_tick) - max(began_tick, start_tick)
        inside_ticks = max(0, min(busy_ticks, overlap_ticks))  # at most so long within the window
        if inside_ticks > most_ticks or (
            inside_ticks == most_ticks and _ORDER[role] < _ORDER[bound_by]
        ):
            most_ticks, bound_by = inside_ticks, role
    return Window(start_tick, end_tick, stall_ticks, bound_by)
