"""The page of a sweep: its front in plots and in a table, each point linked to its row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from itertools import combinations
from math import ceil, isfinite
from typing import TYPE_CHECKING, Any, Literal

from archsim.report.page.charts import Bar, Chart, Part, chart
from archsim.report.page.grids import Column, Grid, Row
from archsim.report.page.plots import BOTTOM, LEFT, RIGHT, TOP, Axis, axis_of
from archsim.report.page.rendering import render
from archsim.report.quantities import NONE, Figure, figure, label_of, records

if TYPE_CHECKING:
    import pandas as pd

Direction = Literal["min", "max"]
MOST = 2_000
"""Points beside the front that a page shows; of more, as many at even distances."""

_APART = ("point", "status", "error")


@dataclass(frozen=True, eq=False)
class Sweep:
    """What came of the points of a design space.

    Attributes:
        name: What it is called.
        points: A row for each point: parameters, objectives, and ``point``, ``status`` and
            ``error``.
        objectives: Columns that are judged, and which way is better.
        front: Values of ``point`` of those that no other beats in everything; a set.
        links: Addresses of the pages of single points, by ``point``; relative ones.
        facts: What it came from, in words.
        warnings: What to know before quoting a number.
    """

    name: str
    points: pd.DataFrame
    objectives: Mapping[str, Direction]
    front: AbstractSet[Any]
    links: Mapping[Any, str] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Dot:
    """A point in a plot."""

    place: str
    x: float
    y: float
    says: str
    on_front: bool


@dataclass(frozen=True, slots=True)
class Plot:
    """Two objectives over each other."""

    title: str
    says: str
    across: Axis
    up: Axis
    dots: tuple[Dot, ...]
    line: str


def sweep_page(sweep: Sweep) -> str:
    """Return the page of a sweep.

    Args:
        sweep: What came of its points.
    """
    rows = list(_shown(sweep))
    judged = [row for row in rows if _is_judged(row[1], sweep.objectives)]
    front = sum(row["point"] in sweep.front for _, row in rows)
    best = ", ".join(
        f"{label_of(name)}: {'less' if way == 'min' else 'more'} is better"
        for name, way in sweep.objectives.items()
    )
    return render(
        "sweep.html",
        title=sweep.name,
        subtitle=f"{len(sweep.points):,} points, {front:,} of them on the front; {best}",
        left_out=len(sweep.points) - len(rows),
        warnings=sweep.warnings,
        missing=len(rows) - len(judged),
        plots=list(_plots(sweep, judged)),
        bars=_bars(sweep, judged) if len(sweep.objectives) == 1 else None,
        points=_grid(sweep, rows),
        field={"left": LEFT, "right": RIGHT, "top": TOP, "bottom": BOTTOM},
        facts=list(sweep.facts.items()),
    )


def _shown(sweep: Sweep) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the points of the page with what links to them end in: all, if that is not too many."""
    others = len(sweep.points) - len(sweep.front)
    step = max(1, ceil(others / MOST))
    passed = 0
    for number, row in enumerate(records(sweep.points)):
        on_front = row["point"] in sweep.front
        if on_front or passed % step == 0:
            yield f"point-{number}", row
        passed += not on_front


def _is_judged(row: Mapping[str, Any], objectives: Mapping[str, Direction]) -> bool:
    return all(row[name] is not None and isfinite(row[name]) for name in objectives)


def _plots(sweep: Sweep, judged: list[tuple[str, dict[str, Any]]]) -> Iterator[Plot]:
    """Yield a plot for each two objectives."""
    if not judged:
        return
    for across, up in combinations(sweep.objectives, 2):
        x_axis, y_axis = (
            axis_of(
                name,
                [row[name] for _, row in judged],
                better=sweep.objectives[name],
                upright=name == up,
            )
            for name in (across, up)
        )
        dots = [_dot(sweep, place, row, x_axis, y_axis) for place, row in judged]
        dots.sort(key=lambda dot: dot.on_front)  # the front is drawn over the others
        front = sorted((dot.x, dot.y) for dot in dots if dot.on_front)
        yield Plot(
            f"{label_of(up).capitalize()} over {label_of(across)}",
            f"{len(dots):,} points, {len(front):,} on the front",
            x_axis,
            y_axis,
            tuple(dots),
            _stairs(front, sweep.objectives[across]) if len(sweep.objectives) == 2 else "",  # noqa: PLR2004 - of more, no line is the front
        )


def _stairs(front: list[tuple[float, float]], across: Direction) -> str:
    """Return the border of what the front beats, as an SVG path."""
    if not front:
        return ""
    path = f"M{front[0][0]} {front[0][1]}"
    for x, y in front[1:]:
        path += f"H{x}V{y}" if across == "min" else f"V{y}H{x}"
    return path


def _dot(sweep: Sweep, place: str, row: Mapping[str, Any], across: Axis, up: Axis) -> Dot:
    judged = (f"{label_of(name)} {figure(name, row[name]).text}" for name in sweep.objectives)
    given = (f"{name} {_said(row[name])}" for name in _parameters(sweep) if row[name] is not None)
    return Dot(
        place,
        across.place(row[across.column]),
        up.place(row[up.column]),
        f"point {row['point']}: {', '.join(judged)}; {', '.join(given)}",
        row["point"] in sweep.front,
    )


def _bars(sweep: Sweep, judged: list[tuple[str, dict[str, Any]]]) -> Chart:
    """Return a bar for each point where one objective alone is judged, the best first."""
    [(name, way)] = sweep.objectives.items()
    ordered = sorted(judged, key=lambda each: each[1][name], reverse=way == "max")
    bars = (
        Bar(
            f"point {row['point']}",
            figure(name, row[name]),
            "",
            (Part(0, label_of(name), figure(name, row[name])),),
        )
        for _, row in ordered
    )
    title = label_of(name).capitalize()
    return chart("best", title, "The best points first.", legend={}, bars=bars, in_order=True)


def _parameters(sweep: Sweep) -> list[str]:
    apart = (*_APART, *sweep.objectives)
    return [str(name) for name in sweep.points.columns if name not in apart]


def _grid(sweep: Sweep, rows: list[tuple[str, dict[str, Any]]]) -> Grid:
    """Return a row for each point: what was set, what came of it."""
    order = [*_parameters(sweep), *sweep.objectives]
    figures = {name: _holds_figures([row[name] for _, row in rows]) for name in order}
    columns = (
        Column("point", figures=False),
        *(
            Column(label_of(name) if figures[name] else name, name, figures=figures[name])
            for name in order
        ),
        Column("status", figures=False),
        Column("error", figures=False),
    )
    return Grid(
        "points",
        f"Points ({len(rows):,})",
        columns,
        tuple(
            Row(
                (
                    str(row["point"]),
                    *(_cell(name, row[name], is_figure=figures[name]) for name in order),
                    _said(row["status"]),
                    _said(row["error"]),
                ),
                place=place,
                marked=row["point"] in sweep.front,
                link=sweep.links.get(row["point"], ""),
            )
            for place, row in rows
        ),
    )


def _holds_figures(values: list[Any]) -> bool:
    found = [value for value in values if value is not None]
    return bool(found) and all(
        isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
        for value in found
    )


def _cell(name: str, value: Any, *, is_figure: bool) -> str | Figure:
    if not is_figure:
        return _said(value)
    return NONE if value is None else figure(name, value)


def _said(value: Any) -> str:
    return "" if value is None else str(value)
