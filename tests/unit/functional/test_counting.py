"""Photon counts of direct detection, against the equations and Poisson's distribution."""

from math import sqrt

import pytest
import torch
from scipy import stats

from archsim.functional.counting import (
    POISSON_BELOW,
    Intensities,
    photon_std,
    photons_of,
    standardised_counts,
)
from archsim.functional.levels import Repeating
from archsim.hardware import Formula, NoiseSource
from archsim.physics.repetition import Averaging, Repetition, Source

FULL = NoiseSource("shot", Source.SHOT, Formula.SHOT_DIRECT_FULL_SCALE, {"photons": 50.0})
MEAN = NoiseSource("shot", Source.SHOT, Formula.SHOT_DIRECT, {"photons_per_mac": 5.0})


def light(x, w, held, driven):
    x, w = torch.tensor(x), torch.tensor(w)
    sums, ends = (x * w).sum(), {"held": held, "driven": driven}
    vector = (x.sum(), len(x))
    return Intensities.of(sums, w.sum(), part=vector, vector=vector, **ends)


def test_operands_are_shifted_and_scaled_to_intensities():
    found = light([0.0, 2.0, 4.0], [-1.0, 0.0, 3.0], (-1.0, 3.0), (0.0, 4.0))
    # x~ = 0, 1/2, 1; w~ = 0, 1/4, 1.
    assert float(found.products) == pytest.approx(0.125 + 1)
    assert float(found.inputs) == pytest.approx(1.5)
    assert (found.scale, found.vector) == (16, 3)


def test_signed_inputs_are_shifted_too():
    found = light([-2.0, 2.0], [1.0, 1.0], (0.0, 1.0), (-2.0, 2.0))
    assert float(found.products) == pytest.approx(1)
    assert float(found.inputs) == pytest.approx(1)


def test_a_part_of_a_vector_has_the_light_of_the_whole():
    # x~ = 1/2, 1 and, outside of the part, 1/4: n = 5·3/1.75 of the largest product.
    found = Intensities.of(
        torch.tensor(6.0),
        torch.tensor(2.0),
        part=(torch.tensor(6.0), 2),
        vector=(torch.tensor(7.0), 3),
        held=(0.0, 1.0),
        driven=(0.0, 4.0),
    )
    assert float(photons_of(MEAN, found, None)) == pytest.approx(5 * 3 / 1.75)
    assert float(found.products) == pytest.approx(1.5)


def test_rounding_below_zero_is_no_light():
    found = light([0.1, -0.1 - 1e-6], [1.0, 1.0], (0.0, 1.0), (0.0, 1.0))
    assert float(found.products) == 0
    assert float(found.inputs) == 0


def test_deviations_are_those_of_counts():
    found = light([0.0, 2.0, 4.0], [-1.0, 0.0, 3.0], (-1.0, 3.0), (0.0, 4.0))
    assert float(photon_std(FULL, found, None)) == pytest.approx(16 * sqrt(1.125 / 50))
    assert float(photons_of(MEAN, found, None)) == pytest.approx(5 * 3 / 1.5)
    assert float(photon_std(MEAN, found, None)) == pytest.approx(16 * sqrt(1.125 / 10))


def test_repetitions_are_more_photons():
    found = light([1.0, 2.0], [1.0, 2.0], (0.0, 2.0), (0.0, 2.0))
    often = Repeating(torch.tensor(9.0), Repetition.TIME, Averaging.ANALOG)
    for source in (FULL, MEAN):
        once, more = (float(photons_of(source, found, way)) for way in (None, often))
        assert more == pytest.approx(9 * once)


def test_darkness_has_no_noise_and_no_endless_light():
    found = light([0.0, 0.0], [1.0, 0.0], (0.0, 1.0), (0.0, 1.0))
    for source in (FULL, MEAN):
        photons = torch.as_tensor(photons_of(source, found, None))
        assert photons.isfinite()
        assert float(photon_std(source, found, None)) < 1e-5


@pytest.mark.parametrize("mean", [0.05, 1.0, 20.0, POISSON_BELOW, 1.01 * POISSON_BELOW, 1e6])
def test_counts_have_the_moments_of_poissons(mean):
    samples = 40_000
    generator = torch.Generator().manual_seed(1)
    counts = standardised_counts(torch.full((samples,), mean, dtype=torch.float64), generator)
    assert abs(float(counts.mean())) < 5 / sqrt(samples)
    assert abs(float(counts.var()) - 1) < 5 * sqrt((2 + 1 / mean) / samples)
    whole = counts * sqrt(mean) + mean
    assert torch.allclose(whole, whole.round(), atol=1e-6)


@pytest.mark.parametrize("mean", [0.5, 3.0])
def test_few_counts_are_poissons(mean):
    generator = torch.Generator().manual_seed(2)
    counts = standardised_counts(torch.full((20_000,), mean, dtype=torch.float64), generator)
    found = torch.bincount((counts * sqrt(mean) + mean).round().long(), minlength=3)[:3]
    expected = 20_000 * stats.poisson.pmf([0, 1, 2], mean)
    assert torch.all((found - torch.tensor(expected)).abs() < 5 * torch.tensor(expected).sqrt())


def test_few_and_many_counts_may_stand_side_by_side():
    means = torch.tensor([0.0, 0.5, 1000.0]).repeat_interleave(20_000)
    counts = standardised_counts(means, torch.Generator().manual_seed(3)).view(3, -1)
    assert torch.all(counts[0] == 0)
    assert counts[1].min() == pytest.approx(-sqrt(0.5))
    assert torch.all((counts[1:].var(1) - 1).abs() < 5 * sqrt(4 / 20_000))
