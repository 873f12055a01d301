"""How long ``archsim run`` takes from being called to the first simulated tick."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

MACHINE, WORKLOADS, RUNS, LIMIT_S = "homodyne", ("lenet5", "resnet50"), 5, 1.0

CODE = """
import os, sys, time
from archsim import engine
from archsim.cli import main

def stop(*_):
    print(time.time(), "torch" in sys.modules, flush=True)
    os._exit(0)

engine.run = stop
main(["run", sys.argv[1], sys.argv[2]])
"""


def startup_s(workload: str) -> float:
    """Return the time from starting the process to starting the simulation."""
    began_s = time.time()
    command = [sys.executable, "-c", CODE, MACHINE, workload]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    reached_s, torch = done.stdout.split()
    if torch == "True":
        sys.exit("archsim run imports torch")
    return float(reached_s) - began_s


def main() -> None:
    """Print the median of a few runs for each workload; fail if one is over the limit."""
    over = False
    for workload in WORKLOADS:
        median_s = statistics.median(startup_s(workload) for _ in range(RUNS))
        over |= median_s > LIMIT_S
        print(f"archsim run {MACHINE} {workload}: simulating after {median_s:.2f} s")  # noqa: T201
    if over:
        sys.exit(f"startup takes more than {LIMIT_S} s")


if __name__ == "__main__":
    main()
