"""Are counts by channel better than those by op on the examples of learning alone?

    python analysis/overfitting.py            # goes on where it was stopped
    python analysis/overfitting.py --print    # the table

Counts by channel are a finer choice than those by op, and yet EfficientNet-Lite0 takes no fewer of
them at 2 points of drop. If that is for want of examples, they have to be better than those by op
on the ones that they were learned from, and no better on others. So both plans of
``learning_table.py`` are brought to one mean count, get the same noise, other than that of
learning, and are compared by what learning minimises, cross entropy. Intervals are over examples.

That takes minutes where the plans of the two cells are kept; where they are gone, both cells are
learned again first, which takes hours. What was found is kept while the cells stay as they are.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import cross_entropy

from analysis.learning_cells import BY_OP, UNFINISHED, Cell, plan_of
from analysis.learning_machines import mean_count, scaled
from analysis.learning_table import markdown
from analysis.noise_table import NOISES, resumable
from archsim import documents
from archsim.cli.progress import ProgressBar
from archsim.errors import ArchsimError
from archsim.frontend import Exported
from archsim.functional import Conditions, Task, exported
from archsim.functional.metrics import Top1
from archsim.functional.setup import Setup
from archsim.functional.statistics import images_interval
from archsim.functional.store import Results, Store
from archsim.functional.task import Examples
from archsim.workload import RepetitionPlan, load_workload
from workloads.tasks import TASKS

NETWORK, NOISE = "efficientnet_lite0", "shot"
BY_CHANNEL = "channel"
PATH = Path(__file__).with_suffix(".json")
TRIALS, SEED = 4, 1


@dataclass(frozen=True, slots=True)
class CrossEntropy(Top1):
    """What each example adds to the loss of learning, in nats."""

    name: str = "cross entropy"
    unit: str = ""

    def results(self, outputs: Tensor, targets: Tensor) -> Results:
        """Return one number for each example; outputs are n x classes."""
        Top1.results(self, outputs, targets)  # refuses what has no cross entropy
        return cross_entropy(outputs.double(), targets.long(), reduction="none").numpy()

    def value(
        self,
        results: NDArray[Any],
        targets: Tensor | NDArray[Any],  # noqa: ARG002 - the results hold them already
    ) -> float:
        """Return the mean."""
        return float(np.mean(results))


def cells() -> dict[str, Cell]:
    """Return the cells whose plans are compared."""
    return {name: Cell(NETWORK, NOISE, name) for name in (BY_OP, BY_CHANNEL)}


def compared() -> dict[str, Any]:
    """Return what is compared, and how."""
    plans = {name: (cell.read() or {}).get("provenance") for name, cell in cells().items()}
    return {"network": NETWORK, "noise": NOISE, "trials": TRIALS, "seed": SEED, "plans": plans}


def is_same(whole: Mapping[str, Any] | None) -> bool:
    """Return whether what was found is of the cells that are there."""
    return whole is not None and compared().items() <= whole.items()


def read() -> dict[str, Any] | None:
    """Return what was found; None if nothing was run."""
    return json.loads(PATH.read_text(encoding="utf-8")) if PATH.exists() else None


def run() -> dict[str, Any]:
    """Compare the two plans on both sets of examples, write what is found, and return it."""
    task, workload = TASKS[NETWORK](), load_workload(NETWORK)
    if task.learning is None:
        raise ValueError(f"{NETWORK}: learned from nothing")
    plans = {name: plan_of(cell, task) for name, cell in cells().items()}
    by_op, by_channel = (mean_count(workload, plan) for plan in plans.values())
    plans[BY_CHANNEL] = scaled(workload, plans[BY_CHANNEL], by_op / by_channel)
    sets = {"to learn from": task.learning, "that judge": Examples(task.inputs, task.targets)}
    network, found = exported(task), {}
    for which, examples in sets.items():
        part = replace(task, inputs=examples.inputs, targets=examples.targets, learning=None)
        left = {
            name: entropies(part, plan, network, unfinished(which, name))
            for name, plan in plans.items()
        }
        more = left[BY_CHANNEL] - left[BY_OP]
        interval = images_interval(partial(mean_at, more), len(more), seed=SEED)
        found[which] = {
            "examples": len(more),
            "cross_entropy": {name: float(each.mean()) for name, each in left.items()},
            "more_by_channel": float(more.mean()),
            "interval": asdict(interval),
        }
    means = {name: mean_count(workload, plan) for name, plan in plans.items()}
    whole = compared() | {"mean": means, "found": found}
    documents.write_atomically(PATH, json.dumps(whole, indent=1) + "\n")
    for which in sets:
        for name in plans:
            unfinished(which, name).unlink()
    return whole


def mean_at(values: Results, at: Sequence[int]) -> float:
    """Return the mean of some values."""
    return float(values[at].mean())


def entropies(task: Task, plan: RepetitionPlan, network: Exported, kept: Path) -> Results:
    """Return the cross entropy of each example under a plan, mean over trials."""
    noise = NOISES[NOISE]
    conditions = Conditions(trials=TRIALS, seed=SEED, settings=noise.settings)
    kept.parent.mkdir(parents=True, exist_ok=True)
    with ProgressBar(f"{kept.stem}, batches") as bar:
        setup = Setup(task, noise.hardware, plan, conditions, network, bar)
        setup.calibrate()
        passes, simulator = setup.passes, setup.simulator
        passes.metric = CrossEntropy()
        passes.expect(TRIALS, recording=False)
        outside = {"seed": str(SEED), "batch": str(passes.batch), "model": setup.digest()}
        with closing(Store(kept, setup.provenance() | outside, len(task.targets))) as store:
            drawn = [
                passes.kept(store, f"trial {trial}", simulator, setup.draws(trial))
                for trial in range(TRIALS)
            ]
    return np.mean(drawn, axis=0)


def unfinished(which: str, name: str) -> Path:
    """Return where results of a plan on a set of examples are kept, to go on with."""
    return UNFINISHED / f"{NETWORK}-{name}-on-those-{which.replace(' ', '-')}.json"


def table(whole: Mapping[str, Any] | None) -> str:
    """Return what was found, in Markdown."""
    if whole is None:
        return "Not run.\n"
    by_op, by_channel = whole["mean"].values()
    heads = ["cross entropy", f"by op, mean count {by_op:.1f}", f"by channel, {by_channel:.1f}"]
    lines = []
    for which, found in whole["found"].items():
        low, high = found["interval"].values()
        lines.append(
            [
                f"{found['examples']:,} images {which}",
                *(f"{each:.3f}" for each in found["cross_entropy"].values()),
                f"{found['more_by_channel']:+.3f} [{low:+.3f}, {high:+.3f}]",
            ]
        )
    return markdown([*heads, "by channel, more"], lines)


def main() -> None:
    """Run, or print what was found."""
    arguments = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    arguments.add_argument("--threads", type=int, default=1)
    arguments.add_argument("--print", action="store_true", help="print the table and run nothing")
    chosen = arguments.parse_args()
    found = read()
    if chosen.print:
        sys.stdout.write(table(found))
        return
    torch.set_num_threads(chosen.threads)
    try:
        with resumable():
            sys.stderr.write(table(found if is_same(found) else run()))
    except ArchsimError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
