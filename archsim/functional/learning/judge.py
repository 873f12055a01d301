"""How accurate plans are on the examples that are tested, kept plan by plan and trial by trial."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from torch import Tensor

from archsim.functional.accuracy import Estimate
from archsim.functional.estimates import Estimates
from archsim.functional.learning.bench import Bench
from archsim.functional.learning.curve import Curve, Point
from archsim.functional.learning.news import Narrator
from archsim.functional.learning.sharing import Sharing
from archsim.functional.store import Results, Store
from archsim.workload import RepetitionPlan


class Judge:
    """Judges plans; all on the same examples and with the same noise.

    Attributes:
        trials: Over how many a plan is judged.
        narrator: Who is told.
    """

    def __init__(self, bench: Bench, store: Store, trials: int, narrator: Narrator) -> None:
        """Run the network without noise.

        Args:
            bench: A task on a machine.
            store: Where results are kept.
            trials: Over how many a plan is judged.
            narrator: Who is told.
        """
        self._bench, self._store = bench, store
        self.trials, self.narrator = trials, narrator
        setup = bench.setup
        self._metric, self._targets = setup.passes.metric, setup.task.targets.cpu().numpy()
        self._quantised = setup.passes.kept(store, "quantised", setup.simulator)
        self.quantised = self._metric.value(self._quantised, self._targets)

    @property
    def independent(self) -> bool:
        """Whether noise differs from example to example: that of weights does not."""
        return not self._bench.setup.simulator.path.sources.of_weights

    def results(self, sharing: Sharing, repetitions: Tensor, trials: int | None = None) -> Results:
        """Return results of counts, trials x examples, over all trials or the first ones."""
        trials = self.trials if trials is None else trials
        plan = sharing.plan(self._bench.workload, repetitions)
        mean, found = sharing.mean(repetitions), []
        for trial in range(trials):
            found.append(self._results(plan, trial))
            accuracy = self._metric.value(found[-1], self._targets)
            self.narrator.judged(trial + 1, trials, mean, accuracy)
        return np.stack(found)

    def drop(self, results: Results) -> float:
        """Return what results lose."""
        return self.quantised - self._metric.value(results, self._targets)

    def curve(self, points: tuple[Point, ...]) -> Curve:
        """Return the curve of points."""
        return Curve(self._metric, self._targets, self._quantised, points)

    def estimates(
        self, plan: RepetitionPlan, results: Results, seed: int
    ) -> tuple[Estimate, Estimate]:
        """Return the accuracy of a plan's results, and the drop, as ``evaluate`` has them."""
        estimates = Estimates(self._bench.setup.task, seed, None, intervals=2)
        setup, each = self._bench.setup_of(plan), list(results)
        quantised = self._quantised
        if setup is not self._bench.setup:  # dot products are read otherwise, so rounded otherwise
            quantised = setup.passes.results(setup.simulator)
        return estimates.mean(each), estimates.difference([quantised], each)

    def _results(self, plan: RepetitionPlan, trial: int) -> Results:
        def rest(first: int) -> Iterator[Results]:
            setup = self._bench.setup_of(plan)
            return setup.passes.rest(setup.simulator, setup.draws(trial), first)

        return self._store.get(f"{plan.hash} trial {trial}", rest)
