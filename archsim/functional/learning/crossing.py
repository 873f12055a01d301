"""Where a drop is as low as wanted, how sure that is, and how two granularities compare.

Intervals are percentiles of a bootstrap that draws examples and trials, each with replacement, and
crosses them. None is exact for crossed data (Owen, doi:10.1214/07-AOAS122). This one sees the
variance of n examples and of t trials, but for shares of 1/n and 1/t, and counts that of their
interaction, which n · t divides, up to three times. So it errs on the wide side, little where
examples differ much: 8 trials instead of 16 widen it by 6 % for 797 digits under shot noise,
measured (uniform counts, means over ten choices of 8). Figures to report need 8 at least.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from archsim.errors import WorkloadError
from archsim.functional.statistics import RESAMPLES, Interval

Floats = NDArray[np.float64]

_TAIL = 40  # one in so many resamples lies beyond each bound of a 95 % interval
_BLOCK = 2**20  # counts drawn at a time, 8 MiB


@dataclass(frozen=True, slots=True)
class Resampling:
    """Draws of examples and trials, the same for equal fields.

    Raises:
        WorkloadError: There are too few resamples for a 95 % interval.
    """

    examples: int
    trials: int
    seed: int
    resamples: int = RESAMPLES

    def __post_init__(self) -> None:
        """Refuse too few."""
        if self.resamples < _TAIL:
            raise WorkloadError(
                f"resamples: found {self.resamples}; expected {_TAIL} at least, of which one lies "
                "beyond each bound of a 95 % interval; take more"
            )

    def counts(self) -> Iterator[tuple[Floats, Floats]]:
        """Yield how often some resamples draw each trial (r x t) and each example (r x n)."""
        streams = map(np.random.default_rng, np.random.SeedSequence(self.seed).spawn(2))
        of_trials, of_examples = streams
        size = max(1, _BLOCK // max(self.examples, self.trials))
        for first in range(0, self.resamples, size):
            rows = min(size, self.resamples - first)
            yield _drawn(of_trials, rows, self.trials), _drawn(of_examples, rows, self.examples)


@dataclass(frozen=True, slots=True, eq=False)
class Crossing:
    """The least mean repetitions at which a curve's drop is at or below a bound.

    Attributes:
        drop: The bound, in the metric's unit.
        repetitions: Where the fit crosses it; 0 where that is below the fewest tried, infinite
            where it is above the most tried.
        bracket: Neighbouring plans between which it does so; 0 and infinity stand for none.
        interval: 95 %, over examples and trials together. Where more than 2.5 % of the resamples
            cross below the fewest tried, the low bound is not known and is 0; where more than 2.5 %
            cross above the most tried, the high bound is not known and is infinite.
        tried: Fewest and most mean repetitions tried.
        censored_low: Share of resamples that cross below the fewest tried.
        censored_high: Share of resamples that cross above the most tried.
        samples: ln E of each resample's crossing; infinite, with its sign, where it is censored.
        resampling: What the resamples drew.
        targets_hash: Of the examples' targets, so that only the same examples are compared.
    """

    drop: float
    repetitions: float
    bracket: Interval
    interval: Interval
    tried: Interval
    censored_low: float
    censored_high: float
    samples: Floats
    resampling: Resampling
    targets_hash: str

    def paid(self, means: Sequence[float], costs: Sequence[float]) -> Crossing:
        """Return the crossing with costs in place of mean repetitions.

        Between plans the cost is a straight line, both in logarithms.

        Args:
            means: Mean repetitions of some plans of this shape, rising.
            costs: What each of them costs, in any unit.

        Raises:
            WorkloadError: Some of the crossings lie beyond these plans.
        """
        places, amounts = np.log(means), np.log(costs)
        crossed = np.isfinite(self.samples)
        ends = self.samples[crossed]
        if not ((places[0] <= ends) & (ends <= places[-1])).all():
            raise WorkloadError(
                f"costs: found those of {means[0]:.4g} to {means[-1]:.4g} mean repetitions, and "
                "crossings beyond; expected those of all plans that were tried; take more"
            )

        def at(mean: float) -> float:
            if mean in {0, math.inf}:  # beyond all that were tried, there as here
                return mean
            return float(np.exp(np.interp(math.log(mean), places, amounts)))

        def between(found: Interval) -> Interval:
            return Interval(*sorted((at(found.low), at(found.high))))

        samples = np.where(crossed, np.interp(self.samples, places, amounts), self.samples)
        tried = between(self.tried)
        return replace(
            self,
            repetitions=at(self.repetitions),
            bracket=between(self.bracket),
            interval=interval_of(*known(samples, tried)),
            tried=tried,
            samples=samples,
        )

    @property
    def needs_fewer(self) -> bool:
        """Whether plans of fewer repetitions must be tried to know the low bound."""
        return self.repetitions == 0 or self.interval.low == 0

    @property
    def needs_more(self) -> bool:
        """Whether plans of more repetitions must be tried to know the high bound."""
        return math.isinf(self.repetitions) or math.isinf(self.interval.high)


@dataclass(frozen=True, slots=True)
class Ratio:
    """The mean repetitions of one crossing over those of another, or their costs.

    Attributes:
        value: Of the two fits; None where either crosses outside what was tried.
        interval: 95 %, of resamples that draw the same examples and trials for both; 0 and infinity
            stand for bounds that are not known.
    """

    value: float | None
    interval: Interval

    @property
    def resolved(self) -> bool:
        """Whether the interval tells the ratio from 1."""
        return not self.interval.low <= 1 <= self.interval.high


def ratio(one: Crossing, other: Crossing) -> Ratio:
    """Return how many times the mean repetitions of another crossing one takes, or its cost.

    E_one / E_other, from resamples that drew the same examples and trials for both. Of a censored
    crossing only the side is known, so it stands for all that it could be: below the fewest tried
    for 0 to these, above the most tried for these to infinity. The low bound takes the lowest ratio
    that each resample allows, the high bound the highest; two that are censored on the same side
    allow any ratio. Censored resamples can therefore only widen the interval.

    Raises:
        WorkloadError: The crossings are not of the same bound, examples, trials and draws.
    """
    faults = []
    if one.drop != other.drop:
        faults.append(
            f"drop: found {one.drop:g} and {other.drop:g}; expected the same; take both crossings "
            "at one bound"
        )
    if one.resampling != other.resampling:
        faults.append(
            f"resampling: found {_described(one.resampling)}, and "
            f"{_described(other.resampling)}; expected the same; evaluate both curves on the same "
            "examples and trials, and take both crossings with one seed"
        )
    elif one.targets_hash != other.targets_hash:
        faults.append(
            "targets: found those of other examples; expected the same; evaluate both curves on "
            "the same examples"
        )
    if faults:
        raise WorkloadError("\n".join(faults))
    lows, highs = known(one.samples, one.tried)
    other_lows, other_highs = known(other.samples, other.tried)
    crossed = all(0 < crossing.repetitions < math.inf for crossing in (one, other))
    return Ratio(
        one.repetitions / other.repetitions if crossed else None,
        interval_of(lows - other_highs, highs - other_lows),
    )


def _drawn(generator: np.random.Generator, rows: int, size: int) -> Floats:
    """Return how often each of some things is drawn in as many draws, rows x size."""
    draws = generator.integers(size, size=(rows, size)) + size * np.arange(rows)[:, np.newaxis]
    return np.bincount(draws.ravel(), minlength=rows * size).reshape(rows, size).astype(np.float64)


def known(samples: Floats, tried: Interval) -> tuple[Floats, Floats]:
    """Return the least and the greatest ln E that each crossing can have."""
    return np.minimum(samples, math.log(tried.high)), np.maximum(samples, math.log(tried.low))


def interval_of(lows: Floats, highs: Floats) -> Interval:
    """Return the 95 % interval of values that are known to lie between logarithms."""
    beyond = len(lows) // _TAIL
    low, high = np.sort(lows)[beyond], np.sort(highs)[-1 - beyond]
    return Interval(float(np.exp(low)), float(np.exp(high)))


def _described(drawn: Resampling) -> str:
    return (
        f"{drawn.resamples} of {drawn.examples} examples and {drawn.trials} trials with seed "
        f"{drawn.seed}"
    )
