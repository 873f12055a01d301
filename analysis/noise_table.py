"""Accuracy of every labelled network under each kind of noise alone, against repetitions.

    python analysis/noise_table.py            # all cells that are missing; hours, so stop at will
    python analysis/noise_table.py --print    # the table of those that are there, in Markdown

Every cell is a file of ``analysis/noise_table/``. One that is there is kept if nothing that it
depends on has changed; one that was interrupted goes on after its last whole trial.

What isolates a source: no other acts, converters are ideal, and activations and weights have 8
bits. Levels are relative, so a cell says the same of any machine with such noise:

* ``shot``: balanced homodyne detection with 1 detected photon for each product in a base pass, so
  that K is the number of photons;
* ``thermal``: 0.01 of sqrt(fan-in) times both ranges, after S. Garg et al., IEEE JSTQE 29(2),
  2023;
* ``weight``: 0.1 of the weights' range, afresh in each pass. Products of two activations are exact
  here: nothing holds them.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from archsim import documents
from archsim.cli import INTERRUPTED
from archsim.cli.progress import ProgressBar
from archsim.errors import ArchsimError
from archsim.functional import AdcRange, Settings, Task, evaluate
from archsim.hardware import Hardware, load_hardware
from workloads.tasks import TASKS

REPETITIONS = (1, 4, 16, 64, 256)
LARGE = ("squeezenet1_1_caffe", "efficientnet_lite0")
SMALL = ("digits_cnn", *(name for name in TASKS if name not in {"digits_cnn", *LARGE}))
FOLDER = Path(__file__).with_suffix("")
UNFINISHED = Path(__file__).parents[1] / "results" / "noise_table"
"""Checkpoints of cells; each is removed once its cell is written."""

SEED = 0


@dataclass(frozen=True, slots=True)
class Noise:
    """A machine on which one source acts alone.

    Attributes:
        machine: A shipped machine.
        overrides: What is changed in it.
        source: The source that acts.
    """

    machine: str
    overrides: tuple[str, ...]
    source: str

    @property
    def hardware(self) -> Hardware:
        """Return the machine."""
        return load_hardware(self.machine, list(self.overrides))

    @property
    def settings(self) -> Settings:
        """Return what acts: the source, and nothing that belongs to the converters."""
        return Settings(sources=frozenset((self.source,)), adc=AdcRange.IDEAL)


NOISES = {
    "shot": Noise("homodyne", ("tiles.detector.photons_per_mac=1",), "detector.shot"),
    "thermal": Noise(
        "homodyne",
        (
            "tiles.tia.capacitance=null",
            "tiles.tia.temperature=null",
            "tiles.tia.thermal_std=0.01",
        ),
        "tia.thermal",
    ),
    "weight": Noise("ring_bank", ("tiles.array.weight_std=0.1",), "array.weight"),
}


@dataclass(frozen=True, slots=True)
class Cell:
    """A network under one noise, with so many repetitions of each pass."""

    network: str
    noise: str
    repetitions: int

    def __str__(self) -> str:
        return f"{self.network}-{self.noise}-{self.repetitions}"

    @property
    def path(self) -> Path:
        """Return where it is kept."""
        return FOLDER / f"{self}.json"

    def read(self) -> dict[str, Any] | None:
        """Return what was found; None for what was not run."""
        if not self.path.exists():
            return None
        found: dict[str, Any] = json.loads(self.path.read_text(encoding="utf-8"))
        return found


def cells(networks: Sequence[str], noises: Sequence[str]) -> Iterator[Cell]:
    """Yield all cells: small networks one by one, then the large ones noise by noise."""
    order = [(network, noise) for network in SMALL for noise in NOISES]
    order += [(network, noise) for noise in NOISES for network in LARGE]
    for network, noise in order:
        if network in networks and noise in noises:
            for repetitions in REPETITIONS:
                yield Cell(network, noise, repetitions)


def cut(task: Task, limit: int | None) -> Task:
    """Return the task with its first examples only."""
    if limit is None:
        return task
    return replace(task, inputs=tuple(v[:limit] for v in task.inputs), targets=task.targets[:limit])


def is_same(found: Mapping[str, Any] | None, cell: Cell, task: Task, trials: int) -> bool:
    """Return whether a cell that was found is the one that would be run."""
    if found is None:
        return False
    noise = NOISES[cell.noise]
    provenance = {
        **{name: told for name, told in task.source.items() if name != "learning"},
        "task": task.name,
        "hardware": noise.hardware.hash,
        "settings": repr(noise.settings),
        "archsim": version("archsim"),
        "torch": version("torch"),
    }
    outside = {
        "repetitions": cell.repetitions,
        "trials": trials,
        "examples": len(task.targets),
        "batch": task.batch,
        "seed": SEED,
    }
    same = of_release(provenance).items() <= of_release(found["provenance"]).items()
    return same and outside.items() <= found.items()


def of_release(provenance: Mapping[str, str]) -> dict[str, str]:
    """Return provenance with the release of torch, whose builds, such as +cpu, compute the same."""
    return {**provenance, "torch": provenance["torch"].partition("+")[0]}


def run(cell: Cell, task: Task, trials: int) -> dict[str, Any]:
    """Evaluate one cell, write it, and return it."""
    noise = NOISES[cell.noise]
    UNFINISHED.mkdir(parents=True, exist_ok=True)
    checkpoint = UNFINISHED / f"{cell}.json"
    with ProgressBar(f"{cell}, batches") as bar:
        accuracy = evaluate(
            task,
            noise.hardware,
            cell.repetitions,
            trials=trials,
            seed=SEED,
            settings=noise.settings,
            checkpoint=checkpoint,
            progress=bar,
        )
    found = {"repetitions": cell.repetitions, **asdict(accuracy)}
    del found["ops"]  # long, and none of the table's business
    FOLDER.mkdir(exist_ok=True)
    documents.write_atomically(cell.path, json.dumps(found, indent=1) + "\n")
    checkpoint.unlink()
    return found


def run_all(chosen: argparse.Namespace) -> bool:
    """Run what is missing; return whether all could be run."""
    torch.set_num_threads(chosen.threads)
    complete = True
    task: Task | None = None
    for cell in cells(chosen.networks, chosen.noise):
        began_s = time.perf_counter()
        try:
            if task is None or task.name != cell.network:
                task = cut(TASKS[cell.network](), chosen.limit)
            found = cell.read()
            if found is not None and is_same(found, cell, task, chosen.trials):
                said = "kept"
            else:
                found = run(cell, task, chosen.trials)
                said = f"{time.perf_counter() - began_s:.0f} s"
        except ArchsimError as error:
            complete = False
            sys.stderr.write(f"{cell}: not run\n{error}\n")
            continue
        sys.stderr.write(f"{cell}: {text(found)} ({said})\n")
    return complete


def table(networks: Sequence[str], noises: Sequence[str]) -> str:
    """Return what is there in Markdown, and a line that names what is not."""
    heads = ["network", "noise", "clean", "8 bit", *(f"K = {count}" for count in REPETITIONS)]
    lines, missing = [heads, ["---"] * len(heads)], []
    for network in (*SMALL, *LARGE):
        for noise in (name for name in NOISES if network in networks and name in noises):
            row = [Cell(network, noise, count).read() for count in REPETITIONS]
            there = next((found for found in row if found is not None), None)
            if there is None:
                missing.append(f"{network} under {noise}")
                continue
            both = [number(there[key], there) for key in ("clean", "quantised")]
            lines.append([network, noise, *both, *map(text, row)])
    made = "".join(f"| {' | '.join(line)} |\n" for line in lines)
    return made + (f"\nNot run: {', '.join(missing)}.\n" if missing else "")


def text(found: Mapping[str, Any] | None) -> str:
    """Return a cell: mean with both intervals, and the drop with its own over examples.

    ``90.9 ±0.2 [89.1, 92.6], drop 0.4 [0.1, 0.7]``: ± over seeds, brackets over examples.
    """
    if found is None:
        return "not run"
    noisy, drop = found["noisy"], found["drop"]
    seeds = noisy["over_seeds"]
    reach = "" if seeds is None else f" ±{number((seeds['high'] - seeds['low']) / 2, found)}"
    return (
        f"{number(noisy['value'], found)}{reach} {interval(noisy['over_examples'], found)}, "
        f"drop {number(drop['value'], found)} {interval(drop['over_examples'], found)}"
    )


def interval(bounds: Mapping[str, float], found: Mapping[str, Any]) -> str:
    """Return an interval's bounds in brackets."""
    return f"[{number(bounds['low'], found)}, {number(bounds['high'], found)}]"


def number(value: float, found: Mapping[str, Any]) -> str:
    """Return a figure: one decimal of per cent, or three of a bare number."""
    return f"{value:.{1 if found['unit'] == '%' else 3}f}"


@contextmanager
def resumable() -> Iterator[None]:
    """End work that is interrupted with a word that it goes on, and its own exit status."""
    try:
        yield
    except KeyboardInterrupt:
        sys.stderr.write("\ninterrupted; the same command goes on from here\n")
        sys.exit(INTERRUPTED)


def main() -> None:
    """Run or print what the arguments name."""
    arguments = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    arguments.add_argument("--networks", nargs="+", choices=TASKS, default=list(TASKS))
    arguments.add_argument("--noise", nargs="+", choices=NOISES, default=list(NOISES))
    arguments.add_argument("--trials", type=int, default=5, help="of each cell")
    arguments.add_argument("--limit", type=int, help="examples of each network; all if left out")
    arguments.add_argument("--threads", type=int, default=1)
    arguments.add_argument("--print", action="store_true", help="print the table and run nothing")
    chosen = arguments.parse_args()
    if chosen.print:
        sys.stdout.write(table(chosen.networks, chosen.noise))
        return
    with resumable():
        complete = run_all(chosen)
    sys.exit(0 if complete else 1)


if __name__ == "__main__":
    main()
