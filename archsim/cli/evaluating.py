"""From options to an evaluation: what is evaluated, with which numbers, and what to know about it.

Only commands that need accuracy import this module: it brings torch.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace

from archsim.cli.aims import as_typed
from archsim.cli.numbers import differences, settings_of
from archsim.cli.options import (
    AccuracyOptions,
    BitOptions,
    DataOptions,
    EvaluationOptions,
    RepetitionOptions,
)
from archsim.cli.output import resumable, users_code
from archsim.cli.progress import ProgressBar
from archsim.documents import closest
from archsim.errors import ConfigError, WorkloadError
from archsim.frontend import Exported
from archsim.functional import (
    Accuracy,
    Conditions,
    Precision,
    StandIn,
    Task,
    check_noise_bits,
    evaluate,
    exported,
    measure_precision,
)
from archsim.functional.splitting import LEFT_OUT, split
from archsim.functional.targets import Belongings, load_task, shipped_network, shipped_tasks
from archsim.hardware import Hardware
from archsim.report import Report
from archsim.report.running import counts_of
from archsim.workload import RepetitionPlan, Workload, shipped

Simulated = Callable[[Workload, RepetitionPlan | None, float | None], Report]


@dataclass(frozen=True)
class Subject:
    """A task, its network as both sides see it, repetitions, and what to know about its data."""

    task: Task
    network: Exported
    counts: RepetitionPlan | float
    notes: tuple[str, ...] = ()

    @property
    def workload(self) -> Workload:
        """What the timing side runs."""
        return self.network.workload


class Evaluation:
    """How a subject is evaluated, as options say.

    Attributes:
        conditions: How it is run.
    """

    def __init__(
        self,
        hardware: Hardware,
        repeated: RepetitionOptions,
        bits: BitOptions,
        how: EvaluationOptions | AccuracyOptions,
    ) -> None:
        """Check the options, before any long work.

        Args:
            hardware: The machine.
            repeated: How often products are repeated.
            bits: Bits of operands.
            how: All else.

        Raises:
            ConfigError: Some are wrong, or exclude each other.
        """
        self._hardware, self._repeated, self._how = hardware, repeated, how
        self.conditions = _conditions(bits, how)
        kept = how.checkpoint
        if kept is not None and not kept.absolute().parent.is_dir():
            raise ConfigError(
                f"{kept}: found no folder {kept.parent}; expected one to write to; make it first"
            )

    def subject_of(self, model: str, *, looked_at: int | None = None) -> Subject:
        """Return what is to be evaluated.

        Args:
            model: A shipped task's name, or ``module:callable``.
            looked_at: How many examples are looked at, at most; None: all.

        Raises:
            ArchsimError: Everything wrong with model, weights and data.
        """
        how = self._how
        belongings = Belongings(
            weights=tuple(how.weights or ()),
            data=how.data,
            labels=how.labels,
            mean=_numbers("mean", how.mean),
            std=_numbers("std", how.std),
            kwargs=how.kwargs,
            metric=how.metric,
        )
        with users_code(model), as_typed({"learning": "--learning"}):
            task = load_task(model, belongings)
            if how.learning is not None:
                task = split(task, how.learning)
            task = self.conditions.part_of(task)
            network = exported(task)
        if model in shipped():
            network = shipped_network(model, network)
        workload = network.workload.with_bits(*self.conditions.bits)
        repeated = self._repeated
        counts = counts_of(workload, self._hardware, repeated.plan, repeated.repetitions)
        notes = (*_notes(task, how, looked_at), *_apart(counts, task))
        return Subject(task, replace(network, workload=workload), counts, notes)

    def subject_of_run(self, workload: str) -> Subject:
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
        return self.subject_of(workload)

    def accuracy(self, subject: Subject) -> Accuracy:
        """Return how accurate it is.

        Raises:
            ArchsimError: Whatever does not fit.
        """
        kept = self._how.checkpoint
        with resumable(kept), _Bars() as bars, users_code(subject.task.name):
            return evaluate(
                *self._of(subject),
                network=subject.network,
                checkpoint=kept,
                progress=bars.of("evaluating"),
                resampled=bars.of("intervals"),
            )

    def precision(self, subject: Subject) -> Precision:
        """Return what noise does to each product.

        Raises:
            ArchsimError: Whatever does not fit.
        """
        with users_code(subject.task.name):
            return measure_precision(*self._of(subject), network=subject.network)

    def stand_in(self, subject: Subject) -> StandIn:
        """Return how accurate it is with a quantiser for each noise instead.

        Raises:
            ArchsimError: Whatever does not fit.
        """
        with _Bars() as bars, users_code(subject.task.name):
            return check_noise_bits(
                *self._of(subject),
                network=subject.network,
                progress=bars.of("evaluating"),
                resampled=bars.of("intervals"),
            )

    def beside(self, subject: Subject, simulated: Simulated) -> Report:
        """Return the report of a run of the same network, with its accuracy."""
        counts = subject.counts
        planned = (counts, None) if isinstance(counts, RepetitionPlan) else (None, counts)
        report = simulated(subject.workload, *planned)
        found = self.accuracy(subject)
        notes = [*subject.notes, *(f"settings: {words}" for words in self.changed)]
        return replace(report, accuracy=found, warnings=(*report.warnings, *notes))

    @property
    def changed(self) -> list[str]:
        """Return the settings that are not the default ones, in words."""
        return differences(self.conditions.settings)

    def _of(self, subject: Subject) -> tuple[Task, Hardware, RepetitionPlan | float, Conditions]:
        return subject.task, self._hardware, subject.counts, self.conditions


class _Bars(ExitStack):
    """Progress bars, one after another: the first tick of one ends the one before."""

    def of(self, doing: str) -> Callable[[int, int], None]:
        """Return what moves a bar."""
        bar: ProgressBar | None = None

        def tick(done: int, total: int) -> None:
            nonlocal bar
            if bar is None:
                self.close()
                bar = self.enter_context(ProgressBar(doing))
            bar(done, total)

        return tick


def _conditions(bits: BitOptions, how: EvaluationOptions | AccuracyOptions) -> Conditions:
    """Return how it is run, as far as options say; else as it is by default."""
    chosen = {
        "trials": how.trials,
        "seed": how.seed,
        "batch": how.examples,
        "limit": how.limit,
        "bits": bits.pair(),
        "settings": settings_of(how),
        "device": how.device,
    }
    given = {name: value for name, value in chosen.items() if value is not None}
    return Conditions.of(None, given)


def _notes(task: Task, data: DataOptions, looked_at: int | None) -> tuple[str, ...]:
    """Return what to know about the data before quoting a number."""
    found = []
    limit = task.source.get("limit")
    if limit and (looked_at is None or len(task.targets) < looked_at):
        found.append(f"--limit: found {limit}; expected all for a figure to quote; leave it out")
    calibration = task.source.get("calibration", "")
    if data.data is not None and "test examples" in calibration:
        found.append(
            f"{data.data}: found no calibration data, so its {calibration} set the "
            "ranges; expected others for that; add x_calibration"
        )
    return tuple(found)


def _apart(counts: RepetitionPlan | float, task: Task) -> tuple[str, ...]:
    """Return a note where a plan was learned from examples that are tested now."""
    told = counts.provenance.get("learning", "") if isinstance(counts, RepetitionPlan) else ""
    if not told.endswith(LEFT_OUT) or told == task.source.get("learning"):
        return ()
    return (
        f"--plan: found one that was learned from the {told}; expected the same here, if these are "
        "the same examples; give --learning again",
    )


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
