"""What units and ops are called on a timeline, and where on it they are."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from archsim.mapping import Program

LONGEST = 120
"""Characters of a name that every slice can afford."""

_SHARED = {"dram": 0, "buffer_fill": 1, "buffer_read": 2, "buffer_write": 3, "vector_unit": 4}
"""Roles of units that belong to a subsystem of the machine, in the order they are shown."""


def quoted(text: str) -> str:
    """Return text as JSON, in ASCII, whatever it holds; half characters as a question mark."""
    return json.dumps(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))


def shown(name: str, index: int) -> str:
    """Return a name, or a beginning of it that its index makes unique."""
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 20]}... ({index})"


@dataclass(frozen=True)
class Places:
    """Numbers of processes and threads, no two alike, 0 being nobody's.

    A process also stands for its main thread, of the same number, on which nothing happens.

    A tile is a process, and so are DRAM, the buffer and the vector unit; a unit is a thread of one.
    The machine as a whole is process 1 and has the counters.
    """

    program: Program

    MACHINE = 1

    @cached_property
    def processes(self) -> dict[str, int]:
        """Return the number of each process, subsystems first, then tiles as they begin."""
        units = sorted(self.program.units, key=lambda unit: _SHARED.get(unit.role, len(_SHARED)))
        found = dict.fromkeys(_process(unit.name, unit.role) for unit in units)
        return {name: self.MACHINE + 1 + index for index, name in enumerate(found)}

    @cached_property
    def of_units(self) -> list[tuple[int, int]]:
        """Return the process and the thread of each unit."""
        after = self.MACHINE + 1 + len(self.processes)
        return [
            (self.processes[_process(unit.name, unit.role)], after + index)
            for index, unit in enumerate(self.program.units)
        ]

    def metadata(self, machine: str) -> Iterator[str]:
        """Yield the events that name processes and threads and put them in order."""
        for name, pid in {machine: self.MACHINE, **self.processes}.items():
            yield from _named("process", shown(name, pid), pid, pid)
        for unit, (pid, tid) in zip(self.program.units, self.of_units, strict=True):
            yield from _named("thread", shown(unit.name, tid), pid, tid)


def _process(unit: str, role: str) -> str:
    """Return the tile or the subsystem that a unit belongs to."""
    before, slash, own = unit.rpartition("/")
    if role in _SHARED:
        return own.partition(".")[0]
    return before + slash + (own.rpartition(".")[0] or own)


def _named(kind: str, name: str, pid: int, tid: int) -> Iterator[str]:
    place = f'"pid":{pid},"tid":{tid}'
    yield f'{{"ph":"M","name":"{kind}_name",{place},"args":{{"name":{quoted(name)}}}}}'
    yield f'{{"ph":"M","name":"{kind}_sort_index",{place},"args":{{"sort_index":{tid}}}}}'
