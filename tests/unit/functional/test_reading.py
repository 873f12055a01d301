"""Noise on one reading, against the equations."""

from math import sqrt

import pytest
import torch

from archsim.functional.draws import Draws
from archsim.functional.levels import Repeating
from archsim.functional.products import Linear
from archsim.functional.reading import Reading, drawn
from archsim.functional.slices import Slice
from archsim.functional.spread import whole
from archsim.hardware import Formula, NoiseSource
from archsim.physics.repetition import Averaging, Repetition, Source

WEIGHT = torch.tensor([[3.0, 4.0], [0.0, 2.0]])
INPUTS = torch.tensor([[1.0, 0.0], [3.0, 4.0]])
ONCE = Repeating(torch.ones(1), Repetition.TIME, Averaging.ANALOG)
SHOT = NoiseSource("shot", Source.SHOT, Formula.SHOT_RENORMALISED, {"photons_per_mac": 8.0})
FULL = NoiseSource("shot", Source.SHOT, Formula.SHOT_FULL_SCALE, {"photons": 8.0})
COUNTED = NoiseSource("shot", Source.SHOT, Formula.SHOT_DIRECT_FULL_SCALE, {"photons": 8.0})


def reading(**changes):
    held = Slice(WEIGHT, torch.zeros(2), torch.tensor([4.0, 2.0]))
    driven = Slice(INPUTS, torch.tensor(0.0), torch.tensor(4.0))
    return Reading(
        **{
            "op": "op",
            "key": (0, 0, 0),
            "product": Linear(),
            "driven": driven,
            "held": held,
            "errors": None,
            "fan_in": 2,
            "vector": 2,
            "symbols": 2,
            "unit": 1.0,
            "sums_range": None,
        }
        | changes
    )


def std(one, *sources):
    return whole(one.normal_std(one.spread(sources, None)), INPUTS).expand(2, 2)


def test_the_deviation_of_normal_sources_is_in_the_unit_of_the_sums():
    expected = torch.tensor([[5.0, 2.0], [25.0, 10.0]]) / sqrt(2 * 8)
    assert torch.allclose(std(reading(), SHOT), expected)
    unit = torch.tensor([16.0, 8.0])
    assert torch.allclose(std(reading(unit=unit), SHOT), expected / unit)


def test_a_constant_and_a_slope_are_both_taken():
    # w² / w_max² of either channel, x² / 16 of either input.
    counts = torch.tensor([[25 / 16 + 1 / 16, 1 + 1 / 16], [25 / 16 + 25 / 16, 1 + 25 / 16]])
    expected = torch.tensor([4.0, 2.0]) * 4 / 2 * (counts / 8).sqrt()
    assert torch.allclose(std(reading(), FULL), expected)


def test_counts_are_of_shifted_and_scaled_operands():
    sums = INPUTS @ WEIGHT.T
    deviation, counts = reading().counted(sums, COUNTED, None)
    light = sums / (4 * torch.tensor([4.0, 2.0]))
    assert torch.allclose(counts, 8 * light)
    expected = 4 * torch.tensor([4.0, 2.0]) * (light / 8).sqrt()
    assert torch.allclose(deviation, expected, atol=1e-4)


def test_photons_of_a_product_follow_from_its_level():
    sums, four = INPUTS @ WEIGHT.T, Repeating(torch.full((1,), 4.0), ONCE.mode, ONCE.averaging)
    assert reading().photons_per_mac(sums, SHOT, ONCE) == pytest.approx(8)
    assert reading().photons_per_mac(sums, SHOT, four) == pytest.approx(32)
    counts = torch.tensor([26 / 16, 17 / 16, 50 / 16, 41 / 16])
    assert reading().photons_per_mac(sums, FULL, ONCE) == pytest.approx(
        8 * counts.mean().item() / 2
    )
    light = sums / (4 * torch.tensor([4.0, 2.0]))
    assert reading().photons_per_mac(sums, COUNTED, ONCE) == pytest.approx(8 * light.mean() / 2)


def test_each_conversion_of_a_reading_draws_anew_and_each_reading_its_own():
    like, draws = torch.empty(3, 4), Draws(1)
    numbers = []
    for key in ((0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)):
        _, draw = drawn(reading(key=key), draws, (), None)
        numbers += [draw(like), draw(like)]
    assert len({tuple(found.flatten().tolist()) for found in numbers}) == 8


def test_counted_and_normal_noise_add_in_variance():
    normal, photon = torch.tensor([3.0, 0.0]), torch.tensor([[4.0, 0.0]]).expand(20_000, 2)
    counted = photon, torch.full((20_000, 2), 50.0) * (photon > 0)
    (total,), draw = drawn(reading(), Draws(1), (normal,), counted)
    assert total[0].tolist() == [5, 0]
    numbers = draw(torch.empty(20_000, 2))
    assert numbers[:, 0].std().item() == pytest.approx(1, abs=5 / sqrt(2 * 20_000))
    assert torch.all(total[:, 1] * numbers[:, 1] == 0)
