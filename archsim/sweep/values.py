"""From what a sweep file says of one key to the values that it takes.

Values are kept as a saved machine writes them, so that equal values are equal text and the same
point is known again, however it was written. Numbers between two ends are found exactly where the
key is exact (clocks, rates, times, sizes): a machine's tick is the greatest common divisor of its
clock periods, and would shrink to nothing with a frequency of seventeen digits. So what a ratio or
a sample gives there is rounded to three significant digits.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import exp, floor, log, log2
from typing import Any, Protocol

from archsim.documents import Fault, Faults
from archsim.sweep.file import MOST_POINTS, Range
from archsim.units import Quantity

DIGITS = 3
"""Significant digits of what lies between the ends of an exact range."""

MOST_LISTED = 10_000
"""A range of more whole numbers than this is taken as a span."""

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
        """Return the value of a number, in SI units."""
        quantity = self.quantity
        if quantity is None:
            bare = round(number) if self.whole else float(number)
            return Value(bare, bare)
        if quantity.convert is Fraction:
            number = _rounded(number)
        si: int | float | Fraction = quantity.convert(
            Fraction(round(number)) if quantity.convert is int else number
        )
        written = quantity.write(si)
        plain = written if self.under is None else {self.under: written}
        return Value(plain, si if isinstance(si, int) else float(si))


@dataclass(frozen=True, slots=True)
class Span:
    """All values from one end to the other.

    Attributes:
        first: One end, in SI units.
        last: The other.
        logarithmic: Whether equal ratios are equally far apart.
        form: Makes values of numbers.
    """

    first: float
    last: float
    logarithmic: bool
    form: Form

    def at(self, share: float) -> Value:
        """Return the value at a share, 0 to 1, of the way."""
        return self.form.value(Fraction(self.number(share)))

    def number(self, share: float) -> float:
        """Return the number at a share of the way."""
        if share in (0, 1):
            return self.last if share else self.first
        if self.logarithmic:
            return exp(log(self.first) + share * (log(self.last) - log(self.first)))
        return self.first + share * (self.last - self.first)


def listed(key: Key, values: Sequence[Any]) -> tuple[Value, ...]:
    """Return the values of a list.

    Raises:
        Faults: Every one that cannot stand there, and every one that is there twice.
    """
    found: list[Value] = []
    faults: list[Fault] = []
    for place, value in enumerate(values):
        try:
            plain = key.plain(value)
        except Faults as refused:
            faults += [Fault((place, *f.loc[1:]), f.message) for f in refused.faults]
            continue
        if any(plain == other.plain for other in found):
            text = f"found {value!r}, which is there already; expected it once; remove one"
            faults.append(Fault((place,), text))
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


def ranged(key: Key, range_: Range) -> tuple[Value, ...] | Span:
    """Return the values of a range; a span where it names neither points nor a step.

    Raises:
        Faults: Ends, points, step or scale that do not fit each other or the key.
    """
    first, last = _ends(key, range_)
    if faults := list(_misfits(key, range_, first, last)):
        raise Faults(faults)
    form = _form(key, range_)
    if range_.scale == "log2":
        doublings = round(log2(last / first))
        return _unique(form, (first * 2**n for n in range(doublings + 1)))
    if range_.step is not None:
        step = _number(key, range_.step)
        return _unique(form, (first + n * step for n in range(floor((last - first) / step) + 1)))
    every = range_.points is None and key.whole and range_.scale == "linear"
    if every and last - first < MOST_LISTED:
        return _unique(form, map(Fraction, range(int(first), int(last) + 1)))
    span = Span(float(first), float(last), range_.scale == "log", form)
    if range_.points is None:
        return span
    steps = range_.points - 1
    if span.logarithmic:
        between = [Fraction(span.number(n / steps)) for n in range(1, steps)]
    else:
        between = [first + (last - first) * n / steps for n in range(1, steps)]
    return _unique(form, (first, *between, last))


def _form(key: Key, range_: Range) -> Form:
    """Return how numbers become values of a key: as an end of the range does."""
    end = key.plain(range_.first)
    return Form(key.quantity, key.whole, next(iter(end)) if isinstance(end, dict) else None)


def _unique(form: Form, numbers: Iterable[Fraction]) -> tuple[Value, ...]:
    """Return the values of numbers once each: rounding may make some of them equal."""
    return tuple({repr(value.plain): value for value in map(form.value, numbers)}.values())


def _number(key: Key, written: Any) -> Fraction:
    """Return the exact number of a value.

    Raises:
        ValueError: It is none.
    """
    if key.quantity is not None:
        exact = replace(key.quantity, convert=Fraction)
        return exact.parse(str(written))  # type: ignore[no-any-return]
    try:
        return Fraction(str(written))
    except ValueError:
        raise ValueError(f"found {written!r}; expected a number; write one such as 4") from None


def _ends(key: Key, range_: Range) -> tuple[Fraction, Fraction]:
    """Return both ends of a range, which the key has to take."""
    found, faults = [], []
    for name, written in (("from", range_.first), ("to", range_.last)):
        try:
            key.plain(written)
            found.append(_number(key, written))
        except Faults as refused:
            faults.append(Fault((name,), refused.faults[0].message))
        except ValueError as refused:
            faults.append(Fault((name,), str(refused)))
    if faults:
        raise Faults(faults)
    first, last = found
    return first, last


def _misfits(key: Key, range_: Range, first: Fraction, last: Fraction) -> Iterable[Fault]:
    if not first < last:
        yield Fault(
            ("to",),
            f"found {range_.last!r}, not above {range_.first!r}; expected a range with values in "
            "it; raise it, or write a list",
        )
        return
    if range_.step is not None and range_.points is not None:
        yield Fault(("step",), "found it beside points; expected one of the two; remove one")
    if range_.scale != "linear" and first <= 0:
        yield Fault(("from",), f"found 0 with scale: {range_.scale}; expected more; raise it")
    elif range_.scale == "log2":
        yield from _misfits_of_doubling(range_, first, last)
    if range_.step is not None:
        yield from _misfits_of_step(key, range_, first, last)


def _misfits_of_doubling(range_: Range, first: Fraction, last: Fraction) -> Iterable[Fault]:
    if first * 2 ** round(log2(last / first)) != last:
        below = first * 2 ** floor(log2(last / first))
        yield Fault(
            ("to",),
            f"found {range_.last!r}, which no doubling of {range_.first!r} reaches; expected "
            f"{float(below / first):g} or {float(2 * below / first):g} times it; change it",
        )
    if range_.points is not None:
        text = "found it with scale: log2, which doubles; expected none; remove it"
        yield Fault(("points",), text)


def _misfits_of_step(key: Key, range_: Range, first: Fraction, last: Fraction) -> Iterable[Fault]:
    try:
        step = _number(key, range_.step)
    except ValueError as refused:
        yield Fault(("step",), str(refused))
        return
    if range_.scale != "linear":
        text = f"found it with scale: {range_.scale}; expected points; replace it, or the scale"
        yield Fault(("step",), text)
    elif step <= 0:
        yield Fault(("step",), f"found {range_.step!r}; expected more than 0; raise it")
    elif (last - first) % step:
        yield Fault(
            ("step",),
            f"found {range_.step!r}, which does not lead from {range_.first!r} to "
            f"{range_.last!r} in whole steps; expected one that does; change it, or to",
        )
    elif (last - first) / step > MOST_POINTS:
        text = f"found {range_.step!r}, so {(last - first) / step + 1:,} values; expected fewer"
        yield Fault(("step",), f"{text}; raise it")


def _rounded(number: Fraction) -> Fraction:
    """Return a number to a few significant digits, unless it is a short decimal already."""
    if number == 0 or Fraction(f"{float(number):.9g}") == number:
        return number
    return Fraction(f"{float(number):.{DIGITS}g}")
