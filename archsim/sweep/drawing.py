"""The front of a sweep as a figure."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from archsim.errors import ConfigError
from archsim.report.figures import pareto, save
from archsim.report.figures.bars import legend_beside
from archsim.report.figures.look import INK, PALE, SHADES, styled
from archsim.report.figures.names import plain
from archsim.report.figures.scales import Quantity, linear, logarithmic
from archsim.sweep.cells import cell, heading
from archsim.sweep.front import Front

MOST = 3
"""Objectives that one figure shows: two axes and colour."""

_WIDE = 20.0
"""An axis whose figures differ by a greater factor is logarithmic."""


def draw_front(found: Front, path: str | Path) -> None:
    """Write a figure of a front: two objectives as axes, a third as colour.

    Raises:
        ConfigError: It cannot be written there, or there are more objectives.
    """
    check_objectives(len(found.objectives))
    x, y, *third = found.objectives
    if third:
        save(_coloured(found, *third), path)
        return
    best = found.objectives
    everything = pd.concat([found.members, found.dominated])
    save(pareto(everything, x, y, x_best=best[x], y_best=best[y]), path)


def check_objectives(count: int) -> None:
    """Refuse more objectives than a figure shows.

    Raises:
        ConfigError: There are more.
    """
    if count > MOST:
        raise ConfigError(
            f"objectives: found {count} for a figure; expected {MOST} at most, two axes and "
            "colour; choose these with --objectives"
        )


@styled
def _coloured(found: Front, third: str) -> Axes:
    """Draw points by two objectives, those on the front coloured by the third."""
    figure = Figure(figsize=(8.0, 4.5), layout="constrained")
    ax = figure.add_subplot()
    x, y = list(found.objectives)[:2]
    rest, best = found.dominated, found.members
    handles = []
    if len(rest):
        faded = {"s": 18, "color": PALE, "alpha": 0.6, "lw": 0}
        handles.append(ax.scatter(rest[x], rest[y], **faded, label="dominated"))
    on_it = ax.scatter(
        best[x], best[y], c=best[third], cmap=SHADES, s=32, ec=INK, lw=0.4, label="Pareto front"
    )
    bar = figure.colorbar(on_it, ax=ax)
    bar.ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: cell(third, value)))
    wanted = {
        name: f"({'less' if b == 'min' else 'more'} is better)"
        for name, b in found.objectives.items()
    }
    plain(bar.ax.yaxis.label).set_text(f"{heading(third).replace('_', ' ')} {wanted[third]}")
    for axis, name in (("x", x), ("y", y)):
        values = pd.concat([rest[name], best[name]])
        low, high = float(values.min()), float(values.max())
        write = logarithmic if low > 0 and high / low > _WIDE else linear
        write(ax, axis, Quantity.of_column(name), note=wanted[name])
    ax.grid(visible=True)
    legend_beside(ax, [on_it, *handles])
    return ax
