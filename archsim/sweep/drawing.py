"""The front of a sweep as a figure."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from archsim.errors import ConfigError
from archsim.report.figures import pareto, save
from archsim.report.figures.look import INK, PALE, SHADES, styled
from archsim.report.figures.scales import Quantity, linear, logarithmic
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
    ax.scatter(rest[x], rest[y], s=18, color=PALE, alpha=0.6, lw=0)
    on_it = ax.scatter(best[x], best[y], c=best[third], cmap=SHADES, s=32, ec=INK, lw=0.4)
    bar = figure.colorbar(on_it, ax=ax)
    wanted = {
        name: f"({'less' if b == 'min' else 'more'} is better)"
        for name, b in found.objectives.items()
    }
    linear(bar.ax, "y", Quantity.of_column(third), note=wanted[third])
    for axis, name in (("x", x), ("y", y)):
        values = pd.concat([rest[name], best[name]])
        low, high = float(values.min()), float(values.max())
        write = logarithmic if low > 0 and high / low > _WIDE else linear
        write(ax, axis, Quantity.of_column(name), note=wanted[name])
    ax.grid(visible=True)
    shapes: dict[str, Any] = {"ls": "", "marker": "o"}
    handles = [Line2D([], [], **shapes, mfc="none", mec=INK, mew=0.8, label="Pareto front")]
    if len(rest):
        handles.append(Line2D([], [], **shapes, mfc=PALE, mec=PALE, ms=4, label="dominated"))
    ax.legend(handles=handles, loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=2)
    return ax
