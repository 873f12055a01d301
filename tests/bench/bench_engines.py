"""What a design point costs, part by part, and what the compiled engine gains over SimPy.

A design point is everything from a machine, a network and a plan to a ledger: programs and a run.
Each is measured on machines that differ from one to the next, as in a sweep, and the least of them
counts: one whose programs are those of a machine before it, in other times. What it takes to write
them, for the first machine of a shape, stands apart. ``python tests/bench/bench_engines.py``;
targets are printed beside.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import median

from rich.console import Console
from rich.table import Table

from archsim.engine import compiled, simpy_engine
from archsim.hardware import Hardware, load_hardware
from archsim.mapping import Program, compile_workload, serial
from archsim.workload import Workload, load_workload

POINTS = 7
ARRAYS = ["tiles.count=64", "tiles.rows=256", "tiles.columns=256"]
"""Of ``digital_int8``: 64 weight-stationary tiles of 256 x 256."""

RESIDENT = [*ARRAYS, "tiles.count=1024", "tiles.reload=false", "tiles.dynamic_products=vector_unit"]

STARTED = """
import time
began = time.perf_counter()
import archsim
archsim.simulate("homodyne", "resnet50")
print(time.perf_counter() - began)
"""


@dataclass(frozen=True)
class Case:
    """A kind of design point, and for how long it may take [s]."""

    machine: str
    network: str
    budget_s: float
    overrides: Sequence[str] = ()
    bits: int = 8


CASES = (
    Case("digital_int8", "resnet50", 0.025, ARRAYS),
    Case("homodyne", "resnet50", 0.020),
    Case("dota_b", "resnet50", 0.050, bits=4),
    Case("dota_b", "deit_t", 0.050, bits=4),
    Case("digital_int8", "bert_base", 0.050, ARRAYS),
    Case("digital_int8", "mobilenet_v2", 0.050, ARRAYS),
    Case("homodyne", "bert_base", 0.050),
    Case("homodyne", "mobilenet_v2", 0.050),
)


@dataclass(frozen=True)
class Cost:
    """What a design point took, all of it and its parts [s]."""

    whole_s: float
    compile_s: float
    run_s: float
    program: Program


def machines(case: Case) -> Iterator[Hardware]:
    """Yield machines that differ in the numbers that designers vary first."""
    for point in range(POINTS):
        varied = [f"dram.bandwidth={100 + point} GB/s", f"buffer.size={3 + point} MiB"]
        yield load_hardware(case.machine, [*case.overrides, *varied])


def cost(
    hardware: Hardware, workload: Workload, plan: int = 1, batch: int = 1, schedule: str = "serial"
) -> Cost:
    """Measure one design point."""
    began = time.perf_counter()
    program = compile_workload(workload, hardware, plan, batch=batch, schedule=schedule).program
    compiled_at = time.perf_counter()
    compiled.run(program)
    ended = time.perf_counter()
    return Cost(ended - began, compiled_at - began, ended - compiled_at, program)


def written(workload: Workload, hardware: Hardware) -> float:
    """Measure programs that no machine before had."""
    serial.program.cache_clear()
    return cost(hardware, workload).compile_s


def least(costs: Sequence[Cost]) -> Cost:
    """Return the quickest: what the others took beyond it is the computer's other work."""
    return min(costs, key=lambda found: found.whole_s)


def ratio(case: Case, one: dict[str, int], other: dict[str, int]) -> float:
    """Return the median ratio of two kinds of design points, measured in turn."""
    workload = load_workload(case.network).with_bits(case.bits, case.bits)
    return median(
        cost(hardware, workload, **other).whole_s / cost(hardware, workload, **one).whole_s
        for hardware in machines(case)
    )


def add_points(table: Table) -> None:
    """Measure every case, and SimPy beside the first ones."""
    for case in CASES:
        workload = load_workload(case.network).with_bits(case.bits, case.bits)
        best = least([cost(hardware, workload) for hardware in machines(case)])
        name = f"{case.network} on {case.machine}"
        table.add_row(name, f"{best.whole_s * 1e3:.1f} ms", f"{case.budget_s * 1e3:.0f} ms")
        table.add_row("  programs", f"{best.compile_s * 1e3:.1f} ms", "")
        written_s = min(map(partial(written, workload), machines(case)))
        table.add_row("  programs, for another shape", f"{written_s * 1e3:.1f} ms", "")
        run_budget = "10 ms" if case.network == "resnet50" else ""
        table.add_row("  run and ledger", f"{best.run_s * 1e3:.1f} ms", run_budget)
        if case.network == "resnet50":
            began = time.perf_counter()
            ledger = simpy_engine.run(best.program)
            faster = (time.perf_counter() - began) / best.run_s
            of = f"{ledger.instructions:,} instructions"
            table.add_row(f"  SimPy over that; {of}", f"{faster:.0f} x", "300 x")


def pipelined_s() -> float:
    """Measure a stream of 16 inputs through ResNet-50 with all weights resident."""
    hardware = load_hardware("digital_int8", RESIDENT)
    workload = load_workload("resnet50").with_bits(8, 8)
    return min(cost(hardware, workload, 1, 16, "pipelined").whole_s for _ in range(3))


def first_call_s() -> float:
    """Measure a fresh process from its first import to its first report."""
    command = [sys.executable, "-c", STARTED]
    runs = (subprocess.run(command, capture_output=True, text=True, check=True) for _ in range(3))
    return min(float(run.stdout) for run in runs)


def main() -> None:
    """Measure and print."""
    cost(load_hardware("homodyne"), load_workload("lenet5"))  # compiles the engine if need be
    table = Table("what", "measured", "target")
    add_points(table)
    analog = CASES[1]
    dear = ratio(analog, {"plan": 1}, {"plan": 1024})
    table.add_row("K = 1024 over K = 1, resnet50 on homodyne", f"{dear:.2f} x", "1.1 x")
    dear = ratio(analog, {"batch": 1}, {"batch": 64})
    table.add_row("batch 64 over batch 1, the same", f"{dear:.2f} x", "1.5 x")
    table.add_row("resnet50 pipelined, 1,024 tiles, batch 16", f"{pipelined_s():.2f} s", "1 s")
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    table.add_row("peak memory of all of the above", f"{peak_mb:.0f} MB", "400 MB")
    table.add_row("first report of a fresh process", f"{first_call_s():.2f} s", "2 s")
    Console().print(table)


if __name__ == "__main__":
    main()
