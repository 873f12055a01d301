"""Where the energy went: by op and component, and by component alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.axes import Axes
from matplotlib.patches import Patch

from archsim.report.figures.bars import in_parts, legend_beside, rest_grouped, stack
from archsim.report.figures.frames import need_columns, refuse_empty
from archsim.report.figures.look import COMPONENTS, INK, OTHERS, axes_of, height_of_rows_in, styled
from archsim.report.figures.names import name_ticks, plain
from archsim.report.figures.scales import Quantity, linear, written

if TYPE_CHECKING:
    import pandas as pd

_ENERGY = Quantity("energy of the run", "J")
_ROOM = 1.25
"""How much longer an axis is than its longest bar, for the figures behind the bars."""

_LEAST_SHARE = 0.0005
"""What would be rounded to nothing."""


@styled
def energy_by_op(energy: pd.DataFrame, ops: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw the energy of each op, a bar each in the order of the network, by component.

    Ops that took little stand together in one bar; the bars' sum is the table's.

    Args:
        energy: A report's ``energy``.
        ops: The same report's ``ops``, for their order; what is not among them comes last.
        ax: Where to; a new figure by default.

    Raises:
        ConfigError: The table is another or has no rows.
    """
    need_columns(energy, "op", "component", "energy_j")
    need_columns(ops, "op")
    refuse_empty(energy, "energy")
    table = in_parts(energy, "component", "energy_j", COMPONENTS)
    first = ops.op[ops.op.isin(table.index)]
    last = table.index[~table.index.isin(first)]
    bars = rest_grouped(table.loc[[*first, *last]])
    ax = axes_of(ax, height_in=height_of_rows_in(len(bars)))
    stack(ax, bars, COMPONENTS, title="component")
    linear(ax, "x", _ENERGY)
    return ax


@styled
def energy_by_component(components: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw the energy of each component, largest first, static beside dynamic, and its share.

    Args:
        components: A report's ``components``.
        ax: Where to; a new figure by default.

    Raises:
        ConfigError: The table is another or has no rows.
    """
    need_columns(components, "component", "dynamic_j", "static_j", "energy_j")
    refuse_empty(components, "components")
    found = components.sort_values("energy_j", ascending=False, kind="stable")
    total_j = found.energy_j.sum()
    ax = axes_of(ax, height_in=height_of_rows_in(len(found) + 2))
    places = range(len(found))
    colours = [COMPONENTS.get(name, OTHERS).colour for name in found.component]
    ax.barh(places, found.dynamic_j, color=colours, edgecolor="white", lw=0.3)
    ax.barh(
        places, found.static_j, left=found.dynamic_j, color=colours, edgecolor="white", lw=0.3,
        hatch="////",
    )  # fmt: skip
    for place, energy_j in zip(places, found.energy_j, strict=True):
        text = f"  {written(energy_j, 'J')}, {_share(energy_j, total_j)}"
        plain(ax.text(energy_j, place, text, va="center", color=INK))
    name_ticks(ax, "y", list(found.component))
    ax.set_ylim(len(found) - 0.4, -0.6)
    if total_j:
        ax.set_xlim(0, found.energy_j.max() * _ROOM)
    ax.tick_params(axis="y", length=0)
    ax.grid(visible=True, axis="x")
    linear(ax, "x", _ENERGY)
    kinds = {"for actions": "", "static": "////"}
    legend_beside(
        ax,
        [
            Patch(facecolor=OTHERS.colour, edgecolor="white", hatch=hatch, label=kind)
            for kind, hatch in kinds.items()
        ],
    )
    return ax


def _share(part: float, total: float) -> str:
    share = part / total if total else 0.0
    return "<0.1%" if 0 < share < _LEAST_SHARE else f"{share:.1%}"
