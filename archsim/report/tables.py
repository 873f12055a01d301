"""Tables for a screen of any width: digits are never cut.

What is too wide loses whole columns, figures first, from the right; a line under the table names
them. Names share what room there is and go on in the next line. The first column and the first
figure always stay: on a screen too narrow even for them, lines run over its edge.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table

LEAST_NAME = 12
"""Columns that a name has at least, if it needs them."""

LEAST_MEANING = 24
"""A meaning that has fewer columns than this is left out."""

_INDENT = 4
"""Spaces before a line of figures."""

_GAP = 2
"""Spaces between the parts of such a line."""

_RULED = 3
"""What a column of a table takes beside its content: a space on each side, and the rule."""


def readable(text: str) -> str:
    """Return a name as it can be shown: what would move a terminal's cursor becomes ``?``."""
    return "".join(c if c.isprintable() else "?" for c in text)


def print_lines(console: Console, lines: Iterable[tuple[str, str, str]]) -> None:
    """Print lines of a name, a figure and what it means, in columns."""
    rows = [(readable(name), figure, readable(meaning)) for name, figure, meaning in lines]
    name_width, figure_width, meaning_width = (
        _widest(column) for column in zip(*rows, strict=True)
    )
    table = Table.grid(padding=(0, _GAP, 0, 0), pad_edge=False)
    table.add_column(width=_INDENT - _GAP)
    table.add_column(no_wrap=True, width=name_width)
    table.add_column(no_wrap=True, width=figure_width, justify="right", style="bold")
    table.width = _INDENT + name_width + _GAP + figure_width
    room = console.width - table.width - _GAP
    meant = room >= min(LEAST_MEANING, meaning_width)
    if meant:
        meaning_width = min(room, meaning_width)
        table.add_column(width=meaning_width, style="dim")
        table.width += _GAP + meaning_width
    for row in rows:
        table.add_row("", *(row if meant else row[:-1]))
    console.print(table, crop=False)


def print_table(
    console: Console,
    title: str | None,
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    left: int = 1,
) -> None:
    """Print a table under its title, as many of its columns as there is room for.

    The first ``left`` columns hold words, the others figures. Without a title there is no rule
    under the names of the columns either, to save lines.
    """
    console.print()
    if title is not None:
        console.print(readable(title), style="bold", soft_wrap=True)
    cells = [[readable(cell) for cell in row] for row in rows]
    widest = [_widest(column) for column in zip(columns, *cells, strict=True)]
    least = [min(w, LEAST_NAME) if i < left else w for i, w in enumerate(widest)]
    shown = _shown(least, left, console.width + 1)  # no rule after the last one
    room = console.width + 1 - _RULED * len(shown)
    widths = _shared(shown, widest, least, room)
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=True, header_style="")
    if title is None:
        table = Table(box=None, padding=(0, _GAP, 0, 1), pad_edge=True, header_style="bold")
    for index in shown:
        word = index < left
        table.add_column(
            columns[index],
            width=widths[index],
            justify="left" if word else "right",
            overflow="fold",
            no_wrap=not word,
        )
    for row in cells:
        table.add_row(*(row[index] for index in shown))
    table.width = sum(widths.values()) + _RULED * len(shown) - (title is not None)
    console.print(table, crop=False)
    hidden = [name for index, name in enumerate(columns) if name and index not in shown]
    if hidden:
        console.print(f" (too narrow for: {', '.join(hidden)})", style="dim", soft_wrap=True)


def _widest(texts: Iterable[str]) -> int:
    return max(map(cell_len, texts))


def _shown(least: Sequence[int], left: int, width: int) -> list[int]:
    """Return which columns there is room for."""
    shown = list(range(len(least)))
    for index in (*range(len(least) - 1, left, -1), *range(min(left, len(least)) - 1, 0, -1)):
        if sum(least[i] + _RULED for i in shown) <= width:
            break
        shown.remove(index)
    return shown


def _shared(
    shown: Sequence[int], widest: Sequence[int], least: Sequence[int], room: int
) -> dict[int, int]:
    """Return the columns' widths: the widest gives way first, none below its least."""
    widths = {index: widest[index] for index in shown}
    while sum(widths.values()) > room:
        index = max(widths, key=lambda i: (widths[i] > least[i]) * widths[i])
        if widths[index] == least[index]:
            break
        widths[index] -= 1
    return widths
