"""Sweeps in processes of their own, to be killed; and in this one, to compare with."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pandas as pd
import psutil

from archsim.sweep import load_sweep, load_sweep_file
from archsim.sweep.designs import design_of
from archsim.sweep.directory import LOG, Directory
from archsim.sweep.executor import Done
from archsim.sweep.identity import Identity
from archsim.sweep.log import Log
from archsim.sweep.points import Job, Worker
from archsim.sweep.running import Coordinator, Listed, News
from archsim.sweep.sweep import Sweep
from tests import sweep_with_faults

_MARK = "ARCHSIM_TEST_SWEEP"
_PATIENCE_S = 120.0


def written(path: Path, **parts: object) -> Path:
    """Write a sweep file over a small network, and return it."""
    whole = {"format": 1, "hardware": "homodyne", "workload": "lenet5", **parts}
    path.write_text(json.dumps(whole))
    return path


class Inline:
    """Runs jobs in this process; stops as a crash does after so many, if asked."""

    workers = 1

    def __init__(self, sweep: Sweep, crash_after: int | None = None) -> None:
        self._worker, self._left = Worker(sweep), crash_after
        self._jobs: list[tuple[int, Job]] = []

    @property
    def room(self) -> int:
        return 1 - len(self._jobs)

    def __enter__(self) -> Inline:
        return self

    def __exit__(self, *_: object) -> None: ...

    def submit(self, ticket: int, job: Job) -> None:
        self._jobs.append((ticket, job))

    def wait(self, timeout_s: float) -> Sequence[Done]:  # noqa: ARG002 - never waits
        if self._left == 0:
            raise MemoryError
        self._left = None if self._left is None else self._left - 1
        done = [(ticket, self._worker.run(job)) for ticket, job in self._jobs]
        self._jobs = []
        return done


def swept(file: Path, folder: Path, *, crash_after: int | None = None, retry: bool = False) -> News:
    """Run a sweep in this process, without a break or with a crash."""
    sweep = load_sweep_file(file)
    identity, design = Identity(sweep), design_of(sweep)
    with Directory(folder, identity, design) as directory, Inline(sweep, crash_after) as executor:
        directory.open(retry=retry)
        points = Listed(design, identity, directory)
        return Coordinator(points, directory, executor).run()


def unbroken(file: Path, folder: Path) -> pd.DataFrame:
    """Return the table of a sweep that nothing happens to."""
    swept(file, folder)
    return load_sweep(folder)


def entries(folder: Path) -> list[Mapping[str, object]]:
    """Return everything that a directory has ever finished."""
    if not (folder / LOG).exists():
        return []
    with Log(folder / LOG) as log:
        return [*log.rolled(), *log.live()]


def finished_twice(folder: Path) -> list[object]:
    """Return the keys of points that were finished more than once."""
    return [key for key, times in Counter(e["key"] for e in entries(folder)).items() if times > 1]


class Run:
    """A coordinator and its workers: processes of their own."""

    def __init__(self, file: Path, folder: Path, *options: str, pause_s: float = 0.0) -> None:
        self.folder = folder
        self._mark = uuid4().hex
        script = sweep_with_faults.__file__
        self.process = subprocess.Popen(
            [sys.executable, script, "sweep", str(file), "-o", str(folder), *options],
            env=os.environ
            | {_MARK: self._mark, sweep_with_faults.PAUSE: str(pause_s)}
            | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )

    def alive(self) -> list[psutil.Process]:
        """Return all processes that belong to it, orphans too."""
        found = []
        for process in psutil.process_iter():
            try:
                if process.environ().get(_MARK) == self._mark:
                    found.append(process)
            except (psutil.Error, OSError):  # it ended meanwhile, or is not ours
                continue
        return found

    def workers(self) -> list[psutil.Process]:
        """Return its workers."""
        try:
            children = psutil.Process(self.process.pid).children()
            return [c for c in children if "spawn_main" in " ".join(c.cmdline())]
        except psutil.Error:
            return []

    def finished(self) -> int:
        """Return how many points are in the log now."""
        log = self.folder / LOG
        return log.read_bytes().count(b"\n") if log.exists() else 0

    def until(self, reached: Callable[[], object]) -> None:
        """Wait until something is so, or the run is over."""
        began_s = time.monotonic()
        while not reached() and self.process.poll() is None:
            assert time.monotonic() - began_s < _PATIENCE_S, "the sweep hangs"
            time.sleep(0.01)

    def end(self) -> tuple[int, str, str]:
        """Wait for its end; return its status, data and words."""
        out, err = self.process.communicate(timeout=_PATIENCE_S)
        return self.process.returncode, out, err

    def orphans(self) -> list[psutil.Process]:
        """Return processes that are left some time after its end."""
        began_s = time.monotonic()
        while (left := self.alive()) and time.monotonic() - began_s < 20:
            time.sleep(0.05)
        return left


@contextmanager
def running(file: Path, folder: Path, *options: str, pause_s: float = 0.0) -> Iterator[Run]:
    """Start a sweep; leave nothing of it behind."""
    run = Run(file, folder, *options, pause_s=pause_s)
    try:
        yield run
    finally:
        for process in run.alive():
            process.kill()
        run.process.communicate()
