"""Levels against hand-computed ones, and what they do to tensors."""

import pytest
import torch

from archsim.errors import ConfigError
from archsim.functional import Quantisation, Ranges, Scheme
from archsim.functional.quantisers import Quantiser, grid_of, quantise_weights


def number(value):
    return torch.tensor(float(value))


def settled(bits, *batches, chosen=None):
    quantiser = Quantiser(bits, chosen or Quantisation())
    for batch in batches:
        assert quantiser(batch) is batch  # while it watches
    quantiser.settle()
    return quantiser


def test_affine_levels_span_the_range_with_zero_among_them():
    grid = grid_of(number(-1), number(2), 2, Scheme.AFFINE)
    assert (grid.step, grid.low, grid.high) == (1, -1, 2)
    grid = grid_of(number(-0.4), number(2.6), 2, Scheme.AFFINE)
    assert (float(grid.step), float(grid.low), float(grid.high)) == pytest.approx((1, 0, 3))


@pytest.mark.parametrize(("low", "high"), [(2, 3), (-3, -2)])
def test_ranges_are_widened_to_zero(low, high):
    grid = grid_of(number(low), number(high), 2, Scheme.AFFINE)
    assert float(grid.full_scale) == 3
    assert float(grid.range) == 3


def test_symmetric_levels_lie_around_zero():
    grid = grid_of(number(-1), number(6), 3, Scheme.SYMMETRIC)
    assert (grid.step, grid.low, grid.high) == (2, -6, 6)


def test_a_tensor_of_zeros_has_levels():
    grid = grid_of(number(0), number(0), 8, Scheme.AFFINE)
    assert (grid.step, grid.low, grid.high) == (1, 0, 255)
    assert settled(8, torch.zeros(3))(torch.zeros(3)).tolist() == [0, 0, 0]


def test_symmetric_levels_of_one_bit_are_refused():
    with pytest.raises(ConfigError, match=r"symmetric levels of 1 bit.*expected 2 bits at least"):
        grid_of(number(-1), number(1), 1, Scheme.SYMMETRIC)


def test_values_become_the_nearest_level_and_are_clipped():
    quantiser = settled(2, torch.tensor([-1.0, 2.0]))
    found = quantiser(torch.tensor([-9.0, -0.6, -0.4, 0.6, 1.4, 1.6, 9.0]))
    assert found.tolist() == [-1, -1, 0, 1, 1, 2, 2]


@pytest.mark.parametrize("seen", [[float("-inf"), -1.0, 2.0], [-1.0, 2.0]])
@pytest.mark.parametrize(
    "infinite", [[float("inf")], [float("-inf")], [float("-inf"), float("inf")]]
)
def test_infinities_stay_whether_they_were_seen_or_not(seen, infinite):
    quantiser = settled(2, torch.tensor(seen))
    found = quantiser(torch.tensor([*infinite, 0.9, 3e38, -3e38, 3e38, -3e38]))
    assert found.tolist() == [*infinite, 1, 2, -1, 2, -1]


def test_not_a_number_stays_so():
    quantiser = settled(8, torch.tensor([-1.0, 2.0]))
    assert quantiser(torch.tensor([float("nan"), 1.0])).isnan().tolist() == [True, False]


@pytest.mark.parametrize("bits", [24, 32])
def test_more_bits_than_single_precision_has_change_nothing(bits):
    values = torch.randn(100)
    assert torch.equal(settled(bits, values)(3 * values), 3 * values)
    weights, grid = quantise_weights(torch.randn(4, 5), bits, Quantisation())
    assert weights.isfinite().all()
    assert grid.step.isfinite().all()


def test_without_quantisation_levels_are_known_but_not_used():
    quantiser = Quantiser(8, None)
    quantiser(torch.tensor([-1.0, 2.0]))
    quantiser.settle()
    assert float(quantiser.grid.range) == pytest.approx(3)
    assert quantiser(torch.tensor([0.123])).item() == pytest.approx(0.123)


def test_min_max_takes_the_outer_values_of_all_batches():
    quantiser = settled(8, torch.tensor([-1.0, 2.0]), torch.tensor([-3.0, 1.0]))
    assert float(quantiser.grid.range) == pytest.approx(5)


def test_moving_averages_give_a_new_batch_its_weight_once_there_are_enough():
    chosen = Quantisation(ranges=Ranges.MOVING_AVERAGE, momentum=0.4)
    batches = [torch.tensor([0.0, high]) for high in (4.0, 8.0, 16.0)]
    # The mean of the first two, then 0.4 rather than a third of the next.
    assert float(settled(8, *batches, chosen=chosen).grid.range) == pytest.approx(6 + 0.4 * 10)


def test_percentiles_leave_out_as_many_values_at_either_end():
    chosen = Quantisation(ranges=Ranges.PERCENTILE, percentile=98)
    values = torch.arange(-100, 101, dtype=torch.float32)  # 201, of which 4 are left out at an end
    quantiser = settled(8, values, chosen=chosen)
    assert float(quantiser.grid.range) == pytest.approx(192)


def test_percentiles_are_averaged_over_batches():
    chosen = Quantisation(ranges=Ranges.PERCENTILE, percentile=100)
    batches = [torch.tensor([0.0, high]) for high in (3.0, 6.0, 9.0)]
    assert float(settled(8, *batches, chosen=chosen).grid.range) == pytest.approx(6)


def test_watching_anew_forgets_what_was_seen():
    quantiser = settled(8, torch.tensor([float("inf"), -9.0, 9.0]))
    quantiser.watch()
    quantiser(torch.tensor([-1.0, 2.0]))
    quantiser.settle()
    assert float(quantiser.grid.range) == pytest.approx(3)


def test_the_gradient_is_straight_through_but_where_clipped():
    quantiser = settled(2, torch.tensor([-1.0, 2.0]))
    values = torch.tensor([-9.0, -0.6, 0.3, 9.0], requires_grad=True)
    quantiser(values).sum().backward()
    assert values.grad.tolist() == [0, 1, 1, 0]


def test_weights_have_levels_for_each_channel_or_for_all():
    weight = torch.tensor([[-1.0, 0.4, 2.0], [-10.0, 4.4, 20.0]])
    each, grid = quantise_weights(weight, 2, Quantisation())
    assert each.tolist() == [[-1, 0, 2], [-10, 0, 20]]
    assert grid.step.tolist() == [1, 10]
    whole, grid = quantise_weights(weight, 2, Quantisation(weights_per_channel=False))
    assert whole.tolist() == [[0, 0, 0], [-10, 0, 20]]
    assert grid.step.tolist() == [10, 10]


def test_symmetric_weights_leave_one_code_unused():
    weight = torch.tensor([[-3.0, 1.6, 2.4]])
    found, _ = quantise_weights(weight, 3, Quantisation(weights=Scheme.SYMMETRIC))
    assert found.tolist() == [[-3, 2, 2]]


def test_settings_out_of_range_are_refused_all_at_once():
    with pytest.raises(ConfigError, match=r"percentile: found 50;.*\n.*momentum: found 0;"):
        Quantisation(percentile=50, momentum=0)
