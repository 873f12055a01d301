"""Bars of several parts each, as far as a template needs to know them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from archsim.report.quantities import Figure

WIDTH = 1000
"""What the longest bar is long; the page scales it."""

LONGEST = 25
"""Bars that are shown at first; a button shows the others."""

HUES = 8
"""Colours of parts; the last one is for all that have none of their own."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a bar: which of the legend's, how much, and where it is drawn."""

    series: int
    name: str
    figure: Figure
    start: float = 0.0
    width: float = 0.0


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar: what it is about, its figure and what it is of the whole, its parts in order.

    ``number`` is the row of the table of ops that it belongs to, if it does to one.
    """

    name: str
    figure: Figure
    share: str
    parts: tuple[Part, ...]
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars under one title, the longest ones first, with a legend of colours and names."""

    key: str
    title: str
    says: str
    legend: tuple[tuple[int, str], ...]
    bars: tuple[Bar, ...]
    most: int = LONGEST


def chart(
    key: str,
    title: str,
    says: str,
    *,
    legend: Mapping[int, str],
    bars: Iterable[Bar],
    in_order: bool = False,
) -> Chart:
    """Return a chart with its bars drawn to scale.

    Args:
        key: What the page calls it.
        title: What it shows.
        says: What one has to know to read it.
        legend: Names of the series by number, which is a colour; none: one speaks for itself.
        bars: What is in it; parts need no place yet.
        in_order: Whether bars stay in order, and are not sorted by their figures.
    """
    found = list(bars)
    if not in_order:
        found.sort(key=lambda bar: -(bar.figure.value or 0.0))
    longest = max((_total(bar) for bar in found), default=0.0) or 1.0
    used = {part.series for bar in found for part in bar.parts}
    return Chart(
        key=key,
        title=title,
        says=says,
        legend=tuple((series, name) for series, name in legend.items() if series in used),
        bars=tuple(_drawn(bar, longest) for bar in found),
    )


def _drawn(bar: Bar, longest: float) -> Bar:
    parts, start = [], 0.0
    for part in bar.parts:
        width = (part.figure.value or 0.0) / longest * WIDTH
        parts.append(Part(part.series, part.name, part.figure, round(start, 2), round(width, 2)))
        start += width
    return Bar(bar.name, bar.figure, bar.share, tuple(parts), bar.number)


def _total(bar: Bar) -> float:
    return sum(part.figure.value or 0.0 for part in bar.parts)
