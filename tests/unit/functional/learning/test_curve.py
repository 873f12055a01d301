import math
import re
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archsim.errors import WorkloadError
from archsim.functional.learning.curve import Curve, Point
from archsim.functional.metrics import METRICS, Top1
from archsim.functional.statistics import Interval

TOP1 = METRICS["top1"]
EXAMPLES = 100  # of which one is one point of accuracy

DROPS = st.lists(st.integers(0, 60), min_size=2, max_size=7)
BOUND = st.floats(0.01, 70.0)


def curve_of(drops, repetitions=None, trials=2):
    """Return a curve that loses so many of 100 examples at each point, in every trial."""
    repetitions = repetitions or [2.0**place for place in range(len(drops))]
    points = []
    for drop, count in zip(drops, repetitions, strict=True):
        results = np.ones((trials, EXAMPLES))
        results[:, :drop] = 0.0
        points.append(Point(count, results))
    return Curve(TOP1, np.zeros(EXAMPLES, int), np.ones(EXAMPLES), tuple(points))


def crossing_of(drops, drop, repetitions=None):
    return curve_of(drops, repetitions).crossing(drop, seed=1, resamples=40)


def test_points_that_rise_are_pooled_by_hand():
    # 2 and 4 pool to 3, which 5 is above: (2 + 4 + 5) / 3
    assert curve_of([8, 2, 4, 5, 1]).fit() == pytest.approx([8, 11 / 3, 11 / 3, 11 / 3, 1])


@given(DROPS)
@settings(max_examples=30, deadline=None)
def test_fit_is_the_least_squares_fit_that_never_rises(drops):
    # the min-max formula (Barlow et al. 1972): min over s <= j of max over t >= j of mean(s..t)
    wanted = [
        min(
            max(np.mean(drops[first : last + 1]) for last in range(place, len(drops)))
            for first in range(place + 1)
        )
        for place in range(len(drops))
    ]
    assert curve_of(drops).fit() == pytest.approx(wanted, abs=1e-9)


def test_crossing_lies_on_a_line_in_the_logarithm():
    crossing = crossing_of([6, 2], 4.0, [1.0, 4.0])  # half way from ln 1 to ln 4
    assert crossing.repetitions == pytest.approx(2.0)
    assert crossing.bracket == Interval(1.0, 4.0)


def test_crossing_at_a_plan_is_the_plan():
    assert crossing_of([9, 4, 1], 4.0, [3.0, 5.0, 7.0]).repetitions == pytest.approx(5.0)


@pytest.mark.parametrize(
    ("drop", "repetitions"),
    [(3.0, 2.0), (3 + 1e-9, 2.0), (3 - 1e-9, 4.0), (2.0, 32**0.5)],
)
def test_crossing_of_a_flat_is_the_least_that_reaches_it(drop, repetitions):
    crossing = crossing_of([6, 3, 3, 1], drop)
    assert crossing.repetitions == pytest.approx(repetitions, rel=1e-6)


def test_no_crossing_is_made_up_outside_what_was_tried():
    below, above = crossing_of([3, 2, 1], 4.0), crossing_of([9, 8, 7], 4.0)
    assert (below.repetitions, below.bracket) == (0.0, Interval(0.0, 1.0))
    assert (above.repetitions, above.bracket) == (math.inf, Interval(4.0, math.inf))
    assert (below.needs_fewer, above.needs_more) == (True, True)


@pytest.mark.parametrize("drops", [[4, 2], [4, 4], [4, 4, 1]])
def test_a_drop_met_exactly_by_the_fewest_crosses_there(drops):
    crossing = crossing_of(drops, 4.0)
    assert (crossing.repetitions, crossing.bracket) == (1.0, Interval(1.0, 2.0))


@given(DROPS, BOUND, BOUND)
@settings(max_examples=30, deadline=None)
def test_allowing_a_greater_drop_never_needs_more_repetitions(drops, one, other):
    less, more = sorted((one, other))
    strict, lax = crossing_of(drops, less), crossing_of(drops, more)
    assert strict.repetitions >= lax.repetitions
    assert np.all(strict.samples >= lax.samples)
    assert strict.interval.low >= lax.interval.low
    assert strict.interval.high >= lax.interval.high


@given(st.data(), DROPS, BOUND)
@settings(max_examples=30, deadline=None)
def test_losing_more_at_a_point_never_needs_fewer_repetitions(data, drops, drop):
    worse = [min(99, lost + data.draw(st.integers(0, 20))) for lost in drops]
    one, other = crossing_of(drops, drop), crossing_of(worse, drop)
    assert other.repetitions >= one.repetitions * (1 - 1e-12)
    finite = np.isfinite(one.samples) & np.isfinite(other.samples)
    assert np.all(other.samples[~finite] >= one.samples[~finite])
    assert np.all(other.samples[finite] >= one.samples[finite] - 1e-12)


@given(DROPS, BOUND)
@settings(max_examples=30, deadline=None)
def test_crossing_lies_in_its_bracket(drops, drop):
    crossing = crossing_of(drops, drop)
    slack = 1e-12
    assert crossing.bracket.low <= crossing.repetitions * (1 + slack)
    assert crossing.repetitions <= crossing.bracket.high * (1 + slack)


@given(DROPS, BOUND, st.floats(0.1, 100))
@settings(max_examples=30, deadline=None)
def test_crossing_scales_with_the_repetitions(drops, drop, factor):
    repetitions = [2.0**place for place in range(len(drops))]
    scaled = crossing_of(drops, drop, [factor * count for count in repetitions])
    assert scaled.repetitions == pytest.approx(factor * crossing_of(drops, drop).repetitions)


def test_lines_between_plans_a_factor_of_two_apart_ask_at_most_6_per_cent_too_much():
    for drop in np.linspace(5.1, 39.9, 50):  # the drop is 40 / E
        excess = math.log(crossing_of([40, 20, 10, 5], drop).repetitions * drop / 40)
        assert -1e-9 <= excess <= math.log(2) ** 2 / 8


def test_drops_have_the_intervals_of_theory():
    generator = np.random.default_rng(3)
    examples, trials = 2000, 3
    lost = generator.random(examples) < 0.1
    results = np.where(lost, 0.0, 1.0) * np.ones((trials, 1))
    results[1, np.flatnonzero(results[1])[:20]] = 0.0  # one point, in one of the trials
    curve = Curve(
        TOP1,
        np.zeros(examples, int),
        np.ones(examples),
        (Point(1.0, results), Point(2.0, np.ones((trials, examples)))),
    )
    share = lost.mean()
    first, second = curve.drops(seed=5)
    assert first.value == pytest.approx(100 * share + 1 / 3)
    # over trials: s = 1 / sqrt(3), t(2) = 4.303
    assert first.over_seeds.high - first.value == pytest.approx(4.303 / 3, rel=1e-3)
    reach = 196 * (share * (1 - share) / examples) ** 0.5  # 1.3 points
    assert first.over_examples.low == pytest.approx(first.value - reach, abs=0.15)
    assert first.over_examples.high == pytest.approx(first.value + reach, abs=0.15)
    assert (second.value, second.over_seeds) == (0.0, Interval(0.0, 0.0))


def test_what_the_quantised_network_gets_wrong_is_no_drop():
    results = np.ones((2, EXAMPLES))
    results[:, :30] = 0.0
    quantised = results[0].copy()
    better = np.ones((2, EXAMPLES))
    curve = Curve(
        TOP1, np.zeros(EXAMPLES, int), quantised, (Point(1.0, results), Point(2.0, better))
    )
    assert [drop.value for drop in curve.drops(seed=0)] == pytest.approx([0.0, -30.0])


def made(repetitions=(1.0, 2.0), shapes=((2, 4), (2, 4)), quantised=4, value=1.0):
    points = tuple(
        Point(count, np.full(shape, value))
        for count, shape in zip(repetitions, shapes, strict=True)
    )
    return Curve(TOP1, np.zeros(4, int), np.ones(quantised), points)


@pytest.mark.parametrize(
    ("faulty", "message"),
    [
        (
            {"repetitions": (1.0,), "shapes": ((2, 4),)},
            "points: found 1; expected 2 at least; evaluate plans of other mean repetitions",
        ),
        (
            {"repetitions": (), "shapes": ()},
            "points: found 0; expected 2 at least; evaluate plans of other mean repetitions",
        ),
        (
            {"repetitions": (2.0, 2.0)},
            "points: found mean repetitions 2, 2; expected each above the one before; sort the "
            "points and leave out equal ones",
        ),
        (
            {"repetitions": (0.0, math.nan)},
            "points: found mean repetitions 0, nan; expected numbers above 0; give what the plans "
            "have",
        ),
        (
            {"shapes": ((2, 4), (3, 4))},
            "points[1]: found 3x4 results; expected 2x4, trials x examples; evaluate every plan on "
            "the targets' examples with the same seeds",
        ),
        (
            {"shapes": ((4,), (2, 4))},
            "points[0]: found 4 results; expected 2x4, trials x examples; evaluate every plan on "
            "the targets' examples with the same seeds",
        ),
        (
            {"shapes": ((1, 4), (1, 4))},
            "trials: found 1; expected 2 at least for an interval; evaluate with more seeds",
        ),
        (
            {"quantised": 3},
            "quantised: found 3 results; expected 4, one for each target; evaluate all examples",
        ),
    ],
)
def test_points_without_a_crossing_are_refused(faulty, message):
    with pytest.raises(WorkloadError, match=f"^{re.escape(message)}$"):
        made(**faulty)


def test_unknown_results_are_refused_all_at_once():
    told = [
        f"points[{place}]: found 8 of 8 results NaN or infinite; expected numbers; evaluate the "
        "plan again"
        for place in (0, 1)
    ]
    with pytest.raises(WorkloadError, match=f"^{re.escape(chr(10).join(told))}$"):
        made(value=math.nan)


def test_one_example_is_refused():
    points = tuple(Point(count, np.ones((2, 1))) for count in (1.0, 2.0))
    with pytest.raises(
        WorkloadError,
        match=r"^examples: found 1; expected 2 at least for an interval of top1; give more data$",
    ):
        Curve(TOP1, np.zeros(1, int), np.ones(1), points)


NO_MEAN = (
    "metric: found {}; expected a mean over examples, for which many resamples are cheap; "
    "measure top1"
)


def test_rank_correlation_is_refused_as_it_is_no_mean():
    scores = np.linspace(0.0, 1.0, 20)
    points = tuple(Point(count, np.stack([scores, scores])) for count in (1.0, 2.0))
    with pytest.raises(WorkloadError, match=f"^{NO_MEAN.format('spearman')}$"):
        Curve(METRICS["spearman"], scores, scores, points)


@dataclass(frozen=True)
class ByClass(Top1):
    """A mean over classes, which is one over examples only where classes are equally many."""

    name: str = "by_class"

    def value(self, results, targets):
        return 100 * float(
            np.mean([results[..., targets == label].mean() for label in np.unique(targets)])
        )


def test_a_metric_that_is_a_mean_of_all_examples_but_of_no_resample_is_refused():
    targets = np.repeat([0, 1], 10)
    results = np.stack([targets, targets]).astype(float)
    points = tuple(Point(count, results) for count in (1.0, 2.0))
    with pytest.raises(WorkloadError, match=f"^{NO_MEAN.format('by_class')}$"):
        Curve(ByClass(), targets, np.ones(20), points)


@pytest.mark.parametrize("drop", [0.0, -1.0, math.nan, math.inf])
def test_a_drop_that_is_no_loss_is_refused(drop):
    message = (
        f"drop: found {drop:g}; expected a number above 0; give the points of top1 that may be lost"
    )
    with pytest.raises(WorkloadError, match=f"^{re.escape(message)}$"):
        curve_of([3, 1]).crossing(drop, seed=0)


def test_too_few_resamples_are_refused():
    message = (
        "resamples: found 39; expected 40 at least, of which one lies beyond each bound of a 95 % "
        "interval; take more"
    )
    with pytest.raises(WorkloadError, match=f"^{message}$"):
        curve_of([3, 1]).crossing(2.0, seed=0, resamples=39)
