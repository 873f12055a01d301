"""Run a task on a machine: without noise, then so many times with it."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from archsim.frontend import Exported
from archsim.functional.accuracy import Accuracy, OpPrecision
from archsim.functional.conditions import Conditions
from archsim.functional.estimates import Estimates
from archsim.functional.memory import kept_memory
from archsim.functional.passes import Progress
from archsim.functional.setup import Plan, Setup
from archsim.functional.store import Store
from archsim.functional.task import Task
from archsim.hardware import Hardware


@dataclass(frozen=True, slots=True)
class Precision:
    """What noise does to each product of a network, without how accurate it is.

    Attributes:
        task: Network and data.
        hardware: Machine.
        examples: Over how many noise and signal were gathered.
        seed: Of all random numbers.
        batch: Examples of one forward pass.
        ops: What noise does to each product on analog arrays.
        noise: Sources that acted.
        provenance: Hashes, versions and sources of all that it came from.
    """

    task: str
    hardware: str
    examples: int
    seed: int
    batch: int
    ops: tuple[OpPrecision, ...]
    noise: tuple[str, ...]
    provenance: dict[str, str]


@kept_memory()
def evaluate(  # noqa: PLR0913 - beside how it is run, what goes in and what is told on the way
    task: Task,
    hardware: Hardware,
    plan: Plan = 1,
    conditions: Conditions | None = None,
    *,
    network: Exported | None = None,
    checkpoint: Path | str | None = None,
    progress: Progress | None = None,
    resampled: Progress | None = None,
    **changed: Any,
) -> Accuracy:
    """Return how accurate a task's network is on a machine.

    ``evaluate(task, hardware, 4, trials=10, seed=1)``

    Args:
        task: Network and data.
        hardware: The machine.
        plan: Repetition counts, or one for all GEMMs on analog arrays.
        conditions: How it is run; the defaults if not given.
        network: What :func:`exported` gave for this task, if that is there already.
        checkpoint: File that results are kept in as they come, and taken from.
        progress: Called after each batch with how many of how many are done.
        resampled: The same of the intervals' resamples, which come last.
        changed: Fields of :class:`Conditions` that are to be others.

    Raises:
        ArchsimError: Anything that does not fit: conditions, data, plan, sources, machine.
    """
    how = Conditions.of(conditions, changed)
    setup = Setup(task, hardware, plan, how, network, progress)
    passes, simulator, examples = setup.passes, setup.simulator, len(setup.task.targets)
    estimates = Estimates(setup.task, how.seed, resampled, intervals=2)
    trials = how.trials if setup.noise else 0
    passes.expect(2 + trials, recording=bool(setup.noise))
    setup.calibrate()
    provenance = setup.provenance()
    outside = {"seed": str(how.seed), "batch": str(passes.batch), "device": how.device}
    key = provenance | outside | {"model": setup.digest()}
    with closing(Store(checkpoint, key, examples)) as store:
        clean = passes.kept(store, "clean", setup.network.graph_module.to(how.device))
        quantised = passes.kept(store, "quantised", simulator)
        drawn = [
            passes.kept(store, f"trial {trial}", simulator, setup.draws(trial))
            for trial in range(trials)
        ]
    values, ops = drawn or [quantised], setup.precisions()
    return Accuracy(
        task=setup.task.name,
        hardware=hardware.name,
        metric=passes.metric.name,
        unit=passes.metric.unit,
        examples=examples,
        trials=len(values),
        seed=how.seed,
        batch=passes.batch,
        clean=estimates.value(clean),
        quantised=estimates.value(quantised),
        noisy=estimates.mean(values),
        drop=estimates.difference([quantised], values),
        values=tuple(map(estimates.value, values)),
        ops=ops,
        noise=setup.noise,
        provenance=provenance,
    )


def measure_precision(
    task: Task,
    hardware: Hardware,
    plan: Plan = 1,
    conditions: Conditions | None = None,
    *,
    network: Exported | None = None,
    **changed: Any,
) -> Precision:
    """Return what noise does to each product, over a task's first examples.

    Arguments are those of :func:`evaluate`, whose result says the same of each product.

    Raises:
        ArchsimError: As for :func:`evaluate`.
    """
    how = Conditions.of(conditions, changed)
    setup = Setup(task, hardware, plan, how, network)
    setup.calibrate()
    return Precision(
        task=setup.task.name,
        hardware=hardware.name,
        examples=setup.passes.recorded,
        seed=how.seed,
        batch=setup.passes.batch,
        ops=setup.precisions(),
        noise=setup.noise,
        provenance=setup.provenance(),
    )
