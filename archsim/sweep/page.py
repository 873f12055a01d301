"""The page of a directory of results."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from archsim.report.page import Sweep, sweep_page
from archsim.sweep.figures import BY_NAME
from archsim.sweep.front import front
from archsim.sweep.objectives import Best, directions
from archsim.sweep.reading import about, load_sweep

if TYPE_CHECKING:
    import pandas as pd

_USUAL: Mapping[str, Best] = {"energy_j": "min", "latency_s": "min"}
"""What points are judged by where the sweep names fewer than two objectives."""


def page_of(folder: Path) -> str:
    """Return the page of a sweep's results.

    Raises:
        ConfigError: There are none, or no point to compare.
    """
    said = about(folder)
    saved: dict[str, Best] = dict(said.get("objectives", {}))
    objectives = directions((), saved if len(saved) > 1 else {**saved, **_USUAL})
    frame = load_sweep(folder)
    found = front(frame, objectives)
    figures = [name for name in frame.columns if name in BY_NAME and name not in objectives]
    points = frame.drop(columns=[*figures, "key"])
    named = _with_units(frame, objectives)
    counts = frame.status.value_counts().items()
    return sweep_page(
        Sweep(
            name=str(said["sweep"]),
            points=points.rename(columns=named),
            objectives={named.get(name, name): best for name, best in objectives.items()},
            front=frozenset(found.members.point),
            facts={
                "points": ", ".join(f"{count:,} {status}" for status, count in counts),
                "archsim": str(said["archsim"]),
                "sweep": str(said["digest"]),
            },
            warnings=tuple(f"{n:,} points {why}" for why, n in found.left_out.items()),
        )
    )


def _with_units(frame: pd.DataFrame, objectives: Mapping[str, Best]) -> dict[str, str]:
    """Return other names for figures of accuracy, whose unit is a column of its own."""
    if "accuracy_unit" not in frame.columns:
        return {}
    units = frame.accuracy_unit.dropna().unique().tolist()
    if len(units) != 1 or not units[0]:
        return {}
    return {name: f"{name} [{units[0]}]" for name in objectives if BY_NAME[name].of_accuracy}
