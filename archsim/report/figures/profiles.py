"""Figures along the network, a place for each product: noise bits and repetitions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from archsim.errors import ConfigError
from archsim.report.figures.bars import legend_beside
from archsim.report.figures.frames import need_columns, refuse_empty
from archsim.report.figures.look import INK, PALE, axes_of, colour_of, marker_of, styled
from archsim.report.figures.names import entry, name_ticks, shown
from archsim.report.figures.scales import Quantity, linear, logarithmic

if TYPE_CHECKING:
    import pandas as pd

_MOST_NAMES = 60
"""Names that find room below a figure; of more products every second, third ... is named."""

_NARROWEST_IN, _WIDEST_IN = 7.0, 14.0
_HEIGHT_IN = 3.8
"""Without the names."""

_LETTER_IN = 0.065
"""Height that a letter takes of names that stand upright."""

_PLACE_IN = 0.16
"""Width of a product with its name."""

_MARGIN = 1.3
"""Room above and below the counts, as a factor."""

_GAP_IN, _AXIS_IN = 0.1, 0.9
"""What is left before the legend, without and with a second axis."""

_SPREAD = 0.6
"""Part of a product's place that plans share."""


@styled
def noise_bits(precision: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw the noise bits of each product, in the order of the network, below its ADC bits.

    Where no noise acts, or conversion is ideal, there is nothing to draw; how often is written
    below.

    Args:
        precision: A report's ``precision``.
        ax: Where to; a new figure by default.

    Raises:
        ConfigError: The table is another or has no rows.
    """
    need_columns(precision, "op", "noise_bits", "adc_bits")
    refuse_empty(precision, "products that noise acted on")
    ops = list(precision.op)
    ax = axes_of(ax, **_size(ops))
    places = np.arange(len(ops))
    noise = precision.noise_bits.to_numpy(dtype=float)
    adc = precision.adc_bits.astype("Float64").to_numpy(dtype=float, na_value=np.nan)
    both = ~np.isnan(noise) & ~np.isnan(adc)
    ax.vlines(places[both], noise[both], adc[both], color=PALE, lw=1, zorder=1)
    ax.plot(places, adc, ls="", marker="_", markersize=9, mew=2, color=INK, label="ADC bits")
    ax.plot(places, noise, ls="", marker="o", markersize=4, color=colour_of(0), label="noise bits")
    ax.set_ylim(bottom=0)
    _places(ax, ops)
    noiseless = int(np.isnan(noise).sum())
    linear(ax, "y", Quantity("resolution", "bit"))
    note = f"{noiseless} without noise" if noiseless else ""
    ax.set_xlabel(f"product, in the order of the network\n{note}".strip())
    ax.grid(visible=True, axis="y")
    legend_beside(ax, ax.get_legend_handles_labels()[0])
    return ax


@styled
def repetitions(
    counts: pd.DataFrame, ax: Axes | None = None, *, one_j: float | None = None
) -> Axes:
    """Draw how often each product is repeated, in the order of the network, for each plan.

    A plan by channel shows the mean of each product, a thick line over the middle half of its
    channels and a thin one over all. Dashed is a plan's mean over all multiply-accumulates, which
    is what learning keeps to.

    Args:
        counts: A row for each channel, or for each product where it has one count: ``plan``,
            ``op``, ``repetitions`` and the op's ``macs``.
        ax: Where to; a new figure by default.
        one_j: Detected light of one multiply-accumulate that is not repeated [J], for a second
            axis of energy per MAC.

    Raises:
        ConfigError: The table is another or has no rows.
    """
    need_columns(counts, "plan", "op", "repetitions", "macs")
    refuse_empty(counts, "repetitions")
    if not (counts.repetitions > 0).all():
        raise ConfigError(
            f"figure: found {counts.repetitions.min()} repetitions; expected more than 0; correct "
            "the table"
        )
    ops = list(dict.fromkeys(counts.op))
    plans = list(dict.fromkeys(counts.plan))
    ax = axes_of(ax, **_size(ops))
    handles = []
    for number, plan in enumerate(plans):
        shift = ((number + 0.5) / len(plans) - 0.5) * _SPREAD if len(plans) > 1 else 0.0
        handles.append(_draw_plan(ax, counts[counts.plan == plan], ops, number=number, shift=shift))
    _places(ax, ops)
    ax.set_xlabel("product, in the order of the network")
    low, high = float(counts.repetitions.min()), float(counts.repetitions.max())
    margin = _MARGIN if high > 2 * low else 2 * _MARGIN
    ax.set_ylim(low / margin, high * margin)
    logarithmic(ax, "y", Quantity("repetitions"))
    ax.grid(visible=True, axis="y")
    if one_j is not None:
        energy = ax.twinx()
        energy.spines["right"].set_visible(True)
        low, high = ax.get_ylim()
        energy.set_ylim(low * one_j, high * one_j)
        logarithmic(energy, "y", Quantity("light detected per MAC", "J"))
    legend_beside(ax, handles, gap_in=_GAP_IN if one_j is None else _AXIS_IN)
    return ax


def _draw_plan(
    ax: Axes, counts: pd.DataFrame, ops: list[str], *, number: int, shift: float
) -> Line2D:
    colour = colour_of(number)
    of_op = counts.groupby("op").repetitions
    places = np.arange(len(ops)) + shift
    spread = {q: of_op.quantile(q).reindex(ops).to_numpy() for q in (0.0, 0.25, 0.75, 1.0)}
    means = of_op.mean().reindex(ops)
    ax.vlines(places, spread[0.0], spread[1.0], color=colour, lw=0.8)
    ax.vlines(places, spread[0.25], spread[0.75], color=colour, lw=3, alpha=0.5)
    macs = counts.groupby("op").macs.first().reindex(ops)
    mean = float((means * macs).sum() / macs.sum())
    ax.axhline(mean, color=colour, lw=0.8, ls="--", zorder=1)
    [line] = ax.plot(
        places, means, ls="", marker=marker_of(number), markersize=4, color=colour,
        label=entry(f"{counts.plan.iloc[0]}, mean {mean:.4g}"),
    )  # fmt: skip
    return line


def _size(ops: list[str]) -> dict[str, float]:
    """Return the size of a figure in which products and their names find room."""
    longest = max(len(shown(op)) for op in ops)
    return {
        "width_in": min(max(_NARROWEST_IN, 2.5 + _PLACE_IN * len(ops)), _WIDEST_IN),
        "height_in": _HEIGHT_IN + _LETTER_IN * longest,
    }


def _places(ax: Axes, ops: list[str]) -> None:
    """Name the places of products, as many as there is room for."""
    step = -(-len(ops) // _MOST_NAMES)
    name_ticks(ax, "x", ops[::step], places=list(range(0, len(ops), step)))
    ax.tick_params(axis="x", rotation=90)
    ax.set_xlim(-0.7, len(ops) - 0.3)
