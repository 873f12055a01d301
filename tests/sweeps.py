"""Sweeps without processes: files made of entries, and workers that live in the test."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

from archsim.sweep import Sweep, load_sweep, load_sweep_file, run_sweep
from archsim.sweep.points import Job, Result, Worker
from archsim.sweep.starting import Running

BASE = {"format": 1, "hardware": "homodyne", "workload": "lenet5"}


def sweep_file(folder: Path, name: str = "sweep.json", **entries) -> Path:
    """Write a sweep file with these entries beside the ones that each has to have."""
    path = folder / name
    path.write_text(json.dumps(BASE | entries), encoding="utf-8")
    return path


def sweep_of(folder: Path, name: str = "sweep.json", **entries) -> Sweep:
    """Return a sweep with these entries."""
    return load_sweep_file(sweep_file(folder, name, **entries))


class Inline:
    """Runs jobs in the test's own process, and gives their results back in a random order."""

    def __init__(
        self, run: Callable[[Job], Result], workers: int = 2, stop_after: int | None = None
    ) -> None:
        self._run, self.workers, self._stop_after = run, workers, stop_after
        self._random = random.Random(workers)
        self._waiting: list[tuple[int, Job]] = []
        self.jobs: list[Job] = []

    @property
    def room(self) -> int:
        return 2 * self.workers - len(self._waiting)

    def submit(self, ticket: int, job: Job) -> None:
        self._waiting.append((ticket, job))

    def wait(self, timeout_s: float) -> list[tuple[int, Result]]:
        del timeout_s
        if self._stop_after is not None and len(self.jobs) >= self._stop_after:
            raise KeyboardInterrupt
        self._random.shuffle(self._waiting)
        count = self._random.randint(0, min(self.workers, len(self._waiting)))
        taken, self._waiting = self._waiting[:count], self._waiting[count:]
        self.jobs += [job for _, job in taken]
        return [(ticket, self._run(job)) for ticket, job in taken]

    def __enter__(self) -> Inline:
        return self

    def __exit__(self, *_: object) -> None:
        self._waiting = []


def run_inline(sweep: Sweep, folder: Path, executor: Inline | None = None, **how):
    """Run a sweep without processes; return the executor and the table."""
    executor = executor or Inline(Worker(sweep).run)
    with patch("archsim.sweep.starting._executor", lambda *_: executor):
        run_sweep(sweep, folder, Running(**how))
    return executor, load_sweep(folder)


def done(**figures: float) -> Result:
    """Return the result of a point that ran."""
    return Result("done", figures=figures)


def by_numbers(sweep: Sweep, figures: Callable[..., dict[str, float]]) -> Callable[[Job], Result]:
    """Return workers that compute figures from what is varied, by its name."""

    def run(job: Job) -> Result:
        settings = sweep.settings(job.places)
        named = {p.name.split(".")[-1]: value.shown for p, value in settings.items()}
        return done(**figures(**{name: named[name] for name in list(named)[2:]}))

    return run
