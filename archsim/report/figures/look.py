"""The look that all figures share: colours, sizes, and one style whatever a user has set."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, ParamSpec

import matplotlib.style
from matplotlib.axes import Axes
from matplotlib.figure import Figure

P = ParamSpec("P")

FONT = "DejaVu Sans"
"""Travels with matplotlib, so that a figure looks the same everywhere."""

WIDTH_IN = 8.0
HEIGHT_IN = 4.5
ROW_IN = 0.17
"""Height of a bar with its name."""

_RESERVED_IN = 1.5
"""Height of what stands above and below the bars."""

_LOWEST_IN = 2.6

_STYLE: dict[str, Any] = {
    "font.family": FONT,
    "font.size": 8.5,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.titlepad": 10,
    "axes.labelsize": 8.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#555555",
    "axes.axisbelow": True,
    "axes.grid": False,
    "grid.color": "#DDDDDD",
    "grid.linewidth": 0.6,
    "hatch.linewidth": 0.6,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "xtick.color": "#333333",
    "ytick.color": "#333333",
    "legend.fontsize": 8,
    "legend.frameon": False,
    "text.parse_math": False,
    "savefig.dpi": 200,
    "svg.fonttype": "path",
    "svg.hashsalt": "archsim",
    "pdf.fonttype": 42,
}

INK = "#333333"
PALE = "#BDBDBD"
SHADES = "cividis"


@dataclass(frozen=True, slots=True)
class Fill:
    """How an area is filled; where colours are the same, patterns differ."""

    colour: str
    hatch: str = ""


OTHERS = Fill("#6E6E6E")
"""What has no colour of its own."""

COMPONENTS = {
    "laser": Fill("#7A4A00"),
    "comb": Fill("#B87700"),
    "modulator": Fill("#E8A317"),
    "detector": Fill("#FBDD8A"),
    "dac": Fill("#0B2E6B"),
    "weight_dac": Fill("#2B6CB8"),
    "tia": Fill("#6FADE0"),
    "adc": Fill("#BBD9F2"),
    "array": Fill("#004D3B"),
    "accumulator": Fill("#1D9A78"),
    "vector_unit": Fill("#93DBC3"),
    "buffer": Fill("#8A2F63"),
    "dram": Fill("#D98BB6"),
}
"""A component looks the same in every figure: light amber, conversion blue, arithmetic green,
memory purple, each from dark to bright, which every kind of colour vision tells apart."""

BOUNDS = {
    "array": COMPONENTS["array"],
    "weight programming": Fill(COMPONENTS["array"].colour, "xxxx"),
    "DAC": COMPONENTS["dac"],
    "ADC": COMPONENTS["adc"],
    "accumulator": COMPONENTS["accumulator"],
    "vector unit": COMPONENTS["vector_unit"],
    "buffer read port": COMPONENTS["buffer"],
    "buffer write port": Fill(COMPONENTS["buffer"].colour, "////"),
    "buffer fill port": Fill(COMPONENTS["buffer"].colour, "...."),
    "DRAM": COMPONENTS["dram"],
}
"""What bounds an op, in the colour of the component that it is."""

SERIES = ("#2B6CB8", "#E8A317", "#004D3B", "#D98BB6", "#7A4A00", "#6FADE0", "#8A2F63")
"""Colours of things that are none of these, such as plans."""

MARKERS = ("o", "s", "^", "D", "v", "P", "X")


def styled(draw: Callable[P, Axes]) -> Callable[P, Axes]:
    """Let a figure be drawn in this look, and leave the user's settings as they are."""

    @wraps(draw)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> Axes:
        with style():
            return draw(*args, **kwargs)

    return drawn


def style() -> Any:
    """Return a context in which matplotlib has this look and nothing of a user's own."""
    return matplotlib.style.context(["default", _STYLE])


def axes_of(ax: Axes | None, *, width_in: float = WIDTH_IN, height_in: float = HEIGHT_IN) -> Axes:
    """Return axes to draw on: those of a user, or those of a new figure of some size."""
    if ax is not None:
        return ax
    return Figure(figsize=(width_in, height_in), layout="constrained").add_subplot()


def height_of_rows_in(rows: float) -> float:
    """Return the height of a figure in which so many bars find room."""
    return max(_LOWEST_IN, _RESERVED_IN + ROW_IN * rows)


def colour_of(number: int) -> str:
    """Return the colour of the n-th series."""
    return SERIES[number % len(SERIES)]


def marker_of(number: int) -> str:
    """Return the marker of the n-th series."""
    return MARKERS[number % len(MARKERS)]
