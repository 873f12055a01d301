"""Figures as people read them, each with the exact value that it stands for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from archsim.units import format_si

if TYPE_CHECKING:
    import pandas as pd

THOUSAND = 1000
"""From here on a rate is shown in whole numbers."""

_UNITS = {
    "_j": "J",
    "_s": "s",
    "_w": "W",
    "_m2": "m2",
    "_hz": "Hz",
    "_m": "m",
}
_PARTS = {"utilization": ".2%", "packing_overhead": "+.1%", "share": ".1%"}
_WRITTEN = {"m2": "m²"}


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure.

    Attributes:
        text: As people read it; empty where there is none.
        value: What it is sorted by, and shown where exact values are wanted.
        unit: Of the value.
    """

    text: str
    value: float | int | None = None
    unit: str = ""

    @property
    def exact(self) -> str:
        """Return the value itself."""
        return "" if self.value is None else f"{self.value!r} {self.unit}".rstrip()


NONE = Figure("")


def figure(name: str, value: float | None) -> Figure:
    """Return a figure of a quantity, whose unit its name ends in.

    Args:
        name: Such as ``energy_j``.
        value: In that unit; None where there is none.
    """
    if value is None:
        return NONE
    if name in _PARTS:
        return Figure(f"{value:{_PARTS[name]}}", value)
    if name.endswith("_per_s"):
        return Figure(rate(value), value, "/s")
    unit = unit_of(name)
    if unit:
        return Figure(format_si(value, unit), value, _WRITTEN.get(unit, unit))
    if value == int(value):
        return Figure(f"{int(value):,}", value)
    return Figure(f"{value:.4g}", value)


def rate(rate_hz: float) -> str:
    """Return how many there are in a second."""
    return f"{rate_hz:,.0f} /s" if rate_hz >= THOUSAND else f"{rate_hz:.4g} /s"


def share(part: float, whole: float) -> str:
    """Return a part of a whole in percent."""
    return f"{part / whole:.1%}" if whole else "-"


def ratio(value: float) -> str:
    """Return a ratio."""
    return f"× {value:.4g}"


def unit_of(name: str) -> str:
    """Return the unit that the name of a quantity ends in; empty if it ends in none."""
    return next((unit for suffix, unit in _UNITS.items() if name.endswith(suffix)), "")


def label_of(name: str) -> str:
    """Return a column's name for people: without its unit, words apart."""
    if name.endswith("_per_s"):
        return name.removesuffix("_per_s").replace("_", " ")
    suffix = next((suffix for suffix in _UNITS if name.endswith(suffix)), "")
    return name.removesuffix(suffix).replace("_", " ")


def records(frame: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Yield the rows of a table as plain data, None where there is nothing."""
    import pandas as pd  # only who asks for a frame pays for it

    def plain(value: Any) -> Any:
        return None if pd.api.types.is_scalar(value) and pd.isna(value) else value

    for row in frame.to_dict("records"):
        yield {str(name): plain(value) for name, value in row.items()}
