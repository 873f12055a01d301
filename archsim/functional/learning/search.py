"""From an aim to counts: learn to a target, or find the least cost that loses no more than allowed.

To a target: learn, then scale to meet it. To a drop: the same for a first target; then scale all
counts to where the drop is met, learn on from there, and so again until that moves them by less
than 5 %, some times at most. Where the last round's counts cost more at the drop than an earlier
one's, by more than that, the earlier ones are taken: where counts are many and examples few,
learning on fits these alone. ``uniform`` has nothing to learn but goes the same way otherwise.

With a price of the machine, a tile pays for the largest count of its columns. So counts per channel
are learned with photons first; channels are sorted by them, once; from then on each group of
columns that a tile holds together has one count, with its own price.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import log
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

from archsim.functional.learning.bench import Bench
from archsim.functional.learning.crossing import Crossing
from archsim.functional.learning.family import Family, Measured
from archsim.functional.learning.judge import Judge
from archsim.functional.learning.keep import AimError, Keep
from archsim.functional.learning.learned import Learned
from archsim.functional.learning.learner import Bounds, Learner, Rules
from archsim.functional.learning.price import Price
from archsim.functional.learning.sharing import Granularity, Sharing
from archsim.workload import RepetitionPlan, Workload

PlanOf = Callable[[Sequence[float]], RepetitionPlan]
"""Makes the plan of a vector of counts, one for each that is learned."""

Taken = tuple[float, float]
"""Energy and latency of a run."""

LookUp = Callable[[str, Callable[[], Taken]], Taken]
"""Returns what the run of a plan takes, by the plan's hash; it is run if that is not known."""


@runtime_checkable
class Pricer(Protocol):
    """What plans cost on a machine."""

    @property
    def name(self) -> str:
        """What is paid."""

    @property
    def identity(self) -> str:
        """What tells this price from others of that name."""

    def near(self, plan_of: PlanOf, at: Tensor, bounds: Bounds) -> Price:
        """Return the price near some counts, from what makes plans and the counts' bounds."""

    def cost(self, plan: RepetitionPlan) -> float:
        """Return what a plan costs."""

    def kept(self, look_up: LookUp, tell: Callable[[int, int], None]) -> Pricer:
        """Return this price with runs that are looked up, and told of: how many of how many."""


SETTLED = 0.05
"""Move of the mean count, in parts, below which learning on is over."""

_MOST_ROUNDS = 3
_BELOW_UNIFORM = 0.5
"""First target of learned counts, over what uniform ones need beyond the least."""

_LEAST_FACTOR = 2.0
"""Uniform counts, over the least, that learning begins with at least."""


@dataclass(frozen=True)
class _Round:
    """Counts that were learned, and those of their shape that lose about what is allowed.

    Attributes:
        learned: The former.
        factor: From the former to the latter.
        scaled: The latter.
        cost: Of a plan of the latter.
    """

    learned: Learned
    factor: float
    scaled: Tensor
    cost: float

    @property
    def moved(self) -> float:
        """By which part the factor moves the mean count."""
        before, after = map(self.learned.sharing.mean, (self.learned.repetitions, self.scaled))
        return after / before - 1

    @property
    def settled(self) -> bool:
        """Whether there is no use in learning on: they hardly move, or are the least."""
        least = self.learned.bounds.least
        return abs(log(self.factor)) < SETTLED or bool((self.scaled == least).all())


class Search:
    """Learning on a bench, kept as it goes."""

    def __init__(
        self, bench: Bench, judge: Judge, rules: Rules, *, pricer: Pricer | None, keep: Keep
    ) -> None:
        """Begin; nothing is run yet.

        Args:
            bench: A task on a machine.
            judge: Says how accurate plans are.
            rules: How counts are learned.
            pricer: Prices of the machine; None: photons.
            keep: Where states are kept.
        """
        self._bench, self._judge, self._rules = bench, judge, rules
        self._pricer, self._keep = pricer, keep
        self._stages = 0

    def to_mean(self, granularity: Granularity, repetitions: float) -> Learned:
        """Return counts that cost what so many uniform repetitions do.

        With photons that is so many repetitions in the mean.

        Raises:
            AimError: It is no more than the least that there can be, or more than the most.
        """
        even = self.even()
        least, most = map(even.sharing.mean, (even.bounds.least, even.bounds.most))
        if not least < repetitions <= most:
            raise AimError(
                f"target: found {repetitions:.6g} mean repetitions; expected more than {least:g}, "
                f"the least that any plan has, and at most {most:g}; correct it"
            )
        even = replace(even, repetitions=torch.full_like(even.repetitions, repetitions))
        even = self._moved(even, even.repetitions)
        cost = float(even.price.cost(even.repetitions))
        if not cost > float(even.price.cost(even.bounds.least)):
            raise AimError(
                f"target: found {repetitions:.6g} repetitions, whose {even.price.name} is no more "
                f"than that of {least:g}; expected some that are paid for; raise it, or choose "
                "another cost"
            )
        return self._to_cost(granularity, cost, even)

    def to_drop(self, granularity: Granularity, max_drop: float) -> tuple[Learned, float]:
        """Return counts, and the factor on them with which they lose about what is allowed.

        Raises:
            AimError: Repetitions cost nothing.
        """
        even = self.even()
        if granularity is not Granularity.UNIFORM:
            _check_paid(even, max_drop)
        factor = self.family(even).look(max_drop)
        if granularity is Granularity.UNIFORM:
            return even, factor
        even = self._moved(even, even.times(max(factor, _LEAST_FACTOR)))
        least, cost = (float(even.price.cost(k)) for k in (even.bounds.least, even.repetitions))
        learned = self._to_cost(granularity, least + _BELOW_UNIFORM * (cost - least), even)
        rounds = [self._round(learned, max_drop)]
        while not rounds[-1].settled and len(rounds) <= _MOST_ROUNDS:
            learned, scaled = rounds[-1].learned, rounds[-1].scaled
            target = float(learned.price.cost(scaled))
            learned = self._learn(
                learned.sharing, scaled, target, self._shorter, first_step=learned.steps
            )
            rounds.append(self._round(learned, max_drop))
        best, last = min(rounds, key=lambda each: each.cost), rounds[-1]
        rose = last.cost / best.cost - 1
        if rose > SETTLED:
            steps = last.learned.steps  # of all rounds, whichever is taken
            return replace(best.learned, rose=rose, steps=steps), best.factor
        return replace(last.learned, moved=0.0 if last.settled else last.moved), last.factor

    def _round(self, learned: Learned, max_drop: float) -> _Round:
        factor = self.family(learned).look(max_drop)
        scaled = learned.times(factor)
        cost = self.cost(learned.sharing, learned.rounded(scaled))
        return _Round(learned, factor, scaled, cost)

    def family(self, learned: Learned) -> Family:
        """Return the plans of the shape that was learned."""
        return Family(learned, self._judge)

    def cost(self, sharing: Sharing, repetitions: Tensor) -> float:
        """Return what a plan costs, by what is paid."""
        if self._pricer is None:
            return sharing.mean(repetitions)
        return self._pricer.cost(sharing.plan(self.workload, repetitions))

    def paid(self, sharing: Sharing, own: Measured) -> Crossing:
        """Return a crossing by what is paid: the price of the machine, if there is one.

        Args:
            sharing: Of its plans.
            own: The plans that were judged, and their crossing.
        """
        if self._pricer is None:
            return own.crossing
        costs = [self.cost(sharing, plan) for plan in own.plans.values()]
        return own.crossing.paid(list(own.plans), costs)

    def _to_cost(self, granularity: Granularity, target: float, even: Learned) -> Learned:
        """Return counts that cost the target; ``even`` has uniform ones that cost about as much."""
        if granularity is Granularity.UNIFORM:
            return self._scaled(even, target)
        if granularity is Granularity.OP or self._pricer is None:
            sharing = self._sharing(granularity)
            return self._learn(sharing, self._alike(sharing, even), target, self._rules)
        return self._by_groups(target, even)

    def uniform(self, repetitions: float) -> Tensor:
        """Return so many uniform repetitions, the next whole number where they have to be whole."""
        bounds = self._bench.bounds(self._sharing(Granularity.UNIFORM))
        counts = torch.full_like(bounds.least, repetitions)
        return bounds.kept(counts.ceil() if self._bench.whole else counts)

    @property
    def workload(self) -> Workload:
        """The network as the timing side runs it."""
        return self._bench.workload

    @property
    def _shorter(self) -> Rules:
        return replace(self._rules, steps=self._rules.more_steps, start=1.0)

    def _by_groups(self, target: float, even: Learned) -> Learned:
        """Return counts of columns that tiles hold together, after channels with photons."""
        bench, by_channel = self._bench, self._sharing(Granularity.CHANNEL)
        mean = even.sharing.mean(even.repetitions)
        start = self._alike(by_channel, even)
        channels = self._learn(by_channel, start, mean, self._rules, photons=True)
        sharing = by_channel.grouped(bench.workload, channels.repetitions, bench.together())
        start = sharing.gathered(channels.repetitions, by_channel)
        found = self._learn(sharing, start, target, self._shorter, first_step=channels.steps)
        return replace(found, converged=found.converged and channels.converged)

    def _alike(self, sharing: Sharing, even: Learned) -> Tensor:
        """Return the counts of a sharing that are all as uniform ones."""
        return sharing.gathered(even.repetitions, even.sharing)

    def _learn(
        self,
        sharing: Sharing,
        start: Tensor,
        target: float,
        rules: Rules,
        *,
        first_step: int = 0,
        photons: bool = False,
    ) -> Learned:
        """Return counts that were learned to a target, then scaled to meet it."""
        name, self._stages = f"stage-{self._stages}", self._stages + 1

        def price_near(repetitions: Tensor) -> Price:
            return Price.photons(sharing) if photons else self._price(sharing, repetitions)

        bounds = self._bench.bounds(sharing)
        learner = Learner(self._bench.loss(sharing, rules.batch), price_near, bounds, rules)
        begun = self._keep.state(name) or learner.begin(start, target, first_step)
        state = begun
        for state in learner.run(begun, target):
            self._keep.put(name, state, now=state.step == state.last)
            self._judge.narrator.learned(state, first_step, sharing.mean(state.repetitions))
        found = Learned(
            sharing,
            bounds,
            self._bench.whole,
            state.repetitions,
            state.sensitivity,
            price_near(state.repetitions),
            converged=state.met,
            steps=state.step,
        )
        return found if photons else self._scaled(found, target)

    def _scaled(self, learned: Learned, target: float) -> Learned:
        """Return counts times the factor with which they cost the target."""
        for _ in range(1 if self._pricer is None else 2):  # tables hold near their counts
            counts = learned.bounds.scaled(learned.repetitions, learned.price, target)
            learned = self._moved(learned, counts)
        return learned

    def _moved(self, learned: Learned, repetitions: Tensor) -> Learned:
        """Return other counts, with the price near them."""
        price = self._price(learned.sharing, repetitions)
        return replace(learned, repetitions=repetitions, price=price)

    def even(self) -> Learned:
        """Return the least uniform counts."""
        sharing = self._sharing(Granularity.UNIFORM)
        bounds = self._bench.bounds(sharing)
        least, price = bounds.least, self._price(sharing, bounds.least)
        alike = torch.ones_like(least)  # one count, whose worth is compared with no other's
        return Learned(sharing, bounds, self._bench.whole, least, alike, price)

    def _sharing(self, granularity: Granularity) -> Sharing:
        return Sharing.of(self._bench.workload, self._bench.analog, granularity)

    def _price(self, sharing: Sharing, repetitions: Tensor) -> Price:
        """Return the price near some counts."""
        if self._pricer is None:
            return Price.photons(sharing)
        bounds = self._bench.bounds(sharing)
        return self._pricer.near(
            lambda counts: sharing.plan(
                self._bench.workload, torch.as_tensor(counts, dtype=torch.float64)
            ),
            bounds.kept(repetitions.round() if self._bench.whole else repetitions),
            bounds,
        )


def _check_paid(even: Learned, max_drop: float) -> None:
    """Refuse a price that the most repetitions do not change."""
    least, most = (float(even.price.cost(k)) for k in (even.bounds.least, even.bounds.most))
    if not most > least:
        raise AimError(
            f"max_drop: found {max_drop:g} at the least {even.price.name}, which repetitions do "
            "not change here; expected a cost that they raise; choose another one"
        )
