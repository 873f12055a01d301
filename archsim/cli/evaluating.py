"""From options to an evaluation: what is evaluated, with which numbers, and what to know about it.

Only commands that need accuracy import this module: it brings torch.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from archsim.cli.numbers import differences, settings_of
from archsim.cli.options import (
    BitOptions,
    DataOptions,
    NumberOptions,
    RepetitionOptions,
    TrialOptions,
)
from archsim.cli.output import ProgressBar, users_code
from archsim.documents import closest
from archsim.errors import ConfigError, WorkloadError
from archsim.frontend import Exported
from archsim.functional import (
    Accuracy,
    StandIn,
    Task,
    check_noise_bits,
    evaluate,
    exported,
)
from archsim.functional.evaluation import Precision, measure_precision
from archsim.functional.targets import Belongings, check_device, limited, load_task, shipped_tasks
from archsim.hardware import Hardware
from archsim.report import Report
from archsim.report.running import counts_of
from archsim.workload import RepetitionPlan, Workload, load_workload, shipped

TRIALS = 5
Simulated = Callable[[Workload, RepetitionPlan | None, float | None], Report]


@dataclass(frozen=True)
class Subject:
    """A task, its network as both sides see it, and what to know about its data."""

    task: Task
    network: Exported
    notes: tuple[str, ...] = ()

    @property
    def workload(self) -> Workload:
        """What the timing side runs."""
        return self.network.workload


def subject_of(model: str, data: DataOptions, bits: BitOptions) -> Subject:
    """Return what is to be evaluated.

    Raises:
        ArchsimError: Everything wrong with model, weights and data.
    """
    belongings = Belongings(
        weights=tuple(data.weights or ()),
        data=data.data,
        labels=data.labels,
        mean=_numbers("mean", data.mean),
        std=_numbers("std", data.std),
        kwargs=data.kwargs,
        metric=data.metric,
    )
    with users_code(model):
        task = load_task(model, belongings)
        if data.limit is not None:
            task = limited(task, data.limit)
        network = exported(task)
    if model in shipped():
        network = replace(network, workload=_same(load_workload(model), network.workload))
    workload = network.workload.with_bits(*bits.pair())
    return Subject(task, replace(network, workload=workload), _notes(task, data))


def subject_of_run(workload: str, data: DataOptions, bits: BitOptions) -> Subject:
    """Return what is to be evaluated beside a run of a workload.

    Raises:
        WorkloadError: There is no task for it.
    """
    tasks = shipped_tasks()
    if ":" not in workload and workload not in tasks:
        raise WorkloadError(
            f"{workload}: found a workload without labelled data; expected one with, to report "
            f"accuracy: {', '.join(tasks)}, or module:callable with --weights and --data"
            f"{closest(workload, list(tasks))}; name one, or leave --accuracy out"
        )
    return subject_of(workload, data, bits)


@dataclass(frozen=True)
class Evaluation:
    """How it is evaluated, as options say; they are checked before any long work.

    Attributes:
        hardware: The machine.
        repeated: How often products are repeated.
        numbers: What acts on the numbers.
        trials: How often, and what is kept.
        batch: Examples of one forward pass; what the task suggests if not given.
    """

    hardware: Hardware
    repeated: RepetitionOptions
    numbers: NumberOptions
    trials: TrialOptions
    batch: int | None = None

    def __post_init__(self) -> None:
        settings_of(self.numbers)
        check_device(self.numbers.device or "cpu")
        kept = self.trials.checkpoint
        if kept is not None and not kept.absolute().parent.is_dir():
            raise ConfigError(
                f"{kept}: found no folder {kept.parent}; expected one to write to; make it first"
            )

    def counts(self, subject: Subject) -> RepetitionPlan | int | float:
        """Return the repetitions."""
        plan, number = self.repeated.plan, self.repeated.repetitions
        return counts_of(subject.workload, self.hardware, plan, number)

    def accuracy(self, subject: Subject) -> Accuracy:
        """Return how accurate it is.

        Raises:
            ArchsimError: Whatever does not fit.
        """
        with ProgressBar("evaluating") as progress, users_code(subject.task.name):
            return evaluate(subject.task, self.hardware, progress=progress, **self._how(subject))

    def precision(self, subject: Subject) -> Precision:
        """Return what noise does to each product.

        Raises:
            ArchsimError: Whatever does not fit.
        """
        how = self._how(subject)
        del how["trials"], how["checkpoint"]
        with users_code(subject.task.name):
            return measure_precision(subject.task, self.hardware, **how)

    def stand_in(self, subject: Subject) -> StandIn:
        """Return how accurate it is with a quantiser for each noise instead.

        Raises:
            ArchsimError: Whatever does not fit.
        """
        how = self._how(subject)
        del how["checkpoint"]
        with ProgressBar("evaluating") as progress, users_code(subject.task.name):
            return check_noise_bits(subject.task, self.hardware, progress=progress, **how)

    def beside(self, subject: Subject, simulated: Simulated) -> Report:
        """Return the report of a run of the same network, with its accuracy."""
        counts = self.counts(subject)
        planned = (counts, None) if isinstance(counts, RepetitionPlan) else (None, counts)
        report = simulated(subject.workload, *planned)
        found = self.accuracy(subject)
        notes = [*subject.notes, *(f"settings: {words}" for words in self.changed)]
        return replace(report, accuracy=found, warnings=(*report.warnings, *notes))

    @property
    def changed(self) -> list[str]:
        """Return the settings that are not the default ones, in words."""
        return differences(settings_of(self.numbers))

    def _how(self, subject: Subject) -> dict[str, Any]:
        return {
            "plan": self.counts(subject),
            "trials": TRIALS if self.trials.trials is None else self.trials.trials,
            "seed": self.numbers.seed or 0,
            "batch": self.batch,
            "settings": settings_of(self.numbers),
            "network": subject.network,
            "device": self.numbers.device or "cpu",
            "checkpoint": self.trials.checkpoint,
        }


def _notes(task: Task, data: DataOptions) -> tuple[str, ...]:
    """Return what to know about the data before quoting a number."""
    found = []
    if limit := task.source.get("limit"):
        found.append(f"--limit: found {limit}; expected all for a figure to quote; leave it out")
    calibration = task.source.get("calibration", "")
    if data.data is not None and "test examples" in calibration:
        found.append(
            f"{data.data}: found no calibration data, so its {calibration} set the "
            "ranges; expected others for that; add x_calibration"
        )
    return tuple(found)


def _numbers(name: str, text: str | None) -> tuple[float, ...] | None:
    if text is None:
        return None
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        raise ConfigError(
            f"--{name}: found {text!r}; expected numbers with commas between them, one for each "
            "channel; write such as 0.485,0.456,0.406"
        ) from None


def _same(known: Workload, found: Workload) -> Workload:
    if known.fingerprint != found.fingerprint:
        raise WorkloadError(
            f"{known.name}: found another network in the task ({found.fingerprint}) than in the "
            f"workload ({known.fingerprint}); expected the same; make the workload again with "
            "python workloads/NAME.py"
        )
    return known
