"""How far each product is from what arrays and memories allow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from archsim.hardware import Hardware
from archsim.hardware.peak import array_macs_per_s
from archsim.mapping.floor import op_of
from archsim.report.figures.bars import legend_beside
from archsim.report.figures.frames import need_columns, records, refuse_empty
from archsim.report.figures.look import BOUNDS, INK, OTHERS, axes_of, styled
from archsim.report.figures.names import name_point, plain, turned
from archsim.report.figures.scales import Quantity, logarithmic, written

if TYPE_CHECKING:
    import pandas as pd

_TRAFFIC = {
    "DRAM": ("dram.read_bit", "dram.write_bit"),
    "buffer": ("buffer.read_bit",),
}
"""Actions that take each memory's bandwidth; reads and writes of the buffer have ports of their
own, of which those that read are the ones that keep arrays waiting."""

_MARKERS = {"DRAM": "o", "buffer": "^"}
_LINES = {"DRAM": "-", "buffer": "--"}
_BYTE_BITS = 8
_NAMED = 6
"""Points that have their product's name beside them."""

_APART = (0.35, 0.05)
"""Parts of the figure's width and height, of which they are one apart at least."""

_ABOVE = 1.04
"""How far above its roof a name stands, as a factor."""

_ROUNDING = 1 + 1e-9
"""By how much a point at its roof may be above it."""

_MARGIN = 2.0
"""Room around the points, as a factor."""


def roofline_points(ops: pd.DataFrame, actions: pd.DataFrame, inputs: int) -> pd.DataFrame:
    """Return each product's MACs per byte of each memory, and its MACs per second.

    ``macs_per_byte`` = macs·inputs / bytes, ``macs_per_s`` = macs·inputs / duration_s. The bytes
    are all that were moved for the op, its weights included, even those that were loaded ahead of
    its time: such an op may lie above what DRAM allows in that time. A product that moved nothing
    through a memory has no row for it.

    Args:
        ops: A report's ``ops``.
        actions: The same report's ``actions``.
        inputs: Inputs of the run.

    Raises:
        ConfigError: The tables are others.
    """
    import pandas as pd  # whoever draws has it

    need_columns(ops, "op", "macs", "duration_s", "bound_by")
    need_columns(actions, "op", "action", "count")
    counts = actions.assign(op=actions.op.map(op_of))
    products = ops[(ops.macs > 0) & (ops.duration_s > 0)].set_index("op")
    found = []
    for memory, taken in _TRAFFIC.items():
        bits = counts[counts.action.isin(taken)].groupby("op")["count"].sum()
        moved = products.join(bits.rename("bits"), how="inner")
        macs = moved.macs.astype(float) * inputs
        rows = pd.DataFrame(
            {
                "op": moved.index,
                "memory": memory,
                "macs_per_byte": (macs * _BYTE_BITS / moved.bits.astype(float)).to_numpy(),
                "macs_per_s": (macs / moved.duration_s).to_numpy(),
                "duration_s": moved.duration_s.to_numpy(),
                "bound_by": moved.bound_by.to_numpy(),
            }
        )
        found.append(rows)
    return pd.concat(found, ignore_index=True)


def roofs(machine: Hardware, ops: pd.DataFrame) -> pd.DataFrame:
    """Return what bounds products: the arrays at the slices in use, lanes, and each memory.

    A roof has ``macs_per_s`` or, if it is a memory's, ``byte_per_s``.

    Args:
        machine: The machine.
        ops: The ``ops`` of a report of a run on it.
    """
    import pandas as pd  # whoever draws has it

    products = ops[ops.macs > 0]
    rows: list[tuple[str, float | None, float | None]] = []
    slices = products[products.place == "array"][["input_slices", "weight_slices"]]
    for each in records(slices.drop_duplicates()):
        inputs, weights = each["input_slices"], each["weight_slices"]
        peak = array_macs_per_s(machine, input_slices=inputs, weight_slices=weights)
        sliced = f", {inputs} × {weights} slices" if inputs * weights > 1 else ""
        rows.append((f"arrays{sliced}", float(peak), None))
    if (products.place == "vector_unit").any():
        lanes = machine.vector_unit
        rows.append(("vector unit", float(lanes.lanes * machine.clocks[lanes.clock]), None))
    buffer = machine.buffer
    read_bits = buffer.ports.read * buffer.width_bits
    rows += [
        ("DRAM", None, float(machine.dram.bandwidth_byte_per_s)),
        ("buffer", None, float(read_bits * machine.clocks[buffer.clock] / _BYTE_BITS)),
    ]
    return pd.DataFrame(rows, columns=["roof", "macs_per_s", "byte_per_s"])


@styled
def roofline(points: pd.DataFrame, roofs: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw each product below what arrays and memories allow it, in the colour of what bounds it.

    A product has a point for each memory: below the sloping roof of that one.

    Args:
        points: What :func:`roofline_points` returns.
        roofs: What :func:`roofs` returns.
        ax: Where to; a new figure by default.

    Raises:
        ConfigError: The tables are others or have no rows.
    """
    need_columns(points, "op", "memory", "macs_per_byte", "macs_per_s", "duration_s", "bound_by")
    need_columns(roofs, "roof", "macs_per_s", "byte_per_s")
    refuse_empty(points, "products that took time")
    ax = axes_of(ax)
    flat, sloping = records(roofs[roofs.macs_per_s.notna()]), _memories(roofs, points)
    peak = max(*(roof["macs_per_s"] for roof in flat), float(points.macs_per_s.max()))
    ridges = [peak / byte_per_s for byte_per_s in sloping.values()]
    low = min(float(points.macs_per_byte.min()), *ridges) / _MARGIN
    high = max(float(points.macs_per_byte.max()), *ridges) * _MARGIN
    for roof in flat:
        ax.plot([low, high], [roof["macs_per_s"]] * 2, color=INK, lw=1.2, zorder=1)
        text = f"{roof['roof']}: {written(roof['macs_per_s'], 'MAC/s')}"
        name = ax.text(high, roof["macs_per_s"] * _ABOVE, text, ha="right", va="bottom", color=INK)
        name.set_bbox({"facecolor": "white", "edgecolor": "none", "pad": 0.5})
        plain(name)
    for memory, byte_per_s in sloping.items():
        reach = np.array([low, peak / byte_per_s])
        ax.plot(reach, reach * byte_per_s, color=INK, lw=1.2, ls=_LINES[memory], zorder=1)
    for memory in sloping:
        some = points[points.memory == memory]
        colours = [BOUNDS.get(bound, OTHERS).colour for bound in some.bound_by]
        ax.scatter(
            some.macs_per_byte,
            some.macs_per_s,
            marker=_MARKERS[memory],
            s=26,
            c=colours,
            edgecolor="white",
            linewidth=0.4,
            zorder=2,
            label=memory,
        )
    ax.set_xlim(low, high)
    ax.set_ylim(points.macs_per_s.min() / _MARGIN, peak * _MARGIN)
    ax.grid(visible=True)
    note = _ahead(points, sloping)
    logarithmic(ax, "x", Quantity("multiply-accumulates per byte moved", "MAC/B"), note=note)
    logarithmic(ax, "y", Quantity("rate", "MAC/s"))
    _name_longest(ax, points, [roof["macs_per_s"] for roof in flat])
    legend_beside(ax, _legend(points, sloping))
    return ax


def _ahead(points: pd.DataFrame, sloping: Mapping[str, float]) -> str:
    """Return why some points lie above their memory's roof, if any do."""
    allowed = points.macs_per_byte * points.memory.map(sloping)
    above = points[points.macs_per_s > allowed * _ROUNDING].op.nunique()
    return f"above a memory's roof: {above} with weights loaded ahead of time" if above else ""


def _name_longest(ax: Axes, points: pd.DataFrame, roofs_macs_per_s: Sequence[float]) -> None:
    """Name the products that took longest, each once, unless another name is there already."""
    to_axes = ax.transData + ax.transAxes.inverted()
    low = points.macs_per_byte.min()
    taken = [
        (1 - _APART[0], to_axes.transform((low, macs_per_s * _ABOVE))[1])
        for macs_per_s in roofs_macs_per_s
    ]
    named: set[str] = set()
    for row in records(points.sort_values("duration_s", ascending=False, kind="stable")):
        place = row["macs_per_byte"], row["macs_per_s"]
        x, y = to_axes.transform(place)
        x -= _APART[0] if turned(ax, place) else 0
        free = all(abs(x - x_) > _APART[0] or abs(y - y_) > _APART[1] for x_, y_ in taken)
        if free and row["op"] not in named:
            named.add(row["op"])
            taken.append((x, y))
            name_point(ax, place, row["op"])
        if len(named) == _NAMED:
            return


def _memories(roofs: pd.DataFrame, points: pd.DataFrame) -> dict[str, float]:
    """Return the bandwidth of each memory that there are points of [B/s]."""
    used = roofs[roofs.byte_per_s.notna() & roofs.roof.isin(points.memory)]
    return {str(row["roof"]): float(row["byte_per_s"]) for row in records(used)}


def _legend(points: pd.DataFrame, sloping: Mapping[str, float]) -> list[Line2D]:
    lines = [
        Line2D(
            [], [], color=INK, ls=_LINES[memory], marker=_MARKERS[memory], markersize=5,
            label=f"{memory}: {written(byte_per_s, 'B/s')}",
        )
        for memory, byte_per_s in sloping.items()
    ]  # fmt: skip
    bounds: dict[str, list[str]] = {}
    for name, fill in BOUNDS.items():
        if (points.bound_by == name).any():
            bounds.setdefault(fill.colour, []).append(name)
    dots = [
        Line2D([], [], ls="", marker="s", color=colour, label=", ".join(names))
        for colour, names in bounds.items()
    ]
    return [*lines, Line2D([], [], ls="", label="bound by"), *dots]
