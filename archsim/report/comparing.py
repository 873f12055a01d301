"""Two saved runs beside each other: what differs in figures, machine, plan and settings.

Ops are matched by their names. That says something only for one network; of two, by fingerprint,
whole runs are compared and nothing below.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from archsim.report.accuracy_text import value as metric
from archsim.report.loading import SavedReport
from archsim.report.machine_values import values_of
from archsim.report.quantities import NONE, Figure, figure, records
from archsim.report.rows import has_own_time

Counts = tuple[int | float, ...]

_HEADLINE = {
    "latency": "latency_s",
    "throughput": "throughput_per_s",
    "energy for an input": "energy_per_input_j",
    "power": "power_w",
    "area": "area_m2",
    "utilization": "utilization",
    "makespan": "makespan_s",
    "energy of the run": "energy_j",
}
_SETTINGS = ("workload", "hardware", "batch", "schedule")
_PROVENANCE = ("activation_bits", "weight_bits", "archsim_version")


@dataclass(frozen=True, slots=True)
class Pair:
    """One figure of both runs."""

    name: str
    one: Figure
    other: Figure

    @property
    def ratio(self) -> float | None:
        """Return the other run's over this one's; None where there is none.

        So it is of figures in different units, such as accuracies of two metrics.
        """
        if not self.one.value or self.other.value is None or self.one.unit != self.other.unit:
            return None
        return self.other.value / self.one.value

    @property
    def difference(self) -> float:
        """Return the other run's less this one's; what is not there counts as nothing."""
        return (self.other.value or 0.0) - (self.one.value or 0.0)


@dataclass(frozen=True, slots=True)
class Change:
    """Something that is not the same in both runs; None where a run does not have it."""

    name: str
    one: str | None
    other: str | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs beside each other.

    Attributes:
        names: What each was of.
        same_network: Whether both ran the same network; if not, there are no ops and plans here.
        headline: Figures of the whole runs.
        components: Energy by component, in the first machine's order.
        energies: Energy by op, for ops of both runs, in order.
        times: Time by op, likewise.
        alone: Ops that only the first, and only the second run has.
        settings: What was asked of the runs.
        machine: Values by their paths.
        plan: Counts by op.
    """

    names: tuple[str, str]
    same_network: bool
    headline: tuple[Pair, ...]
    components: tuple[Pair, ...]
    energies: tuple[Pair, ...]
    times: tuple[Pair, ...]
    alone: tuple[tuple[str, ...], tuple[str, ...]]
    settings: tuple[Change, ...]
    machine: tuple[Change, ...]
    plan: tuple[Change, ...]


def compare(one: SavedReport, other: SavedReport) -> Comparison:
    """Return two runs beside each other.

    Args:
        one: What ratios are relative to.
        other: What is compared with it.
    """
    fingerprints = [each.headline["provenance"]["workload_fingerprint"] for each in (one, other)]
    same = fingerprints[0] == fingerprints[1]
    ops, others = (_ops(each) if same else {} for each in (one, other))
    return Comparison(
        names=(_name(one), _name(other)),
        same_network=same,
        headline=tuple(_headline(one.headline, other.headline)),
        components=tuple(
            _pairs(_by(one, "components"), _by(other, "components"), "energy_j", every=True)
        ),
        energies=tuple(_pairs(ops, others, "energy_j")),
        times=tuple(_pairs(ops, others, "duration_s")),
        alone=(_missing(ops, others), _missing(others, ops)),
        settings=tuple(_changes(_settings(one.headline), _settings(other.headline))),
        machine=tuple(_changes(values_of(one.machine), values_of(other.machine))),
        plan=tuple(_plans(_counts(one), _counts(other))) if same else (),
    )


def counts_of(plan: Mapping[str, Any]) -> dict[str, Counts]:
    """Return the counts of each op: one for all of it, or one for each output channel."""
    return {
        op: tuple(counts) if isinstance(counts, list | tuple) else (counts,)
        for op, counts in plan["counts"].items()
    }


def described(counts: Counts) -> str:
    """Return counts in a few words."""
    if len(counts) == 1:
        return f"{counts[0]:g}"
    low, high, mean = min(counts), max(counts), sum(counts) / len(counts)
    between = f"{low:g}" if low == high else f"{low:g} to {high:g}, mean {mean:.4g},"
    return f"{between} in {len(counts):,} channels"


def _name(saved: SavedReport) -> str:
    return f"{saved.headline['workload']} on {saved.headline['hardware']}"


def _headline(one: Mapping[str, Any], other: Mapping[str, Any]) -> Iterator[Pair]:
    for name, column in _HEADLINE.items():
        yield Pair(name, figure(column, one[column]), figure(column, other[column]))
    if "accuracy" in one or "accuracy" in other:
        yield Pair("accuracy", _accuracy(one), _accuracy(other))


def _accuracy(headline: Mapping[str, Any]) -> Figure:
    if "accuracy" not in headline:
        return NONE
    found, unit = headline["accuracy"]["noisy"]["value"], headline["accuracy"]["unit"]
    return Figure(metric(found, unit), found, unit)


def _by(saved: SavedReport, table: str, key: str = "component") -> dict[str, dict[str, Any]]:
    return {row[key]: row for row in records(saved.frames[table])}


def _ops(saved: SavedReport) -> dict[str, dict[str, Any]]:
    """Return the ops; those that ride along with others have no time of their own."""
    found = _by(saved, "ops", "op")
    for row in found.values():
        if not has_own_time(row["bound_by"]):
            row["duration_s"] = None
    return found


def _pairs(
    ones: Mapping[str, Mapping[str, Any]],
    others: Mapping[str, Mapping[str, Any]],
    column: str,
    *,
    every: bool = False,
) -> Iterator[Pair]:
    """Yield a pair for each name of both sides, or of either."""
    for name in dict.fromkeys((*ones, *others)):
        if every or (name in ones and name in others):
            found = (side[name][column] if name in side else None for side in (ones, others))
            yield Pair(name, *(figure(column, value) for value in found))


def _missing(here: Iterable[str], there: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(name for name in here if name not in there)


def _settings(headline: Mapping[str, Any]) -> dict[str, str]:
    found = {key: headline[key] for key in _SETTINGS}
    found |= {key: headline["provenance"][key] for key in _PROVENANCE}
    return {key.replace("_", " "): str(value) for key, value in found.items()}


def _counts(saved: SavedReport) -> dict[str, Any]:
    return {} if saved.plan is None else counts_of(saved.plan)


def _plans(ones: Mapping[str, Counts], others: Mapping[str, Counts]) -> Iterator[Change]:
    """Yield how plans differ; of two that are uniform, in one line."""
    if all(len(set(side.values())) == 1 for side in (ones, others)):
        ones, others = ({"every product": next(iter(side.values()))} for side in (ones, others))
    yield from _changes(ones, others)


def _changes(ones: Mapping[str, Any], others: Mapping[str, Any]) -> Iterator[Change]:
    """Yield what is not the same on both sides, in the first one's order."""
    for name in dict.fromkeys((*ones, *others)):
        if ones.get(name) != others.get(name):
            yield Change(name, _said(ones.get(name)), _said(others.get(name)))


def _said(value: Any) -> str | None:
    return described(value) if isinstance(value, tuple) else value
