"""The page of two runs beside each other."""

from __future__ import annotations

from collections.abc import Iterable

from archsim.report.comparing import Change, Comparison, Pair
from archsim.report.page.charts import Bar, Chart, Part, chart
from archsim.report.page.grids import Column, Grid, Row, grid
from archsim.report.page.rendering import render
from archsim.report.quantities import NONE, Figure, figure, ratio

SIDES = ("A", "B")
_SHOWN = 12
"""Ops in the chart of those that differ most."""


def difference_page(comparison: Comparison) -> str:
    """Return the page of two runs.

    Args:
        comparison: What differs.
    """
    found = comparison
    return render(
        "difference.html",
        title=f"{found.names[0]} and {found.names[1]}",
        subtitle="Two runs beside each other; ratios are B over A.",
        found=found,
        headline=_grid("headline", "Headline", "figure", found.headline),
        components=_chart("energy-by-component", "Energy by component", _largest(found.components)),
        changed=_chart("energy-by-op", "Ops that differ most in energy", _changed(found.energies)),
        ops=_ops(found),
        settings=_changes("settings", "Settings", found.settings),
        machine=_changes("machine", "Machine, by path", found.machine),
        plan=_changes("plan", "Plan, by op", found.plan),
    )


def _chart(key: str, title: str, pairs: Iterable[Pair]) -> Chart:
    """Return two bars for each pair, under each other and on one scale."""
    bars = [
        Bar(f"{pair.name}, {side}", of, note, (Part(series, side, of),))
        for pair in pairs
        if pair.one.value or pair.other.value
        for series, (side, of, note) in enumerate(
            zip(SIDES, (pair.one, pair.other), ("", _ratio(pair).text), strict=True)
        )
    ]
    says = "Upper bar: A. Lower bar: B, with its ratio to A."
    return chart(key, title, says, legend=dict(enumerate(SIDES)), bars=bars, in_order=True)


def _largest(pairs: Iterable[Pair]) -> list[Pair]:
    return sorted(pairs, key=lambda pair: -max(pair.one.value or 0.0, pair.other.value or 0.0))


def _changed(pairs: Iterable[Pair]) -> list[Pair]:
    """Return those that differ most."""
    found = [pair for pair in pairs if pair.difference]
    return sorted(found, key=lambda pair: -abs(pair.difference))[:_SHOWN]


def _grid(key: str, title: str, what: str, pairs: Iterable[Pair]) -> Grid:
    columns = (
        Column(what, figures=False),
        Column("A"),
        Column("B"),
        Column("ratio", "B over A"),
    )
    rows = [(pair.name, pair.one, pair.other, _ratio(pair)) for pair in pairs]
    return grid(key, title, columns, rows)


def _ops(found: Comparison) -> Grid:
    """Return energy and time of the ops that both runs have."""
    columns = (
        Column("op", figures=False),
        Column("energy A"),
        Column("energy B"),
        Column("difference", "energy, B less A"),
        Column("ratio", "energy, B over A"),
        Column("time A"),
        Column("time B"),
        Column("difference", "time, B less A"),
        Column("ratio", "time, B over A"),
    )
    pairs = zip(found.energies, found.times, strict=True)
    rows = tuple(
        Row(
            (
                energy.name,
                *_cells(energy, "energy_j"),
                *_cells(time, "duration_s"),
            ),
            number=number,
        )
        for number, (energy, time) in enumerate(pairs)
    )
    return Grid("ops", f"Ops of both runs ({len(rows)})", columns, rows)


def _cells(pair: Pair, column: str) -> tuple[Figure, ...]:
    there = pair.one.value is not None and pair.other.value is not None
    less = figure(column, pair.difference) if there else NONE
    return (pair.one, pair.other, less, _ratio(pair))


def _ratio(pair: Pair) -> Figure:
    return NONE if pair.ratio is None else Figure(ratio(pair.ratio), pair.ratio)


def _changes(key: str, title: str, changes: Iterable[Change]) -> Grid:
    columns = tuple(Column(name, figures=False) for name in ("what", *SIDES))
    rows = [(each.name, _or_none(each.one), _or_none(each.other)) for each in changes]
    return grid(key, f"{title} ({len(rows)})", columns, rows)


def _or_none(text: str | None) -> str:
    return "(none)" if text is None else text
