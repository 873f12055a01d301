"""Where the time went: by op with what bounds it, and by unit over the run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes

from archsim.report.figures.bars import in_parts, rest_grouped, stack
from archsim.report.figures.frames import need_columns, records, refuse_empty
from archsim.report.figures.look import BOUNDS, SHADES, axes_of, height_of_rows_in, styled
from archsim.report.figures.names import name_ticks, plain
from archsim.report.figures.scales import Quantity, linear
from archsim.report.windows import ROLE_NAMES

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

_OWN_PLACES = ("array", "vector_unit", "dram")
_MOST_UNITS = 24
"""A figure of more units shows the mean of each kind instead."""

_LEAST_SHARE = 0.005
"""What would be rounded to nothing."""

_BAND_ROWS = 1.7
"""Height of a unit, in bars with a name."""

INTERVALS = 400
"""Equal parts of the run, each shown in one shade."""


@styled
def time_by_op(ops: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw the duration of each op, a bar each in the order of the network, by what bounds it.

    Ops that took little stand together in one bar. Ops that were applied to another's results on
    their way take no time of their own and are left out; how many is written below.

    Args:
        ops: A report's ``ops``.
        ax: Where to; a new figure by default.

    Raises:
        ConfigError: The table is another, or none of its ops took time.
    """
    need_columns(ops, "op", "place", "duration_s", "bound_by")
    own = ops.place.isin(_OWN_PLACES)
    timed = ops[own & ops.duration_s.notna() & ops.bound_by.notna()]
    refuse_empty(timed, "ops that took time")
    table = in_parts(timed, "bound_by", "duration_s", BOUNDS)
    bars = rest_grouped(table)
    ax = axes_of(ax, height_in=height_of_rows_in(len(bars)))
    stack(ax, bars, BOUNDS, title="bound by")
    along = int((~own).sum())
    note = f"left out: {along} applied to others' results on their way"
    linear(ax, "x", Quantity("duration", "s"), note=note if along else "")
    return ax


@styled
def utilization(activity: pd.DataFrame, units: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw how busy each unit was over the run, from dark for idle to bright for always busy.

    Of each unit and op it is known when the unit's first work for the op began, when its last one
    ended and for how long it worked in between, not when: so each op's work is spread evenly over
    that window. Where windows overlap, shares add up, and may do so to more than 1. At the right is
    the unit's share of the whole run, which is exact. Of many units the mean of each kind is shown.

    Args:
        activity: A report's ``activity``.
        units: The same report's ``units``.
        ax: Where to; a new figure by default.

    Raises:
        ConfigError: The tables are others or have no rows.
    """
    need_columns(activity, "unit", "start_s", "end_s", "busy_s")
    need_columns(units, "unit", "role", "busy_s", "stall_s", "idle_s")
    refuse_empty(units, "units")
    makespan_s = float((units.busy_s + units.stall_s + units.idle_s).max())
    names = _rows(units)
    shares = busy_shares(activity, units, makespan_s)
    rows = np.array([shares[members].mean(axis=0) for members in names.values()])
    ax = axes_of(ax, height_in=height_of_rows_in(_BAND_ROWS * len(rows) + 2))
    image = ax.imshow(
        rows,
        aspect="auto",
        interpolation="nearest",
        cmap=SHADES,
        vmin=0,
        vmax=max(1.0, float(rows.max())),
        extent=(0, makespan_s, len(rows) - 0.5, -0.5),
    )
    name_ticks(ax, "y", list(names))
    ax.tick_params(axis="y", length=0)
    for place, members in enumerate(names.values()):
        share = float(units.busy_s.iloc[members].mean()) / makespan_s
        text = "<1%" if 0 < share < _LEAST_SHARE else f"{share:.0%}"
        plain(ax.text(1.01, place, text, transform=ax.get_yaxis_transform(), va="center"))
    linear(ax, "x", Quantity("time", "s"))
    if ax.figure is not None:
        bar = ax.figure.colorbar(image, ax=ax, pad=0.07)
        linear(bar.ax, "y", Quantity("busy share of the time"))
    return ax


def busy_shares(
    activity: pd.DataFrame, units: pd.DataFrame, makespan_s: float
) -> NDArray[np.float64]:
    """Return how busy each unit was in each of some equal parts of the run.

    The mean over a part of Σ busy_s / (end_s - start_s) over the windows of the unit's ops.
    """
    edges = np.linspace(0.0, makespan_s, INTERVALS + 1)
    place = {unit: number for number, unit in enumerate(units.unit)}
    done_s = np.zeros((len(units), INTERVALS + 1))
    for row in records(activity[activity.busy_s > 0]):
        window_s, work_s = (row["start_s"], row["end_s"]), (0.0, row["busy_s"])
        done_s[place[row["unit"]]] += np.interp(edges, window_s, work_s)
    shares: NDArray[np.float64] = np.diff(done_s, axis=1) / (edges[1] - edges[0])
    return shares


def _rows(units: pd.DataFrame) -> dict[str, list[int]]:
    """Return the rows of a figure: each unit, or all of a kind where there are too many."""
    if len(units) <= _MOST_UNITS:
        return {unit: [number] for number, unit in enumerate(units.unit)}
    kinds: dict[str, list[int]] = {}
    for number, role in enumerate(units.role):
        kinds.setdefault(role, []).append(number)
    return {_kind(role, len(each)): each for role, each in kinds.items()}


def _kind(role: str, units: int) -> str:
    name = ROLE_NAMES.get(role, role)
    return name if units == 1 else f"{name}, mean of {units}"
