"""Plans of one shape at rising mean repetitions, judged on the tested examples."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from torch import Tensor

from archsim.functional.learning.crossing import Crossing
from archsim.functional.learning.curve import Curve, Point
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


@dataclass
class Family:
    """Plans of one shape, by the factor on it.

    Attributes:
        scaled: Returns the counts at a factor, within bounds and of any size.
        rounded: Returns counts that are whole where they have to be.
        mean: Returns the mean of counts over all multiply-accumulates.
        results: Returns results of counts, trials x examples, for so many trials.
        trials: Over how many a plan is judged.
        independent: Whether noise differs from example to example, so that one trial of many says
            much; what is wrong with weights is the same for all of a batch or a trial.
        judged: Counts that are on the curve, by their mean.
        drop: Returns what results lose.
        curve: Makes a curve of points.
    """

    scaled: Callable[[float], Tensor]
    rounded: Callable[[Tensor], Tensor]
    mean: Callable[[Tensor], float]
    results: Callable[[Tensor, int], Results]
    drop: Callable[[Results], float]
    curve: Callable[[tuple[Point, ...]], Curve]
    trials: int
    independent: bool
    judged: dict[float, Tensor] = field(default_factory=dict, init=False)
    _looked: dict[tuple[float, int], tuple[float, float]] = field(default_factory=dict)

    def counts_at(self, factor: float) -> Tensor:
        """Return the counts at a factor, within bounds and whole where they have to be."""
        return self.rounded(self.scaled(factor))

    def look(self, max_drop: float) -> float:
        """Return the factor at which about so much is lost, by few trials; bounds if beyond them.

        Octave by octave to a bracket, which is then halved.
        """
        factor = 1.0
        step = _OCTAVE if self._loses_more(factor, max_drop) else 1 / _OCTAVE
        while self._loses_more(factor, max_drop) == (step > 1):
            if bool((self.scaled(factor * step) == self.scaled(factor)).all()):
                return factor  # all counts are on their bounds
            factor *= step
        low, high = sorted((factor, factor / step))
        for _ in range(_HALVINGS):
            middle = (low * high) ** 0.5
            low, high = (middle, high) if self._loses_more(middle, max_drop) else (low, middle)
        (before, _), (after, _) = (self._lost(end, self._few) for end in (low, high))
        share = (before - max_drop) / (before - after) if before > after else 0.5
        return float(low * (high / low) ** min(max(share, 0.0), 1.0))

    def measure(self, factor: float, max_drop: float, *, seed: int) -> tuple[Curve, Crossing]:
        """Return the curve around a factor, with all trials, and where it crosses.

        The curve is prolonged, some times at most, until it holds the crossing's interval.

        Args:
            factor: Where the crossing is thought to be.
            max_drop: What may be lost.
            seed: Of the draws of examples and trials.
        """
        factors = [factor * times for times in AROUND]
        for octave in range(1, _MOST_OCTAVES):
            if len(self._means(factors)) > 1:
                break  # else all counts are on their bounds, and no curve has one point
            factors = [factor * _OCTAVE**end for end in (-octave, 0, octave)]
        for extension in range(_MOST_EXTENSIONS + 1):
            curve = self.curve(self._points(factors))
            crossing = curve.crossing(max_drop, seed=seed)
            wider = [
                *([min(factors) / _OCTAVE] if crossing.needs_fewer else []),
                *([max(factors) * _OCTAVE] if crossing.needs_more else []),
            ]
            more = len(self._means([*factors, *wider])) > len(self._means(factors))
            if extension == _MOST_EXTENSIONS or not more:
                break
            factors += wider
        return curve, crossing

    def within(self, mean: float, max_drop: float) -> Tensor:
        """Return counts of this mean, or of a little more until they lose no more than allowed.

        A fit passes between plans: one that is on it may itself lose a little more.
        """
        counts = self.counts_at(self.factor_of(mean))
        for _ in range(_MOST_MORE):
            if self.drop(self.results(counts, self.trials)) <= max_drop:
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
        return max(1, round(self.trials * _FIRST_LOOK))

    def _means(self, factors: list[float]) -> dict[float, Tensor]:
        """Return the different plans by their mean count."""
        return {self.mean(counts): counts for counts in map(self.counts_at, factors)}

    def _points(self, factors: list[float]) -> tuple[Point, ...]:
        self.judged = dict(sorted(self._means(factors).items()))
        return tuple(
            Point(mean, self.results(counts, self.trials)) for mean, counts in self.judged.items()
        )

    def _loses_more(self, factor: float, max_drop: float) -> bool:
        """Return whether more is lost than allowed: by one trial if that leaves no doubt."""
        if self.independent:
            lost, error = self._lost(factor, 1)
            if abs(lost - max_drop) > _CLEAR * error:
                return lost > max_drop
        lost, _ = self._lost(factor, self._few)
        return lost > max_drop

    def _lost(self, factor: float, trials: int) -> tuple[float, float]:
        """Return what is lost, and the most that its error over independent examples can be."""
        if (factor, trials) not in self._looked:
            results = self.results(self.counts_at(factor), trials)
            error = _MOST_DEVIATION / results.size**0.5
            self._looked[factor, trials] = self.drop(results), error
        return self._looked[factor, trials]
