"""Columns of results as tables for people show them: units by the ends of their names."""

from __future__ import annotations

from typing import Any

from archsim.units import format_si, quantity_of, without_suffix

_SIZES = (".size_bits", ".width_bits", ".staging_bits")
_DIGITS = 4


def heading(column: str) -> str:
    """Return the name of a column without its unit, which stands in its cells."""
    if column.endswith(_SIZES):
        return column.removesuffix("_bits")
    if column.endswith("_per_s") and not column.endswith("_byte_per_s"):
        return column.removesuffix("_per_s")
    return without_suffix(column)


def cell(column: str, value: Any) -> str:
    """Return a value with its unit."""
    if value is None or value != value:  # noqa: PLR0124 - NaN
        return "-"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return value
    if column.endswith(_SIZES):
        return format_si(value, "bit")
    if column.endswith("_byte_per_s"):
        return format_si(value, "B/s")
    if column.endswith("_per_s"):
        return f"{value:,.0f} /s" if abs(value) >= 10_000 else f"{value:.4g} /s"  # noqa: PLR2004
    if column.endswith("_db"):
        return f"{value:.4g} dB"
    quantity = quantity_of(column)
    if quantity is not None:
        return format_si(value, quantity.symbols[0].replace("^", ""), _DIGITS)
    if column == "utilization":
        return f"{value:.2%}"
    return f"{value:,}" if isinstance(value, int) else f"{value:.4g}"
