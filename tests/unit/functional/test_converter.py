"""Conversions against hand-computed levels; their average against sums over every level."""

from itertools import count
from math import erfc, exp, pi, sqrt

import numpy as np
import pytest
import torch

from archsim.errors import ConfigError
from archsim.functional.converter import EXACT_UP_TO, Converter

FOUR_LEVELS = Converter(-1.0, 2.0, 2)  # -1, 0, 1, 2
STDS = [
    0.001, 0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.55, 0.6, 0.75, 0.84, 0.86, 0.9, 1.0, 1.3, 2.0, 4.0,
    9.0, 30.0,
]  # fmt: skip
erfcs = np.vectorize(erfc, otypes=[float])


def exact_moments(converter, sums, stds):
    """Return mean and deviation as sums over the probabilities of all levels."""
    sums, stds = (np.asarray(values, dtype=float)[..., None] for values in (sums, stds))
    codes = np.arange(converter.lowest, converter.highest + 1)
    distance = ((codes[:-1] + 0.5) * converter.step - sums) / stds / sqrt(2)
    above, below = erfcs(distance) / 2, erfcs(-distance) / 2  # of each threshold
    ends = [(0, 0)] * (distance.ndim - 1)
    above = np.pad(above, [*ends, (0, 1)])
    above = np.concatenate([np.ones_like(above[..., :1]), above], axis=-1)
    below = np.concatenate([np.zeros_like(below[..., :1]), below, np.ones_like(below[..., :1])], -1)
    # The smaller of both sides keeps its digits.
    probabilities = np.where(
        below[..., 1:] < 0.5, below[..., 1:] - below[..., :-1], above[..., :-1] - above[..., 1:]
    )
    levels = codes * converter.step
    mean = (probabilities * levels).sum(-1)
    return mean, np.sqrt((probabilities * (levels - mean[..., None]) ** 2).sum(-1))


def sums_around(converter):
    """Return sums from 150 steps below the lowest level to as many above the highest."""
    low, high = converter.lowest, converter.highest
    near = [np.linspace(edge - 2.5, edge + 2.5, 101) for edge in (low, high)]
    inside = np.linspace(low - 1, high + 1, 301)
    far = [np.linspace(low - 150, low, 61), np.linspace(high, high + 150, 61)]
    return torch.tensor(np.concatenate([*near, inside, *far]) * converter.step)


def rms(values):
    return float(np.sqrt(np.mean(np.square(values))))


def fixed_normal(value):
    return lambda like: torch.full_like(like, value)


def test_sums_become_the_nearest_level_and_are_clipped():
    sums = torch.tensor([-7.0, -1.4, -0.6, -0.4, 0.3, 0.8, 1.7, 2.4, 1e30, -1e30])
    expected = [-1.0, -1.0, -1.0, 0.0, 0.0, 1.0, 2.0, 2.0, 2.0, -1.0]
    assert FOUR_LEVELS.convert(sums).tolist() == expected


def test_a_symmetric_range_is_moved_by_half_a_step_so_that_zero_is_a_level():
    converter = Converter(-1.275, 1.275, 8)
    assert converter.levels == 256
    assert converter.step == pytest.approx(0.01)
    assert (converter.lowest, converter.highest) == (-128, 127)
    assert converter.convert(torch.zeros(1)).item() == 0.0


@pytest.mark.parametrize(("low", "high"), [(0.0, 15.0), (-15.0, 0.0), (-4.9, 10.1)])
def test_the_levels_span_the_range(low, high):
    converter = Converter(low, high, 4)
    assert abs(converter.lowest * converter.step - low) <= converter.step / 2
    assert converter.highest - converter.lowest == 15


@pytest.mark.parametrize("bits", [1, 3, 8, 12])
def test_conversion_and_gradient_are_those_of_fake_quantisation(bits):
    torch.manual_seed(bits)
    converter = Converter(-0.7, 1.9, bits)
    sums = (torch.randn(20_000) * 1.5).requires_grad_()
    twin = sums.detach().clone().requires_grad_()
    converted = converter.convert(sums)
    expected = torch.fake_quantize_per_tensor_affine(
        twin, converter.step, -converter.lowest, 0, converter.levels - 1
    )
    assert torch.equal(converted, expected)
    weights = torch.randn(20_000)
    (converted * weights).sum().backward()
    (expected * weights).sum().backward()
    assert torch.equal(sums.grad, twin.grad)


def test_what_is_not_a_number_stays_so_and_spoils_nothing_else():
    sums = torch.tensor([float("nan"), 1.9, 5.0])
    assert FOUR_LEVELS.convert(sums).isnan().tolist() == [True, False, False]
    for std in (0.3, 3.0):
        noise = torch.full((3,), std)
        mean, variance = FOUR_LEVELS.moments(sums, noise)
        alone_mean, alone_variance = FOUR_LEVELS.moments(sums[1:], noise[1:])
        assert mean[0].isnan()
        assert torch.equal(mean[1:], alone_mean)
        assert torch.equal(variance[1:], alone_variance)


@pytest.mark.parametrize("std", STDS)
@pytest.mark.parametrize("bits", [1, 2, 3, 4, 7])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_moments_are_within_one_percent_of_a_step_of_the_exact_ones(bits, std, dtype):
    converter = Converter(-0.4, 1.0, bits)
    sums = sums_around(converter).to(dtype)
    noise = torch.full_like(sums, std * converter.step)
    mean, variance = converter.moments(sums, noise)
    exact_mean, exact_std = exact_moments(converter, sums, noise)
    assert mean.dtype == variance.dtype == dtype
    assert np.abs(mean.numpy() - exact_mean).max() < 0.01 * converter.step
    assert np.abs(variance.sqrt().numpy() - exact_std).max() < 0.01 * converter.step


@pytest.mark.parametrize("std", [1.3, 2.0, 4.0, 9.0])
def test_moments_of_much_noise_are_within_a_quarter_percent_of_a_step(std):
    converter = Converter(-0.4, 1.0, 4)
    sums = sums_around(converter)
    mean, variance = converter.moments(sums, torch.full_like(sums, std * converter.step))
    exact_mean, exact_std = exact_moments(converter, sums, np.full(len(sums), std * converter.step))
    assert np.abs(mean.numpy() - exact_mean).max() < 0.0005 * converter.step
    assert np.abs(variance.sqrt().numpy() - exact_std).max() < 0.0025 * converter.step


def test_moments_of_mixed_noise_are_those_of_each_element():
    converter = Converter(-0.4, 1.0, 4)
    stds = torch.tensor(STDS)[:, None] * converter.step  # of rows
    sums = sums_around(converter).float().expand(len(STDS), -1)
    mean, variance = converter.moments(sums, stds)
    exact_mean, exact_std = exact_moments(converter, sums, stds)
    assert mean.shape == variance.shape == sums.shape
    assert np.abs(mean.numpy() - exact_mean).max() < 0.01 * converter.step
    assert np.abs(variance.sqrt().numpy() - exact_std).max() < 0.01 * converter.step


def test_moments_of_no_noise_are_the_level_and_nothing():
    sums = torch.tensor([-3.0, -0.4, 0.7, 4.0])
    mean, variance = FOUR_LEVELS.moments(sums, torch.zeros(()))
    assert mean.tolist() == [-1.0, 0.0, 1.0, 2.0]
    assert variance.tolist() == [0.0] * 4


@pytest.mark.parametrize("std", [0.2, 0.8, 3.0])
def test_large_tensors_are_done_in_pieces_that_do_not_show(std):
    converter = Converter(-1.0, 1.0, 6)
    torch.manual_seed(1)
    sums = torch.randn(5, 3, 100, 100)
    stds = torch.rand(3, 1, 1) * std * converter.step
    whole = converter.moments(sums, stds)
    learned = converter.moments(sums.clone().requires_grad_(), stds)  # never in pieces
    for one, other in zip(whole, learned, strict=True):
        assert one.shape == sums.shape
        assert torch.allclose(one, other.detach(), atol=0.003 * converter.step)


def test_an_empty_tensor_stays_empty():
    mean, variance = FOUR_LEVELS.moments(torch.zeros(0, 3), torch.ones(3))
    assert mean.shape == variance.shape == (0, 3)


@pytest.mark.parametrize("std", [0.1, 0.3, 0.6, 0.95, 2.0])
def test_the_gradient_in_the_noise_is_the_slope_of_the_exact_moments(std):
    converter = Converter(-4.0, 3.0, 3)
    sums = torch.linspace(-5, 4, 91, dtype=torch.float64)
    spread = 1e-5
    lower, upper = (exact_moments(converter, sums, std + d) for d in (-spread, spread))
    for part in (0, 1):
        noise = torch.full_like(sums, std).requires_grad_()
        converter.moments(sums, noise)[part].sum().backward()
        power = part + 1  # of the deviation: a variance
        slope = (upper[part] ** power - lower[part] ** power) / (2 * spread)
        assert np.abs(noise.grad.numpy() - slope).max() < 0.06


@pytest.mark.parametrize("std", [0.0, 1e-6, 0.01, 0.5, 0.8, 1.5])
def test_the_gradient_in_the_sums_passes_straight_through(std):
    converter = Converter(-8.0, 7.0, 4)
    # Far inside, and far beyond each end.
    sums = torch.tensor([-2.0, -0.5, 0.0, 0.2, 1.5, -30.0, 30.0]).requires_grad_()
    converter.moments(sums, torch.full((7,), std))[0].sum().backward()
    assert sums.grad.tolist() == pytest.approx([1.0] * 5 + [0.0] * 2, abs=0.01)


@pytest.mark.parametrize("repetitions", [1, 3, 100])
@pytest.mark.parametrize("std", [0.0, 0.01])
def test_no_gradient_blows_up_without_noise(repetitions, std):
    torch.manual_seed(0)
    sums = torch.cat([torch.randn(1000), torch.arange(-3, 5) / 2]).requires_grad_()
    noise = torch.full((1008,), std).requires_grad_()
    average = FOUR_LEVELS.average(sums, noise, repetitions, torch.randn_like)
    average.sum().backward()
    assert sums.grad.isfinite().all()
    assert sums.grad.abs().max() <= 1
    assert noise.grad.isfinite().all()
    # At most a normal draw xi; or z·phi(z)/std <= 0.24/std at the edge of a threshold, and
    # the slope of the deviation there, at most 0.4/std, times xi/sqrt(K).
    assert noise.grad.abs().max() <= (4 + (0.24 + 0.4 * 4 / 10) / std if std else 4)


def test_rounding_errors_of_one_sum_do_not_average_away():
    # Over all sums, 16 conversions with a noise of 0.1 steps are off by 0.201 steps; adding the
    # variances of noise and rounding, over 16, would give 0.076.
    converter = Converter(-8.0, 7.0, 4)
    sums = torch.linspace(-0.5, 0.5, 1001, dtype=torch.float64)
    noise = torch.full_like(sums, 0.1)
    mean, std = exact_moments(converter, sums, noise)
    truth = rms(np.hypot(mean - sums.numpy(), std / 4))
    assert truth == pytest.approx(0.201, abs=0.001)
    assert sqrt((0.1**2 + 1 / 12) / 16) == pytest.approx(0.076, abs=0.001)
    rng = np.random.default_rng(16)
    drawn = np.rint(sums.numpy() + 0.1 * rng.normal(size=(200, 16, 1001))).mean(1)
    assert rms(drawn - sums.numpy()) == pytest.approx(truth, rel=0.01)
    torch.manual_seed(16)
    many = sums.expand(200, -1)
    fast = converter.average(many, noise, 16, torch.randn_like)
    assert rms((fast - many).numpy()) == pytest.approx(truth, rel=0.01)


@pytest.mark.parametrize("std", [0.1, 0.4, 1.0, 3.0])
def test_one_draw_for_many_repetitions_has_the_moments_of_all(std):
    torch.manual_seed(5)
    repetitions, draws = 9, 20_000
    sums = torch.tensor([-1.6, -0.2, 0.5, 0.9, 2.2])
    noise = torch.full((5,), std)
    fast = FOUR_LEVELS.average(sums.expand(draws, 5), noise, repetitions, torch.randn_like)
    each = torch.stack(
        [FOUR_LEVELS.convert(sums + noise * torch.randn(draws, 5)) for _ in range(repetitions)]
    ).mean(0)
    assert (fast.mean(0) - each.mean(0)).abs().max() < 0.01 + 5 * std / sqrt(draws * repetitions)
    assert (fast.std(0) - each.std(0)).abs().max() < 0.01


@pytest.mark.parametrize("repetitions", [1, 2, 3, 4])
def test_few_repetitions_are_drawn_one_by_one(repetitions):
    values = count()
    sums = torch.tensor([-0.2, 0.0, 0.4])
    average = FOUR_LEVELS.average(
        sums, torch.full((3,), 0.6), repetitions, lambda like: torch.full_like(like, next(values))
    )
    # Draws of 0, 1, 2, 3 add 0, 0.6, 1.2, 1.8 to each sum.
    drawn = [[0, 0, 0], [0, 1, 1], [1, 1, 2], [2, 2, 2]][:repetitions]
    assert average.tolist() == pytest.approx(np.mean(drawn, axis=0).tolist())
    assert next(values) == repetitions


@pytest.mark.parametrize("repetitions", [5, 100, 10**6])
def test_many_repetitions_cost_one_draw(repetitions):
    calls = count()

    def normal(like):
        next(calls)
        return torch.zeros_like(like)

    FOUR_LEVELS.average(torch.zeros(3), torch.ones(3), repetitions, normal)
    assert next(calls) == 1
    assert EXACT_UP_TO == 4


@pytest.mark.parametrize("kind", [torch.int64, torch.float32])
def test_mixed_counts_are_each_right(kind):
    counts = [1, 3, 4, 5, 400]
    sums = torch.linspace(-1.5, 2.5, 35).reshape(7, 5)
    noise = torch.full((7, 5), 0.3)
    together = FOUR_LEVELS.average(sums, noise, torch.tensor(counts, dtype=kind), fixed_normal(0.5))
    for column, repetitions in enumerate(counts):
        alone = FOUR_LEVELS.average(
            sums[:, column], noise[:, column], repetitions, fixed_normal(0.5)
        )
        assert torch.allclose(together[:, column], alone, atol=1e-6)


def test_mixed_counts_average_as_many_draws_as_each_asks_for():
    values = count()
    average = FOUR_LEVELS.average(
        torch.zeros(2, 4),
        torch.full((2, 4), 0.6),
        torch.tensor([1, 2, 3, 400]),
        lambda like: torch.full_like(like, next(values)),
    )
    # Conversions of 0, 0.6 and 1.2.
    assert average[0, :3].tolist() == pytest.approx([0, 1 / 2, 2 / 3])
    assert next(values) == EXACT_UP_TO + 1  # one for the many
    assert torch.equal(average[0], average[1])


def test_the_average_can_be_differentiated_in_the_count():
    counts = torch.tensor([2.0, 16.0]).requires_grad_()
    sums = torch.zeros(2)
    average = Converter(-100.0, 155.0, 8).average(
        sums, torch.full((2,), 3.0), counts, fixed_normal(1.0)
    )
    std = sqrt(9 + 1 / 12)
    assert average.tolist() == pytest.approx([std / sqrt(2), std / 4], rel=1e-3)
    average.sum().backward()
    # d(std·K^-1/2)/dK
    assert counts.grad.tolist() == pytest.approx([-std / 2 / 2**1.5, -std / 2 / 64], rel=1e-3)


def test_the_first_harmonic_of_rounding_is_that_of_theory():
    # E[round(x + s·xi)] - x = -sin(2·pi·x)·exp(-2·pi²·s²)/pi + higher ones.
    x, s = 0.25, 0.4
    mean, _variance = Converter(-8.0, 7.0, 4).moments(torch.tensor([x]), torch.tensor([s]))
    assert mean.item() - x == pytest.approx(-exp(-2 * (pi * s) ** 2) / pi, abs=1e-3)


@pytest.mark.parametrize(
    ("low", "high", "bits", "message"),
    [
        (1.0, 2.0, 8, "converter: found the range 1 to 2; expected a finite range around zero"),
        (0.0, 0.0, 8, "found the range 0 to 0"),
        (float("nan"), 1.0, 8, "found the range nan to 1"),
        (-1.0, float("inf"), 8, "found the range -1 to inf"),
        (-1.0, 1.0, 0, "converter: found 0 bits; expected 1 to 16; leave out the converter"),
        (-1.0, 1.0, 17, "found 17 bits"),
    ],
)
def test_a_converter_that_cannot_be_is_refused(low, high, bits, message):
    with pytest.raises(ConfigError, match=message):
        Converter(low, high, bits)


def test_all_faults_of_a_converter_are_told_at_once():
    with pytest.raises(ConfigError, match=r"(?s)found the range.*\n.*found 20 bits"):
        Converter(3.0, 1.0, 20)


@pytest.mark.parametrize("repetitions", [0, -3, torch.tensor([5, 0]), torch.tensor([float("nan")])])
def test_less_than_one_repetition_is_refused(repetitions):
    with pytest.raises(ConfigError, match="expected at least 1; raise the count"):
        FOUR_LEVELS.average(torch.zeros(2), torch.ones(2), repetitions, torch.randn_like)
