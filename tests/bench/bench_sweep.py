"""What a sweep costs beyond the engine, how it shares cores, and what many points weigh.

``python tests/bench/bench_sweep.py``; targets are printed beside. Rates are of medians or of ratios
in one run, as the computer may have other work. What a hundred thousand points weigh is measured
with made-up results, which take no time to come.
"""

from __future__ import annotations

import gc
import json
import resource
import tempfile
import time
from collections.abc import Callable, Sequence
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from typing import Any
from unittest.mock import patch

from rich.console import Console
from rich.table import Table

from archsim import engine
from archsim.sweep import load_sweep_file, points
from archsim.sweep.designs import design_of
from archsim.sweep.directory import Directory
from archsim.sweep.executor import Done
from archsim.sweep.identity import Identity
from archsim.sweep.local import LocalWorkers
from archsim.sweep.points import Job, Result, Worker
from archsim.sweep.running import Coordinator, Listed, News
from archsim.sweep.sweep import Sweep

POINTS = 60
"""Points that are run one by one."""

STEADY_S = 6.0
"""For how long workers are watched."""

MANY, FEW = 100_000, 20_000


def sweep_of(folder: Path, network: str, count: int) -> Sweep:
    """Return a sweep over numbers that designers vary first."""
    file = folder / "bench.yaml"
    vary = {
        "tiles.laser.power": {"from": "10 mW", "to": "200 mW", "points": count // 20},
        "dram.bandwidth": ["64 GB/s", "128 GB/s", "256 GB/s", "384 GB/s", "512 GB/s"],
        "buffer.size": ["3 MiB", "4 MiB", "5 MiB", "6 MiB"],
    }
    whole = {"format": 1, "hardware": "homodyne", "workload": network, "vary": vary}
    file.write_text(json.dumps(whole))
    return load_sweep_file(file)


def alone_s(sweep: Sweep) -> tuple[float, float]:
    """Return what a point takes in a worker, and what of it is not the engine's [s]."""
    worker, design = Worker(sweep), design_of(sweep)
    engine_s = 0.0

    def timed(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: object, **named: object) -> object:
            nonlocal engine_s
            began = time.perf_counter()
            found = function(*arguments, **named)
            engine_s += time.perf_counter() - began
            return found

        return call

    wholes_s, beyond_s = [], []
    with (
        patch.object(points, "compile_workload", timed(points.compile_workload)),
        patch.object(engine, "run", timed(engine.run)),
    ):
        for number in range(POINTS):
            engine_s, began = 0.0, time.perf_counter()
            result = worker.run(Job("timing", design[number * (len(design) // POINTS)]))
            wholes_s.append(time.perf_counter() - began)
            beyond_s.append(wholes_s[-1] - engine_s)
            assert result.status == "done"
    return median(wholes_s), median(beyond_s)


class Instant:
    """Gives made-up results at once."""

    workers = 1
    room = 100

    def __init__(self, figures: dict[str, object]) -> None:
        self._figures = figures
        self._done: list[Done] = []

    def __enter__(self) -> Instant:
        return self

    def __exit__(self, *_: object) -> None: ...

    def submit(self, ticket: int, job: Job) -> None:  # noqa: ARG002 - none runs
        """Be done with a job, with figures as different as those of real points."""
        shift = 1 + ticket * 1.234567e-7
        figures = {k: v * shift if isinstance(v, float) else v for k, v in self._figures.items()}
        figures["hardware_hash"] = f"{ticket * 0x9E3779B97F4A7C15 % 2**128:032x}"
        self._done.append((ticket, Result("done", figures=figures)))

    def wait(self, timeout_s: float) -> Sequence[Done]:  # noqa: ARG002 - never waits
        """Return what was submitted."""
        done, self._done = self._done, []
        return done


def _resident_mb() -> float:
    """Return how much memory this process has now."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def many(folder: Path, table: Table) -> None:
    """Measure the coordinator with a hundred thousand points."""
    sweep = sweep_of(folder, "resnet50", MANY)
    design = design_of(sweep)
    figures = Worker(sweep).run(Job("timing", design[0])).figures
    memory_mb: dict[int, float] = {}

    def tell(news: News) -> None:
        mark = news.finished // FEW * FEW
        if mark and mark not in memory_mb:
            memory_mb[mark] = _resident_mb()

    began = time.perf_counter()
    with Directory(folder / "many", Identity(sweep), design) as directory:
        directory.open()
        listed = Listed(design, Identity(sweep), directory)
        news = Coordinator(listed, directory, Instant(dict(figures)), tell).run()
    assert news.finished == MANY, news.finished
    each_s = (time.perf_counter() - began) / MANY
    table.add_row("coordinator, a point", f"{each_s * 1e3:.2f} ms", "1 ms")
    grown_mb = memory_mb[max(memory_mb)] - memory_mb[FEW]
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    told = f"memory from 20,000 to 100,000 points; peak {peak_mb:.0f} MB"
    table.add_row(told, f"+{grown_mb:.0f} MB", "50 MB")
    files_mb = sum(f.stat().st_size for f in (folder / "many").iterdir()) / 1e6
    table.add_row("results of 100,000 points on the disk", f"{files_mb:.0f} MB", "100 MB")
    began = time.perf_counter()
    with Directory(folder / "many", Identity(sweep), design) as directory:
        directory.open()
        assert Listed(design, Identity(sweep), directory).next() is None
    taken_s = time.perf_counter() - began
    table.add_row("resume scan of 100,000 points", f"{taken_s:.1f} s", "5 s")
    other = sweep_of(folder, "resnet50", MANY + 400)
    began = time.perf_counter()
    with Directory(folder / "many", Identity(other), design_of(other)) as directory:
        directory.open()
        assert Listed(design_of(other), Identity(other), directory).next() is not None
    taken_s = time.perf_counter() - began
    table.add_row("the same after the file was changed", f"{taken_s:.1f} s", "")


def _loop(told: Connection) -> None:
    until, turns = time.perf_counter() + 2.0, 0
    while time.perf_counter() < until:
        turns += sum(range(1_000)) > 0
    told.send(turns)


def plain_gain() -> float:
    """Return what two processes gain over one on this computer now, whatever they do."""
    turns = []
    for processes in (1, 2):
        pipes = [get_context("spawn").Pipe() for _ in range(processes)]
        running = [get_context("spawn").Process(target=_loop, args=(there,)) for _, there in pipes]
        for process in running:
            process.start()
        turns.append(sum(here.recv() for here, _ in pipes))
        for process in running:
            process.join()
    return float(turns[1] / turns[0])


def rate_per_s(sweep: Sweep, jobs: int) -> float:
    """Return points a second of some workers, once each of them has begun in earnest."""
    design = design_of(sweep)
    number = 0

    def serve(executor: LocalWorkers, until: float) -> int:
        nonlocal number
        done = 0
        while time.perf_counter() < until:
            for _ in range(executor.room):
                executor.submit(number, Job("timing", design[number % len(design)]))
                number += 1
            done += len(executor.wait(0.1))
        return done

    with LocalWorkers(sweep, jobs) as executor:
        while serve(executor, time.perf_counter() + 1.0) < 5 * jobs:
            pass  # they start
        return serve(executor, time.perf_counter() + STEADY_S) / STEADY_S


def main() -> None:
    """Measure and print."""
    table = Table("what", "measured", "target")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sweep = sweep_of(folder, "resnet50", 2_000)
        Worker(sweep).prepare()
        whole_s, beyond_s = alone_s(sweep)
        table.add_row("resnet50 on homodyne, in a worker", f"{1 / whole_s:.0f} points/s", "40")
        table.add_row("  of a point, beyond programs and run", f"{beyond_s * 1e3:.1f} ms", "5 ms")
        pairs = [(rate_per_s(sweep, 1), rate_per_s(sweep, 2)) for _ in range(3)]
        one, two = (median(each) for each in zip(*pairs, strict=True))
        table.add_row("  --jobs 1", f"{one:.0f} points/s", "40")
        table.add_row("  --jobs 2", f"{two:.0f} points/s", "")
        gained = median(two / one for one, two in pairs)
        told = f"  2 workers over 1; plain loops: {plain_gain():.2f} x"
        table.add_row(told, f"{gained:.2f} x", "1.8 x")
        many(folder, table)
    Console().print(table)


if __name__ == "__main__":
    main()
