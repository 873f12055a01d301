import math
import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archsim.errors import WorkloadError
from archsim.functional.learning import crossing as module
from archsim.functional.learning.crossing import Crossing, Resampling, ratio
from archsim.functional.learning.curve import Curve, Point
from archsim.functional.metrics import METRICS
from archsim.functional.statistics import Interval

TRIED = tuple(10 * 1.4**place for place in range(7))  # 10 to 75
DROP = 4.0  # points; where 100 / E is lost, the crossing is at 25


def curve_of(points):
    """Return a curve whose quantised network is always right."""
    examples = points[0].results.shape[1]
    return Curve(METRICS["top1"], np.zeros(examples, int), np.ones(examples), tuple(points))


def by_threshold(generator, *, trials, examples, photons=1.0, tried=TRIED, shared=None):
    """An example with u < 2 a/E is wrong in every second trial: a share a/E of all is lost."""
    u = shared if shared is not None else generator.random(examples)
    return curve_of(
        [
            Point(
                count,
                1.0 - ((u < 2 * photons / count) & (generator.random((trials, examples)) < 0.5)),
            )
            for count in tried
        ]
    )


def by_chance(generator, *, trials, examples):
    """Each result is wrong with a chance of 1/E of its own."""
    return curve_of(
        [Point(count, 1.0 * (generator.random((trials, examples)) >= 1 / count)) for count in TRIED]
    )


def held(model, repetitions, **sizes):
    """Return the share of intervals that hold 25, where 100 / E meets the drop."""
    found = [
        model(np.random.default_rng(seed), **sizes).crossing(DROP, seed=seed, resamples=200)
        for seed in range(repetitions)
    ]
    return np.mean([at.interval.low <= 100 / DROP <= at.interval.high for at in found])


def test_interval_holds_the_truth_95_times_in_100():
    share = held(by_threshold, 200, trials=8, examples=400)
    assert share == pytest.approx(0.95, abs=0.046)  # three standard deviations


def test_interval_errs_on_the_wide_side_where_examples_do_not_differ():
    # all variance is of the interaction, which is counted up to three times
    assert held(by_chance, 80, trials=4, examples=400) >= 0.95


def test_width_is_that_of_counting_thresholds():
    # E of the crossing has an error of sqrt(p (1 - p) / n) / p, as the slope of p is p in ln E
    share, examples = DROP / 100, 4000
    u = np.random.default_rng(7).random(examples)
    points = [Point(count, 1.0 * (u >= 1 / count) * np.ones((2, 1))) for count in TRIED]
    found = curve_of(points).crossing(DROP, seed=2)
    error = ((1 - share) / (share * examples)) ** 0.5
    width = math.log(found.interval.high / found.interval.low)
    assert width == pytest.approx(2 * 1.96 * error, rel=0.15)
    assert found.repetitions == pytest.approx(25, rel=3 * error)


def test_width_counts_what_trials_have_in_common():
    # each trial loses s/E, s its own for all examples: to first order ln E varies as the mean of s,
    # of which a bootstrap of t trials sees the variance with 1 / t instead of 1 / (t - 1)
    trials, examples = 16, 10000
    generator = np.random.default_rng(4)
    lost = generator.uniform(0.2, 1.8, (trials, 1))
    u = generator.random(examples)
    points = [Point(count, 1.0 * (u >= lost / count)) for count in TRIED]
    found = curve_of(points).crossing(DROP, seed=2, resamples=1000)
    share = DROP / 100
    of_trials = lost.var() / trials / lost.mean() ** 2
    of_examples = (1 - share) / (share * examples)  # at most: it is less where trials differ
    width = math.log(found.interval.high / found.interval.low)
    assert of_trials > 3 * of_examples
    assert width == pytest.approx(2 * 1.96 * (of_trials + of_examples) ** 0.5, rel=0.15)


def test_estimate_comes_to_the_truth_with_more_examples():
    errors = [
        np.std(
            [
                math.log(
                    by_threshold(np.random.default_rng(seed), trials=2, examples=examples)
                    .crossing(DROP, seed=0, resamples=40)
                    .repetitions
                    / 25
                )
                for seed in range(30)
            ]
        )
        for examples in (500, 8000)
    ]
    # four times less; a standard deviation of 30 is known to 13 %, so three of the ratio are 55 %
    assert errors[0] / errors[1] == pytest.approx(4, rel=0.55)


def test_ratio_of_curves_that_differ_by_a_factor_is_sure():
    one = by_threshold(np.random.default_rng(1), trials=4, examples=500)
    points = [Point(0.8 * point.repetitions, point.results) for point in one.points]
    crossings = [curve.crossing(DROP, seed=3) for curve in (curve_of(points), one)]
    found = ratio(*crossings)
    assert found.value == pytest.approx(0.8)
    assert (found.interval.low, found.interval.high) == pytest.approx((0.8, 0.8))
    assert found.resolved
    assert crossings[0].interval.high > crossings[1].interval.low  # alone they would not tell


def test_sharing_examples_narrows_the_ratio():
    widths = {}
    for sharing in (True, False):
        u = np.random.default_rng(11).random((2, 1000))
        one, other = (
            by_threshold(
                np.random.default_rng(place),
                trials=16,
                examples=1000,
                photons=photons,
                shared=u[0 if sharing else place],
            ).crossing(DROP, seed=5, resamples=1000)
            for place, photons in enumerate((0.7, 1.0))
        )
        found = ratio(one, other)
        assert found.interval.low < 0.7 < found.interval.high
        widths[sharing] = math.log(found.interval.high / found.interval.low)
    assert widths[True] < 0.7 * widths[False]


def test_interval_of_the_ratio_holds_the_truth():
    within = 0
    for seed in range(60):
        generator = np.random.default_rng(seed)
        u = generator.random(400)
        one, other = (
            by_threshold(generator, trials=8, examples=400, photons=photons, shared=u).crossing(
                DROP, seed=seed, resamples=200
            )
            for photons in (0.8, 1.0)
        )
        interval = ratio(one, other).interval
        within += interval.low <= 0.8 <= interval.high
    # three standard deviations below 0.95; it may err on the wide side
    assert within / 60 >= 0.95 - 0.084


def test_equal_granularities_are_not_resolved():
    u = np.random.default_rng(2).random(500)
    one, other = (
        by_threshold(np.random.default_rng(place), trials=4, examples=500, shared=u).crossing(
            DROP, seed=1
        )
        for place in (0, 1)
    )
    assert not ratio(one, other).resolved


def made(samples, *, repetitions=4.0, tried=(1.0, 16.0)):
    """Return a crossing of given samples."""
    samples = np.asarray(samples, dtype=float)
    return Crossing(
        drop=1.0,
        repetitions=repetitions,
        bracket=Interval(1.0, 16.0),
        interval=module.interval_of(*module.known(samples, Interval(*tried))),
        tried=Interval(*tried),
        censored_low=float(np.mean(samples == -math.inf)),
        censored_high=float(np.mean(samples == math.inf)),
        samples=samples,
        resampling=Resampling(100, 4, 0, len(samples)),
        targets_hash="same",
    )


def logarithms(below, above, size=80):
    """Return ln E of so many censored resamples, the others from 2 to 8."""
    inside = np.linspace(math.log(2), math.log(8), size - below - above)
    return np.concatenate([np.full(below, -math.inf), inside, np.full(above, math.inf)])


@pytest.mark.parametrize(
    ("below", "above", "fewer", "more"),
    [(0, 0, False, False), (2, 2, False, False), (3, 0, True, False), (0, 3, False, True)],
)
def test_a_bound_is_unknown_where_more_than_one_in_forty_is_censored(below, above, fewer, more):
    crossing = made(logarithms(below, above))
    assert (crossing.needs_fewer, crossing.needs_more) == (fewer, more)
    assert (crossing.interval.low == 0, crossing.interval.high == math.inf) == (fewer, more)


def test_resamples_outside_what_was_tried_bound_no_more_than_their_side():
    assert made(np.full(40, math.inf)).interval == Interval(pytest.approx(16.0), math.inf)
    assert made(np.full(40, -math.inf)).interval == Interval(0.0, 1.0)


def test_bounds_leave_out_one_in_forty_on_each_side():
    interval = made(np.log(np.arange(1.0, 81.0)), tried=(0.5, 100.0)).interval
    assert (interval.low, interval.high) == pytest.approx((3.0, 78.0))


def test_censored_shares_are_counted():
    u = np.random.default_rng(0).random(200)
    points = [Point(count, 1.0 * (u >= 1 / count) * np.ones((2, 1))) for count in (22.0, 28.0)]
    found = curve_of(points).crossing(DROP, seed=0)
    # P(resampled share <= 4 %) at either plan, from the binomial distribution
    lost = [int(np.sum(u < 1 / count)) for count in (22.0, 28.0)]
    binomial = [
        sum(
            math.comb(200, k) * (n / 200) ** k * (1 - n / 200) ** (200 - k)
            for k in range(8 + shift)
        )
        for n, shift in zip(lost, (0, 1), strict=True)
    ]
    # below the fewest: fewer than 8 lost there; above the most: more than 8 lost there
    assert found.censored_low == pytest.approx(binomial[0], abs=0.034)  # three deviations
    assert found.censored_high == pytest.approx(1 - binomial[1], abs=0.034)
    assert found.needs_fewer
    assert found.needs_more


def test_crossings_censored_on_the_same_side_say_nothing_of_their_ratio():
    above = made(np.full(40, math.inf), repetitions=math.inf)
    below = made(np.full(40, -math.inf), repetitions=0.0)
    for crossing in (above, below):
        found = ratio(crossing, crossing)
        assert (found.value, found.interval) == (None, Interval(0.0, math.inf))
        assert not found.resolved


def test_a_crossing_above_all_tried_is_a_lower_bound_of_the_ratio():
    above = made(np.full(40, math.inf), repetitions=math.inf)
    known = made(np.full(40, math.log(4.0)))
    assert ratio(above, known).value is None
    assert ratio(above, known).interval == Interval(pytest.approx(4.0), math.inf)  # 16 / 4
    assert ratio(above, known).resolved
    assert ratio(known, above).interval == Interval(0.0, pytest.approx(0.25))


SAMPLES = st.lists(
    st.floats(0.0, math.log(16.0)) | st.sampled_from([-math.inf, math.inf]),
    min_size=41,
    max_size=41,
)


@given(SAMPLES, SAMPLES)
@settings(max_examples=50, deadline=None)
def test_turning_the_ratio_round_inverts_it(samples, others):
    one, other = made(samples), made(others, repetitions=8.0)
    forth, back = ratio(one, other), ratio(other, one)
    assert forth.value == pytest.approx(1 / back.value)
    assert forth.resolved == back.resolved
    assert math.log(forth.interval.low or 1e-99) == pytest.approx(
        -math.log(min(back.interval.high, 1e99)), abs=1e-9
    )


@given(SAMPLES, SAMPLES, st.integers(0, 40), st.sampled_from([-math.inf, math.inf]))
@settings(max_examples=50, deadline=None)
def test_censoring_what_lies_there_only_widens_the_ratio(samples, others, place, side):
    whole = list(samples)
    whole[place] = math.log(16.0) if side > 0 else 0.0  # the very edge of what was tried
    censored = list(samples)
    censored[place] = side
    before = ratio(made(whole), made(others)).interval
    after = ratio(made(censored), made(others)).interval
    assert after.low <= before.low
    assert after.high >= before.high


def test_ratios_of_what_was_not_drawn_together_are_refused():
    one = made(np.zeros(40))
    message = (
        "drop: found 1 and 2; expected the same; take both crossings at one bound\n"
        "resampling: found 40 of 100 examples and 4 trials with seed 0, and 40 of 100 examples and "
        "5 trials with seed 1; expected the same; evaluate both curves on the same examples and "
        "trials, and take both crossings with one seed"
    )
    with pytest.raises(WorkloadError, match=f"^{re.escape(message)}$"):
        ratio(one, replace(one, drop=2.0, resampling=Resampling(100, 5, 1, 40)))


def test_ratios_over_other_examples_are_refused():
    one = made(np.zeros(40))
    message = (
        "targets: found those of other examples; expected the same; evaluate both curves on the "
        "same examples"
    )
    with pytest.raises(WorkloadError, match=f"^{message}$"):
        ratio(one, replace(one, targets_hash="other"))


def test_crossings_know_whose_targets_they_are_of():
    results = np.ones((2, 4))
    hashes = [
        Curve(
            METRICS["top1"], np.array(targets), np.ones(4), (Point(1, results), Point(2, results))
        )
        .crossing(1.0, seed=0, resamples=40)
        .targets_hash
        for targets in ([0, 1, 2, 3], [0, 1, 2, 3], [3, 1, 2, 0])
    ]
    assert hashes[0] == hashes[1] != hashes[2]


def drawn(resampling):
    return [np.concatenate(parts) for parts in zip(*resampling.counts(), strict=True)]


def test_each_resample_draws_as_many_as_there_are():
    trials, examples = drawn(Resampling(30, 5, 1, 2000))
    assert (trials.shape, examples.shape) == ((2000, 5), (2000, 30))
    assert set(trials.sum(1)) == {5}
    assert set(examples.sum(1)) == {30}
    # each is drawn once on average, with the variance (n - 1) / n of the multinomial distribution
    assert examples.mean(0) == pytest.approx(np.ones(30), abs=0.09)  # four deviations
    assert examples.var() == pytest.approx(29 / 30, rel=0.03)


def test_draws_are_those_of_their_fields_whatever_the_size_of_a_block(monkeypatch):
    first = drawn(Resampling(30, 5, 1, 100))
    monkeypatch.setattr(module, "_BLOCK", 210)
    again, other = drawn(Resampling(30, 5, 1, 100)), drawn(Resampling(30, 5, 2, 100))
    assert all(np.array_equal(one, two) for one, two in zip(first, again, strict=True))
    assert not any(np.array_equal(one, two) for one, two in zip(first, other, strict=True))


# ---- by what plans cost --------------------------------------------------------------------------


def crossing_at(mean, samples):
    return Crossing(
        drop=2.0, repetitions=mean, bracket=Interval(1, 16), interval=Interval(0, 16),
        tried=Interval(1, 16), censored_low=0.0, censored_high=0.0,
        samples=np.resize(np.log(samples), 40), resampling=Resampling(10, 2, 0, 40),
        targets_hash="a",
    )  # fmt: skip


def test_a_crossing_is_paid_by_a_straight_line_in_logarithms():
    means = (1.0, 2.0, 16.0)
    costs = [3e-6 * mean**2 for mean in means]  # a straight line, so exact between them, too
    paid = crossing_at(8.0, [2.0, 8.0, 16.0, math.inf]).paid(means, costs)
    assert paid.repetitions == pytest.approx(3e-6 * 64)
    assert np.exp(paid.samples[:4]) == pytest.approx([12e-6, 192e-6, 768e-6, math.inf])
    assert (paid.tried.low, paid.tried.high) == pytest.approx((3e-6, 768e-6))
    assert paid.interval.low == pytest.approx(12e-6)
    assert paid.interval.high == math.inf  # a quarter is beyond all that were tried
    other = crossing_at(2.0, [2.0]).paid(means, costs)
    assert ratio(paid, other).value == pytest.approx(16)
    falling = crossing_at(8.0, [2.0, 8.0]).paid(means, [4.0, 2.0, 1.0])
    assert falling.interval.low <= falling.interval.high
    assert (falling.tried.low, falling.tried.high) == pytest.approx((1, 4))


def test_a_crossing_beyond_what_was_paid_for_is_refused():
    with pytest.raises(WorkloadError, match="costs: found those of 1 to 2 mean repetitions"):
        crossing_at(8.0, [8.0]).paid([1.0, 2.0], [1.0, 2.0])
