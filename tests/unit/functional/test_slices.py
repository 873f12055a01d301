"""Digits of codes, against hand-computed ones."""

import pytest
import torch

from archsim.functional.quantisers import Grid, grid_of
from archsim.functional.settings import Scheme
from archsim.functional.slices import cut


def grid(step, low, high):
    return Grid(*(torch.tensor(float(value)) for value in (step, low, high)))


def test_one_slice_is_the_operand_itself():
    values = torch.tensor([1.0, -2.0])
    [part] = cut(values, grid(1, -2, 1), 1.0, 1, 2)
    assert part.values is values
    assert (part.low, part.high, float(part.full_scale), float(part.range)) == (-2, 1, 2, 3)


def test_digits_come_least_significant_first_with_the_sign_of_the_whole():
    values = torch.tensor([0.0, 27.0, -27.0, 63.0]) / 2  # 27 is 1 2 3 in digits of two bits
    parts = cut(values, grid(0.5, -31.5, 31.5), 0.5, 3, 2)
    assert [part.values.tolist() for part in parts] == [
        [0, 1.5, -1.5, 1.5],
        [0, 4, -4, 6],
        [0, 8, -8, 24],
    ]
    assert [(float(p.low), float(p.high)) for p in parts] == [(-1.5, 1.5), (-6, 6), (-24, 24)]


def test_digits_of_unsigned_operands_have_no_negative_end():
    parts = cut(torch.tensor([3.0]), grid(1, 0, 15), 1.0, 2, 2)
    assert [(float(p.low), float(p.high)) for p in parts] == [(0, 3), (0, 12)]
    assert [float(p.range) for p in parts] == [3, 12]


@pytest.mark.parametrize("scheme", Scheme)
@pytest.mark.parametrize(("bits", "each"), [(8, 1), (8, 2), (8, 3), (5, 4), (16, 4)])
def test_slices_add_up_to_the_operand(bits, each, scheme):
    torch.manual_seed(bits)
    values = torch.randn(1000, dtype=torch.float64)
    levels = grid_of(values.amin(), values.amax(), bits, scheme)
    held = (values / levels.step).round() * levels.step
    parts = cut(held, levels, levels.step, -(-bits // each), each)
    assert torch.allclose(sum(part.values for part in parts), held, rtol=1e-12)
    for part in parts:
        assert part.values.min() >= part.low
        assert part.values.max() <= part.high


def test_slices_of_channels_have_their_own_steps():
    step = torch.tensor([1.0, 10.0])
    levels = Grid(step, -3 * step, 3 * step)
    values = torch.tensor([[3.0, -2.0], [30.0, 10.0]])
    low, high = cut(values, levels, step[:, None], 2, 1)
    assert low.values.tolist() == [[1, 0], [10, 10]]
    assert high.values.tolist() == [[2, -2], [20, 0]]
    assert high.full_scale.tolist() == [2, 20]
