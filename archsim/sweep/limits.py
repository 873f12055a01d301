"""Limits on figures: which points are wanted, and which of them can be told before they run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from operator import ge, gt, le, lt
from typing import Any

from archsim.units import quantity_of

_SIGNS = {"<=": le, ">=": ge, "<": lt, ">": gt}
_TEXT = re.compile(r"\s*(<=|>=|<|>)(?!=)\s*(.+?)\s*")
_NUMBER = re.compile(r"[-+]?[0-9]{1,40}(\.[0-9]{0,40})?([eE][-+]?[0-9]{1,2})?")

KNOWN_BEFORE = frozenset({"area_m2"})
"""Figures that follow from the machine alone."""


@dataclass(frozen=True, slots=True)
class Limit:
    """A bound on a figure.

    Attributes:
        figure: Its column.
        sign: ``<=``, ``>=``, ``<`` or ``>``.
        bound: In the unit of the column.
    """

    figure: str
    sign: str
    bound: float

    @property
    def known_before(self) -> bool:
        """Whether it can be told without running the point."""
        return self.figure in KNOWN_BEFORE

    def holds(self, value: float | None) -> bool:
        """Return whether a figure is within; one that is not there is not."""
        return value is not None and bool(_SIGNS[self.sign](value, self.bound))

    def excess(self, value: float) -> float:
        """Return by how much a figure is beyond the bound, relative to it; at most 0 within."""
        over = value - self.bound if self.sign in ("<=", "<") else self.bound - value
        return over / (abs(self.bound) or 1.0)

    def __str__(self) -> str:
        return f"{self.figure} {self.sign} {self.bound:g}"


def limit_of(figure: str, text: str) -> Limit:
    """Return the limit that a text such as ``<= 100 mm^2`` is, for a figure.

    Raises:
        ValueError: It is none; *found; expected; what to do*.
    """
    quantity = quantity_of(figure)
    example = quantity.example if quantity else "10"
    match = _TEXT.fullmatch(text)
    if match is None:
        raise ValueError(
            f'found {text!r}; expected <=, >=, < or > and a bound; write such as "<= {example}"'
        )
    if quantity is not None:
        return Limit(figure, match[1], float(quantity.parse(match[2])))
    if _NUMBER.fullmatch(match[2]) is None:
        raise ValueError(
            f"found {match[2]!r} as bound of {figure}, which has no unit; expected a number; write "
            f'such as "{match[1]} {example}"'
        )
    return Limit(figure, match[1], float(match[2]))


def inside(limits: tuple[Limit, ...], figures: Mapping[str, Any]) -> bool:
    """Return whether figures are within all limits."""
    return all(limit.holds(figures.get(limit.figure)) for limit in limits)
