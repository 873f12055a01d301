"""The noisy forward pass beside that of a published simulator, aihwkit, in one run.

ResNet-20, batch 32, random weights, one thread. Both quantise inputs and outputs of every layer to
8 bits and add noise to its outputs; ours also rounds what is stored between layers, and has all
sources of ``homodyne``. The two take turns, so that what else the computer does falls on both.

aihwkit has two simulators for inference, one in C++ and one in PyTorch; what cannot be run is said
with its error. It gets a virtual environment of its own, made once in a cache folder:

    python tests/bench/bench_noise_peers.py [--venv FOLDER]

Where pip would take a build of PyTorch with CUDA, point it to the one for the CPU first.

References:
    M. J. Rasch et al., AICAS 2021, arXiv 2104.02184 (aihwkit).
"""

from __future__ import annotations

import argparse
import os
import subprocess
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from time import perf_counter

import torch
from peers import CACHE, installed
from rich.console import Console
from rich.table import Table

from archsim.frontend import export
from archsim.functional import Draws, Settings, Simulator
from archsim.hardware import load_hardware
from workloads.models.cifar_resnet import resnet20

ROOT = Path(__file__).parents[2]
PACKAGE = "aihwkit==1.1.0"
SIMULATORS = {"InferenceRPUConfig": "aihwkit, C++", "TorchInferenceRPUConfig": "aihwkit, PyTorch"}
SHAPE = (32, 3, 32, 32)
ROUNDS = 9

PEER = """
import sys, time
import torch
from aihwkit.nn.conversion import convert_to_analog
from aihwkit.simulator import configs
from aihwkit.simulator.parameters.enums import BoundManagementType
from workloads.models.cifar_resnet import resnet20

torch.set_num_threads(1)
torch.manual_seed(0)
images = torch.randn([int(size) for size in sys.argv[2:]])
config = getattr(configs, sys.argv[1])()
config.mapping.max_input_size = config.mapping.max_output_size = 0  # one tile for each layer
io = config.forward
io.inp_res = io.out_res = 1 / (2**8 - 2)
io.out_noise, io.w_noise = 0.06, 0.0
io.bound_management = BoundManagementType.NONE  # else it runs layers again where they clip
with torch.no_grad():
    network = convert_to_analog(resnet20().eval(), config).eval()
    if torch.equal(network(images), network(images)):
        sys.exit("no noise acts")
    print("ready", flush=True)
    for _ in sys.stdin:
        began_s = time.perf_counter()
        network(images)
        print(time.perf_counter() - began_s, flush=True)
"""


class Peer:
    """Another simulator in a process of its own, which runs a forward pass when it is told."""

    def __init__(self, python: Path, simulator: str) -> None:
        command = [python, "-W", "ignore", "-c", PEER, simulator, *map(str, SHAPE)]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(
            command, stdin=pipe, stdout=pipe, stderr=pipe, text=True,
            env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        self.error = "" if self._line() == "ready" else self._last_words()
        self.times_s: list[float] = []

    def run(self, *, kept: bool) -> None:
        """Run once."""
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        time_s = float(self._line())
        if kept:
            self.times_s.append(time_s)

    def _line(self) -> str:
        return self._process.stdout.readline().strip()

    def _last_words(self) -> str:
        return (self._process.communicate()[1].strip().splitlines() or ["nothing said"])[-1]

    def stop(self) -> None:
        """End the process."""
        if self._process.poll() is None:
            self._process.communicate()


def ours() -> tuple[Simulator, torch.Tensor]:
    """Return the network on ``homodyne``, calibrated, and images."""
    torch.manual_seed(0)
    images = torch.randn(SHAPE)
    found = export(resnet20().eval(), (images[:1],), name="resnet20", source={})
    simulator = Simulator(found, load_hardware("homodyne"), 1, Settings())
    simulator.calibrate([(images,)])
    return simulator, images


def main() -> None:
    """Install, measure, print."""
    arguments = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    arguments.add_argument("--venv", type=Path, default=CACHE / "bench_noise_peers")
    folder = arguments.parse_args().venv
    pins = str(ROOT / "constraints.txt")
    python = installed(folder, "--only-binary=:all:", "--constraint", pins, PACKAGE)
    torch.set_num_threads(1)
    simulator, images = ours()
    our_times_s = []
    with ExitStack() as stack:
        peers = {name: Peer(python, name) for name in SIMULATORS}
        for peer in peers.values():
            stack.callback(peer.stop)
        running = [peer for peer in peers.values() if not peer.error]
        for place in range(-2, ROUNDS):
            simulator.draw(Draws(seed=0, step=place))
            with torch.inference_mode():
                began_s = perf_counter()
                simulator(images)
            if place >= 0:
                our_times_s.append(perf_counter() - began_s)
            for peer in running:
                peer.run(kept=place >= 0)
    ours_s = median(our_times_s)
    table = Table("simulator", "time an image", "times ours")
    table.title = f"ResNet-20, batch {SHAPE[0]}, one thread, medians of {ROUNDS}"
    table.add_row("archsim", f"{ours_s / SHAPE[0] * 1e3:.2f} ms", "1")
    for name, peer in peers.items():
        if peer.error:
            table.add_row(SIMULATORS[name], peer.error, "")
        else:
            theirs_s = median(peer.times_s)
            text = f"{theirs_s / SHAPE[0] * 1e3:.2f} ms"
            table.add_row(SIMULATORS[name], text, f"{theirs_s / ours_s:.1f}")
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
