"""How long it takes to draw ResNet-50, and how large that is.

The target: a file of 50 MB (before compression) within 5 s, everything counted that the drawing
adds to a run. ``python tests/bench/bench_timeline.py [--profile]``.
"""

from __future__ import annotations

import cProfile
import pstats
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from archsim import simulate
from archsim.hardware import load_hardware
from archsim.report.timeline import Choice, TimelineFile
from archsim.workload import load_workload

BUDGET_S = 5.0


@dataclass(frozen=True)
class Case:
    """A run, and how large its timeline may be [bytes]."""

    machine: str
    schedule: str
    batch: int
    most_bytes: int
    name: str


CASES = (
    Case("homodyne", "serial", 1, 100_000_000, "out.json.gz"),
    Case("dota_b", "serial", 1, 100_000_000, "out.json.gz"),
    Case("crossbar", "serial", 1, 100_000_000, "out.json.gz"),
    Case("dota_b", "serial", 4, 100_000_000, "out.json.gz"),
    Case("dota_b", "serial", 4, 100_000_000, "out.json"),
    Case("crossbar", "pipelined", 2, 50_000_000, "out.json.gz"),
    Case("crossbar", "pipelined", 2, 50_000_000, "out.json"),
)


def measure(case: Case) -> tuple[float, float, int, str]:
    """Return the time of the run alone and drawn [s], the size, and what was said."""
    machine, network = load_hardware(case.machine), load_workload("resnet50")
    options = {"schedule": case.schedule, "batch": case.batch}
    simulate(machine, network, **options)
    began_s = time.perf_counter()
    simulate(machine, network, **options)
    alone_s = time.perf_counter() - began_s
    said: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / case.name
        began_s = time.perf_counter()
        with TimelineFile(path, Choice(most_bytes=case.most_bytes), said.append) as timeline:
            simulate(machine, network, **options, timeline=timeline)
        drawn_s = time.perf_counter() - began_s
        return alone_s, drawn_s, path.stat().st_size, said[0].partition(": ")[2]


def main() -> None:
    """Print a table."""
    table = Table("run", "alone [s]", "drawn [s]", "file [MB]", "said", "target [s]")
    for case in CASES:
        alone_s, drawn_s, size_bytes, said = measure(case)
        run = f"{case.machine} {case.schedule} {case.batch}, {case.name}"
        figures = (f"{alone_s:.2f}", f"{drawn_s:.2f}", f"{size_bytes / 1e6:.1f}")
        table.add_row(run, *figures, said, f"{BUDGET_S + alone_s:.2f}")
    Console(width=160).print(table)


if __name__ == "__main__":
    if "--profile" in sys.argv:
        with cProfile.Profile() as profile:
            measure(CASES[-2])
        pstats.Stats(profile).sort_stats("cumulative").print_stats(35)
    else:
        main()
