"""Arrows from the op that makes a tensor to those that read it.

An arrow goes from the maker's last work to the reader's first. Where these overlap, because the
reader works on results as they come, it begins at the maker's last work that is over before, or
else is under way: arrows never go back in time. Ops that have no works of their own are looked
through, and ops of which nothing is drawn have no arrows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from archsim.mapping import Program
from archsim.mapping.floor import INPUT, OUTPUT
from archsim.report.timeline.history import Ints
from archsim.report.timeline.names import Places
from archsim.report.timeline.scale import Scale
from archsim.report.timeline.slices import Slices
from archsim.workload import Workload


@dataclass(frozen=True, slots=True)
class Arrow:
    """From a slice to another one: units and ticks."""

    from_unit: int
    from_tick: int
    to_unit: int
    to_tick: int


def edges(workload: Workload, working: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Yield (maker, reader) of every tensor, for ops that work."""
    makers: dict[str, tuple[str, ...]] = {x.name: (INPUT,) for x in workload.inputs}
    for op in workload.ops:
        found = tuple(dict.fromkeys(m for name in op.inputs for m in makers[name]))
        makers[op.name] = (op.name,) if op.name in working else found
        if op.name in working:
            yield from ((maker, op.name) for maker in found)
    last = dict.fromkeys(maker for name in workload.outputs for maker in makers[name])
    yield from ((maker, OUTPUT) for maker in last)


def arrows(workload: Workload, program: Program, slices: Slices) -> list[Arrow]:
    """Return the arrows between slices."""
    rows = np.flatnonzero(slices.end > slices.start)  # an arrow needs something to hold on to
    rows = rows[np.argsort(slices.op[rows], kind="stable")]
    ops = slices.op[rows]
    bounds = np.searchsorted(ops, np.arange(len(program.ops) + 1)).tolist()
    of_op = {
        name: rows[bounds[index] : bounds[index + 1]]
        for index, name in enumerate(program.ops)
        if bounds[index + 1] > bounds[index]
    }
    drawn = edges(workload, frozenset(of_op) & {op.name for op in workload.ops})
    found = (
        _arrow(slices, of_op[maker], of_op[reader])
        for maker, reader in drawn
        if maker in of_op and reader in of_op
    )
    return [arrow for arrow in found if arrow is not None]


def _arrow(slices: Slices, makers: Ints, readers: Ints) -> Arrow | None:
    to = int(readers[np.argmin(slices.start[readers])])
    begins = slices.start[to]
    over = makers[slices.end[makers] <= begins]
    under_way = makers[slices.start[makers] <= begins]
    if len(over):
        of = int(over[np.argmax(slices.end[over])])
    elif len(under_way):
        of = int(under_way[np.argmax(slices.start[under_way])])
    else:
        return None
    tick = min(int(slices.end[of]) - 1, int(begins))
    return Arrow(int(slices.unit[of]), tick, int(slices.unit[to]), int(begins))


def events(found: list[Arrow], program: Program, scale: Scale) -> Iterator[str]:
    """Yield the two events of each arrow."""
    places = [f'"pid":{pid},"tid":{tid}' for pid, tid in Places(program).of_units]
    for number, arrow in enumerate(found):
        begin, end = scale.shown(np.array([arrow.from_tick, arrow.to_tick]))
        common = f'"cat":"tensor","name":"tensor","id":{number + 1}'
        yield f'{{"ph":"s",{common},{places[arrow.from_unit]},"ts":{begin}}}'
        yield f'{{"ph":"f","bp":"e",{common},{places[arrow.to_unit]},"ts":{end}}}'
