"""From a range in a sweep file to the values that it stands for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from math import floor, log2
from typing import Any

from archsim.documents import Fault, Faults
from archsim.sweep.file import MOST_POINTS, Range
from archsim.sweep.values import Form, Key, Span, Value

MOST_LISTED = 10_000
"""A range of more whole numbers than this is taken as a span."""


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
        return tuple(form.value(first * 2**n) for n in range(doublings + 1))
    if range_.step is not None:
        step = _number(key, range_.step)
        return tuple(form.value(first + n * step) for n in range(int((last - first) / step) + 1))
    every = range_.points is None and key.whole and range_.scale == "linear"
    if every and last - first < MOST_LISTED:
        return tuple(map(form.value, map(Fraction, range(int(first), int(last) + 1))))
    span = Span(first, last, range_.scale == "log", form)
    return span if range_.points is None else _points(span, range_.points)


def _points(span: Span, points: int) -> tuple[Value, ...]:
    """Return so many values of a span.

    Raises:
        Faults: There are fewer, as values are rounded.
    """
    steps = points - 1
    if span.logarithmic:
        between = [span.at(n / steps) for n in range(1, steps)]
    else:
        width = span.last - span.first
        between = [span.near(span.first + width * n / steps) for n in range(1, steps)]
    values = (span.at(0), *between, span.at(1))
    different = {repr(value.plain): value for value in values}
    if len(different) < points:
        text = f"found {points}, which rounding makes {len(different)} different values of"
        raise Faults([Fault(("points",), f"{text}; expected fewer; lower it, or write a list")])
    return values


def _form(key: Key, range_: Range) -> Form:
    """Return how numbers become values of a key: as an end of the range does."""
    end = key.plain(range_.first)
    return Form(key.quantity, key.whole, next(iter(end)) if isinstance(end, dict) else None)


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
        raise ValueError(
            f"found {written!r} in a range; expected a number; write one, or a list of values"
        ) from None


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
        yield Fault(
            ("from",),
            f"found {range_.first!r} with scale: {range_.scale}; expected more than 0; raise it",
        )
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
    elif key.whole and step.denominator != 1:
        text = f"found {range_.step!r}; expected a whole number, as the key takes no other"
        yield Fault(("step",), f"{text}; change it")
    elif (last - first) % step:
        yield Fault(
            ("step",),
            f"found {range_.step!r}, which does not lead from {range_.first!r} to "
            f"{range_.last!r} in whole steps; expected one that does; change it, or to",
        )
    elif (last - first) / step > MOST_POINTS:
        text = (
            f"found {range_.step!r}, so {int((last - first) / step) + 1:,} values; expected fewer"
        )
        yield Fault(("step",), f"{text}; raise it")
