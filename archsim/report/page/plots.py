"""Points over two axes, as far as a template needs to know them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

from archsim.report.quantities import figure, label_of

LEFT, RIGHT, TOP, BOTTOM = 112, 628, 14, 352
"""Where axes are drawn, in a field of 640 x 420."""

DECADE = 10.0
_WIDE = 30.0
"""A range whose ends are further apart than this factor gets a logarithmic scale."""

_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
_TICKS = 4
_MARGIN = 0.04


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on an axis: where, and what it says."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Axis:
    """A scale from values to places.

    Attributes:
        column: What is on it.
        title: Its name for people.
        low: Value at its start.
        high: Value at its end.
        log: Whether it is logarithmic.
        upright: Whether it goes up.
    """

    column: str
    title: str
    low: float
    high: float
    log: bool
    upright: bool

    def place(self, value: float) -> float:
        """Return where a value is drawn."""
        low, high, at = (
            (log10(self.low), log10(self.high), log10(value))
            if self.log
            else (self.low, self.high, value)
        )
        part = (at - low) / (high - low)
        if self.upright:
            return round(BOTTOM - part * (BOTTOM - TOP), 1)
        return round(LEFT + part * (RIGHT - LEFT), 1)

    @property
    def ticks(self) -> list[Tick]:
        """Return round values within the axis."""
        values = _decades(self.low, self.high) if self.log else _round(self.low, self.high)
        return [Tick(self.place(value), figure(self.column, value).text) for value in values]


def axis_of(column: str, values: Sequence[float], *, better: str, upright: bool) -> Axis:
    """Return an axis that holds some values.

    Args:
        column: What they are, with their unit.
        values: One at least.
        better: ``min`` or ``max``, which is said beside the name.
        upright: Whether it goes up.
    """
    low, high = min(values), max(values)
    log = low > 0 and high / low > _WIDE
    if log:
        room = (high / low) ** _MARGIN
        low, high = low / room, high * room
    else:
        room = (high - low) * _MARGIN or abs(high) * _MARGIN or 1.0
        low, high = low - room, high + room
    arrow = "less is better" if better == "min" else "more is better"
    scale = ", logarithmic" if log else ""
    return Axis(column, f"{label_of(column)} ({arrow}{scale})", low, high, log, upright)


def _decades(low: float, high: float) -> list[float]:
    exponents = range(ceil(log10(low)), floor(log10(high)) + 1)
    every = ceil(len(exponents) / (_TICKS + 1)) or 1
    return [DECADE**exponent for exponent in exponents[::every]]


def _round(low: float, high: float) -> list[float]:
    raw = (high - low) / _TICKS
    power = DECADE ** floor(log10(raw))
    step = next(step * power for step in _STEPS if step * power >= raw * (1 - 1e-9))
    first = ceil(low / step)
    return [number * step for number in range(first, floor(high / step) + 1)]
