"""Horizontal bars with a name each, made of parts: what several figures share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.patches import Patch
from matplotlib.transforms import offset_copy

from archsim.report.figures.look import OTHERS, Fill
from archsim.report.figures.names import entry, name_ticks, plain

if TYPE_CHECKING:
    import pandas as pd

MOST_BARS = 120
"""A figure with more would be too high to be looked at, or to be drawn."""

_FEW_BARS = 40
"""As many are always shown."""

_ALIKE = 0.98
"""Rows whose sizes are as close as this are alike."""


def in_parts(frame: pd.DataFrame, part: str, value: str, order: Iterable[str]) -> pd.DataFrame:
    """Return a row for each op, a column for each part: known parts in their order, then others."""
    table = frame.pivot_table(
        index="op", columns=part, values=value, aggfunc="sum", fill_value=0.0, sort=False
    )
    known = [name for name in order if name in table.columns]
    return table[[*known, *(name for name in table.columns if name not in known)]]


def rest_grouped(table: pd.DataFrame, most: int = MOST_BARS) -> pd.DataFrame:
    """Return the largest rows of a table of parts in their order, and all others as one row.

    The others together stay below the largest row, unless there are too many for that, so that
    they never hide what the figure is about; rows that are alike stay together. The sum of each
    column stays as it was.
    """
    import pandas as pd  # whoever draws has it

    sizes = table.sum(axis="columns").to_numpy()
    order = sizes.argsort(kind="stable")
    hidden = min(int((sizes[order].cumsum() < sizes.max()).sum()), len(table) - _FEW_BARS)
    while 0 < hidden < len(table) and sizes[order[hidden - 1]] > _ALIKE * sizes[order[hidden]]:
        hidden -= 1
    hidden = max(hidden, len(table) - most)
    if hidden <= 1:
        return table
    others = pd.DataFrame(table.iloc[order[:hidden]].sum()).T
    others.index = pd.Index([f"{hidden} others"])
    return pd.concat([table.iloc[sorted(order[hidden:])], others])


def stack(ax: Axes, table: pd.DataFrame, fills: Mapping[str, Fill], *, title: str) -> None:
    """Draw a bar for each row of a table, from parts that are its columns, first row on top.

    Args:
        ax: The axes.
        table: Sizes; rows and columns by name. Columns that are zero throughout are left out.
        fills: How parts look.
        title: Of the legend.
    """
    left = np.zeros(len(table))
    handles = []
    for part in table.columns:
        sizes = table[part].to_numpy()
        if not sizes.any():
            continue
        fill = fills.get(part, OTHERS)
        how: dict[str, Any] = {"hatch": fill.hatch, "edgecolor": "white", "label": entry(str(part))}
        ax.barh(range(len(table)), sizes, left=left, color=fill.colour, height=0.8, lw=0.3, **how)
        handles.append(Patch(facecolor=fill.colour, **how))
        left += sizes
    name_ticks(ax, "y", [str(name) for name in table.index])
    ax.set_ylim(len(table) - 0.4, -0.6)
    ax.tick_params(axis="y", length=0)
    ax.grid(visible=True, axis="x")
    legend_beside(ax, handles, title)


def legend_beside(
    ax: Axes, handles: Sequence[Artist], title: str = "", *, gap_in: float = 0.1
) -> None:
    """Write a legend to the right of axes, as far from them as said."""
    root = ax.get_figure(root=True)
    legend = ax.legend(
        handles=handles,
        title=title,
        loc="upper left",
        bbox_to_anchor=(1.0, 1.0),
        bbox_transform=offset_copy(ax.transAxes, root, x=gap_in),
        borderaxespad=0,
    )
    legend.set_alignment("left")
    for text in (*legend.get_texts(), legend.get_title()):
        plain(text)
