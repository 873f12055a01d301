"""Columns of results as tables for people show them: units by the ends of their names."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from archsim.units import format_si, quantity_of, without_suffix

_SIZES = (".size_bits", ".width_bits", ".staging_bits")
_LEAST_PARTS = 2
"""Parts of a dotted path that a heading keeps: ``laser.power``, never ``power``."""

_THOUSANDS = 10_000
"""From here on a rate is shown in whole numbers."""


def heading(column: str) -> str:
    """Return the name of a column without its unit, which stands in its cells."""
    if column.endswith(_SIZES):
        return column.removesuffix("_bits")
    if column.endswith("_per_s") and not column.endswith("_byte_per_s"):
        return column.removesuffix("_per_s")
    return without_suffix(column)


def headings(columns: Iterable[str]) -> list[str]:
    """Return the names of columns, of paths no more than tells them apart."""
    whole = [heading(column) for column in columns]
    return [_shortest(name, whole) for name in whole]


def _shortest(name: str, names: list[str]) -> str:
    parts = name.split(".")
    for count in range(_LEAST_PARTS, len(parts)):
        end = ".".join(parts[-count:])
        if sum(other == end or other.endswith(f".{end}") for other in names) == 1:
            return end
    return name


def cell(column: str, value: Any) -> str:
    """Return a value with its unit."""
    if value is None or value != value:  # noqa: PLR0124 - NaN
        return "-"
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else _number(column, value)


def _number(column: str, value: float) -> str:
    if column.endswith("_per_s") and not column.endswith("_byte_per_s"):
        return f"{value:,.0f} /s" if abs(value) >= _THOUSANDS else f"{value:.4g} /s"
    unit = _unit(column)
    if unit == "dB":
        return f"{value:.4g} dB"
    if unit:
        return format_si(value, unit)
    if column == "utilization":
        return f"{value:.2%}"
    return f"{value:,}" if isinstance(value, int) else f"{value:.4g}"


def _unit(column: str) -> str:
    """Return the unit of a column, as ``format_si`` takes it; nothing for a bare number."""
    if column.endswith(_SIZES):
        return "bit"
    if column.endswith("_byte_per_s"):
        return "B/s"
    quantity = quantity_of(column)
    return quantity.symbols[0].replace("^", "") if quantity else ""
