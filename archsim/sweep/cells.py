"""Columns of results as tables for people show them: units stand in the cells, not above them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from archsim.report.quantities import figure
from archsim.units import format_si, without_suffix

_SIZES = (".size_bits", ".width_bits", ".staging_bits")
"""Keys that are sizes, told from counts of bits."""

_LEAST_PARTS = 2
"""Parts of a dotted path that a heading keeps: ``laser.power``, never ``power``."""


def heading(column: str) -> str:
    """Return the name of a column without its unit, as machine files have it."""
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
    if isinstance(value, str):
        return value
    if column.endswith(_SIZES):
        return format_si(value, "bit")
    return figure(column, value).text
