"""The main job's speed and memory, and how soon a run starts; budgets are printed beside them."""

from __future__ import annotations

import resource
import subprocess
import sys
import time

from rich.console import Console
from rich.table import Table

from archsim.engine import run
from archsim.hardware import load_hardware
from archsim.mapping import compile_workload
from archsim.workload import load_workload

MACHINE = ["tiles.count=64", "tiles.rows=256", "tiles.columns=256"]
"""Of ``digital_int8``: 64 weight-stationary tiles of 256 x 256."""

STARTED = """
import sys, time
began = time.perf_counter()
import archsim
hardware, workload = archsim.load_hardware("digital_int8"), archsim.load_workload("resnet50")
print(time.perf_counter() - began, "torch" in sys.modules)
"""


def started() -> tuple[float, float, bool]:
    """Return the time to a loaded machine and network, of a whole process too, and about torch."""
    began = time.perf_counter()
    command = [sys.executable, "-c", STARTED]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    return float(out[0]), time.perf_counter() - began, out[1] == "True"


def main() -> None:
    """Measure and print."""
    workload = load_workload("resnet50")
    hardware = load_hardware("digital_int8", MACHINE)
    began = time.perf_counter()
    compiled = compile_workload(workload, hardware)
    compile_s = time.perf_counter() - began
    began = time.perf_counter()
    ledger = run(compiled.program, "simpy")
    run_s = time.perf_counter() - began
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    in_process_s, whole_s, torch = min(started() for _ in range(3))
    table = Table("what", "measured", "budget")
    table.add_row("ResNet-50, 64 tiles of 256 x 256: compiling", f"{compile_s:.2f} s", "")
    table.add_row("the same: SimPy engine", f"{run_s:.2f} s", "15 s")
    table.add_row("the same: instructions executed", f"{ledger.instructions:,}", "")
    table.add_row("peak memory of this process", f"{peak_mb:.0f} MB", "500 MB")
    table.add_row("import and load, fresh process", f"{in_process_s:.2f} s", "1 s")
    table.add_row("the same, interpreter included", f"{whole_s:.2f} s", "")
    table.add_row("torch imported", str(torch), "False")
    Console().print(table)


if __name__ == "__main__":
    main()
