"""What noise costs: the noisy, quantised forward pass against the same one without noise.

Each row is a machine and what acts on it. One repetition of each pass and 256 are timed in turn
with the pass without noise, so that what else the computer does falls on all alike; ratios are of
medians. Weights are random: they do not matter here. Sources alone act with ideal converters,
all of a machine's with its own.

A last table says what it brings that freed memory is kept while a task runs, for tensors so large
that the system would take them back.

Limits: 2 on one thread, 2.5 on two, 1.3 on a GPU, and nothing may grow with K. Digital averaging
has no limit but that: it draws up to 4 conversions one by one, and takes more from their moments,
which cost more than noise itself.

Run with ``python tests/bench/bench_noise.py`` on a computer that does nothing else; it takes some
minutes.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from time import perf_counter

import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn

from analysis.noise_table import NOISES
from archsim.frontend import Exported, export
from archsim.frontend.targets import build
from archsim.functional import Draws, Settings, Simulator
from archsim.functional.memory import kept_memory
from archsim.hardware import Hardware, load_hardware
from workloads.models.cifar_resnet import resnet20
from workloads.models.efficientnet_lite import EfficientNetLite0

NETWORKS: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "ResNet-20": (resnet20, (32, 3, 32, 32)),
    "EfficientNet-Lite0": (EfficientNetLite0, (8, 3, 224, 224)),
}
LIMITS = {1: 2.0, 2: 2.5}
GROWTH = 1.15
FEW, MANY = 1, 256
ROUNDS = 5
LARGE_BATCH = 32
GPU_LIMIT, GPU_BATCH, GPU_ROUNDS = 1.3, 64, 20
WIDTH = 120


@dataclass(frozen=True, slots=True)
class Case:
    """A machine and what acts on it."""

    name: str
    hardware: Hardware
    settings: Settings
    limited: bool = True
    few: int = FEW


CASES = (
    *(Case(name, noise.hardware, noise.settings) for name, noise in NOISES.items()),
    Case("homodyne, all sources", load_hardware("homodyne"), Settings()),
    Case(
        "the same, digital averaging",
        load_hardware("homodyne", ["tiles.averaging=digital"]),
        Settings(),
        limited=False,
        few=16,  # the first that is not drawn one by one
    ),
)


def untrained(model: nn.Module, inputs: Tensor) -> nn.Module:
    """Return a model with random weights whose activations keep their size from layer to layer."""
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 1.0
    with torch.no_grad():
        model.train()(inputs)
    return model.eval()


def simulator(
    found: Exported, case: Case, repetitions: int, inputs: tuple[Tensor, ...]
) -> Simulator:
    """Return a network on a machine, ready to run, where its inputs are."""
    made = Simulator(found, case.hardware, repetitions, case.settings).to(inputs[0].device)
    made.calibrate([inputs])
    return made


def medians(passes: list[Callable[[int], object]], rounds: int = ROUNDS) -> list[float]:
    """Return the median time of each of some passes, run in turn [s]."""
    times: list[list[float]] = [[] for _ in passes]
    with torch.inference_mode():
        for place in range(-2, rounds):
            for run, kept in zip(passes, times, strict=True):
                synchronise()
                began_s = perf_counter()
                run(place)
                synchronise()
                if place >= 0:
                    kept.append(perf_counter() - began_s)
    return [median(kept) for kept in times]


def synchronise() -> None:
    """Wait for the GPU, if there is one."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def of(made: Simulator, inputs: tuple[Tensor, ...], *, noisy: bool) -> Callable[[int], object]:
    """Return a forward pass."""

    def run(place: int) -> object:
        made.draw(Draws(seed=0, step=place) if noisy else None)
        return made(*inputs)

    return run


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Let torch use so many threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def on_cpu() -> list[str]:
    """Print the table for the CPU; return what is over its limit."""
    over = []
    table = headed(f"noisy against quantised forward pass, CPU, medians of {ROUNDS}")
    for network, (make, shape) in NETWORKS.items():
        images = torch.randn(shape, generator=torch.Generator().manual_seed(0))
        model = untrained(make(), images)
        found = export(model, (images[:1],), name=network, source={})
        for case in CASES:
            few, many = (simulator(found, case, count, (images,)) for count in (case.few, MANY))
            passes = [
                of(few, (images,), noisy=False),
                of(few, (images,), noisy=True),
                of(many, (images,), noisy=True),
            ]
            for count, limit in LIMITS.items():
                if count > (os.cpu_count() or 1):
                    continue
                with threads(count):
                    times_s = medians(passes)
                allowed = limit if case.limited else None
                over += row(table, (network, case, count), times_s, allowed, len(images))
    Console(width=WIDTH).print(table)
    return over


def with_memory() -> None:
    """Print what keeping freed memory brings to a pass with large tensors."""
    images = torch.randn((LARGE_BATCH, 3, 224, 224), generator=torch.Generator().manual_seed(0))
    found = export(untrained(EfficientNetLite0(), images), (images[:1],), name="large", source={})
    noisy = of(simulator(found, CASES[0], FEW, (images,)), (images,), noisy=True)
    with threads(1):
        (handed_back_s,) = medians([noisy])
        with kept_memory():
            (kept_s,) = medians([noisy])
    table = Table(title=f"EfficientNet-Lite0, {LARGE_BATCH} images, shot, one thread, by memory")
    for heading in ("handed back", "kept", "ratio"):
        table.add_column(heading, justify="right")
    ratio = f"{kept_s / handed_back_s:.2f}"
    table.add_row(f"{handed_back_s * 1e3:.0f} ms", f"{kept_s * 1e3:.0f} ms", ratio)
    Console(width=WIDTH).print(table)


def on_gpu() -> list[str]:
    """Print the table for the GPU; return what is over its limit."""
    over = []
    table = headed(f"noisy against quantised forward pass, GPU, medians of {GPU_ROUNDS}")
    tokens = torch.randint(1000, (GPU_BATCH, 128), generator=torch.Generator().manual_seed(0))
    images = torch.randn((GPU_BATCH, 3, 224, 224), generator=torch.Generator().manual_seed(0))
    for network, target, inputs in (
        ("ResNet-50", "torchvision.models:resnet50", images),
        ("BERT-base", "workloads.models.bert:bert_base", tokens),
    ):
        model = untrained(build(target, {}, "cpu"), inputs[:8])
        found = export(model, (inputs[:1],), name=network, source={})
        there = (inputs.cuda(),)
        for case in CASES:
            few, many = (simulator(found, case, count, there) for count in (case.few, MANY))
            passes = [
                of(few, there, noisy=False), of(few, there, noisy=True), of(many, there, noisy=True)
            ]  # fmt: skip
            times_s = medians(passes, GPU_ROUNDS)
            allowed = GPU_LIMIT if case.limited else None
            over += row(table, (network, case, 0), times_s, allowed, len(inputs))
    Console(width=WIDTH).print(table)
    return over


def headed(title: str) -> Table:
    """Return an empty table."""
    table = Table(title=title)
    for heading in ("network", "noise"):
        table.add_column(heading)
    for heading in ("threads", "quantised", "noisy", "a second", "ratio", "limit", f"K = {MANY}"):
        table.add_column(heading, justify="right")
    return table


def row(
    table: Table,
    what: tuple[str, Case, int],
    times_s: list[float],
    limit: float | None,
    examples: int,
) -> list[str]:
    """Add a row; return what is over its limit."""
    (network, case, count), (quantised_s, noisy_s, many_s) = what, times_s
    ratio, growth = noisy_s / quantised_s, many_s / noisy_s
    table.add_row(
        network,
        case.name,
        str(count or ""),
        f"{quantised_s * 1e3:.0f} ms",
        f"{noisy_s * 1e3:.0f} ms",
        f"{examples / noisy_s:.0f}",
        f"{ratio:.2f}",
        "" if limit is None else f"{limit:g}",
        f"x {growth:.2f}",
    )
    where = f"{network}, {case.name}" + (f", {count} threads" if count else "")
    over = []
    if limit is not None and ratio > limit:
        over.append(f"{where}: noise takes {ratio:.2f} times, over {limit:g}")
    if growth > GROWTH:
        over.append(f"{where}: K = {MANY} takes {growth:.2f} times K = {case.few}")
    return over


def main() -> None:
    """Print the tables; fail if something is over its limit."""
    over = on_cpu()
    with_memory()
    if torch.cuda.is_available():
        over += on_gpu()
    else:
        sys.stdout.write("GPU: none here\n")
    for line in over:
        sys.stderr.write(f"{line}\n")
    sys.exit(1 if over else 0)


if __name__ == "__main__":
    main()
