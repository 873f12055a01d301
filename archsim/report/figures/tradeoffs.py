"""Figures of several designs: accuracy against energy, and what no other design beats."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import moocore
import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from archsim.errors import ConfigError
from archsim.report.figures.bars import legend_beside
from archsim.report.figures.frames import need_columns, records, refuse_empty
from archsim.report.figures.look import INK, PALE, axes_of, colour_of, marker_of, styled
from archsim.report.figures.names import entry, shown
from archsim.report.figures.scales import Quantity, linear, logarithmic

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

Best = Literal["min", "max"]

_WIDE = 20.0
"""An axis whose figures differ by a greater factor is logarithmic."""

_FRONT = "#0B2E6B"


@styled
def accuracy(points: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw accuracy against energy per MAC, with the 95 % intervals of each.

    The thin line with ends is the interval over examples, the thick one that over noise. Dotted is
    the accuracy of the same network without noise.

    Args:
        points: A row for each run: ``run``, ``energy_per_mac_j``, ``metric``, ``unit``,
            ``accuracy``, ``quantised``, ``examples_low``, ``examples_high``, and ``seeds_low`` and
            ``seeds_high``, which may be missing where there was one trial.
        ax: Where to; a new figure by default.

    Raises:
        ConfigError: The table is another, has no rows, or rows of different metrics.
    """
    bounds = ("examples_low", "examples_high", "seeds_low", "seeds_high")
    need_columns(points, "run", "energy_per_mac_j", "metric", "unit", "accuracy", "quantised")
    need_columns(points, *bounds)
    refuse_empty(points, "runs with accuracy")
    metrics = list(dict.fromkeys(points.metric))
    if len(metrics) > 1:
        raise ConfigError(
            f"figure: found the metrics {', '.join(metrics)}; expected one; draw runs of one task"
        )
    ax = axes_of(ax)
    handles: list[Line2D] = []
    for number, row in enumerate(records(points)):
        colour, x, found = colour_of(number), row["energy_per_mac_j"], row["accuracy"]
        error = [[found - row["examples_low"]], [row["examples_high"] - found]]
        ax.errorbar(x, found, yerr=error, fmt="none", capsize=3, lw=1, ecolor=colour)
        ax.vlines(x, row["seeds_low"], row["seeds_high"], lw=9, alpha=0.35, color=colour)
        how: dict[str, Any] = {
            "marker": marker_of(number),
            "color": colour,
            "label": entry(row["run"]),
        }
        handles += ax.plot(x, found, ls="", zorder=2, **how)
    handles.append(Line2D([], [], color=INK, lw=1, label="95 % over examples"))
    if points.seeds_low.notna().any():
        handles.append(Line2D([], [], color=INK, lw=9, alpha=0.35, label="95 % over noise"))
    for each in sorted(set(points.quantised)):
        line = ax.axhline(each, color=INK, lw=0.8, ls=":", zorder=1, label="without noise")
    handles.append(line)
    _scale(ax, "x", points.energy_per_mac_j, Quantity("energy of the machine per MAC", "J"))
    linear(ax, "y", Quantity(shown(metrics[0]), shown(points.unit.iloc[0])))
    ax.grid(visible=True)
    legend_beside(ax, handles)
    return ax


@styled
def pareto(
    points: pd.DataFrame,
    x: str,
    y: str,
    *,
    x_best: Best = "min",
    y_best: Best = "min",
    ax: Axes | None = None,
) -> Axes:
    """Draw designs by two figures: in colour those that no other beats in both, faded all others.

    The line bounds what is reached.

    Args:
        points: A row for each design.
        x: Column of the one; its ending is its unit.
        y: Column of the other.
        x_best: Whether little or much of it is wanted.
        y_best: The same of the other.
        ax: Where to; a new figure by default.

    Raises:
        ConfigError: The columns are missing, or hold what is no finite number, or no rows.
    """
    front = on_front(points, x, y, x_best=x_best, y_best=y_best)
    ax = axes_of(ax)
    best, rest = points[front].sort_values([x, y]), points[~front]
    ax.scatter(rest[x], rest[y], s=18, color=PALE, alpha=0.6, lw=0, label="dominated")
    ax.plot(
        best[x], best[y], color=_FRONT, lw=1, marker="o", markersize=5, label="Pareto front",
        drawstyle="steps-post" if x_best == "min" else "steps-pre",
    )  # fmt: skip
    _scale(ax, "x", points[x], Quantity.of_column(x), note=_wanted(x_best))
    _scale(ax, "y", points[y], Quantity.of_column(y), note=_wanted(y_best))
    ax.grid(visible=True)
    handles = ax.get_legend_handles_labels()[0]
    legend_beside(ax, handles[::-1] if len(rest) else handles[1:])
    return ax


def on_front(
    points: pd.DataFrame, x: str, y: str, *, x_best: Best = "min", y_best: Best = "min"
) -> NDArray[np.bool_]:
    """Return for each row whether no other is better in one figure and no worse in the other.

    Raises:
        ConfigError: The columns are missing, or hold what is no finite number, or no rows.
    """
    need_columns(points, x, y)
    refuse_empty(points, "designs")
    wrong = {name: best for name, best in ((x, x_best), (y, y_best)) if best not in {"min", "max"}}
    if wrong:
        name, best = next(iter(wrong.items()))
        raise ConfigError(f"figure: {name}: found {best!r}; expected min or max; write one of them")
    both = points[[x, y]].apply(_numbers).to_numpy(dtype=float)
    if bad := int((~np.isfinite(both).all(axis=1)).sum()):
        raise ConfigError(
            f"figure: found {bad} designs without a finite {x} and {y}; expected numbers; leave "
            "out designs that failed"
        )
    found: NDArray[np.bool_] = moocore.is_nondominated(
        both, maximise=[x_best == "max", y_best == "max"], keep_weakly=True
    )
    return found


def _numbers(column: pd.Series[Any]) -> pd.Series[Any]:
    import pandas as pd  # whoever draws has it

    return pd.to_numeric(column, errors="coerce")


def _scale(
    ax: Axes, axis: str, values: pd.Series[float], quantity: Quantity, note: str = ""
) -> None:
    """Write a quantity at an axis, logarithmic where its figures are far apart."""
    low, high = float(values.min()), float(values.max())
    if low > 0 and high / low > _WIDE:
        logarithmic(ax, axis, quantity, note=note)
    else:
        linear(ax, axis, quantity, note=note)


def _wanted(best: Best) -> str:
    return "(less is better)" if best == "min" else "(more is better)"
