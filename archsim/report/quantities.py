"""Figures as people read them, each with the exact value that it stands for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from archsim.units import format_si, unit_of, without_suffix

if TYPE_CHECKING:
    import pandas as pd

THOUSAND = 1000
"""From here on a rate is shown in whole numbers."""

_PARTS = {"utilization": ".2%", "packing_overhead": "+.1%", "share": ".1%"}
_WRITTEN = {"m^2": "m²"}


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
    if _is_rate(name):
        return Figure(rate(value), value, "/s")
    if unit := unit_of(name):
        return Figure(_with_unit(value, unit), value, _WRITTEN.get(unit, unit))
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


def label_of(name: str) -> str:
    """Return a column's name for people: without its unit, words apart."""
    bare = name.removesuffix("_per_s") if _is_rate(name) else without_suffix(name)
    return bare.replace("_", " ")


def _is_rate(name: str) -> bool:
    """Whether a name is that of how many there are in a second, of what has no unit itself."""
    return name.endswith("_per_s") and unit_of(name) == "s"


def _with_unit(value: float, unit: str) -> str:
    if unit == "dB":
        return f"{value:.4g} dB"  # nobody writes millidecibels
    return format_si(value, "m2" if unit == "m^2" else unit)


def records(frame: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Yield the rows of a table as plain data, None where there is nothing."""
    import pandas as pd  # only who asks for a frame pays for it

    def plain(value: Any) -> Any:
        return None if pd.api.types.is_scalar(value) and pd.isna(value) else value

    for row in frame.to_dict("records"):
        yield {str(name): plain(value) for name, value in row.items()}
