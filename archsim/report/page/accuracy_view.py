"""Accuracy with its intervals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from archsim.report.accuracy_text import METRIC_NAMES, plain, points
from archsim.report.accuracy_text import value as metric

_WHOLE = 100.0
_MARGIN = 0.06
"""What is left free on each side of the scale, as a part of it."""


@dataclass(frozen=True, slots=True)
class Line:
    """A figure on the common scale: where it is, its intervals, single trials; all in percent."""

    name: str
    text: str
    meaning: str
    at: float
    intervals: tuple[tuple[str, float, float, str], ...] = ()
    trials: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class AccuracyView:
    """What the page says about accuracy."""

    title: str
    lines: tuple[Line, ...]
    low: str
    high: str
    drop: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]


def accuracy_view(accuracy: Mapping[str, Any]) -> AccuracyView:
    """Return accuracy on one scale: in single precision, on the machine, with noise."""
    unit, noisy = accuracy["unit"], accuracy["noisy"]
    between = {
        "noise seeds": noisy["over_seeds"],
        "examples": noisy["over_examples"],
    }
    values = [accuracy["clean"], accuracy["quantised"], noisy["value"], *accuracy["values"]]
    values += [each[end] for each in between.values() if each for end in ("low", "high")]
    low, high = min(values), max(values)
    margin = (high - low) * _MARGIN or 1.0
    low, high = low - margin, high + margin

    def at(value: float) -> float:
        return float(round((value - low) / (high - low) * _WHOLE, 3))

    intervals = tuple(
        (over, at(each["low"]), at(each["high"]), _between(each, unit))
        for over, each in between.items()
        if each
    )
    trials = tuple(map(at, accuracy["values"]))
    lines = (
        _line("clean", "in single precision, not on the machine", accuracy, at),
        _line("quantised", "on the machine, without noise", accuracy, at),
        Line(
            "with noise" if accuracy["noise"] else "on the machine",
            metric(noisy["value"], unit),
            f"mean of {accuracy['trials']} {'trial' if accuracy['trials'] == 1 else 'trials'}",
            at(noisy["value"]),
            intervals,
            trials if len(trials) > 1 else (),
        ),
    )
    name = METRIC_NAMES.get(accuracy["metric"], accuracy["metric"])
    return AccuracyView(
        f"{name} of {accuracy['examples']:,} examples",
        lines,
        metric(low, unit),
        metric(high, unit),
        tuple(_drop(accuracy)),
        tuple(_facts(accuracy)),
    )


def _line(key: str, meaning: str, accuracy: Mapping[str, Any], at: Any) -> Line:
    value = accuracy[key]
    return Line(key, metric(value, accuracy["unit"]), meaning, at(value))


def _drop(accuracy: Mapping[str, Any]) -> Iterator[str]:
    """Yield what noise takes away, and its intervals."""
    drop, unit = accuracy["drop"], accuracy["unit"]
    yield (
        f"Drop by noise: {plain(drop['value'], unit)} {points(unit)}quantised less with noise, on "
        "the same examples."
    )
    for over, key in (("examples", "over_examples"), ("noise seeds", "over_seeds")):
        if drop[key]:
            low, high = plain(drop[key]["low"], unit), plain(drop[key]["high"], unit)
            yield f"95 % over {over}: {low} to {high}."


def _between(interval: Mapping[str, float], unit: str) -> str:
    return f"{metric(interval['low'], unit)} to {metric(interval['high'], unit)}"


def _facts(accuracy: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "task", accuracy["task"]
    yield "noise that acts", ", ".join(accuracy["noise"]) or "none"
    yield "trials", f"{accuracy['trials']} x {accuracy['examples']:,} examples"
    yield "seed", str(accuracy["seed"])
    yield "batch", f"{accuracy['batch']:,} examples at a time"
