"""Tables that a reader can sort, as far as a template needs to know them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from archsim.report.quantities import Figure


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its heading, what that means, and whether it holds figures."""

    title: str
    meaning: str = ""
    figures: bool = True


@dataclass(frozen=True, slots=True)
class Row:
    """A row: its cells, and what marks it; ``place`` is what links to it end in."""

    cells: tuple[str | Figure, ...]
    number: int | None = None
    place: str = ""
    marked: bool = False
    link: str = ""


@dataclass(frozen=True, slots=True)
class Grid:
    """A table under a title, its columns and rows."""

    key: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]


def grid(
    key: str, title: str, columns: Sequence[Column], rows: Iterable[Sequence[str | Figure]]
) -> Grid:
    """Return a table of plain rows."""
    return Grid(key, title, tuple(columns), tuple(Row(tuple(cells)) for cells in rows))
