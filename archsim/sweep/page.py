"""The page of a directory of results."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from archsim.report.page import Sweep, sweep_page
from archsim.sweep.figures import BY_NAME
from archsim.sweep.front import front
from archsim.sweep.objectives import Best, directions
from archsim.sweep.reading import about, load_sweep

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
    counts = frame.status.value_counts().items()
    return sweep_page(
        Sweep(
            name=str(said["sweep"]),
            points=points,
            objectives=objectives,
            front=frozenset(found.members.point),
            facts={
                "points": ", ".join(f"{count:,} {status}" for status, count in counts),
                "archsim": str(said["archsim"]),
                "sweep": str(said["digest"]),
            },
            warnings=tuple(f"{n:,} points {why}" for why, n in found.left_out.items()),
        )
    )
