"""What was read from sweeps, for people: tables and lines, the most important first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from archsim.report.quantities import ratio
from archsim.report.tables import print_lines, print_table, readable
from archsim.sweep.cells import cell, heading, headings
from archsim.sweep.comparing import DIFFERENCES, RATIOS, Comparison, parameters
from archsim.sweep.front import Front
from archsim.sweep.sensitivity import Sensitivity

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console

FEW = 40
"""Points on a front that are shown; the others are in CSV and JSON."""

TOP = 10
"""Points shown of those that changed."""

MAIN = ("latency_s", "energy_j", "area_m2", *DIFFERENCES)
"""Figures shown beside the points that changed most; others mostly follow from these."""

_MEANING = {
    "sobol": "Sobol indices",
    "morris": "Morris' elementary effects over whole ranges",
    "grid": "Indices of the grid, exact",
    "given": "First-order indices, estimated from given points",
}

Rows = Sequence[Mapping[str, Any]]


def print_front(found: Front, name: str, console: Console) -> None:
    """Print the points on a front, with what they have in common, and the hypervolume."""
    compared = len(found.members) + len(found.dominated)
    wanted = ", ".join(f"{heading(each)} {best}" for each, best in found.objectives.items())
    _say(console, f"{name}: {wanted}", style="bold")
    lines = [("points", f"{compared:,}", "compared")]
    lines += [("", f"{count:,}", reason) for reason, count in found.left_out.items()]
    lines.append(("front", f"{len(found.members):,}", "that no other point beats"))
    for each in found.objectives:
        end = cell(each, found.reference[each])
        lines.append((f"best {heading(each)}", cell(each, found.ideal[each]), f"box to {end}"))
    lines.append(("hypervolume", *_volume(found)))
    print_lines(console, lines)
    _print_members(found, console)


def _volume(found: Front) -> tuple[str, str]:
    if found.hypervolume is not None:
        return f"{found.hypervolume:.4f}", "part of the box that the front dominates"
    flat = [
        heading(name) for name in found.objectives if found.ideal[name] == found.reference[name]
    ]
    return "-", f"{', '.join(flat)}: one value everywhere, no box; give --reference"


def _print_members(found: Front, console: Console) -> None:
    members = found.members
    varied = [each for each in parameters(members) if each not in found.objectives]
    same = [each for each in varied if len(set(members[each].map(repr))) == 1]
    among = _distinct(found, same)
    columns = ["point", *found.objectives, *(each for each in varied if each not in same)]
    shown = members.head(FEW)
    title = (
        "Front"
        if len(members) <= FEW
        else f"Front ({FEW} of {len(members)}; --format csv lists all)"
    )
    numbered = columns if "point" in members else columns[1:]
    print_table(console, title, headings(numbered), _cells(shown, numbered))
    if among:
        first = members.iloc[0]
        told = ", ".join(f"{heading(c)} {cell(c, _plain(first[c]))}" for c in among)
        _say(console, f" On the whole front: {told}")


def _distinct(found: Front, columns: Iterable[str]) -> list[str]:
    """Return the columns that do differ among the points that were compared."""
    return [
        column
        for column in columns
        if not found.dominated[column].isin(found.members[column]).all()
    ]


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value


def _cells(frame: pd.DataFrame, columns: Sequence[str]) -> list[list[str]]:
    rows = frame[list(columns)].to_dict("records")
    return [[cell(column, row[column]) for column in columns] for row in rows]


def print_sensitivity(found: Sensitivity, name: str, console: Console) -> None:
    """Print a table of indices for each figure, what matters most first."""
    _say(console, f"{name}: {_MEANING[found.method]}", style="bold")
    lines = [("points", f"{found.points:,}", "different ones")]
    if found.samples != found.points:
        lines.append(("samples", f"{found.samples:,}", "of the design"))
    print_lines(console, lines)
    for figure in dict.fromkeys(str(row["figure"]) for row in found.rows):
        rows = [row for row in found.rows if row["figure"] == figure]
        if found.method == "morris":
            _print_effects(figure, rows, console)
        else:
            _print_indices(figure, rows, console)


def _print_indices(figure: str, rows: Rows, console: Console) -> None:
    by = "total" if "total" in rows[0] else "first"
    kinds = [kind for kind in ("first", "total") if kind in rows[0]]
    words = {"first": "first-order", "total": "total"}
    cells = [
        [heading(str(row["parameter"])), *(_index(row, kind) for kind in kinds)]
        for row in sorted(rows, key=lambda row: -_number(row[by]))
    ]
    print_table(console, heading(figure), ["parameter", *(words[kind] for kind in kinds)], cells)


def _index(row: Mapping[str, Any], kind: str) -> str:
    half = row.get(f"{kind}_95")
    number = "-" if row[kind] is None else f"{row[kind] + 0.0:.3f}"
    return number if half is None else f"{number} ± {half:.3f}"


def _print_effects(figure: str, rows: Rows, console: Console) -> None:
    cells = [
        [
            heading(str(row["parameter"])),
            f"{cell(figure, row['mu_star'])} ± {cell(figure, row['mu_star_95'])}",
            cell(figure, row["mu"]),
            cell(figure, row["sigma"]),
        ]
        for row in sorted(rows, key=lambda row: -_number(row["mu_star"]))
    ]
    columns = ["parameter", "size (mu*)", "mean (mu)", "spread (sigma)"]
    print_table(console, heading(figure), columns, cells)


def _number(value: Any) -> float:
    return -1.0 if value is None else float(value)


def print_comparison(found: Comparison, console: Console) -> None:
    """Print what two sweeps have in common, how figures changed, and which points changed most."""
    first, second = found.names
    _say(console, f"{second} against {first}", style="bold")
    lines = [("points", f"{len(found.points):,}", "in both")]
    lines += [
        ("", f"{count:,}", f"in {name} only")
        for count, name in zip(found.only, found.names, strict=True)
        if count
    ]
    lines += [
        ("", f"{count:,}", f"{one} in {first}, {other} in {second}")
        for (one, other), count in sorted(found.statuses.items())
        if one != other
    ]
    lines.append(("changed", f"{len(found.changed):,}", "of those in both"))
    print_lines(console, lines)
    for note in found.notes:
        _say(console, f" {note}")
    _print_figures(found, console)
    _print_changed(found, console)


def _print_figures(found: Comparison, console: Console) -> None:
    rows = [row for row in found.figures if row["points"]]
    if not rows:
        return
    columns = ["figure", "points", "same", "least", "median", "most"]
    cells = [
        [
            heading(row["figure"]),
            f"{row['points']:,}",
            f"{row['same']:,}",
            *(_changed(row["change"], row[each]) for each in ("least", "median", "most")),
        ]
        for row in rows
    ]
    print_table(console, "Change of figures", columns, cells)
    lacking = [f"{heading(row['figure'])} {row['without']:,}" for row in rows if row["without"]]
    if lacking:
        told = f" Points without a ratio, as one figure is 0: {', '.join(lacking)}"
        _say(console, told)


def _print_changed(found: Comparison, console: Console) -> None:
    rows = found.changed[:TOP]
    if not rows:
        return
    figures = [
        (name, kind, f"{name}_{kind}")
        for names, kind in ((RATIOS, "ratio"), (DIFFERENCES, "difference"))
        for name in names
        if any(row.get(f"{name}_{kind}") not in (None, 1.0, 0.0) for row in rows)
    ]
    figures = [each for each in figures if each[0] in MAIN] or figures
    varied = [c for c in found.matched_by if len({row[c] for row in found.points}) > 1]
    title = "Points that changed most"
    title += f" ({len(rows)} of {len(found.changed)})" if len(found.changed) > len(rows) else ""
    columns = ["point", *(heading(name) for name, _, _ in figures), *headings(varied)]
    cells = [
        [
            str(row["point_first"]),
            *(_changed(kind, row[column]) for _, kind, column in figures),
            *(cell(column, row[column]) for column in varied),
        ]
        for row in rows
    ]
    print_table(console, title, columns, cells)


def _changed(kind: str, value: float | None) -> str:
    if value is None:
        return "-"
    return ratio(value) if kind == "ratio" else f"{value:+.4g}"


def _say(console: Console, text: str, style: str | None = None) -> None:
    """Print a line, whatever is in the names of it."""
    console.print(readable(text), style=style, soft_wrap=True, markup=False)
