"""Start a sweep, or go on with one."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from archsim.errors import ConfigError
from archsim.sweep.designs import design_of
from archsim.sweep.directory import Directory
from archsim.sweep.executor import Executor
from archsim.sweep.file import ADAPTIVE
from archsim.sweep.identity import Identity
from archsim.sweep.interrupt import Interrupt
from archsim.sweep.loading import load_sweep_file
from archsim.sweep.local import LocalWorkers
from archsim.sweep.running import Coordinator, Listed, News, Points, Tell
from archsim.sweep.samples import keep_samples
from archsim.sweep.sweep import Sweep


@dataclass(frozen=True, slots=True)
class Running:
    """How a sweep is run, which changes none of its figures.

    Attributes:
        jobs: Local processes; None for one on each core.
        dask: Address of a Dask scheduler that has workers instead.
        timeout_s: How long a job may take; None for as long as it likes.
        retry: Whether points that failed, took too long or killed their worker are run again.
    """

    jobs: int | None = None
    dask: str | None = None
    timeout_s: float | None = None
    retry: bool = False

    @property
    def workers(self) -> int:
        """Local processes."""
        return self.jobs or os.cpu_count() or 1

    def __post_init__(self) -> None:
        if self.jobs is not None and self.jobs < 1:
            raise ConfigError(f"jobs: found {self.jobs}; expected 1 at least; raise it")
        if self.timeout_s is not None and not self.timeout_s > 0:
            raise ConfigError(f"timeout: found {self.timeout_s:g} s; expected more; raise it")
        if self.jobs is not None and self.dask is not None:
            raise ConfigError(
                "jobs: found it beside a Dask address; expected one of the two, as the cluster "
                "knows its workers; leave one out"
            )


def run_sweep(
    file: str | Path | Sweep,
    folder: str | Path,
    running: Running | None = None,
    *,
    tell: Tell | None = None,
    note: list[str] | None = None,
) -> News:
    """Run the points of a sweep that are not finished yet.

    Args:
        file: A sweep file, or what was read of one.
        folder: Where results are and go.
        running: How it is run.
        tell: Called now and then with how it goes.
        note: Takes what should be known about the directory.

    Raises:
        ArchsimError: Wrong input, a place that cannot be written, or workers that are gone.
        KeyboardInterrupt: Ctrl-C, after everything that is finished was kept.
    """
    how = running or Running()
    sweep = file if isinstance(file, Sweep) else load_sweep_file(file)
    identity = Identity(sweep)
    adaptive = sweep.search.method in ADAPTIVE
    if adaptive and how.retry:
        raise ConfigError(
            f"retry: found it with search.method: {sweep.search.method}, which has learned from "
            "what failed; expected it with points that are chosen beforehand; leave it out, or "
            "search in another folder"
        )
    design = None if adaptive else design_of(sweep)
    with Directory(Path(folder), identity, design) as directory:
        directory.open(retry=how.retry)
        if note is not None:
            note += directory.notes
        keep_samples(directory.folder, identity, design)
        points: Points
        if design is None:
            from archsim.sweep.search import Searched  # brings Optuna

            points = Searched(identity, directory)
        else:
            points = Listed(design, identity, directory)
        with Interrupt() as interrupt, _executor(sweep, how) as executor:
            news = Coordinator(points, directory, executor, tell).run(lambda: interrupt.asked)
        if interrupt.asked:
            raise KeyboardInterrupt
        return news


def _executor(sweep: Sweep, how: Running) -> Executor:
    if how.dask is None:
        return LocalWorkers(sweep, how.workers, how.timeout_s)
    from archsim.sweep.cluster import DaskWorkers  # brings Dask

    return DaskWorkers(sweep, how.dask, how.timeout_s)
