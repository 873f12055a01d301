"""Random numbers by seed, trial, step, op and use."""

import pytest
import torch
from scipy import stats

from archsim.functional import Draws

LIKE = torch.empty(50, 40)


def drawn(draws, op="op", what="noise", *, frozen=False, like=LIKE):
    return draws.normal_like(like, op, what, frozen=frozen)


def test_numbers_are_standard_normal():
    numbers = drawn(Draws(0), like=torch.empty(50_000))
    assert stats.kstest(numbers.numpy(), "norm").pvalue > 1e-4
    assert numbers.mean().abs() < 5 / 50_000**0.5


def test_everything_that_names_a_use_changes_the_numbers():
    first = drawn(Draws(1, 2, 3))
    assert torch.equal(drawn(Draws(1, 2, 3)), first)
    others = [
        drawn(Draws(2, 2, 3)),
        drawn(Draws(1, 3, 3)),
        drawn(Draws(1, 2, 4)),
        drawn(Draws(1, 2, 3), op="po"),
        drawn(Draws(1, 2, 3), what="photons"),
    ]
    for other in others:
        assert abs(float((first * other).mean())) < 5 / first.numel() ** 0.5


@pytest.mark.parametrize("pair", [((1, 23, 4), (12, 3, 4)), ((1, 2, 34), (1, 23, 4))])
def test_numbers_that_name_a_use_are_not_run_together(pair):
    first, other = (drawn(Draws(*numbers)) for numbers in pair)
    assert not torch.equal(first, other)


def test_frozen_numbers_are_those_of_a_trial():
    first = drawn(Draws(1, 2, 3), frozen=True)
    assert torch.equal(drawn(Draws(1, 2, 4), frozen=True), first)
    assert not torch.equal(drawn(Draws(1, 3, 3), frozen=True), first)
    assert not torch.equal(drawn(Draws(1, 2, 3)), first)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_numbers_have_the_type_shape_and_order_of_what_they_are_for(dtype):
    like = torch.empty(2, 3, 4, 5, dtype=dtype).contiguous(memory_format=torch.channels_last)
    numbers = drawn(Draws(1), like=like)
    assert numbers.dtype == dtype
    assert numbers.shape == like.shape
    assert numbers.stride() == like.stride()


def test_huge_and_negative_seeds_are_seeds():
    found = [drawn(Draws(seed)) for seed in (0, -1, 2**80)]
    assert not torch.equal(found[0], found[1])
    assert not torch.equal(found[0], found[2])
