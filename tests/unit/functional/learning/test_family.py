"""Plans of one shape: what they lose is known, a/K, so is where that is as much as allowed."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from archsim.errors import WorkloadError
from archsim.functional.learning.curve import Curve, Point
from archsim.functional.learning.family import Family
from archsim.functional.metrics import METRICS

EXAMPLES, TRIALS = 1000, 16
BASE = torch.tensor([3.0, 5.0], dtype=torch.float64)  # mean 4


class Known:
    """Counts that lose A/mean points in each trial, and a judge that remembers what was asked."""

    trials = TRIALS
    sharing = SimpleNamespace(mean=lambda counts: float(counts.mean()))

    def __init__(
        self, lost, *, least=1.0, most=1e4, whole=False, plateau=None, independent=True, first=None
    ):
        self.lost, self.asked = lost, []
        self.independent, self.first = independent, first
        self.least, self.most, self.whole, self.plateau = least, most, whole, plateau

    def times(self, factor):
        return (BASE * factor).clamp(self.least, self.most)

    def rounded(self, counts):
        if self.plateau:  # repetitions that are free are taken
            counts = counts.clamp(min=self.plateau)
        return counts.floor() if self.whole else counts

    def results(self, _sharing, counts, trials=None):
        trials = trials or self.trials
        mean = float(counts.mean())
        self.asked.append((mean, trials))
        found = np.ones((trials, EXAMPLES))
        found[:, : min(EXAMPLES, round(self.lost / mean * EXAMPLES / 100))] = 0
        if self.first is not None:  # a chip that is better or worse than others
            found[0] = self.first
        return found

    def drop(self, results):
        return 100 * (1 - results.mean())

    def curve(self, points):
        return Curve(METRICS["top1"], np.zeros(EXAMPLES, int), np.ones(EXAMPLES), points)

    def family(self):
        return Family(self, self)

    def measured(self, factor):
        found = self.family().measure(factor, 2.0, seed=1)
        return found.curve, found.crossing


@pytest.mark.parametrize("wanted", [2.0, 20.0, 300.0])
def test_a_look_finds_where_as_much_is_lost_as_is_allowed(wanted):
    known = Known(lost=2.0 * wanted)  # 2 points at this mean
    assert known.family().look(2.0) * 4 == pytest.approx(wanted, rel=0.05)
    in_doubt = 2.0 + 5 * 50 / EXAMPLES**0.5  # points: five of the largest standard errors
    more = {mean for mean, trials in known.asked if trials == TRIALS / 4}
    assert more == {mean for mean, _ in known.asked if 2.0 * wanted / mean <= in_doubt}


def test_one_trial_says_nothing_where_all_its_examples_share_the_noise():
    # the first chip loses nothing whatever the counts, so 4 chips lose 3/4 of what the others do
    known = Known(lost=2.0 * 300, independent=False, first=1.0)
    assert known.family().look(2.0) * 4 == pytest.approx(300 * 3 / 4, rel=0.05)
    assert {trials for _, trials in known.asked} == {TRIALS / 4}


def test_a_look_asks_for_each_plan_once():
    known = Known(lost=200.0)
    family = known.family()
    family.look(2.0)
    family.look(2.0)
    assert len(known.asked) == len(set(known.asked))


def test_a_look_ends_where_all_counts_are_on_their_bounds():
    assert Known(lost=0.0).family().look(2.0) * 5 <= 2
    assert Known(lost=1e9).family().look(2.0) * 3 >= 1e4 / 2


def test_a_look_goes_on_where_other_factors_give_the_same_plan():
    # up to 64 repetitions are free, so that these are taken whatever the factor
    known = Known(lost=2.0 * 500, plateau=64.0)
    assert known.family().look(2.0) * 4 == pytest.approx(500, rel=0.1)


def test_the_curve_holds_the_crossing_and_its_interval():
    known = Known(lost=2.0 * 40)
    curve, crossing = known.measured(10.0)
    assert crossing.repetitions == pytest.approx(40, rel=0.02)
    assert crossing.interval.low <= 40 <= crossing.interval.high
    assert 0 < crossing.interval.low < crossing.interval.high < math.inf
    assert curve.repetitions[:5] == pytest.approx([20, 20 * 2**0.5, 40, 40 * 2**0.5, 80])


@pytest.mark.parametrize("guess", [0.6, 170.0])
def test_the_curve_is_prolonged_where_the_first_guess_was_wrong(guess):
    curve, crossing = Known(lost=2.0 * 40).measured(guess)
    assert crossing.repetitions == pytest.approx(40, rel=0.1)
    assert len(curve.points) > 5


def test_a_curve_on_its_bounds_is_not_prolonged():
    curve, crossing = Known(lost=0.5, whole=True).measured(0.2)
    assert crossing.repetitions == 0
    assert curve.repetitions[0] == 1.0
    curve, crossing = Known(lost=1e6, most=8.0).measured(2.0)
    assert crossing.repetitions == math.inf
    assert curve.repetitions[-1] == 8.0


def test_whole_counts_that_are_the_same_plan_are_one_point():
    curve, _ = Known(lost=3.0, whole=True).measured(0.25)
    assert len(set(curve.repetitions)) == len(curve.points)


@pytest.mark.parametrize("mean", [1.0, 2.5, 4.0, 77.0, 9e3])
def test_the_factor_gives_as_many_mean_repetitions_and_hardly_more(mean):
    for whole in (False, True):
        family = Known(lost=1.0, whole=whole).family()
        factor = family.factor_of(mean)
        found = family.mean(family.counts_at(factor))
        assert found >= mean or found == 1e4
        assert family.mean(family.counts_at(factor * (1 - 1e-6))) < mean or mean == 1.0
        assert whole or mean == 1.0 or found == pytest.approx(mean)


def test_one_plan_is_no_curve():
    with pytest.raises(WorkloadError, match="points: found 1; expected 2"):
        Known(lost=3.0, most=1.0).measured(1.0)


def test_points_hold_what_was_judged():
    curve, _ = Known(lost=80.0).measured(10.0)
    assert all(isinstance(point, Point) and point.results.shape == (TRIALS, EXAMPLES)
               for point in curve.points)  # fmt: skip
