import numpy as np
import pytest

from archsim.errors import WorkloadError
from archsim.functional.statistics import Interval, images_interval, seeds_interval

# 97.5 % points of Student's distribution, from printed tables
T_TABLE = {1: 12.706, 2: 4.303, 4: 2.776, 9: 2.262, 15: 2.131, 30: 2.042, 120: 1.980}


@pytest.mark.parametrize(("freedom", "point"), T_TABLE.items())
def test_interval_over_seeds_has_the_tabulated_width(freedom, point):
    trials = freedom + 1
    values = np.random.default_rng(freedom).normal(90.0, 2.0, trials)
    interval = seeds_interval(values)
    centre = sum(values) / trials
    variance = sum((value - centre) ** 2 for value in values) / freedom
    assert (interval.high - interval.low) / 2 == pytest.approx(
        point * (variance / trials) ** 0.5, rel=3e-4
    )
    assert (interval.high + interval.low) / 2 == pytest.approx(centre)


def test_interval_of_two_trials_by_hand():
    interval = seeds_interval([1.0, 3.0])  # mean 2, s = √2, s / √2 = 1
    assert (interval.low, interval.high) == pytest.approx((2 - 12.706, 2 + 12.706), abs=1e-3)


def test_trials_without_noise_have_an_interval_without_width():
    assert seeds_interval([91.5, 91.5, 91.5]) == Interval(91.5, 91.5)


@pytest.mark.parametrize("values", [[], [91.5]])
def test_fewer_than_two_trials_have_no_interval(values):
    assert seeds_interval(values) is None


def test_interval_over_seeds_holds_the_mean_95_times_in_100():
    draws = np.random.default_rng(3).normal(0.0, 1.0, (2000, 5))
    held = sum(interval.low <= 0 <= interval.high for interval in map(seeds_interval, draws))
    assert held / 2000 == pytest.approx(0.95, abs=0.015)  # three standard deviations


def test_bootstrap_of_a_share_is_the_normal_interval():
    right = np.repeat([1.0, 0.0], [900, 100])
    interval = images_interval(lambda chosen: right[chosen].mean(), 1000, seed=1)
    reach = 1.96 * (0.9 * 0.1 / 1000) ** 0.5  # 1.86 points
    # An edge from 2000 resamples is known to sqrt(0.025 * 0.975 / 2000) / 0.0584 sd = 0.06 sd;
    # three of these are 0.17 points, and the share moves in steps of 0.1 points.
    assert interval.low == pytest.approx(0.9 - reach, abs=0.0022)
    assert interval.high == pytest.approx(0.9 + reach, abs=0.0022)


def test_bootstrap_holds_the_share_95_times_in_100():
    generator = np.random.default_rng(5)
    held = 0
    for trial in range(400):
        right = generator.random(200) < 0.8
        interval = images_interval(
            lambda chosen, right=right: right[chosen].mean(), 200, seed=trial, resamples=400
        )
        held += interval.low <= 0.8 <= interval.high
    assert held / 400 == pytest.approx(0.95, abs=0.033)  # three standard deviations


def test_bootstrap_is_the_same_for_the_same_seed_only():
    values = np.random.default_rng(0).normal(size=50)
    first, again, other = (
        images_interval(lambda chosen: values[chosen].mean(), 50, seed=seed) for seed in (7, 7, 8)
    )
    assert first == again != other


def test_bootstrap_draws_n_indices_each_time_and_the_same_for_every_statistic():
    seen = {"one": [], "other": []}
    for kept in seen.values():
        images_interval(lambda chosen, kept=kept: kept.append(chosen) or 0.0, 7, seed=2)
    assert len(seen["one"]) == 2000
    assert all(len(chosen) == 7 and chosen.min() >= 0 for chosen in seen["one"])
    assert np.array_equal(seen["one"], seen["other"])
    assert set(np.concatenate(seen["one"])) == set(range(7))


def test_one_example_has_no_interval():
    with pytest.raises(
        WorkloadError, match=r"examples: found 1; expected 2 at least for an interval; give more"
    ):
        images_interval(lambda _: 1.0, 1, seed=0)
