"""Cells of the table of learned repetitions: what each is, and how it is run.

Every cell is a file of ``analysis/learning_table/``. One that is there is kept if nothing that it
depends on has changed; one that was interrupted goes on from its last checkpoint, 10 s earlier at
most. Beside it are the resamples of its crossing, with which cells of other granularities are
compared; cells of before that was so have none. Its plan is kept beside the checkpoints, since it
was learned from images. Where one of these is needed and gone, the cell is run again.

Procedure 3 differs from 2 for noise of weights alone, of which one chip says little. Cells of shot
and thermal noise that were learned by 2 are kept as those of 3. Procedure 4 takes an earlier
round than the last where its counts cost clearly less at the drop; cells of 3 took the last one,
and are kept. Another build of the same release of torch is no reason to run a cell again.

Noise is that of ``noise_table.py``, one source alone: the mean count is photons a MAC for ``shot``,
and repetitions else. λ is 2 for ``shot`` and 8 else, after S. Garg et al., IEEE JSTQE 29(2), 2023.

Two networks are learned again with prices of ``homodyne``: energy, latency and their product; what
their plans take there is compared with that of counts by op for the price of the paper.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from itertools import takewhile
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from analysis.learning_machines import AMOUNTS, bounded, in_amount, scaled_runs, systems, uneven
from analysis.noise_table import NOISES, of_release
from archsim import documents
from archsim.cli.progress import ProgressBar
from archsim.functional import Task, exported
from archsim.functional.learning import (
    Aim,
    Crossing,
    Granularity,
    LearnedPlan,
    Pricer,
    Rules,
    discard,
    learn,
    ratio,
)
from archsim.functional.learning.crossing import Resampling
from archsim.functional.learning.learning import PROCEDURE
from archsim.functional.statistics import Interval
from archsim.report.learning import known
from archsim.report.machine_price import PRICES, MachinePrice
from archsim.workload import RepetitionPlan, load_plan, load_workload, save_plan

Kept = TypeVar("Kept")

FOLDER = Path(__file__).with_name("learning_table")
UNFINISHED = Path(__file__).parents[1] / "results" / "learning_table"
"""Checkpoints of cells, and their plans."""

MAX_DROP = 2.0
SEED = 0
FULL, SHORT = 1500, 300
TRIALS = {FULL: 16, SHORT: 8}
"""By steps. 8 instead of 16 widen an interval little (``archsim.functional.learning.crossing``)."""

WEIGHTS = {"shot": 2.0, "thermal": 8.0, "weight": 8.0}
NETWORKS = {
    "digits_cnn": FULL,
    "resnet20_cifar10": FULL,
    "resnet56_cifar10": FULL,
    "squeezenet1_1_caffe": SHORT,
    "efficientnet_lite0": SHORT,
    "minilm_sst2": SHORT,
}
"""Steps of each network."""

SHOT_ALONE = ("squeezenet1_1_caffe", "efficientnet_lite0", "minilm_sst2")
PHOTONS = "photons"
ALL_PRICES = (PHOTONS, *PRICES)
PRICED = ("digits_cnn", "resnet20_cifar10")
KEPT_PROCEDURES = ("3", PROCEDURE)
"""Procedures of cells that are kept."""

BY_OP = str(Granularity.OP)


@dataclass(frozen=True, slots=True)
class Cell:
    """A network under one noise, with counts of one granularity, learned at one price."""

    network: str
    noise: str
    granularity: str
    price: str = PHOTONS

    def __str__(self) -> str:
        priced = "" if self.price == PHOTONS else f"-{self.price}"
        return f"{self.network}-{self.noise}-{self.granularity}{priced}"

    @property
    def path(self) -> Path:
        """Return where it is kept."""
        return FOLDER / f"{self}.json"

    @property
    def plan_path(self) -> Path:
        """Return where its plan is kept."""
        return UNFINISHED / f"{self}.plan.json"

    @property
    def crossing_path(self) -> Path:
        """Return where its crossing is kept."""
        return FOLDER / f"{self}.npz"

    @property
    def rules(self) -> Rules:
        """Return how counts are learned."""
        return Rules(steps=NETWORKS[self.network], weight=WEIGHTS[self.noise])

    @property
    def trials(self) -> int:
        """Return over how many trials a plan is judged."""
        return TRIALS[NETWORKS[self.network]]

    def paid(self, task: Task) -> Pricer | None:
        """Return the machine's price, if that is what is paid."""
        if self.price == PHOTONS:
            return None
        workload = exported(task).workload
        return MachinePrice(NOISES[self.noise].hardware, workload, self.price)

    def beside(self, granularity: str) -> Cell:
        """Return the cell of another granularity, at the price of the paper."""
        return Cell(self.network, self.noise, granularity)

    @property
    def others(self) -> tuple[Cell, ...]:
        """Return the cells that it is compared with."""
        if self.price != PHOTONS:
            return (self.beside(BY_OP),)
        coarser = takewhile(lambda one: one != self.granularity, map(str, Granularity))
        return tuple(map(self.beside, coarser))

    @property
    def compares_runs(self) -> bool:
        """Return whether what its plan takes on the machine is compared with that of another."""
        chosen = self.network in PRICED and self.noise == "shot"
        return chosen and self.granularity == str(Granularity.CHANNEL)

    def read(self) -> dict[str, Any] | None:
        """Return what was found; None for what was not run."""
        if not self.path.exists():
            return None
        found: dict[str, Any] = json.loads(self.path.read_text(encoding="utf-8"))
        return found

    def kept(self) -> Crossing | None:
        """Return the crossing with its resamples, if it is still there."""
        if not self.crossing_path.exists():
            return None
        with np.load(self.crossing_path) as found:
            told = json.loads(str(found["told"]))
            return Crossing(
                **told["plain"],
                **{name: Interval(*ends) for name, ends in told["intervals"].items()},
                resampling=Resampling(**told["resampling"]),
                samples=found["samples"],
            )

    def kept_plan(self) -> RepetitionPlan | None:
        """Return the plan, if it is still there and the one that was found."""
        found = self.read()
        if found is None or not self.plan_path.exists():
            return None
        plan = load_plan(self.plan_path, load_workload(self.network))
        return plan if plan.provenance == found["provenance"] else None

    def keep(self, crossing: Crossing) -> None:
        """Keep a crossing with its resamples."""
        intervals = ("bracket", "interval", "tried")
        plain = ("drop", "repetitions", "censored_low", "censored_high", "targets_hash")
        told = {
            "plain": {name: getattr(crossing, name) for name in plain},
            "intervals": {
                name: [getattr(crossing, name).low, getattr(crossing, name).high]
                for name in intervals
            },
            "resampling": asdict(crossing.resampling),
        }
        FOLDER.mkdir(exist_ok=True)
        np.savez_compressed(self.crossing_path, told=json.dumps(told), samples=crossing.samples)


def cells(networks: Sequence[str], noises: Sequence[str]) -> Iterator[Cell]:
    """Yield all cells, small networks first."""
    for network in NETWORKS:
        for noise in NOISES:
            chosen = network in networks and noise in noises
            if chosen and (noise == "shot" or network not in SHOT_ALONE):
                for granularity in Granularity:
                    yield Cell(network, noise, str(granularity))
    for network in PRICED:
        if network in networks and "shot" in noises:
            for price in PRICES:
                yield Cell(network, "shot", str(Granularity.CHANNEL), price)


def is_same(found: Mapping[str, Any] | None, cell: Cell, task: Task) -> bool:
    """Return whether a cell that was found is one that would be run, or of a procedure kept."""
    if found is None:
        return False
    noise, provenance = NOISES[cell.noise], found["provenance"]
    facts = {
        **task.source,
        "hardware": noise.hardware.hash,
        "settings": repr(noise.settings),
        "rules": repr(cell.rules),
        "price": cell.price,
        "aim": f"a drop of {MAX_DROP:g} at most",
        "trials": str(cell.trials),
        "seed": str(SEED),
        "batch": str(task.batch),
        "workload": load_workload(cell.network).fingerprint,
        "archsim": version("archsim"),
        "torch": version("torch"),
    }
    same = of_release(facts).items() <= of_release(provenance).items()
    return same and provenance["procedure"] in KEPT_PROCEDURES


def is_up_to_date(found: Mapping[str, Any], cell: Cell) -> bool:
    """Return whether plans take what they took, and others are those it was compared with."""
    same = found["others"] == counts_of(cell.others)
    return same and bool(found["uneven"] == uneven(cell.network))


def run(cell: Cell, task: Task) -> dict[str, Any]:
    """Learn one cell, run its plan, write it, and return it."""
    noise = NOISES[cell.noise]
    UNFINISHED.mkdir(parents=True, exist_ok=True)
    with ProgressBar(str(cell)) as bar:
        learned = learn(
            task,
            noise.hardware,
            Aim(cell.granularity, max_drop=MAX_DROP),
            rules=cell.rules,
            price=cell.paid(task),
            trials=cell.trials,
            seed=SEED,
            settings=noise.settings,
            checkpoint=UNFINISHED / str(cell),
            tell=lambda news: bar(news.done, news.of, doing=f"{cell}: {news.doing}"),
            compare=False,
        )
    if learned.crossing is None:
        raise ValueError(f"{cell}: a plan without a crossing")
    found = figures(cell, learned, learned.crossing, task)
    cell.keep(learned.crossing)
    save_plan(learned.plan, cell.plan_path)
    write(cell, found)
    discard(UNFINISHED / str(cell))
    return found


def crossing_of(cell: Cell, task: Task) -> Crossing:
    """Return the crossing of a cell with its resamples; it is run again where they are gone."""
    return or_run(cell, task, cell.kept)


def plan_of(cell: Cell, task: Task) -> RepetitionPlan:
    """Return the plan of a cell; it is run again where that is gone, or was learned otherwise."""
    return or_run(cell, task, cell.kept_plan)


def or_run(cell: Cell, task: Task, kept: Callable[[], Kept | None]) -> Kept:
    """Return what is kept of a cell, which is run again if nothing is."""
    found = kept()
    if found is None:
        run(cell, task)
        found = kept()
    if found is None:
        raise ValueError(f"{cell}: nothing was kept")
    return found


def figures(cell: Cell, learned: LearnedPlan, crossing: Crossing, task: Task) -> dict[str, Any]:
    """Return what is kept of a cell."""
    return {
        "repetitions": known(crossing.repetitions),
        "interval": [known(crossing.interval.low), known(crossing.interval.high)],
        "paid": runs_compared(cell, crossing, learned.plan, task),
        **counts_compared(cell, crossing, task),
        "energy_per_mac_j": learned.energy_per_mac_j,
        "plan_repetitions": learned.repetitions,
        "quantised": learned.quantised,
        "noisy": asdict(learned.noisy),
        "drop": asdict(learned.drop),
        "curve": [[point.repetitions, point.drop.value] for point in learned.curve],
        "converged": learned.converged,
        "steps": learned.steps,
        "examples": learned.examples,
        **on_machines(cell, learned.plan),
        "notes": list(learned.notes),
        "provenance": learned.plan.provenance,
    }


def on_machines(cell: Cell, plan: RepetitionPlan) -> dict[str, Any]:
    """Return what a plan takes on machines, and what an uneven one does, which tells changes."""
    return {"machines": systems(cell.network, plan), "uneven": uneven(cell.network)}


def counts_compared(cell: Cell, crossing: Crossing, task: Task) -> dict[str, Any]:
    """Return counts over coarser ones, at the paper's price, with intervals; what others had."""
    coarser = cell.others if cell.price == PHOTONS else ()
    ratios = {
        other.granularity: bounded(ratio(crossing, crossing_of(other, task))) for other in coarser
    }
    return {"ratios": ratios, "others": counts_of(cell.others)}


def runs_compared(
    cell: Cell, crossing: Crossing, plan: RepetitionPlan, task: Task
) -> dict[str, list[float | None]]:
    """Return what a plan takes on the machine over that by op, with intervals, where it is told."""
    if not cell.compares_runs:
        return {}
    other, workload = cell.beside(BY_OP), load_workload(cell.network)
    runs, other_runs = (scaled_runs(workload, each) for each in (plan, plan_of(other, task)))
    beside = crossing_of(other, task)  # of the plan, which may have been learned again just now
    return {
        amount: bounded(
            ratio(in_amount(amount, crossing, runs), in_amount(amount, beside, other_runs))
        )
        for amount in AMOUNTS
    }


def counts_of(others: Sequence[Cell]) -> dict[str, Any]:
    """Return the counts that cells have by now."""
    return {other.granularity: (other.read() or {}).get("repetitions") for other in others}


def brought_up_to_date(cell: Cell, found: dict[str, Any], task: Task) -> dict[str, Any] | None:
    """Return a cell whose plan takes something else by now, or whose others were run again.

    None if what is needed for that is gone: its plan, for what it takes; its crossing, to compare.
    A cell that was learned with a machine's price is another one where plans take something else.
    """
    crossing, plan = cell.kept(), cell.kept_plan()
    moved = found["uneven"] != uneven(cell.network)
    by_op = found["others"].get(BY_OP) == counts_of(cell.others).get(BY_OP)
    runs_anew = cell.compares_runs and (moved or not by_op)
    if moved and cell.price != PHOTONS:
        return None
    if ((moved or runs_anew) and plan is None) or (cell.others and crossing is None):
        return None
    found = dict(found)
    if plan is not None and moved:
        found |= on_machines(cell, plan)
    if plan is not None and crossing is not None and runs_anew:
        found["paid"] = runs_compared(cell, crossing, plan, task)
    if crossing is not None:
        found |= counts_compared(cell, crossing, task)
    write(cell, found)
    return found


def write(cell: Cell, found: Mapping[str, Any]) -> None:
    """Write a cell."""
    FOLDER.mkdir(exist_ok=True)
    documents.write_atomically(cell.path, json.dumps(found, indent=1) + "\n")
