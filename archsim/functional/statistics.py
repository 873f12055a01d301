"""How far a result can be trusted: 95 % intervals over noise seeds and over examples."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from archsim.errors import WorkloadError

FEWEST = 2
"""Examples, or trials, that any interval needs."""

RESAMPLES = 2000
"""How many times examples are drawn for an interval over them."""

Statistic = Callable[[NDArray[np.int64]], float]
"""Takes indices of examples."""

_TAILS = (0.025, 0.975)


@dataclass(frozen=True, slots=True)
class Interval:
    """Bounds in the unit of what they bound."""

    low: float
    high: float


def seeds_interval(values: Sequence[float] | NDArray[Any]) -> Interval | None:
    """Return the 95 % interval of the mean over trials, or None for fewer than two.

    mean ± t · s / √n, with t the 97.5 % point of Student's distribution of n - 1 degrees of
    freedom and s² the sample variance.
    """
    sample = np.asarray(values, dtype=np.float64)
    if sample.size < FEWEST:
        return None
    centre = float(sample.mean())
    error = float(sample.std(ddof=1)) / sample.size**0.5
    reach = float(stdtrit(sample.size - 1, _TAILS[1])) * error
    return Interval(centre - reach, centre + reach)


def images_interval(
    statistic: Statistic, n: int, *, seed: int, resamples: int = RESAMPLES
) -> Interval:
    """Return the 95 % percentile bootstrap interval of a statistic of n examples.

    The same seed and n draw the same examples, so statistics of two networks on the same examples
    are paired.

    Args:
        statistic: Takes n indices of examples, drawn with replacement.
        n: How many examples there are.
        seed: Of the draws.
        resamples: How many times n examples are drawn.

    Raises:
        WorkloadError: There are fewer than two examples, of which every resample is the same.
    """
    if n < FEWEST:
        raise WorkloadError(
            f"examples: found {n}; expected {FEWEST} at least for an interval; give more data"
        )
    draws = np.random.default_rng(seed)
    found = [statistic(draws.integers(n, size=n)) for _ in range(resamples)]
    low, high = np.quantile(found, _TAILS)
    return Interval(float(low), float(high))
