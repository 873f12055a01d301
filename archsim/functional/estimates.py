"""A metric's values over trials and examples, with their intervals."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archsim.functional.accuracy import Estimate
from archsim.functional.metrics import METRICS, Metric
from archsim.functional.passes import Progress
from archsim.functional.statistics import (
    RESAMPLES,
    Interval,
    Statistic,
    images_interval,
    seeds_interval,
)
from archsim.functional.store import Results
from archsim.functional.task import Task


class Estimates:
    """A metric's values with their intervals.

    Raises:
        WorkloadError: The examples do not do for an interval; make it before long work.
    """

    def __init__(
        self, task: Task, seed: int, resampled: Progress | None = None, *, intervals: int = 1
    ) -> None:
        """Make them.

        Args:
            task: What is measured, and on which examples.
            seed: Of the resamples.
            resampled: Called after each resample with how many of how many are done.
            intervals: How many over examples there will be.
        """
        self._metric: Metric = METRICS[task.metric]
        self._targets: NDArray[Any] = task.targets.cpu().numpy()
        self._metric.check_resamples(self._targets)
        self._seed, self._resampled = seed, resampled
        self._done, self._total = 0, intervals * RESAMPLES

    def value(self, results: Results) -> float:
        """Return the metric of one pass."""
        return self._metric.value(results, self._targets)

    def mean(self, trials: Sequence[Results]) -> Estimate:
        """Return the mean over trials."""
        stacked = np.stack(trials)
        values = [self.value(results) for results in trials]
        return Estimate(
            float(np.mean(values)), seeds_interval(values), self._over(partial(self._at, stacked))
        )

    def difference(self, one: Sequence[Results], other: Sequence[Results]) -> Estimate:
        """Return how much higher the mean of some passes is than that of others, by example.

        Passes are compared one by one, a single one with each of the other side.
        """
        values = [np.array([self.value(results) for results in side]) for side in (one, other)]
        each = values[0] - values[1]
        first, second = np.stack(one), np.stack(other)
        return Estimate(
            float(np.mean(each)),
            seeds_interval(each),
            self._over(lambda some: self._at(first, some) - self._at(second, some)),
        )

    def _at(self, results: Results, examples: NDArray[np.int64]) -> float:
        return self._metric.value(results[:, examples], self._targets[examples])

    def _over(self, statistic: Statistic) -> Interval:
        return images_interval(self._told(statistic), len(self._targets), seed=self._seed)

    def _told(self, statistic: Statistic) -> Statistic:
        """Return a statistic that tells how far the resamples are."""
        if self._resampled is None:
            return statistic
        tell = self._resampled

        def told(examples: NDArray[np.int64]) -> float:
            self._done += 1
            tell(self._done, self._total)
            return statistic(examples)

        return told
