"""A simulation of ResNet-18 beside those of two published simulators, in one run.

All simulate the convolutions and the linear layer of torchvision's ResNet-18 (224 x 224, batch 1)
with 8-bit operands on one weight-stationary array of 128 x 128 cells; ours also simulates the other
ops. Beyond the array the machines differ, so what simulation costs is compared, not cycles.
SCALE-Sim steps through every cycle; it calculates the bandwidths it needs, and saves no traces.
ZigZag searches the best mapping of each layer, with its default settings, on the ``tpu_like`` that
it ships, with the larger array.

Each has one thread and goes from files to a report, ours several times, the others once. The ratio
is of processor times, which other work on the computer stretches less. The peers get virtual
environments of their own, made once in a cache folder:

    python tests/bench/bench_engine_peers.py [--venvs FOLDER] [--limit SECONDS]

References:
    R. Raj et al., ISPASS 2025, arXiv 2504.15377 (SCALE-Sim v3).
    L. Mei et al., IEEE Trans. Computers 70, 1160 (2021), ZigZag.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from peers import CACHE, installed
from rich.console import Console
from rich.table import Table

from archsim.workload import Workload, load_workload
from archsim.workload.ops import Conv

CELLS = 128
"""Rows, and columns, of the array."""

RUNS = 9
"""Of ours, after one that loads what was compiled before."""

SCALESIM, ZIGZAG = "scalesim==3.0.0", "zigzag-dse==3.9.1"
REQUIRED = {
    SCALESIM: ("numpy==2.3.5",),  # converts arrays of one element to int, an error from 2.4 on
    ZIGZAG: ("six==1.17.0",),  # imports it, but does not require it
}

MEASURE = """
import resource, sys, time

def peak_mb():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

imported_mb = peak_mb()
for _ in range(int(sys.argv[1])):
    began_s, began_cpu_s = time.perf_counter(), time.process_time()
    macs = simulate()
    time_s, cpu_s = time.perf_counter() - began_s, time.process_time() - began_cpu_s
    print(time_s, cpu_s, peak_mb() - imported_mb, macs, flush=True)
"""
"""Follows a program that defines ``simulate``, which returns how many MACs were simulated."""

LOAD = f"""
import archsim
from archsim.engine import compiled, run
from archsim.mapping import compile_workload
changes = ["tiles.count=1", "tiles.rows={CELLS}", "tiles.columns={CELLS}"]

def load():
    return archsim.load_hardware("digital_int8", changes), archsim.load_workload("network.yaml")
"""

OURS = {
    "archsim": LOAD + "def simulate(): return archsim.simulate(*load()).macs",
    "archsim, mapping and engine": LOAD
    + """
machine, network = load()
def simulate():
    run(compile_workload(network, machine).program)
    return network.macs
""",
}

MACHINES = {SCALESIM: "ws, CALC bandwidth", ZIGZAG: "tpu_like, 128 x 128"}

PEERS = {
    SCALESIM: """
from scalesim.scale_sim import scalesim

def simulate():
    files = {"config": "machine.cfg", "topology": "layers.csv", "layout": "layout.csv"}
    found = scalesim(save_disk_space=True, verbose=False, **files)
    found.run_scale(top_path="reports")
    return sum(layer.num_compute for layer in found.runner.single_layer_sim_object_list)
""",
    ZIGZAG: f"""
import logging
from pathlib import Path
import yaml, zigzag
from zigzag.api import get_hardware_performance_zigzag

logging.disable()
shipped = Path(zigzag.__file__).parent / "inputs" / "hardware" / "tpu_like.yaml"
machine = yaml.safe_load(shipped.read_text())
machine["operational_array"]["sizes"] = [{CELLS}, {CELLS}]
Path("machine.yaml").write_text(yaml.safe_dump(machine, sort_keys=False))  # inner memories first

def simulate():
    *_, found = get_hardware_performance_zigzag(
        "layers.yaml", "machine.yaml", "mapping.yaml",
        dump_folder="reports", loma_show_progress_bar=False,
    )
    return sum(layer.layer.total_mac_count for layer, _ in found[0][1])
""",
}

SCALESIM_MACHINE = f"""
[general]
run_name = network
[run_presets]
InterfaceBandwidth = CALC
UseRamulatorTrace = False
[architecture_presets]
ArrayHeight = {CELLS}
ArrayWidth = {CELLS}
IfmapSramSzkB = 4096
FilterSramSzkB = 2048
OfmapSramSzkB = 2048
IfmapOffset = 0
FilterOffset = 10000000
OfmapOffset = 20000000
Dataflow = ws
ReadRequestBuffer = 512
WriteRequestBuffer = 512
[layout]
IfmapCustomLayout = False
FilterCustomLayout = False
IfmapSRAMBankBandwidth = {CELLS}
IfmapSRAMBankNum = 1
IfmapSRAMBankPort = 2
FilterSRAMBankBandwidth = {CELLS}
FilterSRAMBankNum = 1
FilterSRAMBankPort = 2
[sparsity]
SparsitySupport = False
"""


class Layer(NamedTuple):
    """A matrix product as the loops of a convolution."""

    name: str
    filters: int
    channels: int
    outputs: tuple[int, ...] = (1, 1)
    kernel: tuple[int, ...] = (1, 1)
    stride: tuple[int, ...] = (1, 1)

    def scalesim(self) -> str:
        """Return a line of a topology: inputs as far as kernels reach, their padding included."""
        sizes = zip(self.outputs, self.kernel, self.stride, strict=True)
        inputs = [(output - 1) * step + taps for output, taps, step in sizes]
        shape = (*inputs, *self.kernel, self.channels, self.filters, self.stride[0])
        return ",".join(map(str, (self.name, *shape))) + ",\n"

    def zigzag(self, index: int) -> dict[str, object]:
        """Return an element of a workload in which each layer reads the one before."""
        return {
            "id": index,
            "name": self.name,
            "operator_type": "Conv",
            "equation": "O[b][k][oy][ox]+=W[k][c][fy][fx]*I[b][c][iy][ix]",
            "loop_dims": ["B", "K", "C", "OY", "OX", "FY", "FX"],
            "loop_sizes": [1, self.filters, self.channels, *self.outputs, *self.kernel],
            "dimension_relations": [
                f"i{axis}={step}*o{axis}+1*f{axis}"
                for axis, step in zip("yx", self.stride, strict=True)
            ],
            "operand_precision": {"O": 16, "O_final": 8, "W": 8, "I": 8},
            "operand_source": {"I": max(index - 1, 0), "W": index},
        }


class Cost(NamedTuple):
    """What a run of a simulator took, imports apart."""

    time_s: float
    cpu_s: float
    peak_mb: float


def layers(workload: Workload) -> list[Layer]:
    """Return the matrix products of a workload."""
    return [
        Layer(op.name, op.out_channels, op.in_channels, op.shape[2:], op.kernel, op.stride)
        if isinstance(op, Conv)
        else Layer(op.name, op.gemm.columns, op.gemm.contraction)
        for op in workload.gemms
    ]


def write_inputs(folder: Path, found: list[Layer]) -> None:
    """Write what the peers read."""
    (folder / "machine.cfg").write_text(SCALESIM_MACHINE)
    lines = "".join(layer.scalesim() for layer in found)
    (folder / "layers.csv").write_text("columns are known by their order\n" + lines)
    (folder / "layout.csv").write_text("not used\n")
    elements = [layer.zigzag(index) for index, layer in enumerate(found)]
    (folder / "layers.yaml").write_text(json.dumps(elements))  # JSON is YAML
    spatial = {"D1": [f"K, {CELLS}"], "D2": [f"C, {CELLS}"]}
    mapping = [{"name": "default", "spatial_mapping": spatial}]
    (folder / "mapping.yaml").write_text(json.dumps(mapping))


def traced(folder: Path) -> Workload:
    """Return the network, written into a folder, traced in a process of its own.

    A child's peak memory is at least its parent's when it was started, so torch stays out of here.
    """
    file = folder / "network.yaml"
    model = ["torchvision.models:resnet18", "--input", "1x3x224x224"]
    subprocess.run([sys.executable, "-m", "archsim", "trace", *model, "-o", file], check=True)
    return load_workload(file)


def costs(
    python: Path | str, program: str, *, folder: Path, macs: int, limit_s: float, runs: int = 1
) -> list[Cost] | str:
    """Return what each run of a program took, or why that is not known."""
    try:
        done = subprocess.run(
            [python, "-W", "ignore", "-c", program + MEASURE, str(runs)],
            cwd=folder, timeout=limit_s, capture_output=True, text=True, check=False,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return f"did not finish in {limit_s:.0f} s"
    if done.returncode:
        return (done.stderr.strip().splitlines() or ["nothing said"])[-1]
    lines = [line.split() for line in done.stdout.splitlines()[-runs:]]
    if wrong := {line[3] for line in lines if int(line[3]) != macs}:
        return f"simulated {', '.join(wrong)} MACs instead of {macs}"
    return [Cost(*map(float, line[:3])) for line in lines]


def ours(taken: Callable[..., list[Cost] | str]) -> dict[str, Cost]:
    """Return what our simulator takes; exit if it does not run."""
    rows = {}
    for what, program in OURS.items():
        taken(sys.executable, program)  # compiles the engine where it is new
        found = taken(sys.executable, program, runs=1 + RUNS)
        if isinstance(found, str):
            sys.exit(f"{what}: {found}")
        first, *later = found
        rows[f"{what}: best of {RUNS}"] = Cost(*map(min, zip(*later, strict=True)))
        rows[f"{what}: run before them"] = first
    return rows


def main() -> None:
    """Install, measure, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--venvs", type=Path, default=CACHE / "bench_engine_peers")
    parser.add_argument("--limit", type=float, default=900, help="seconds for each simulator")
    arguments = parser.parse_args()
    pythons = {peer: installed(arguments.venvs / peer, peer, *REQUIRED[peer]) for peer in PEERS}
    table = Table("simulator", "machine", "time", "processor", "memory", "times ours")
    table.title = f"ResNet-18, batch 1, one {CELLS} x {CELLS} array; imports apart"
    table.caption = "Machines differ, so costs of simulation are compared, not cycles."
    with TemporaryDirectory() as name:
        folder = Path(name)
        network = traced(folder)
        write_inputs(folder, layers(network))
        taken = partial(costs, folder=folder, macs=network.macs, limit_s=arguments.limit)
        rows = ours(taken)
        ours_s = next(iter(rows.values())).cpu_s
        for what, cost in rows.items():
            table.add_row(what, "digital_int8, 1 tile", *figures(cost, ours_s))
        for peer, python in pythons.items():
            found = taken(python, PEERS[peer])
            told = [found] if isinstance(found, str) else figures(found[0], ours_s)
            table.add_row(peer, MACHINES[peer], *told)
    Console(width=120).print(table)


def figures(cost: Cost, ours_s: float) -> list[str]:
    """Return the cells of a row."""
    times = [f"{cost.time_s:.3g} s", f"{cost.cpu_s:.3g} s"]
    return [*times, f"{cost.peak_mb:,.0f} MB", f"{cost.cpu_s / ours_s:,.1f}"]


if __name__ == "__main__":
    main()
