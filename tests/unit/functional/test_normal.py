"""Normal numbers from a table, held against the distribution that they stand for."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import stats

from archsim.functional.normal import _table, normal


def test_levels_have_the_moments_of_the_normal_distribution():
    levels = _table().astype(np.float64)
    assert levels.mean() == pytest.approx(0, abs=1e-7)
    assert (levels**2).mean() == pytest.approx(1, abs=1e-7)
    assert (levels**3).mean() == pytest.approx(0, abs=1e-5)
    assert (levels**4).mean() == pytest.approx(3, abs=2e-4)
    assert (levels**6).mean() == pytest.approx(15, abs=2e-2)


def test_distribution_function_is_off_by_half_a_level_at_most():
    levels = np.sort(_table().astype(np.float64))
    count = len(levels)
    reached, exact = np.arange(count + 1) / count, stats.norm.cdf(levels)
    distance = max(np.abs(reached[1:] - exact).max(), np.abs(reached[:-1] - exact).max())
    assert distance <= 1 / count


def test_numbers_are_normal_and_independent():
    numbers = normal(1_000_000, seed=7).double().numpy()
    assert stats.kstest(numbers, "norm").pvalue > 0.001
    assert numbers.mean() == pytest.approx(0, abs=4e-3)
    assert numbers.var() == pytest.approx(1, abs=6e-3)
    for apart in (1, 2, 3, 4, 8):  # four of them come from one word
        assert np.corrcoef(numbers[:-apart], numbers[apart:])[0, 1] == pytest.approx(0, abs=4e-3)


def test_same_seed_gives_same_numbers_whatever_the_count():
    assert torch.equal(normal(100_001, seed=3)[:70_000], normal(70_000, seed=3))


def test_seeds_give_unlike_numbers():
    one, other = (normal(100_000, seed=seed).double() for seed in (1, 2))
    assert float(torch.corrcoef(torch.stack((one, other)))[0, 1]) == pytest.approx(0, abs=0.013)


def test_nothing_is_drawn_for_an_empty_tensor():
    assert normal(0, seed=0).shape == (0,)
