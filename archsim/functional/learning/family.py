"""Plans of one shape at rising mean repetitions, judged on the tested examples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from archsim.functional.learning.crossing import Crossing
from archsim.functional.learning.curve import Curve, Point
from archsim.functional.learning.judge import Judge
from archsim.functional.learning.learned import Learned
from archsim.functional.store import Results

_OCTAVE = 2.0
_HALVINGS = 2
"""How often a bracket of one octave is halved for a first look."""

_FIRST_LOOK = 1 / 4
"""Part of the trials that a first look takes."""

_CLEAR = 5.0
"""Standard errors beyond which there is no doubt."""

_MOST_DEVIATION = 50.0
"""The most that right answers, 0 or 100 per cent each, can deviate."""

AROUND = (0.5, 0.5**0.5, 1.0, 2.0**0.5, 2.0)
"""Where the curve is measured in the end, over the crossing."""

_MOST_EXTENSIONS = 4
_BISECTIONS = 40
_MOST_OCTAVES = 60

_MORE, _MOST_MORE = 1.02, 5
"""Factor on the mean by which the next plan is taken, and how often."""


@dataclass(frozen=True)
class Measured:
    """Plans of a family that were judged.

    Attributes:
        curve: What they lose.
        crossing: Where that is what is allowed.
        plans: Their counts, by their mean repetitions, rising.
    """

    curve: Curve
    crossing: Crossing
    plans: Mapping[float, Tensor]


class Family:
    """Plans of one shape, by the factor on it."""

    def __init__(self, learned: Learned, judge: Judge) -> None:
        """Judge nothing yet.

        Args:
            learned: The shape, at factor 1.
            judge: Says how accurate plans are.
        """
        self._learned, self._judge = learned, judge
        self._looked: dict[tuple[float, int], tuple[float, float]] = {}

    def mean(self, counts: Tensor) -> float:
        """Return the mean of counts over all multiply-accumulates."""
        return self._learned.sharing.mean(counts)

    def counts_at(self, factor: float) -> Tensor:
        """Return the counts at a factor, within bounds and whole where they have to be."""
        return self._learned.rounded(self._learned.times(factor))

    def look(self, max_drop: float) -> float:
        """Return the factor at which about so much is lost, by few trials; bounds if beyond them.

        Octave by octave to a bracket, which is then halved.
        """
        factor = 1.0
        step = _OCTAVE if self._loses_more(factor, max_drop) else 1 / _OCTAVE
        while self._loses_more(factor, max_drop) == (step > 1):
            if bool((self._learned.times(factor * step) == self._learned.times(factor)).all()):
                return factor  # all counts are on their bounds
            factor *= step
        low, high = sorted((factor, factor / step))
        for _ in range(_HALVINGS):
            middle = (low * high) ** 0.5
            low, high = (middle, high) if self._loses_more(middle, max_drop) else (low, middle)
        (before, _), (after, _) = (self._lost(end, self._few) for end in (low, high))
        share = (before - max_drop) / (before - after) if before > after else 0.5
        return float(low * (high / low) ** min(max(share, 0.0), 1.0))

    def measure(self, factor: float, max_drop: float, *, seed: int) -> Measured:
        """Return what plans around a factor lose, with all trials, and where that is allowed.

        The curve is prolonged, some times at most, until it holds the crossing's interval.

        Args:
            factor: Where the crossing is thought to be.
            max_drop: What may be lost.
            seed: Of the draws of examples and trials.
        """
        factors = [factor * times for times in AROUND]
        for octave in range(1, _MOST_OCTAVES):
            if len(self._plans(factors)) > 1:
                break  # else all counts are on their bounds, and no curve has one point
            factors = [factor * _OCTAVE**end for end in (-octave, 0, octave)]
        for extension in range(_MOST_EXTENSIONS + 1):
            plans = self._plans(factors)
            points = tuple(Point(mean, self._results(k)) for mean, k in plans.items())
            curve = self._judge.curve(points)
            crossing = curve.crossing(max_drop, seed=seed)
            wider = [
                *([min(factors) / _OCTAVE] if crossing.needs_fewer else []),
                *([max(factors) * _OCTAVE] if crossing.needs_more else []),
            ]
            more = len(self._plans([*factors, *wider])) > len(plans)
            if extension == _MOST_EXTENSIONS or not more:
                break
            factors += wider
        return Measured(curve, crossing, plans)

    def within(self, mean: float, max_drop: float) -> Tensor:
        """Return counts of this mean, or of a little more until they lose no more than allowed.

        A fit passes between plans: one that is on it may itself lose a little more.
        """
        counts = self.counts_at(self.factor_of(mean))
        for _ in range(_MOST_MORE):
            if self._judge.drop(self._results(counts)) <= max_drop:
                break
            counts = self.counts_at(self.factor_of(_MORE * self.mean(counts)))
        return counts

    def factor_of(self, mean: float) -> float:
        """Return the least factor at which plans have so many mean repetitions at least."""
        low, high = -60.0, 60.0
        for _ in range(_BISECTIONS):
            middle = (low + high) / 2
            enough = self.mean(self.counts_at(2.0**middle)) >= mean
            low, high = (low, middle) if enough else (middle, high)
        return float(2.0**high)

    @property
    def _few(self) -> int:
        return max(1, round(self._judge.trials * _FIRST_LOOK))

    def _plans(self, factors: list[float]) -> dict[float, Tensor]:
        """Return the different plans by their mean count, rising."""
        plans = {self.mean(counts): counts for counts in map(self.counts_at, factors)}
        return dict(sorted(plans.items()))

    def _results(self, counts: Tensor, trials: int | None = None) -> Results:
        return self._judge.results(self._learned.sharing, counts, trials)

    def _loses_more(self, factor: float, max_drop: float) -> bool:
        """Return whether more is lost than allowed: by one trial if that leaves no doubt."""
        if self._judge.independent:
            lost, error = self._lost(factor, 1)
            if abs(lost - max_drop) > _CLEAR * error:
                return lost > max_drop
        lost, _ = self._lost(factor, self._few)
        return lost > max_drop

    def _lost(self, factor: float, trials: int) -> tuple[float, float]:
        """Return what is lost, and the most that its error over independent examples can be."""
        if (factor, trials) not in self._looked:
            results = self._results(self.counts_at(factor), trials)
            error = _MOST_DEVIATION / results.size**0.5
            self._looked[factor, trials] = self._judge.drop(results), error
        return self._looked[factor, trials]
