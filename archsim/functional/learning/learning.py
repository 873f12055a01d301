"""Learn how often each product of a network has to be repeated on a machine."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, get_args

import numpy as np
import torch

from archsim.errors import ConfigError
from archsim.frontend import Exported
from archsim.functional.accuracy import Estimate
from archsim.functional.conditions import Conditions
from archsim.functional.learning.aim import Aim, check_batch, check_kinds, check_machine
from archsim.functional.learning.bench import Bench
from archsim.functional.learning.crossing import ratio
from archsim.functional.learning.family import Measured
from archsim.functional.learning.judge import Judge
from archsim.functional.learning.keep import Keep
from archsim.functional.learning.learned import Learned
from archsim.functional.learning.learned_plan import LearnedPlan, PointOfCurve, Uniform
from archsim.functional.learning.learner import Rules
from archsim.functional.learning.news import Narrator, News
from archsim.functional.learning.search import SETTLED, Pricer, Search, Taken
from archsim.functional.learning.sharing import Granularity
from archsim.functional.memory import kept_memory
from archsim.functional.setup import tensors_sha256
from archsim.functional.store import Store
from archsim.functional.task import Task
from archsim.hardware import Hardware
from archsim.hardware.light import optical_energy_per_mac_j

PROCEDURE = "4"
"""Changes with what learning does: results of another procedure are not gone on with."""

_AS_MUCH = 1 + 1e-9  # means of equal numbers in another order are as much

TRIALS = 16
"""Trials by default: an interval over seeds that does not blur a drop of some points."""


@kept_memory()
def learn(  # noqa: PLR0913 - what goes in, how it is run, and what is told on the way
    task: Task,
    hardware: Hardware,
    aim: Aim,
    conditions: Conditions | None = None,
    *,
    rules: Rules | None = None,
    price: Pricer | None = None,
    network: Exported | None = None,
    checkpoint: Path | str | None = None,
    tell: Callable[[News], None] | None = None,
    compare: bool = True,
    **changed: Any,
) -> LearnedPlan:
    """Return the plan that learning finds.

    ``learn(task, hardware, Aim("channel", max_drop=2.0))``

    Args:
        task: Network and data, with data to learn from.
        hardware: The machine.
        aim: Which counts, and to which end.
        conditions: How it is run; the defaults with 16 trials if not given.
        rules: How counts are learned.
        price: What plans cost on the machine, such as
            ``archsim.report.machine_price.MachinePrice(hardware, workload, "energy")``; mean
            repetitions if not given.
        network: What :func:`archsim.functional.exported` gave for this task, if it is there.
        checkpoint: Folder that everything is kept in as it comes, and taken from; once the plan is
            saved, :func:`archsim.functional.learning.discard` it.
        tell: Called after each step and trial.
        compare: Whether to judge uniform counts, too.
        changed: Fields of :class:`Conditions` that are to be others.

    Raises:
        ArchsimError: Anything that does not fit: aim, conditions, rules, data, sources, machine; a
            target that no plan meets, a drop that the most repetitions exceed.
    """
    rules = Rules() if rules is None else rules
    check_kinds(task, hardware, aim, rules, price)
    how = Conditions.of(conditions or Conditions(trials=TRIALS), changed)
    check_machine(hardware, aim, how)
    bench = Bench(task, hardware, how, network)
    check_batch(bench, aim, rules)
    facts = _facts(bench, how, rules, aim, price)
    examples = len(bench.setup.task.targets)
    with (
        Keep(checkpoint, facts) as keep,
        closing(Store(keep.results, facts, examples)) as store,
        closing(Store(keep.runs, facts, len(get_args(Taken)))) as runs,
    ):
        narrator = Narrator(tell)
        judge = Judge(bench, store, how.trials, narrator)
        price = None if price is None else price.kept(partial(_taken, runs), narrator.priced)
        search = Search(bench, judge, rules, pricer=price, keep=keep)
        found = _found(search, aim, how)
        results = judge.results(found.learned.sharing, found.repetitions)
        uniform = _uniform(search, judge, aim, how, found) if compare else None
    alone = _alone(aim) if compare and uniform is None else ()
    sharing = found.learned.sharing
    plan, mean = sharing.plan(bench.workload, found.repetitions), sharing.mean(found.repetitions)
    noisy, drop = judge.estimates(plan, results, how.seed)
    one_j = optical_energy_per_mac_j(hardware)
    metric = bench.setup.passes.metric
    said = {
        "repetitions": f"{mean:.6g}, mean over MACs",
        "accuracy": f"{noisy.value:.6g} {metric.unit}".rstrip() + f", {_interval(noisy)}",
        "drop": f"{drop.value:.6g}, {_interval(drop)}",
        "converged": str(found.learned.converged),
    }
    return LearnedPlan(
        task=bench.setup.task.name,
        hardware=hardware.name,
        granularity=Granularity(aim.granularity),
        plan=plan.model_copy(update={"provenance": facts | said}),
        repetitions=mean,
        energy_per_mac_j=None if one_j is None else one_j * mean,
        price=facts["price"],
        cost=search.cost(sharing, found.repetitions),
        unit=found.learned.price.unit,
        converged=found.learned.converged,
        steps=found.learned.steps,
        metric=metric.name,
        metric_unit=metric.unit,
        examples=examples,
        trials=how.trials,
        seed=how.seed,
        quantised=judge.quantised,
        noisy=noisy,
        drop=drop,
        crossing=None if found.measured is None else found.measured.crossing,
        curve=found.curve,
        uniform=uniform,
        notes=(*found.notes, *_over(aim, drop.value), *alone, *_above(aim, uniform)),
    )


def _taken(runs: Store, name: str, run: Callable[[], Taken]) -> Taken:
    """Return what a run takes; it is run if that is not known."""
    energy_j, latency_s = runs.get(name, lambda _: [np.array(run())]).tolist()
    return energy_j, latency_s


@dataclass(frozen=True)
class _Found:
    learned: Learned
    repetitions: torch.Tensor
    measured: Measured | None = None
    curve: tuple[PointOfCurve, ...] = ()
    notes: tuple[str, ...] = ()


def _found(search: Search, aim: Aim, how: Conditions) -> _Found:
    granularity = Granularity(aim.granularity)
    if aim.target is not None:
        learned = search.to_mean(granularity, aim.target)
        return _Found(learned, learned.rounded(learned.repetitions), notes=_notes(learned))
    max_drop = float(aim.max_drop or 0)
    learned, factor = search.to_drop(granularity, max_drop)
    family = search.family(learned)
    measured = family.measure(factor, max_drop, seed=how.seed)
    curve, crossing = measured.curve, measured.crossing
    points = tuple(map(PointOfCurve, curve.repetitions, curve.drops(seed=how.seed)))
    if crossing.repetitions == float("inf"):
        raise ConfigError(
            f"max_drop: found {max_drop:g}; expected more than {curve.fit()[-1]:.3g}, which is "
            f"lost at {points[-1].repetitions:.4g} repetitions, the most that were tried; allow "
            "more, or choose a machine that is less noisy"
        )
    at_least = crossing.repetitions == 0
    notes = _notes(learned)
    if at_least:  # however it was learned
        notes = (
            f"max_drop: found {max_drop:g}; {curve.fit()[0]:.3g} is lost at "
            f"{points[0].repetitions:.4g} repetitions already, the fewest that can be; the plan is "
            "that one",
        )
    mean = points[0].repetitions if at_least else crossing.repetitions
    repetitions = family.within(mean, max_drop)
    return _Found(learned, repetitions, measured, points, notes)


def _uniform(
    search: Search, judge: Judge, aim: Aim, how: Conditions, found: _Found
) -> Uniform | None:
    """Return uniform counts at the target, or at the drop; None where there are none to compare."""
    if aim.granularity is Granularity.UNIFORM:
        return None
    even, compared = search.even(), None
    if aim.max_drop is None or found.measured is None:
        counts = search.uniform(aim.target or 0.0)
    else:
        family = search.family(even)
        own = family.measure(family.look(aim.max_drop), aim.max_drop, seed=how.seed)
        if own.crossing.repetitions == float("inf"):
            return None  # no uniform counts lose so little
        mean = own.crossing.repetitions or own.curve.repetitions[0]
        counts = family.within(mean, aim.max_drop)
        compared = ratio(
            search.paid(found.learned.sharing, found.measured), search.paid(even.sharing, own)
        )
    results = judge.results(even.sharing, counts)
    plan = even.sharing.plan(search.workload, counts)
    noisy, drop = judge.estimates(plan, results, how.seed)
    return Uniform(plan, even.sharing.mean(counts), noisy, drop, compared)


def _alone(aim: Aim) -> tuple[str, ...]:
    """Return a note where uniform counts should stand beside the plan, and cannot."""
    if aim.granularity is Granularity.UNIFORM:
        return ()
    return (
        f"uniform: found more than {aim.max_drop:g} lost with the most uniform repetitions that "
        "were tried; expected some that lose less; the plan has none to be compared with",
    )


def _above(aim: Aim, uniform: Uniform | None) -> tuple[str, ...]:
    """Return a note where uniform counts take more than the target, as they have to be whole."""
    if aim.target is None or uniform is None or uniform.repetitions <= aim.target * _AS_MUCH:
        return ()
    return (
        f"target: found {aim.target:.9g} repetitions, which is no whole number; expected one for a "
        f"plain comparison; the uniform counts beside the plan are {uniform.repetitions:g}",
    )


def _over(aim: Aim, drop: float) -> tuple[str, ...]:
    """Return a note where this very plan loses more than allowed."""
    if aim.max_drop is None or drop <= aim.max_drop * _AS_MUCH:
        return ()
    return (
        f"drop: found {drop:.3g} with the plan itself, where the fit through its like says "
        f"{aim.max_drop:g}; expected a difference within the intervals; raise "
        "conditions.trials, or lower aim.max_drop a little",
    )


def _notes(learned: Learned) -> tuple[str, ...]:
    notes = []
    if not learned.converged:
        notes.append(
            "learning: found the target missed after all steps, so that counts were scaled to it; "
            "expected it met; raise rules.steps or rules.weight"
        )
    if learned.rose:
        notes.append(
            f"learning: found {100 * learned.rose:.0f} % more cost at the drop in the last round "
            "than in an earlier one, whose plan this is; expected no more in any; either counts "
            "come to fit the examples of learning alone, or rounds scatter; add examples, choose a "
            "coarser granularity, or raise conditions.trials"
        )
    if abs(learned.moved) > SETTLED:
        notes.append(
            f"learning: found counts that still moved by {100 * learned.moved:+.0f} % in the last "
            f"round; expected {100 * SETTLED:.0f} % at most; raise rules.steps for a plan that may "
            "take less, or conditions.trials, if the quarter of them by which rounds are scaled "
            "scatters by more"
        )
    return tuple(notes)


def _facts(
    bench: Bench, how: Conditions, rules: Rules, aim: Aim, price: Pricer | None
) -> dict[str, str]:
    """Return all that results depend on."""
    known = bench.setup.provenance()
    del known["plan"]
    paid = {"price": "photons"}
    if price is not None:
        paid = {"price": price.name, "price_of": price.identity}
    device = how.device if how.device == "cpu" else torch.cuda.get_device_name(how.device)
    return known | {
        "procedure": PROCEDURE,
        "weights_sha256": bench.setup.digest(),
        "learning_sha256": tensors_sha256((*bench.examples.inputs, bench.examples.targets)),
        "granularity": str(aim.granularity),
        "aim": f"{aim.target:.15g} mean repetitions"
        if aim.target is not None
        else f"a drop of {aim.max_drop:.15g} at most",
        "rules": repr(rules),
        **paid,
        "trials": str(how.trials),
        "seed": str(how.seed),
        "batch": str(bench.setup.passes.batch),
        "device": device,
        "threads": str(torch.get_num_threads()),
    }


def _interval(found: Estimate) -> str:
    seeds, examples = found.over_seeds, found.over_examples
    said = f"95 % [{examples.low:.4g}, {examples.high:.4g}] over examples"
    return said if seeds is None else f"{said}, [{seeds.low:.4g}, {seeds.high:.4g}] over seeds"
