"""Repetition never adds noise; noise formulas scale as their units demand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archsim.physics import noise, precision
from archsim.physics.repetition import (
    Averaging,
    Repetition,
    Source,
    conversions,
    passes,
    std_factor,
)

counts = st.integers(1, 10**6)
levels = st.floats(1e-6, 1e6)
modes = st.sampled_from(Repetition)
averagings = st.sampled_from(Averaging)


@given(st.sampled_from(Source), modes, averagings, counts, counts)
def test_more_repetitions_never_add_noise(source, mode, averaging, n, m):
    few, many = sorted((n, m))
    more_noise = std_factor(source, few, mode, averaging)
    assert std_factor(source, many, mode, averaging) <= more_noise <= 1


@given(st.sampled_from(Source), modes, averagings, counts, counts)
def test_repeating_repeated_passes_multiplies_their_factors(source, mode, averaging, n, m):
    together = std_factor(source, n * m, mode, averaging)
    apart = std_factor(source, n, mode, averaging) * std_factor(source, m, mode, averaging)
    assert together == pytest.approx(apart)


@given(modes, averagings, counts)
def test_conversions_never_exceed_the_passes_and_copies(mode, averaging, n):
    if mode is Repetition.TIME:
        assert conversions(n, mode, averaging) <= passes(n, mode)
    assert 1 <= conversions(n, mode, averaging) <= n


@given(levels, levels, st.integers(1, 10_000), levels, st.floats(1.01, 100))
def test_more_light_means_less_shot_noise(weight_norm, input_norm, fan_in, photons, factor):
    dim = noise.homodyne_std(weight_norm, input_norm, fan_in, photons)
    bright = noise.homodyne_std(weight_norm, input_norm, fan_in, photons * factor)
    assert bright == pytest.approx(dim / factor**0.5)


@given(levels, levels, st.floats(0.1, 10), st.floats(0.1, 10), levels)
def test_full_scale_noise_is_bounded_by_the_data(weight_norm, input_norm, w_max, x_max, photons):
    # For given norms the rescaled light of the same mean energy can do no worse: geometric mean
    # of both arms against their arithmetic mean.
    fan_in = 100
    energy = noise.homodyne_photons_per_mac(
        weight_norm, input_norm, weight_max=w_max, input_max=x_max, photons=photons, fan_in=fan_in
    )
    fixed = noise.homodyne_full_scale_std(
        weight_norm, input_norm, weight_max=w_max, input_max=x_max, photons=photons
    )
    rescaled = noise.homodyne_std(weight_norm, input_norm, fan_in, energy)
    assert rescaled <= fixed * (1 + 1e-9)


@given(levels, st.floats(1e-9, 1e3))
def test_noise_bits_invert(range_, ratio):
    std = range_ * ratio
    bits = precision.noise_bits(range_=range_, std=std)
    assert precision.noise_std(range_=range_, bits=bits) == pytest.approx(std, rel=1e-6)
