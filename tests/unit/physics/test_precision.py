import numpy as np
import pytest

from archsim.physics import precision


def test_noise_bits_of_a_quantiser_are_its_bits():
    # A uniform quantiser of 2^B - 1 steps has the noise variance step²/12.
    for bits in (2, 5, 8):
        step = 1.0 / (2**bits - 1)
        assert precision.noise_bits(range_=1.0, std=step / 12**0.5) == pytest.approx(bits)


def test_noise_bits_by_hand():
    # log2(10/(sqrt(12)·0.1) + 1) = log2(29.8675)
    assert precision.noise_bits(range_=10, std=0.1) == pytest.approx(4.90050, abs=1e-5)


def test_both_conventions_invert():
    for bits in (0.5, 3.3, 12):
        std = precision.noise_std(range_=7, bits=bits)
        assert precision.noise_bits(range_=7, std=std) == pytest.approx(bits)
        std = precision.enob_std(range_=7, bits=bits)
        assert precision.enob(range_=7, std=std) == pytest.approx(bits)


def test_four_times_the_energy_is_one_bit():
    # K repetitions divide the standard deviation by sqrt(K).
    one = precision.enob(range_=1, std=0.01)
    assert precision.enob(range_=1, std=0.01 / 4**0.5) - one == pytest.approx(1)


def test_a_converters_own_noise_completes_its_effective_bits():
    std = precision.converter_noise_std(bits=8, enob=7)
    rng = np.random.default_rng(2)
    x = rng.uniform(0.1, 0.9, 400_000)
    error = np.round((x + rng.normal(0, std, x.size)) * 256) / 256 - x
    assert precision.enob(range_=1, std=error.std()) == pytest.approx(7, abs=0.01)


def test_an_ideal_converter_has_no_noise_of_its_own():
    assert precision.converter_noise_std(bits=8, enob=8) == 0
