"""How accurate a point is; the one module of this room that brings torch."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import torch

from archsim.errors import WorkloadError
from archsim.frontend import Exported
from archsim.functional import Conditions, Settings, Specification, Task, evaluate, exported
from archsim.functional.setup import tensors_sha256
from archsim.functional.targets import Belongings, load_task, shipped_network, shipped_tasks
from archsim.hardware import Hardware
from archsim.sweep.figures import Figures
from archsim.sweep.file import AccuracyPart
from archsim.workload import RepetitionPlan, Workload

Counts = RepetitionPlan | int | float


@dataclass(frozen=True)
class Subject:
    """A network with its data.

    Attributes:
        task: Weights and data, as many examples as are asked for.
        network: As both sides see it.
        digest: What identifies weights, data, how examples are prepared, and what is measured.
    """

    task: Task
    network: Exported
    digest: str

    @property
    def workload(self) -> Workload:
        """What the timing side runs."""
        return self.network.workload


def subject_of(target: str, asked: AccuracyPart, folder: Path) -> Subject:
    """Return what accuracy is found for.

    Args:
        target: A task's name, or module:callable.
        asked: How it is found, and files of the callable.
        folder: What these are relative to.

    Raises:
        ArchsimError: There is no such task, or its data is missing or wrong.
    """
    if ":" not in target and target not in shipped_tasks():
        raise WorkloadError(
            f"{target}: found a workload without labelled data; expected one with, to find "
            f"accuracy: {', '.join(shipped_tasks())}, or module:callable; name one, or set "
            "accuracy: false"
        )
    task = conditions_of(asked).part_of(load_task(target, _belongings(asked, folder)))
    network = exported(task)
    if ":" not in target:
        network = shipped_network(target, network)
    one = task.prepare(*(values[:1] for values in task.inputs))
    tensors = (*task.inputs, task.targets, *task.calibration, *one)
    weights = task.model.state_dict().values()
    return Subject(task, network, f"{task.metric} {tensors_sha256((*tensors, *weights))}")


def specification_of(
    workload: Workload, hardware: Hardware, counts: Counts, asked: AccuracyPart
) -> str:
    """Return the hash of all that the functional side is told of a point."""
    settings = conditions_of(asked).settings
    return Specification.of(workload, hardware, counts, settings).hash


def accuracy_of(
    subject: Subject,
    hardware: Hardware,
    counts: Counts,
    asked: AccuracyPart,
    bits: tuple[int | None, int | None],
) -> Figures:
    """Return the figures of accuracy of a point."""
    torch.set_num_threads(1)  # points are what runs side by side
    found = evaluate(
        subject.task,
        hardware,
        counts,
        replace(conditions_of(asked), limit=None, bits=bits),
        network=subject.network,
    )
    over_examples = found.noisy.over_examples, found.drop.over_examples
    return {
        "accuracy": found.noisy.value,
        "accuracy_low": over_examples[0].low,
        "accuracy_high": over_examples[0].high,
        "drop": found.drop.value,
        "drop_low": over_examples[1].low,
        "drop_high": over_examples[1].high,
        "quantised_accuracy": found.quantised,
        "clean_accuracy": found.clean,
        "accuracy_unit": found.unit,
    }


def conditions_of(asked: AccuracyPart) -> Conditions:
    """Return how evaluations are run."""
    sources = None if asked.noise is None else frozenset(asked.noise)
    return Conditions(
        trials=asked.trials,
        seed=asked.seed,
        batch=asked.examples,
        limit=asked.limit,
        settings=Settings(sources=sources, adc=asked.adc),  # type: ignore[arg-type]
        device=asked.device,
    )


def _belongings(asked: AccuracyPart, folder: Path) -> Belongings:
    data = asked.data
    if data is not None and ":" not in data:
        data = str(folder / data)
    return Belongings(
        weights=tuple(folder / name for name in asked.weights),
        data=data,
        labels=None if asked.labels is None else folder / asked.labels,
        metric=asked.metric,
    )
