"""The space that a sweep goes through: axes, and the points that their places make.

A point is told by its places: one for each axis, the number of a value, or where on a span. Places
are what designs and searches deal in; only :meth:`Space.settings` knows what they stand for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

from archsim.sweep.values import Shown, Span, Value

Places = tuple[int | float, ...]
"""A point: for each axis the number of a value, or the share of a span, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """Something that a sweep varies.

    Attributes:
        name: As the sweep file says it.
        column: The same with its unit: what tables call it.
        path: Of the machine; None for what is not part of it.
    """

    name: str
    column: str
    path: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Axis:
    """Parameters that move in step, through values or along spans.

    Attributes:
        parameters: What moves.
        values: For each of them its values, all as many; empty if it moves along spans.
        spans: For each of them its span; empty if it moves through values.
    """

    parameters: tuple[Parameter, ...]
    values: tuple[tuple[Value, ...], ...] = ()
    spans: tuple[Span, ...] = ()

    @property
    def size(self) -> int | None:
        """How many values there are; None for a span."""
        return len(self.values[0]) if self.values else None

    @property
    def ordered(self) -> bool:
        """Whether near values are numbers near each other, so that a search can follow them."""
        numbers = [value.shown for value in self.values[0]] if self.values else [0.0]
        plain = all(isinstance(n, int | float) and not isinstance(n, bool) for n in numbers)
        return plain and numbers == sorted(numbers)  # type: ignore[type-var]

    def at(self, place: int | float) -> Iterator[tuple[Parameter, Value]]:
        """Yield each parameter with its value at a place."""
        for index, parameter in enumerate(self.parameters):
            if self.values:
                yield parameter, self.values[index][int(place)]
            else:
                yield parameter, self.spans[index].at(float(place))

    def nearest(self, share: float) -> int | float:
        """Return the place at a share, 0 to 1, of the way; equal shares for all values."""
        if self.size is None:
            return share
        return min(int(share * self.size), self.size - 1)


@dataclass(frozen=True, slots=True)
class Space:
    """All axes of a sweep."""

    axes: tuple[Axis, ...]

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """What is varied, in the order of the axes."""
        return tuple(p for axis in self.axes for p in axis.parameters)

    @property
    def size(self) -> int | None:
        """How many points a grid has; None if some axis is a span."""
        sizes = [axis.size for axis in self.axes]
        return None if None in sizes else prod(size for size in sizes if size is not None)

    def places(self, index: int) -> Places:
        """Return the places of a grid's point; the last axis moves fastest."""
        found: list[int] = []
        for axis in reversed(self.axes):
            index, place = divmod(index, axis.size or 1)
            found.append(place)
        return tuple(reversed(found))

    def at_shares(self, shares: Sequence[float]) -> Places:
        """Return the places nearest to shares of each axis."""
        return tuple(axis.nearest(u) for axis, u in zip(self.axes, shares, strict=True))

    def settings(self, places: Places) -> dict[Parameter, Value]:
        """Return the value of every parameter at a point."""
        return {
            parameter: value
            for axis, place in zip(self.axes, places, strict=True)
            for parameter, value in axis.at(place)
        }

    def shown(self, places: Places) -> dict[str, Shown]:
        """Return the value of every parameter at a point, by column, as tables show it."""
        return {p.column: value.shown for p, value in self.settings(places).items()}


def setting_of(settings: dict[Parameter, Value], name: str, otherwise: Any) -> Any:
    """Return the value of a parameter that is not part of the machine."""
    return next((v.plain for p, v in settings.items() if p.name == name), otherwise)
