"""Least repetitions at 2 points of drop: uniform, learned by op, learned by channel.

    python analysis/learning_table.py            # all cells that are missing; hours, stop at will
    python analysis/learning_table.py --print least    # a table of those that are there

Every cell is a file of ``analysis/learning_table/``. One that is there is kept if nothing that it
depends on has changed; one that was interrupted goes on from its last checkpoint, 10 s earlier at
most. What a cell of another granularity needs of it is kept beside
the checkpoints; where that is gone, the cell is run again.

Noise is that of ``noise_table.py``, one source alone: the mean count is photons a MAC for ``shot``,
and repetitions else. λ is 2 for ``shot`` and 8 else, after S. Garg et al., IEEE JSTQE 29(2), 2023.

A plan that was found is then run as it is, count by count, on ``homodyne`` with its own laser and
on ``crossbar``: what the whole system takes, and how much of it is light. Where that has changed
for an uneven plan, the found one is run there again.

Two networks are learned again with prices of ``homodyne``: energy, latency and their product. These
cells are learned anew where an uneven plan takes something else there by now. What each plan takes
there is compared with that of counts by op for the price of the paper, resample by resample: a plan
is scaled, run, and its energy interpolated where the resample crosses.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch

from analysis.noise_table import NOISES
from archsim import documents
from archsim.errors import ArchsimError
from archsim.functional import Task, exported
from archsim.functional.learning import (
    Aim,
    Crossing,
    Granularity,
    LearnedPlan,
    News,
    Pricer,
    Ratio,
    Rules,
    discard,
    learn,
    ratio,
)
from archsim.functional.learning.crossing import Resampling
from archsim.functional.learning.learning import PROCEDURE
from archsim.functional.statistics import Interval
from archsim.report import simulate
from archsim.report.learning import known
from archsim.report.machine_price import PRICES, pricer
from archsim.units import format_si
from archsim.workload import RepetitionPlan, Workload, load_plan, load_workload, save_plan
from workloads.tasks import TASKS

FOLDER = Path(__file__).with_suffix("")
UNFINISHED = Path(__file__).parents[1] / "results" / "learning_table"
"""Checkpoints of cells, and what others need of them."""

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
MACHINES = ("homodyne", "crossbar")
PHOTONS = "photons"
ALL_PRICES = (PHOTONS, *PRICES)
ATTO = 1e-18
PRICED = ("digits_cnn", "resnet20_cifar10")
BY_OP = str(Granularity.OP)
AMOUNTS = ("energy", "latency", "product")
SCALES = tuple(2.0 ** (step / 2) for step in range(-4, 5))
"""Factors on a plan, from a quarter to four times, between which what it takes is interpolated."""

INTERRUPTED = 130


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
    def rules(self) -> Rules:
        """Return how counts are learned."""
        return Rules(steps=NETWORKS[self.network], weight=WEIGHTS[self.noise])

    @property
    def trials(self) -> int:
        """Return over how many trials a plan is judged."""
        return TRIALS[NETWORKS[self.network]]

    def prices(self, task: Task) -> tuple[str, Pricer] | None:
        """Return the machine's price, if that is what is paid."""
        if self.price == PHOTONS:
            return None
        workload = exported(task).workload
        return self.price, pricer(NOISES[self.noise].hardware, workload, self.price)

    def beside(self, granularity: str) -> Cell:
        """Return the cell of another granularity, at the price of the paper."""
        return Cell(self.network, self.noise, granularity)

    def read(self) -> dict[str, Any] | None:
        """Return what was found; None for what was not run."""
        if not self.path.exists():
            return None
        found: dict[str, Any] = json.loads(self.path.read_text(encoding="utf-8"))
        return found

    def kept(self) -> Crossing | None:
        """Return the crossing with its resamples, if it is still there."""
        path = UNFINISHED / f"{self}.npz"
        if not path.exists():
            return None
        with np.load(path) as found:
            told = json.loads(str(found["told"]))
            return Crossing(
                **told["plain"],
                **{name: Interval(*ends) for name, ends in told["intervals"].items()},
                resampling=Resampling(**told["resampling"]),
                samples=found["samples"],
            )

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
        np.savez(UNFINISHED / f"{self}.npz", told=json.dumps(told), samples=crossing.samples)


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
    """Return whether a cell that was found is the one that would be run."""
    if found is None:
        return False
    noise = NOISES[cell.noise]
    facts = {
        **task.source,
        "hardware": noise.hardware.hash,
        "settings": repr(noise.settings),
        "rules": repr(cell.rules),
        "price": cell.price,
        "procedure": PROCEDURE,
        "aim": f"a drop of {MAX_DROP:g} at most",
        "trials": str(cell.trials),
        "seed": str(SEED),
        "archsim": version("archsim"),
        "torch": version("torch"),
    }
    return facts.items() <= found["provenance"].items()


def run(cell: Cell, task: Task) -> dict[str, Any]:
    """Learn one cell, run its plan, write it, and return it."""
    noise, began_s = NOISES[cell.noise], time.perf_counter()

    def tell(news: News) -> None:
        if sys.stderr.isatty():
            elapsed_s = time.perf_counter() - began_s
            sys.stderr.write(f"\r{cell}: {news.doing} {news.done} of {news.of}, {elapsed_s:.0f} s ")
            sys.stderr.flush()

    UNFINISHED.mkdir(parents=True, exist_ok=True)
    learned = learn(
        task,
        noise.hardware,
        Aim(cell.granularity, max_drop=MAX_DROP),
        rules=cell.rules,
        price=cell.prices(task),
        trials=cell.trials,
        seed=SEED,
        settings=noise.settings,
        checkpoint=UNFINISHED / str(cell),
        tell=tell,
        compare=False,
    )
    found = figures(cell, learned, task)
    if learned.crossing is not None:
        cell.keep(learned.crossing)
    save_plan(learned.plan, UNFINISHED / f"{cell}.plan.json")
    write(cell, found)
    discard(UNFINISHED / str(cell))
    return found


def crossing_of(cell: Cell, task: Task) -> Crossing:
    """Return the crossing of a cell with its resamples; it is run again where they are gone."""
    found = cell.kept()
    if found is None:
        run(cell, task)
        found = cell.kept()
    if found is None:
        raise ValueError(f"{cell}: nothing was kept")
    return found


def figures(cell: Cell, learned: LearnedPlan, task: Task) -> dict[str, Any]:
    """Return what is kept of a cell."""
    crossing = learned.crossing
    if crossing is None:
        raise ValueError(f"{cell}: a plan without a crossing")
    ratios = {}
    for granularity in Granularity:
        if granularity == cell.granularity and cell.price == PHOTONS:
            break
        over = ratio(crossing, crossing_of(cell.beside(str(granularity)), task))
        ratios[str(granularity)] = bounded(over)
    return {
        "repetitions": known(crossing.repetitions),
        "interval": [known(crossing.interval.low), known(crossing.interval.high)],
        "ratios": ratios,
        "energy_per_mac_j": learned.energy_per_mac_j,
        "plan_repetitions": learned.repetitions,
        "quantised": learned.quantised,
        "noisy": asdict(learned.noisy),
        "drop": asdict(learned.drop),
        "curve": [[point.repetitions, point.drop.value] for point in learned.curve],
        "converged": learned.converged,
        "steps": learned.steps,
        "examples": learned.examples,
        "machines": systems(cell.network, learned.plan),
        "uneven": uneven(cell.network),
        "paid": compared(cell, crossing, learned.plan, task),
        "notes": list(learned.notes),
        "provenance": learned.plan.provenance,
    }


def systems(network: str, plan: RepetitionPlan) -> dict[str, dict[str, float]]:
    """Return what a plan takes on each machine."""
    workload, found = load_workload(network), {}
    for machine in MACHINES:
        report = simulate(machine, workload, plan)
        found[machine] = {
            "energy_j": report.energy_j,
            "latency_s": report.latency_s,
            "throughput_per_s": report.throughput_per_s,
            "laser_j": report.energy_by_component_j.get("laser", 0.0),
        }
    return found


@cache
def uneven(network: str) -> dict[str, dict[str, float]]:
    """Return what a plan takes in which neighbours differ, ops as well as channels."""
    workload = load_workload(network)
    counts = {
        op.name: [
            1 + (place + channel) % 7 for channel in range(1 if op.gemm.dynamic else op.channels)
        ]
        for place, op in enumerate(workload.gemms)
    }
    return systems(network, plan_of(workload, counts))


def plan_of(workload: Workload, counts: Mapping[str, Sequence[float]]) -> RepetitionPlan:
    """Return a plan of counts."""
    return RepetitionPlan.model_validate({"fingerprint": workload.fingerprint, "counts": counts})


def compared(
    cell: Cell, crossing: Crossing, plan: RepetitionPlan, task: Task
) -> dict[str, list[float | None]]:
    """Return what counts by channel take over those by op for the paper's price, with intervals."""
    other = cell.beside(BY_OP)
    if cell.network not in PRICED or cell.noise != "shot" or cell.granularity != "channel":
        return {}
    beside = crossing_of(other, task)
    workload = load_workload(cell.network)
    runs = scaled_runs(workload, plan)
    other_runs = scaled_runs(workload, load_plan(UNFINISHED / f"{other}.plan.json", workload))
    return {
        amount: bounded(
            ratio(in_amount(amount, crossing, runs), in_amount(amount, beside, other_runs))
        )
        for amount in AMOUNTS
    }


def bounded(over: Ratio) -> list[float | None]:
    """Return a ratio and its bounds; None for what is not known."""
    return [over.value, known(over.interval.low), known(over.interval.high)]


def scaled_runs(workload: Workload, plan: RepetitionPlan) -> dict[float, dict[str, float]]:
    """Return what a plan takes on the machine whose price is paid, by its mean count, as scaled."""
    macs = np.array([op.gemm.macs for op in workload.gemms])
    runs = {}
    for scale in SCALES:
        counts = {
            name: [max(1, round(scale * count)) for count in each]
            for name, each in plan.counts.items()
        }
        mean = macs @ [np.mean(counts[op.name]) for op in workload.gemms] / macs.sum()
        report = simulate(MACHINES[0], workload, plan_of(workload, counts))
        taken = {"energy": report.energy_j, "latency": report.latency_s}
        runs[float(mean)] = taken | {"product": report.energy_j * report.latency_s}
    return runs


def in_amount(
    amount: str, crossing: Crossing, runs: Mapping[float, Mapping[str, float]]
) -> Crossing:
    """Return a crossing by an amount instead of the mean count, interpolated between runs."""
    means = sorted(runs)
    known_at = np.log(means), np.log([runs[mean][amount] for mean in means])
    samples = crossing.samples
    crossed = np.isfinite(samples)
    low, high = np.log([means[0], means[-1]])
    if not ((low <= samples[crossed]) & (samples[crossed] <= high)).all():
        raise ValueError(f"crossings beyond {means[0]:g} to {means[-1]:g}: scale plans further")

    def at(mean: float) -> float:
        return float(np.exp(np.interp(np.log(mean), *known_at)))

    return replace(
        crossing,
        repetitions=at(crossing.repetitions),
        tried=Interval(at(crossing.tried.low), at(crossing.tried.high)),
        samples=np.where(crossed, np.interp(samples, *known_at), samples),
    )


def run_on_machines_again(cell: Cell, found: dict[str, Any], task: Task) -> dict[str, Any] | None:
    """Return a cell with what its plan takes by now; None if what is needed for that is gone."""
    path, crossing = UNFINISHED / f"{cell}.plan.json", cell.kept()
    if not path.exists() or crossing is None:
        return None
    plan = load_plan(path, load_workload(cell.network))
    found["machines"], found["uneven"] = systems(cell.network, plan), uneven(cell.network)
    found["paid"] = compared(cell, crossing, plan, task)
    write(cell, found)
    return found


def write(cell: Cell, found: Mapping[str, Any]) -> None:
    """Write a cell."""
    FOLDER.mkdir(exist_ok=True)
    documents.write_atomically(cell.path, json.dumps(found, indent=1) + "\n")


def run_all(chosen: argparse.Namespace) -> bool:
    """Run what is missing; return whether all could be run."""
    torch.set_num_threads(chosen.threads)
    complete = True
    task: Task | None = None
    for cell in cells(chosen.networks, chosen.noise):
        began_s = time.perf_counter()
        try:
            if task is None or task.name != cell.network:
                task = TASKS[cell.network]()
            found, said = cell.read(), "kept"
            if not is_same(found, cell, task):
                found = None
            elif found is not None and found["uneven"] != uneven(cell.network):
                found = run_on_machines_again(cell, found, task) if cell.price == PHOTONS else None
                said = "machines run again"
            if found is None:
                found = run(cell, task)
                said = f"{time.perf_counter() - began_s:.0f} s"
        except ArchsimError as error:
            complete = False
            sys.stderr.write(f"{cell}: not run\n{error}\n")
            continue
        sys.stderr.write(f"\r{cell}: {text(found)} ({said})\n")
    return complete


def text(found: Mapping[str, Any] | None) -> str:
    """Return a cell: photons or repetitions a MAC with their interval, and the former's light."""
    if found is None:
        return "not run"
    fewest, most = found["curve"][0][0], found["curve"][-1][0]
    low, high = found["interval"]
    bounds = (
        f"{low:.3g}" if low else f"< {fewest:.3g}",
        f"{high:.3g}" if high else f"> {most:.3g}",
    )
    count = found["repetitions"]
    unsettled = "*" if any(note.startswith("learning:") for note in found["notes"]) else ""
    said = f"{f'{count:.3g}' if count else f'< {fewest:.3g}'}{unsettled} [{', '.join(bounds)}]"
    one_j = found["energy_per_mac_j"]
    if one_j is None or not count:
        return said
    light_j = one_j / found["plan_repetitions"] * count
    return f"{said} = {light_j / ATTO:.3g} aJ"


def saved(over: Sequence[float | None] | None) -> str:
    """Return what a ratio with its interval saves, in per cent."""
    if over is None:
        return ""
    value, low, high = over
    if value is None or low is None or high is None or low <= 1 <= high:
        return "not resolved"
    return f"{100 * (1 - value):.0f} % [{100 * (1 - high):.0f}, {100 * (1 - low):.0f}]"


def least_table(chosen: Sequence[Cell]) -> str:
    """Return the least repetitions of each granularity, and what each saves over those before."""
    heads = ["network", "noise", *Granularity, "op saves", "channel saves", "channel over op"]
    lines: dict[tuple[str, str], list[str]] = {}
    for cell in chosen:
        if cell.price == PHOTONS:
            line = lines.setdefault((cell.network, cell.noise), [cell.network, cell.noise])
            line.append(text(cell.read()))
    for (network, noise), line in lines.items():
        for name, other in (("op", "uniform"), ("channel", "uniform"), ("channel", "op")):
            found = Cell(network, noise, name).read() or {"ratios": {}}
            line.append(saved(found["ratios"].get(other)))
    return markdown(heads, lines.values())


def system_table(chosen: Sequence[Cell]) -> str:
    """Return what whole systems take for the plans."""
    heads = ["network", "noise", "counts", "own light"]
    for machine in MACHINES:
        heads += [f"{machine}: energy", "latency", "inputs/s", "laser"]
    lines = []
    for cell in chosen:
        found = cell.read()
        if found is None or cell.price != PHOTONS:
            continue
        line = [cell.network, cell.noise, cell.granularity, own_light(cell, found)]
        for machine in MACHINES:
            took = found["machines"][machine]
            line += [
                format_si(took["energy_j"], "J", 3),
                format_si(took["latency_s"], "s", 3),
                f"{took['throughput_per_s']:.3g}",
                f"{100 * took['laser_j'] / took['energy_j']:.2g} %" if took["laser_j"] else "none",
            ]
        lines.append(line)
    return markdown(heads, lines)


def own_light(cell: Cell, found: Mapping[str, Any]) -> str:
    """Return the light that a plan takes at the detectors, where it was learned with photons."""
    one_j = found["energy_per_mac_j"]
    if one_j is None:
        return ""
    return format_si(one_j * sum(op.gemm.macs for op in load_workload(cell.network).gemms), "J", 3)


def price_table(chosen: Sequence[Cell]) -> str:
    """Return what the machine that was paid takes for plans learned at each price."""
    heads = ["network", "counts", "price", "mean count", "drop", "energy", "latency"]
    heads += [f"{amount} saved" for amount in AMOUNTS]
    rows = [("uniform", PHOTONS), (BY_OP, PHOTONS), *(("channel", price) for price in ALL_PRICES)]
    lines = []
    for network in sorted({cell.network for cell in chosen} & set(PRICED)):
        for granularity, price in rows:
            cell = Cell(network, "shot", granularity, price)
            if (found := cell.read()) is None:
                lines.append([network, granularity, price, "not run", *[""] * (len(heads) - 4)])
                continue
            took, drop = found["machines"][MACHINES[0]], found["drop"]
            examples = drop["over_examples"]
            lines.append(
                [
                    network,
                    granularity,
                    price,
                    f"{found['plan_repetitions']:.3g}",
                    f"{drop['value']:.2f} [{examples['low']:.2f}, {examples['high']:.2f}]",
                    format_si(took["energy_j"], "J", 3),
                    format_si(took["latency_s"], "s", 3),
                    *(saved(found["paid"].get(amount)) for amount in AMOUNTS),
                ]
            )
    return markdown(heads, lines)


def markdown(heads: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """Return a table."""
    rows = [heads, ["---"] * len(heads), *lines]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


TABLES = {"least": least_table, "systems": system_table, "prices": price_table}


def main() -> None:
    """Run or print what the arguments name."""
    arguments = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    arguments.add_argument("--networks", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    arguments.add_argument("--noise", nargs="+", choices=NOISES, default=list(NOISES))
    arguments.add_argument("--threads", type=int, default=1)
    arguments.add_argument("--print", choices=TABLES, help="print a table and run nothing")
    chosen = arguments.parse_args()
    if chosen.print:
        sys.stdout.write(TABLES[chosen.print](list(cells(chosen.networks, chosen.noise))))
        return
    try:
        complete = run_all(chosen)
    except KeyboardInterrupt:
        sys.stderr.write("\ninterrupted; the same command goes on from here\n")
        sys.exit(INTERRUPTED)
    sys.exit(0 if complete else 1)


if __name__ == "__main__":
    main()
