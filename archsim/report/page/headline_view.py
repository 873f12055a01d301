"""The figures that come first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from archsim.report.accuracy_text import value as metric
from archsim.report.quantities import Figure, figure
from archsim.units import format_si


@dataclass(frozen=True, slots=True)
class Card:
    """One headline figure, and what it means."""

    name: str
    figure: Figure
    meaning: str


def title_of(headline: Mapping[str, Any]) -> str:
    """Return what a run was of."""
    return f"{headline['workload']} on {headline['hardware']}"


def subtitle_of(headline: Mapping[str, Any]) -> str:
    """Return how it ran."""
    macs = format_si(headline["macs"], "MAC")
    return f"{headline['schedule']}, batch {headline['batch']}, {macs} an input"


def cards(headline: Mapping[str, Any]) -> list[Card]:
    """Return the headline figures of a run, in the order of their weight."""
    serial = headline["schedule"] == "serial"
    found = [
        _card("latency", headline, "latency_s", "first input's start to its stored output"),
        _card(
            "throughput",
            headline,
            "throughput_per_s",
            "batch over makespan" if serial else "rate of outputs in the stream",
        ),
        _card("energy", headline, "energy_per_input_j", "for one input"),
        _card("power", headline, "power_w", "mean over the run"),
        _card("area", headline, "area_m2", "of the machine"),
        _card(
            "utilization",
            headline,
            "utilization",
            "of what the arrays could do, at the ops' slices",
        ),
    ]
    if "accuracy" in headline:
        found.insert(3, _accuracy_card(headline["accuracy"]))
    ticks, tick = figure("ticks", headline["makespan_ticks"]), figure("tick_s", headline["tick_s"])
    found.append(
        _card("makespan", headline, "makespan_s", f"of the run: {ticks.text} ticks of {tick.text}")
    )
    if headline["batch"] > 1:
        found.append(_card("energy of the run", headline, "energy_j", "all inputs"))
    if headline["packing_overhead"] is not None:
        meaning = "column passes over the ideal of each channel its own count"
        found.append(_card("packing", headline, "packing_overhead", meaning))
    if headline["programming"] is not None:
        once = "loading all weights, once, not in the other figures"
        found.append(_card("programming time", headline["programming"], "time_s", once))
        found.append(_card("programming energy", headline["programming"], "energy_j", once))
    return found


def _card(name: str, of: Mapping[str, Any], column: str, meaning: str) -> Card:
    return Card(name, figure(column, of[column]), meaning)


def _accuracy_card(accuracy: Mapping[str, Any]) -> Card:
    value, unit = accuracy["noisy"]["value"], accuracy["unit"]
    between = accuracy["noisy"]["over_examples"]
    low, high = metric(between["low"], unit), metric(between["high"], unit)
    return Card(
        "accuracy", Figure(metric(value, unit), value, unit), f"95 % over examples: {low} to {high}"
    )
