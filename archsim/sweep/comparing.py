"""Two sweeps side by side: what became of the points that both have.

Points are the same if all parameters are that both sweeps have, machines and workloads by name. A
parameter that only one of them has must take one value there: else which of its points is meant?

A figure's change is the ratio of the second to the first, and for accuracy and its drop, which may
be nothing or less, the difference. Where a figure is 0 in one sweep alone there is no ratio.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import log
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from archsim.errors import ConfigError
from archsim.sweep.figures import BY_NAME

if TYPE_CHECKING:
    import pandas as pd

RATIOS = (
    "latency_s", "throughput_per_s", "energy_j", "power_w", "area_m2", "utilization",
)  # fmt: skip
DIFFERENCES = ("accuracy", "drop")

_OTHERS = frozenset({"point", "status", "error", "inside", "key"})
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What is the same in two sweeps, and what is not.

    Attributes:
        names: What they are called.
        matched_by: Parameters that both have.
        notes: Parameters that only one has.
        only: How many points only the first has, and only the second.
        statuses: How many points of both became what: in the first, in the second.
        figures: For each figure of both how it changed.
        points: For each point of both its parameters, statuses, figures and changes.
    """

    names: tuple[str, str]
    matched_by: tuple[str, ...]
    notes: tuple[str, ...]
    only: tuple[int, int]
    statuses: Mapping[tuple[str, str], int]
    figures: tuple[Row, ...]
    points: tuple[Row, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the points."""
        found = [*self.matched_by, "point_first", "point_second", "status_first", "status_second"]
        for row in self.figures:
            name = row["figure"]
            found += [f"{name}_first", f"{name}_second", _change_of(name)]
        return tuple(found)

    @property
    def changed(self) -> tuple[Row, ...]:
        """Points whose figures are not the same, those that changed most first."""
        differing = [row for row in self.points if _extent(row) > (0.0, 0.0)]
        return tuple(sorted(differing, key=_extent, reverse=True))

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data, without the single points."""
        first, second = self.names
        return {
            "first": first,
            "second": second,
            "matched_by": list(self.matched_by),
            "notes": list(self.notes),
            "matched": len(self.points),
            "only_first": self.only[0],
            "only_second": self.only[1],
            "statuses": [
                {"first": one, "second": other, "points": count}
                for (one, other), count in self.statuses.items()
            ],
            "figures": [dict(row) for row in self.figures],
        }


def compare(
    first: pd.DataFrame, second: pd.DataFrame, names: tuple[str, str] = ("first", "second")
) -> Comparison:
    """Return how the results of two sweeps differ.

    Args:
        first: A row for each point, as ``load_sweep`` returns them.
        second: The same of the other.
        names: What they are called.

    Raises:
        ConfigError: Points of one of them cannot be told apart by what both have.
    """
    both = [column for column in parameters(first) if column in parameters(second)]
    notes = [
        f"{column} is varied in {name} only"
        for frame, name in zip((first, second), names, strict=True)
        for column in parameters(frame)
        if column not in both
    ]
    faults: list[str] = []
    ours, theirs = (
        _by_place(frame, both, name, faults)
        for frame, name in zip((first, second), names, strict=True)
    )
    if faults:
        raise ConfigError("\n".join(faults))
    matched = [place for place in ours if place in theirs]
    figures = [name for name in (*RATIOS, *DIFFERENCES) if name in first and name in second]
    points = [_point(both, ours[place], theirs[place], figures) for place in matched]
    return Comparison(
        names=names,
        matched_by=tuple(both),
        notes=tuple(notes),
        only=(len(ours) - len(matched), len(theirs) - len(matched)),
        statuses=Counter((row["status_first"], row["status_second"]) for row in points),
        figures=tuple(_figure(name, points) for name in figures),
        points=tuple(points),
    )


def compare_folders(first: str | Path, second: str | Path) -> Comparison:
    """Return how two directories of results differ.

    Raises:
        ConfigError: One of them is none, or they cannot be compared.
    """
    from archsim.sweep.reading import about, load_sweep

    found = compare(load_sweep(first), load_sweep(second), (str(first), str(second)))
    versions = [str(about(Path(folder)).get("archsim")) for folder in (first, second)]
    if len(set(versions)) == 1:
        return found
    note = f"{first} is of archsim {versions[0]}, {second} of {versions[1]}"
    return replace(found, notes=(note, *found.notes))


def parameters(frame: pd.DataFrame) -> list[str]:
    """Return the columns of a sweep's table that were varied, machine and workload among them."""
    return [name for name in frame.columns if name not in _OTHERS and name not in BY_NAME]


def _by_place(
    frame: pd.DataFrame, columns: Sequence[str], name: str, faults: list[str]
) -> dict[tuple[Any, ...], Row]:
    """Return the rows of a sweep by the values of the parameters that both have."""
    found: dict[tuple[Any, ...], Row] = {}
    for row in frame.to_dict("records"):
        place = tuple(None if row[c] != row[c] else row[c] for c in columns)
        if place in found:
            others = [c for c in parameters(frame) if c not in columns]
            faults.append(
                f"{name}: found points that are the same in all that both sweeps vary "
                f"({', '.join(columns) or 'nothing'}); expected each once; compare with a sweep "
                f"that varies {', '.join(others) or 'the same'} too, or one value of it"
            )
            break
        found[place] = {str(key): value for key, value in row.items()}
    return found


def _point(columns: Sequence[str], one: Row, other: Row, figures: Sequence[str]) -> Row:
    row = {column: one[column] for column in columns}
    row |= {"point_first": one["point"], "point_second": other["point"]}
    row |= {"status_first": one["status"], "status_second": other["status"]}
    for name in figures:
        ran = one["status"] == other["status"] == "done"
        row |= {f"{name}_first": one[name], f"{name}_second": other[name]}
        row[_change_of(name)] = _change(name, one[name], other[name]) if ran else None
    return {key: None if value != value else value for key, value in row.items()}  # noqa: PLR0124


def _change_of(name: str) -> str:
    return f"{name}_ratio" if name in RATIOS else f"{name}_difference"


def _change(name: str, one: float, other: float) -> float | None:
    if np.isnan(one) or np.isnan(other):
        return None
    if name in DIFFERENCES:
        return float(other - one)
    if one > 0 and other > 0:
        return float(other / one)
    return 1.0 if one == other else None


def _figure(name: str, points: Sequence[Row]) -> Row:
    """Return how a figure changed over the points that both sweeps ran."""
    ran = [row for row in points if row["status_first"] == row["status_second"] == "done"]
    changes = [row[_change_of(name)] for row in ran if row[_change_of(name)] is not None]
    nothing = 1.0 if name in RATIOS else 0.0
    return {
        "figure": name,
        "change": "ratio" if name in RATIOS else "difference",
        "points": len(changes),
        "same": sum(change == nothing for change in changes),
        "without": len(ran) - len(changes),
        "least": min(changes, default=None),
        "median": float(np.median(changes)) if changes else None,
        "most": max(changes, default=None),
    }


def _extent(row: Row) -> tuple[float, float]:
    """Return by how much a point changed: the greatest ratio, then the greatest difference."""
    ratios = [abs(log(c)) for name in RATIOS if (c := row.get(_change_of(name))) is not None]
    differences = [abs(c) for name in DIFFERENCES if (c := row.get(_change_of(name))) is not None]
    return max(ratios, default=0.0), max(differences, default=0.0)
