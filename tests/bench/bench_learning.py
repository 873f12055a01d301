"""What learning costs: a step against forward and backward of the same quantised graph.

The graph without noise is run forward, and backward to its inputs; a step of learning is timed in
turn with it, so that what else the computer does falls on both. Learning a count for each channel
of ResNet-20 takes 1,500 such steps of 32 images.

Limits: a step 2.2 times the noiseless pass, and 1,500 of them 4 minutes on two threads.

Run with ``python tests/bench/bench_learning.py`` on a computer that does nothing else.
"""

from __future__ import annotations

import os
import sys

import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor
from torch.nn.functional import cross_entropy

from analysis.noise_table import NOISES
from archsim.functional import Conditions, Task
from archsim.functional.learning.bench import Bench
from archsim.functional.learning.learner import Learner, Rules
from archsim.functional.learning.price import Price
from archsim.functional.learning.sharing import Sharing
from archsim.functional.task import Examples
from tests.bench.bench_noise import medians, threads, untrained
from workloads.models.cifar_resnet import resnet20

LIMIT = 2.2
STEPS, LIMIT_S = 1500, 240.0
BATCH, IMAGES = 32, 320
TARGET = 20.0


def task() -> Task:
    """Return ResNet-20 with random weights on random images: times do not depend on them."""
    numbers = torch.Generator().manual_seed(0)
    images = torch.randn((IMAGES, 3, 32, 32), generator=numbers)
    labels = torch.randint(10, (IMAGES,), generator=numbers)
    return Task(
        name="ResNet-20",
        model=untrained(resnet20(), images),
        inputs=(images[:BATCH],),
        targets=labels[:BATCH],
        calibration=(images[:BATCH],),
        learning=Examples((images,), labels),
    )


def passes(bench: Bench) -> list[object]:
    """Return a step of learning, and the pass without noise that it is compared with."""
    sharing = Sharing.of(bench.workload, bench.analog, "channel")
    rules = Rules(batch=BATCH)
    learner = Learner(
        bench.loss(sharing, BATCH), lambda _: Price.photons(sharing), bench.bounds(sharing), rules
    )
    state = learner.begin(bench.bounds(sharing).least, TARGET)
    steps = learner.run(state, TARGET)
    images = bench.examples.inputs[0][:BATCH]
    labels = bench.examples.targets[:BATCH]

    def noiseless(_: int) -> Tensor:
        with torch.inference_mode(mode=False), torch.enable_grad():
            inputs = images.clone().requires_grad_()
            loss = cross_entropy(bench.setup.simulator(inputs), labels)
            return torch.autograd.grad(loss, inputs)[0]

    def step(_: int) -> object:
        with torch.inference_mode(mode=False), torch.enable_grad():
            return next(steps)

    return [noiseless, step]


def main() -> None:
    """Print the table; fail if something is over its limit."""
    table = Table(title="a step of learning, ResNet-20, a count for each channel, batch 32")
    for heading in ("noise", "threads", "noiseless", "step", "ratio", "limit", f"{STEPS} steps"):
        table.add_column(heading, justify="right")
    over = []
    for name, noise in NOISES.items():
        bench = Bench(task(), noise.hardware, Conditions(settings=noise.settings), None)
        for count in (1, 2):
            if count > (os.cpu_count() or 1):
                continue
            with threads(count):
                noiseless_s, step_s = medians(passes(bench), rounds=9)
            ratio, in_all_s = step_s / noiseless_s, STEPS * step_s
            table.add_row(
                name,
                str(count),
                f"{noiseless_s * 1e3:.0f} ms",
                f"{step_s * 1e3:.0f} ms",
                f"{ratio:.2f}",
                f"{LIMIT:g}",
                f"{in_all_s:.0f} s",
            )
            if ratio > LIMIT:
                over.append(
                    f"{name}, {count} threads: a step takes {ratio:.2f} times, over {LIMIT}"
                )
            if count == 2 and in_all_s > LIMIT_S:
                over.append(f"{name}: {STEPS} steps take {in_all_s:.0f} s, over {LIMIT_S:.0f}")
    Console(width=110).print(table)
    for line in over:
        sys.stderr.write(f"{line}\n")
    sys.exit(1 if over else 0)


if __name__ == "__main__":
    main()
