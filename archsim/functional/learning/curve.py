"""How many mean repetitions a plan needs to lose no more than D points, and how sure that is.

A ``Curve`` holds plans of one granularity at rising mean repetitions E, all evaluated on the same
examples and trials. ``fit`` is the least-squares fit of the drop against ln E that never rises,
every plan with equal weight. Between plans it is a straight line in ln E, so that it is continuous.
The *crossing* is the least E at which it is at or below D. That is defined for every D, falls as D
rises, and never falls where a drop rises. It moves continuously with D but for one place: where the
fit is flat, D passing its level moves the crossing from one end of the flat to the other, as no
energy between is told from another. For a drop that is convex in ln E the straight line lies above
it, so the crossing is too high rather than too low: for one as a/E and plans a factor r apart by
about (ln r)²/8 at most, 6 % for a factor of 2. Nothing is said outside what was tried.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from archsim.errors import WorkloadError
from archsim.functional.accuracy import Estimate
from archsim.functional.learning.crossing import Crossing, Floats, Resampling, interval_of, known
from archsim.functional.statistics import (
    FEWEST,
    RESAMPLES,
    Interval,
    images_interval,
    seeds_interval,
)

if TYPE_CHECKING:
    from archsim.functional.metrics import Metric

_ROUNDING = 1e-9
_MATRIX = 2  # axes of results


@dataclass(frozen=True, slots=True, eq=False)
class Point:
    """A plan and how it did.

    Attributes:
        repetitions: Its mean repetitions.
        results: One of each trial and example, trials x examples.
    """

    repetitions: float
    results: NDArray[Any]


@dataclass(frozen=True, eq=False)
class Curve:
    """Plans of rising mean repetitions on the same examples and trials.

    Attributes:
        metric: What is measured: a mean over examples.
        targets: Of n examples.
        quantised: Results of the quantised network without noise, n.
        points: Plans, by rising mean repetitions.

    Raises:
        WorkloadError: Every fault of the points, or a metric that is no mean over examples.
    """

    metric: Metric
    targets: NDArray[Any]
    quantised: NDArray[Any]
    points: tuple[Point, ...]

    def __post_init__(self) -> None:
        """Refuse what has no crossing."""
        if faults := [*_repetition_faults(self.points), *self._result_faults()]:
            raise WorkloadError("\n".join(faults))
        if not self._is_mean():
            raise WorkloadError(
                f"metric: found {self.metric.name}; expected a mean over examples, for which many "
                "resamples are cheap; measure top1"
            )

    @property
    def repetitions(self) -> tuple[float, ...]:
        """Mean repetitions of each point."""
        return tuple(point.repetitions for point in self.points)

    def drops(self, *, seed: int) -> tuple[Estimate, ...]:
        """Return at each point what noise takes away, with its 95 % intervals.

        drop_j = value(quantised) - mean over trials of value(results_j)

        Args:
            seed: Of the draws of examples.
        """
        lost = self._scale * (np.asarray(self.quantised, np.float64) - self._results)
        return tuple(
            Estimate(
                float(drop),
                seeds_interval(at_point.mean(1)),
                images_interval(partial(_mean_of, at_point.mean(0)), len(self.targets), seed=seed),
            )
            for drop, at_point in zip(self._drops, lost, strict=True)
        )

    def fit(self) -> Floats:
        """Return the drop of each point as fitted: it never rises."""
        return _fit(self._drops)

    def crossing(self, drop: float, *, seed: int, resamples: int = RESAMPLES) -> Crossing:
        """Return the least mean repetitions at which the fitted drop is at or below a bound.

        Args:
            drop: The bound, in the metric's unit.
            seed: Of the draws of examples and trials; take the same for curves to be compared.
            resamples: How many times they are drawn.

        Raises:
            WorkloadError: The bound is not above 0, or there are too few resamples.
        """
        if not (math.isfinite(drop) and drop > 0):
            raise WorkloadError(
                f"drop: found {drop:g}; expected a number above 0; give the points of "
                f"{self.metric.name} that may be lost"
            )
        trials, examples = self._results.shape[1:]
        resampling = Resampling(examples, trials, seed, resamples)
        places = np.log(self.repetitions)
        drawn = np.concatenate([self._resampled(*counts) for counts in resampling.counts()])
        samples = _crossings(np.array([_fit(row) for row in drawn]), places, drop)
        fit = self.fit()
        tried = Interval(self.repetitions[0], self.repetitions[-1])
        return Crossing(
            drop=drop,
            repetitions=float(np.exp(_crossings(fit[np.newaxis], places, drop)[0])),
            bracket=_bracket(self.repetitions, fit, drop),
            interval=interval_of(*known(samples, tried)),
            tried=tried,
            censored_low=float(np.mean(np.isneginf(samples))),
            censored_high=float(np.mean(np.isposinf(samples))),
            samples=samples,
            resampling=resampling,
            targets_hash=hashlib.sha256(np.ascontiguousarray(self.targets).tobytes()).hexdigest(),
        )

    @cached_property
    def _results(self) -> Floats:
        """Results of all points, j x t x n."""
        return np.stack([np.asarray(point.results, np.float64) for point in self.points])

    @cached_property
    def _scale(self) -> float:
        """The metric's value where each result is 1."""
        return self.metric.value(np.ones(len(self.targets)), self.targets)

    @cached_property
    def _drops(self) -> Floats:
        _, trials, examples = self._results.shape
        drops: Floats = self._resampled(np.ones((1, trials)), np.ones((1, examples)))[0]
        return drops

    def _resampled(self, trial_counts: Floats, example_counts: Floats) -> Floats:
        """Return the drops of r resamples, r x j, from how often each draws what.

        Sums come before differences and the division last: of results 0 and 1 they are exact.
        """
        points, trials, examples = self._results.shape
        sums = example_counts @ self._results.reshape(-1, examples).T
        noisy = np.einsum("rjt,rt->rj", sums.reshape(-1, points, trials), trial_counts)
        quantised = trials * (example_counts @ np.asarray(self.quantised, np.float64))
        drops: Floats = self._scale * (quantised[:, np.newaxis] - noisy) / (trials * examples)
        return drops

    def _result_faults(self) -> list[str]:
        examples = len(self.targets)
        faults = []
        try:
            self.metric.check_resamples(self.targets)
        except WorkloadError as error:
            faults.append(str(error))
        if np.shape(self.quantised) != (examples,):
            faults.append(
                f"quantised: found {_shape(self.quantised)} results; expected {examples}, one for "
                "each target; evaluate all examples"
            )
        faults += _nan_faults("quantised", self.quantised)
        first = np.shape(self.points[0].results) if self.points else ()
        trials = first[0] if len(first) == _MATRIX else FEWEST
        if trials < FEWEST:
            faults.append(
                f"trials: found {trials}; expected {FEWEST} at least for an interval; evaluate "
                "with more seeds"
            )
        for place, point in enumerate(self.points):
            if np.shape(point.results) != (trials, examples):
                faults.append(
                    f"points[{place}]: found {_shape(point.results)} results; expected "
                    f"{trials}x{examples}, trials x examples; evaluate every plan on the targets' "
                    "examples with the same seeds"
                )
            faults += _nan_faults(f"points[{place}]", point.results)
        return faults

    def _is_mean(self) -> bool:
        """Tell whether the value is a mean of results, of all examples and of a resample."""
        every = np.arange(len(self.targets))
        some = np.random.default_rng(0).integers(len(every), size=len(every))
        return all(
            math.isclose(
                self.metric.value(results[..., chosen], self.targets[chosen]),
                self._scale * float(results[..., chosen].mean()),
                rel_tol=_ROUNDING,
                abs_tol=_ROUNDING,
            )
            for results in (np.asarray(self.quantised), *self._results)
            for chosen in (every, some)
        )


def _mean_of(values: Floats, some: NDArray[np.int64]) -> float:
    return float(values[some].mean())


def _fit(drops: Floats) -> Floats:
    from scipy.optimize import isotonic_regression  # most of this package's import, alone

    fitted: Floats = isotonic_regression(drops, increasing=False).x
    return fitted


def _crossings(fits: Floats, places: Floats, drop: float) -> Floats:
    """Return ln E where each of r fits, r x j at the given ln E, is first at or below a drop.

    Minus infinity where it is below the drop from the start, infinity where it always is above.
    """
    reached = fits <= drop
    found = np.where(reached.any(1), -np.inf, np.inf)
    inside = np.flatnonzero(reached.any(1) & (fits[:, 0] >= drop))
    after = reached[inside].argmax(1)
    before = np.maximum(after - 1, 0)
    high, low = fits[inside, before], fits[inside, after]
    share = (high - drop) / np.where(after > before, high - low, 1.0)
    between = places[before] + share * (places[after] - places[before])
    found[inside] = np.minimum(between, places[after])  # rounding must not pass the plan
    return found


def _bracket(repetitions: tuple[float, ...], fit: Floats, drop: float) -> Interval:
    """Return the neighbours between which a fit crosses a drop."""
    ends = (0.0, *repetitions, math.inf)
    after = int(np.searchsorted(-fit, -drop))  # how many are above the drop
    if after == 0 and fit[0] == drop:
        after = 1
    return Interval(ends[after], ends[after + 1])


def _repetition_faults(points: tuple[Point, ...]) -> list[str]:
    found = ", ".join(f"{point.repetitions:g}" for point in points)
    faults = []
    if len(points) < FEWEST:
        faults.append(
            f"points: found {len(points)}; expected {FEWEST} at least; evaluate plans of other "
            "mean repetitions"
        )
    if not all(0 < point.repetitions < math.inf for point in points):
        faults.append(
            f"points: found mean repetitions {found}; expected numbers above 0; give what the "
            "plans have"
        )
    elif any(one.repetitions >= other.repetitions for one, other in pairwise(points)):
        faults.append(
            f"points: found mean repetitions {found}; expected each above the one before; sort the "
            "points and leave out equal ones"
        )
    return faults


def _nan_faults(where: str, results: NDArray[Any]) -> list[str]:
    unknown = int(np.sum(~np.isfinite(results)))
    if not unknown:
        return []
    return [
        f"{where}: found {unknown} of {np.size(results)} results NaN or infinite; expected "
        "numbers; evaluate the plan again"
    ]


def _shape(results: NDArray[Any]) -> str:
    return "x".join(map(str, np.shape(results))) or "one"
