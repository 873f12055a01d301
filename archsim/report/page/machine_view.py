"""The machine: its file, and where each of its numbers is from."""

from __future__ import annotations

from dataclasses import dataclass

from archsim.documents import write_yaml
from archsim.hardware import Hardware
from archsim.report.machine_values import source_of, values_of
from archsim.report.page.grids import Column, Grid, grid

ASSUMED = "assumed:"
DERIVED = "derived:"
_LINE = 100
"""Columns of the file as it is shown."""


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the numbers are from: what was assumed, and what others have published."""

    assumed: tuple[tuple[str, str], ...]
    published: tuple[tuple[str, str], ...]
    derived: tuple[tuple[str, str], ...]


def sources_of(machine: Hardware) -> Sources:
    """Return the machine's sources by kind; those that begin with ``assumed:`` are no papers."""
    assumed, published, derived = [], [], []
    for entry in machine.sources.items():
        kind = entry[1].lstrip().lower()
        if kind.startswith(ASSUMED):
            assumed.append((entry[0], entry[1].lstrip()[len(ASSUMED) :].lstrip()))
        elif kind.startswith(DERIVED):
            derived.append((entry[0], entry[1].lstrip()[len(DERIVED) :].lstrip()))
        else:
            published.append(entry)
    return Sources(tuple(assumed), tuple(published), tuple(derived))


def machine_grid(machine: Hardware) -> Grid:
    """Return a row for each value of the machine, with its source."""
    columns = (
        Column("path", "as --set takes it", figures=False),
        Column("value", "as the file gives it", figures=False),
        Column("source", figures=False),
    )
    rows = [
        (path, value, source_of(path, machine.sources))
        for path, value in values_of(machine).items()
    ]
    return grid("machine", f"Values of the machine ({len(rows)})", columns, rows)


def machine_file(machine: Hardware) -> str:
    """Return the machine as a file, its base and overrides worked in."""
    return write_yaml(machine.dump(), width=_LINE)
