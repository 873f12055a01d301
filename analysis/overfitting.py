"""Do learned counts fit the examples of learning alone? What they leave there, and elsewhere.

    python analysis/overfitting.py            # minutes; learns the plans first where they are gone
    python analysis/overfitting.py --print    # the table

Counts by channel are a finer choice than those by op, and yet EfficientNet-Lite0 takes no fewer of
them at 2 points of drop. If that is for want of examples, they have to be better than those by op
on the ones that they were learned from, and no better on others. So both plans of
``learning_table.py`` are brought to one mean count, get the same noise, other than that of
learning, and are compared by what learning minimises, cross entropy. Intervals are over examples.
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
from torch import Tensor
from torch.nn.functional import cross_entropy

from analysis.learning_cells import BY_OP, UNFINISHED, Cell, plan_of
from analysis.learning_machines import mean_count, scaled
from analysis.learning_table import INTERRUPTED, markdown
from analysis.noise_table import NOISES
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
PATH = Path(__file__).with_suffix(".json")
TRIALS, SEED = 4, 1


@dataclass(frozen=True, slots=True)
class CrossEntropy(Top1):
    """What each example adds to the loss of learning, in nats."""

    name: str = "cross entropy"
    unit: str = ""

    def results(self, outputs: Tensor, targets: Tensor) -> Results:
        """Return one number for each example; outputs are n x classes."""
        self.check(outputs.shape, targets)
        return cross_entropy(outputs.double(), targets.long(), reduction="none").numpy()


def run() -> dict[str, Any]:
    """Compare the two plans on both sets of examples, write what is found, and return it."""
    task, plans = TASKS[NETWORK](), {}
    for granularity in (BY_OP, "channel"):
        plans[granularity] = plan_of(Cell(NETWORK, NOISE, granularity), task)
    workload = load_workload(NETWORK)
    by_op, by_channel = (mean_count(workload, plan) for plan in plans.values())
    plans["channel"] = scaled(workload, plans["channel"], by_op / by_channel)
    if task.learning is None:
        raise ValueError(f"{NETWORK}: learned from nothing")
    sets = {"to learn from": task.learning, "that judge": Examples(task.inputs, task.targets)}
    network, found = exported(task), {}
    for name, examples in sets.items():
        one = replace(task, inputs=examples.inputs, targets=examples.targets, learning=None)
        left = {
            granularity: entropies(one, name, plan, network) for granularity, plan in plans.items()
        }
        more = left["channel"] - left[BY_OP]
        interval = images_interval(partial(mean_at, more), len(more), seed=SEED)
        found[name] = {
            "examples": len(more),
            "cross_entropy": {granularity: each.mean() for granularity, each in left.items()},
            "more_by_channel": float(more.mean()),
            "interval": asdict(interval),
        }
    means = {name: mean_count(workload, plan) for name, plan in plans.items()}
    whole = {"network": NETWORK, "noise": NOISE, "trials": TRIALS, "mean": means, "found": found}
    documents.write_atomically(PATH, json.dumps(whole, indent=1) + "\n")
    for name in sets:
        unfinished(name).unlink()
    return whole


def mean_at(values: Results, at: Sequence[int]) -> float:
    """Return the mean of some values."""
    return float(values[at].mean())


def entropies(task: Task, name: str, plan: RepetitionPlan, network: Exported) -> Results:
    """Return the cross entropy of each example under a plan, mean over trials."""
    noise = NOISES[NOISE]
    conditions = Conditions(trials=TRIALS, seed=SEED, settings=noise.settings)
    with ProgressBar(f"{name}, batches") as bar:
        setup = Setup(task, noise.hardware, plan, conditions, network, bar)
        setup.calibrate()
        setup.passes.metric = CrossEntropy()
        setup.passes.expect(TRIALS, recording=False)
        facts = {key: each for key, each in setup.provenance().items() if key != "plan"}
        UNFINISHED.mkdir(parents=True, exist_ok=True)
        with closing(Store(unfinished(name), facts, len(task.targets))) as store:
            return np.mean(
                [
                    setup.passes.kept(
                        store, f"{plan.hash} trial {trial}", setup.simulator, setup.draws(trial)
                    )
                    for trial in range(TRIALS)
                ],
                axis=0,
            )


def unfinished(name: str) -> Path:
    """Return where results on a set of examples are kept, to go on with."""
    return UNFINISHED / f"overfitting-{NETWORK}-{name.replace(' ', '-')}.json"


def table(whole: Mapping[str, Any]) -> str:
    """Return what was found, in Markdown."""
    lines = []
    for name, found in whole["found"].items():
        low, high = found["interval"].values()
        lines.append(
            [
                f"{found['examples']:,} images {name}",
                *(f"{each:.3f}" for each in found["cross_entropy"].values()),
                f"{found['more_by_channel']:+.3f} [{low:+.3f}, {high:+.3f}]",
            ]
        )
    by_op, by_channel = whole["mean"].values()
    heads = ["cross entropy", f"by op, {by_op:.1f} a product", f"by channel, {by_channel:.1f}"]
    return markdown([*heads, "by channel, more"], lines)


def main() -> None:
    """Run, or print what was found."""
    arguments = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    arguments.add_argument("--threads", type=int, default=1)
    arguments.add_argument("--print", action="store_true", help="print the table and run nothing")
    chosen = arguments.parse_args()
    if chosen.print:
        sys.stdout.write(table(json.loads(PATH.read_text(encoding="utf-8"))))
        return
    torch.set_num_threads(chosen.threads)
    try:
        sys.stderr.write(table(run()))
    except ArchsimError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.stderr.write("\ninterrupted; the same command goes on from here\n")
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()
