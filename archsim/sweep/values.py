"""Values of one key: those of a list, and those between two ends.

Values are kept as a saved machine writes them, so that equal values are equal text and the same
point is known again, however it was written. What lies between two ends is rounded to few digits,
and never beyond them. Exact keys (clocks, rates, times) need that: a machine's tick is the greatest
common divisor of its clock periods, and would shrink to nothing with a frequency of seventeen
digits. Others get it so that the last bit of a logarithm, which no two computers need share, is no
part of a value.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import exp, log
from typing import Any, Protocol

from archsim.documents import Fault, Faults
from archsim.units import Quantity

DIGITS = 3
"""Significant digits of what lies between the ends of an exact range."""

DIGITS_OF_FLOATS = 9
"""The same of all other ranges."""

Shown = bool | int | float | str | None
"""A value as tables show it: quantities in SI units."""


class Key(Protocol):
    """What a value is for: a key of the machine, or of how it is run."""

    @property
    def quantity(self) -> Quantity | None:
        """How a quantity is written; None for bare values."""

    @property
    def whole(self) -> bool:
        """Whether it takes whole numbers only."""

    def plain(self, value: Any) -> Any:
        """Return a value as it is kept.

        Raises:
            Faults: It cannot stand there.
        """


@dataclass(frozen=True, slots=True)
class Value:
    """One value of one key: as it is kept, and as tables show it."""

    plain: Any
    shown: Shown


@dataclass(frozen=True, slots=True)
class Form:
    """How numbers become values of a key; plain data, as it travels to workers.

    Attributes:
        quantity: How a quantity is written; None for bare numbers.
        whole: Whether numbers are rounded to whole ones.
        under: Key that a quantity stands under, if it is one of several forms.
    """

    quantity: Quantity | None
    whole: bool
    under: str | None = None

    def value(self, number: Fraction) -> Value:
        """Return the value of a number, in SI units; it is as exact as its key."""
        quantity = self.quantity
        if quantity is None:
            bare = round(number) if self.whole else float(number)
            return Value(bare, bare)
        si: int | float | Fraction = quantity.convert(
            Fraction(round(number)) if quantity.convert is int else number
        )
        written = quantity.write(si)
        plain = written if self.under is None else {self.under: written}
        return Value(plain, si if isinstance(si, int) else float(si))

    def short(self, number: Fraction) -> Fraction:
        """Return a number to few significant digits, unless it is a short decimal already."""
        if Fraction(f"{float(number):.{DIGITS_OF_FLOATS}g}") == number:
            return number
        exact = self.quantity is not None and self.quantity.convert is Fraction
        return Fraction(f"{float(number):.{DIGITS if exact else DIGITS_OF_FLOATS}g}")


@dataclass(frozen=True, slots=True)
class Span:
    """All values from one end to the other.

    Attributes:
        first: One end, in SI units.
        last: The other.
        logarithmic: Whether equal ratios are equally far apart.
        form: Makes values of numbers.
    """

    first: Fraction
    last: Fraction
    logarithmic: bool
    form: Form

    def at(self, share: float) -> Value:
        """Return the value at a share, 0 to 1, of the way."""
        if share in (0, 1):
            return self.form.value(self.last if share else self.first)
        first, last = float(self.first), float(self.last)
        if self.logarithmic:
            return self.near(Fraction(exp(log(first) + share * (log(last) - log(first)))))
        return self.near(Fraction(first + share * (last - first)))

    def near(self, number: Fraction) -> Value:
        """Return the value of a short number near one, between the ends."""
        return self.form.value(min(max(self.form.short(number), self.first), self.last))


def listed(key: Key, values: Sequence[Any]) -> tuple[Value, ...]:
    """Return the values of a list.

    Raises:
        Faults: Every one that cannot stand there, and every one that is there twice.
    """
    found: list[Value] = []
    faults: list[Fault] = []
    there: set[str] = set()
    for place, value in enumerate(values):
        try:
            plain = key.plain(value)
        except Faults as refused:
            faults += [Fault((place, *f.loc[1:]), f.message) for f in refused.faults]
            continue
        told = json.dumps(plain, sort_keys=True)
        if told in there:
            text = f"found {value!r}, which is there already; expected it once; remove one"
            faults.append(Fault((place,), text))
        there.add(told)
        found.append(Value(plain, shown(key, plain)))
    if faults:
        raise Faults(faults)
    return tuple(found)


def shown(key: Key, plain: Any) -> Shown:
    """Return a kept value as tables show it."""
    if isinstance(plain, dict) and list(plain) == ["fixed"]:  # a quantity that has other forms too
        plain = plain["fixed"]
    if isinstance(plain, str) and key.quantity is not None:
        return (
            float(key.quantity.parse(plain))
            if key.quantity.convert is not int
            else int(key.quantity.parse(plain))
        )
    if plain is None or isinstance(plain, bool | int | float | str):
        return plain
    return ", ".join(f"{name}: {value}" for name, value in sorted(plain.items()))
