"""A metric's values over trials and examples, with their intervals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archsim.errors import WorkloadError
from archsim.functional.accuracy import Estimate
from archsim.functional.metrics import Metric
from archsim.functional.statistics import FEWEST, Interval, images_interval, seeds_interval
from archsim.functional.store import Results

_FEWEST = {"spearman": 10}
"""Examples that a metric needs for an interval, where that is more than any interval needs.

Of fewer, so many resamples hold one target only that their correlation, which counts as 0, moves
the interval: of 10 that differ it is one resample in a thousand million.
"""


class Estimates:
    """A metric's values with their intervals.

    Raises:
        WorkloadError: There are too few examples for an interval; make it before long work.
    """

    def __init__(self, metric: Metric, targets: NDArray[Any], seed: int) -> None:
        fewest = _FEWEST.get(metric.name, FEWEST)
        if len(targets) < fewest:
            raise WorkloadError(
                f"examples: found {len(targets)}; expected {fewest} at least for an interval of "
                f"{metric.name}; give more data"
            )
        self._metric, self._targets, self._seed = metric, targets, seed

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

    def _over(self, statistic: Callable[[NDArray[np.int64]], float]) -> Interval:
        return images_interval(statistic, len(self._targets), seed=self._seed)
