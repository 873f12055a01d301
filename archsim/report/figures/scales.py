"""Axes of quantities: what they are of, their unit, and engineering prefixes in place of powers.

What is plotted stays in SI units; only what is written at the ticks is scaled, so that the data of
a figure equal those of its frame.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullFormatter, NullLocator

from archsim.report.figures.names import plain, shown
from archsim.units import format_si

_PREFIXES = {
    -18: "a", -15: "f", -12: "p", -9: "n", -6: "µ", -3: "m", 0: "", 3: "k", 6: "M", 9: "G", 12: "T",
    15: "P",
}  # fmt: skip
_WITHOUT_PREFIX = frozenset({"", "%", "bit", "dB", "MAC/B"})
_AREAS = {-12: "µm²", -6: "mm²"}
_FEW_DECADES = 2.0
"""A logarithmic axis shorter than this also has names between its powers of ten."""

_MANY_DECADES = 9
"""One longer than this leaves some powers out."""

_ENDINGS = {
    "_j_per_bit": "J/bit",
    "_byte_per_s": "B/s",
    "_per_s": "1/s",
    "_bits": "bit",
    "_db": "dB",
    "_hz": "Hz",
    "_m2": "m²",
    "_j": "J",
    "_w": "W",
    "_s": "s",
}
"""Units by the ending of a column's name, longer ones first."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """What an axis is of.

    Attributes:
        name: In words.
        unit: Its symbol; empty for plain numbers.
    """

    name: str
    unit: str = ""

    @classmethod
    def of_column(cls, column: str) -> Quantity:
        """Return what a column of a table is of, by its name, which ends in its unit."""
        for ending, unit in _ENDINGS.items():
            if column.endswith(ending):
                return cls(_words(column.removesuffix(ending)), unit)
        return cls(_words(column))


def linear(ax: Axes, axis: str, quantity: Quantity, *, note: str = "") -> None:
    """Write a quantity at a linear axis on which everything is already plotted.

    Args:
        ax: The axes.
        axis: ``x`` or ``y``.
        quantity: What it is of.
        note: Words below its name.
    """
    one = _axis(ax, axis)
    largest = max(map(abs, one.get_view_interval()), default=0.0)
    factor, unit = _scaled(largest, quantity.unit)

    one.set_major_formatter(FuncFormatter(lambda value, _: f"{value / factor:.6g}"))
    _label(one, quantity.name, unit, note)


def logarithmic(ax: Axes, axis: str, quantity: Quantity, *, note: str = "") -> None:
    """Make an axis logarithmic, each of its ticks a whole figure with its prefix."""
    if axis == "x":
        ax.set_xscale("log")
    else:
        ax.set_yscale("log")
    one = _axis(ax, axis)
    low, high = sorted(one.get_view_interval())
    one.set_minor_formatter(NullFormatter())
    one.set_major_formatter(FuncFormatter(lambda value, _: _tick(value, quantity.unit)))
    if math.log10(high / low) < _FEW_DECADES:
        one.set_major_locator(FixedLocator(_steps(low, high)))
        one.set_minor_locator(NullLocator())
    else:
        one.set_major_locator(LogLocator(numticks=_MANY_DECADES))
    _label(one, quantity.name, quantity.unit, note)


def written(value: float, unit: str) -> str:
    """Return a quantity with its prefix, as it stands in a figure."""
    return format_si(value, unit).replace(" u", " µ").strip()


def _steps(low: float, high: float) -> Sequence[float]:
    """Return 1, 2, 5, 10, 20, ... within bounds; tighter ones where these are too few."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    found: list[float] = []
    for steps in ((1, 2, 5), range(1, 10), [n / 10 for n in range(10, 100)]):
        found = [n * 10.0**power for power in decades for n in steps]
        found = [value for value in found if low <= value <= high]
        if len(found) > 1:
            break
    return found


def _tick(value: float, unit: str) -> str:
    if unit in _WITHOUT_PREFIX:
        return f"{value:g}"
    if unit == "m²":
        factor, unit = _scaled(value, unit)
        return f"{value / factor:g} {unit}"
    return written(value, unit)


def _axis(ax: Axes, axis: str) -> Axis:
    return ax.xaxis if axis == "x" else ax.yaxis


def _scaled(largest: float, unit: str) -> tuple[float, str]:
    """Return a power of ten for the figures of an axis, and their unit with its prefix."""
    if unit in _WITHOUT_PREFIX or not largest or not math.isfinite(largest):
        return 1.0, unit
    power = math.floor(math.log10(largest) / 3 + 1e-9) * 3
    if unit == "m²":
        power = -6 if largest >= 1e-7 else -12  # noqa: PLR2004 - below 0.1 mm²
        return 10.0**power, _AREAS[power]
    power = min(max(power, min(_PREFIXES)), max(_PREFIXES))
    prefix = _PREFIXES[power]
    return 10.0**power, f"10^{power}/s" if unit == "1/s" and power else f"{prefix}{unit}"


def _label(axis: Axis, name: str, unit: str, note: str) -> None:
    text = f"{name} [{unit}]" if unit else name
    axis.set_label_text(f"{text}\n{note}" if note else text)
    plain(axis.get_label())


def _words(column: str) -> str:
    return shown(column.replace("_", " "))
