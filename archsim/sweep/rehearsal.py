"""What a sweep would be: how many points, which of them cannot be, how long it takes."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from archsim.engine.trace import Progress
from archsim.sweep.designs import design_of
from archsim.sweep.file import ADAPTIVE
from archsim.sweep.points import Job, Worker
from archsim.sweep.space import Places
from archsim.sweep.sweep import Sweep

MOST_CHECKED = 5_000
"""Machines that are built to see whether they can be; of more points an even sample."""

SAMPLE = 8
"""Points that are run to see how long they take, after one that nobody counts."""

_NAMED = 3


@dataclass(frozen=True, slots=True)
class Misfit:
    """Points that cannot be, as something is wrong in one place.

    Attributes:
        reason: What is wrong with the first of them.
        points: How many of those that were checked.
        examples: Parameters of the first of them.
    """

    reason: str
    points: int
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What a sweep would be.

    Attributes:
        points: How many there are.
        checked: Of how many the machine was built.
        misfits: Reasons for which some of these cannot be.
        excluded: How many of these a limit excludes beforehand.
        skipped: How many of these do not run; a search learns from what a limit excludes.
        sampled: How many points were run.
        timing_s: What timing one takes; None if none of the sample could run.
        evaluating_s: What one evaluation of accuracy takes; None if none is asked.
        evaluations: How many different ones the sample needed, of how many points.
    """

    points: int
    checked: int
    misfits: tuple[Misfit, ...]
    excluded: int
    skipped: int
    sampled: int
    timing_s: float | None
    evaluating_s: float | None
    evaluations: int

    def expected_s(self, workers: int) -> tuple[float, float] | None:
        """Return the least and the most time that it takes: evaluations may be shared or not."""
        if self.timing_s is None:
            return None
        sound = self.checked - self.skipped - sum(misfit.points for misfit in self.misfits)
        points = self.points * sound / max(self.checked, 1)
        timing_s = points * self.timing_s
        once_s = self.evaluating_s or 0.0
        most = points * self.evaluations / max(self.sampled, 1)
        return (timing_s + once_s) / workers, (timing_s + most * once_s) / workers


def rehearse(sweep: Sweep, progress: Progress | None = None) -> Rehearsal:
    """Return what a sweep would be, from its machines and a sample of its points.

    Args:
        sweep: The sweep.
        progress: Called with how many machines of how many were looked at.
    """
    design = design_of(sweep)
    checked = [design[n] for n in _spread(len(design), MOST_CHECKED)]
    worker = Worker(sweep)
    adaptive = sweep.search.method in ADAPTIVE
    excluded, sound = 0, []
    reasons = _Reasons()
    for done, places in enumerate(checked):
        result = worker.look(places)
        if progress is not None:
            progress(done + 1, len(checked))
        excluded += result.status == "outside"
        if result.status == "done" or (adaptive and result.status == "outside"):
            sound.append(places)
        elif result.status != "outside":
            reasons.add(result.error, places)
    timing = _timed(worker, [sound[n] for n in _spread(len(sound), SAMPLE + 1)], reasons)
    return Rehearsal(
        points=(sweep.search.trials or 0) if adaptive else len(design),
        checked=len(checked),
        misfits=reasons.misfits(sweep),
        excluded=excluded,
        skipped=0 if adaptive else excluded,
        **timing,
    )


class _Reasons:
    """Why points cannot be, by the place that is named first: values differ from point to point."""

    def __init__(self) -> None:
        self._by_place: dict[str, tuple[str, list[Places]]] = {}

    def add(self, error: str, places: Places) -> None:
        """Take note of a point."""
        first = error.partition("\n")[0]
        self._by_place.setdefault(first.partition(": found")[0], (first, []))[1].append(places)

    def misfits(self, sweep: Sweep) -> tuple[Misfit, ...]:
        """Return them, those of most points first."""
        found = [
            Misfit(reason, len(points), tuple(_told(sweep, each) for each in points[:_NAMED]))
            for reason, points in self._by_place.values()
        ]
        return tuple(sorted(found, key=lambda misfit: -misfit.points))


def _told(sweep: Sweep, places: Places) -> str:
    shown = sweep.space.shown(places)
    return ", ".join(f"{name}={value}" for name, value in shown.items())


def _spread(count: int, most: int) -> list[int]:
    """Return so many numbers below a count at most, at equal distances."""
    if count <= most:
        return list(range(count))
    return [n * count // most for n in range(most)]


def _timed(worker: Worker, sample: Sequence[Places], reasons: _Reasons) -> dict[str, Any]:
    """Return how long points take; the first one, which compiles what all share, is not counted."""
    times_s, needs = [], {}
    for places in sample:
        began_s = time.perf_counter()
        result = worker.run(Job("timing", places, skip=False))
        if result.status == "done":
            times_s.append(time.perf_counter() - began_s)
        else:
            reasons.add(result.error, places)
        if result.needs:
            needs[result.needs] = places
    evaluations = [places for _, places in list(needs.items())[:2]]
    evaluating_s = None
    for places in evaluations:  # the first one loads the data
        began_s = time.perf_counter()
        worker.run(Job("accuracy", places))
        evaluating_s = time.perf_counter() - began_s
    counted_s = times_s[1:] or times_s
    return {
        "sampled": len(times_s),
        "timing_s": sum(counted_s) / len(counted_s) if counted_s else None,
        "evaluating_s": evaluating_s,
        "evaluations": len(needs),
    }
