"""Errors of held weights that last for a forward pass or a trial: drawn once, and so long."""

from dataclasses import replace
from functools import cache
from itertools import product
from math import ceil

import numpy as np
import pytest
import torch

from archsim.functional import AdcRange, Draws, Settings
from tests.contract.test_two_sides import OF_CHANNELS, by_channel, planned, sums_of, way
from tests.functional_nets import (
    LAYERS,
    Machine,
    assert_std,
    errors,
    exactly,
    grids,
    layer,
    simulator,
)

SAMPLES = 30_000
FEWER = 8_000
"""Samples where forms of products are told apart, which differ by far more than 3 %."""
BANK = ("tiles.dynamic_products=array", "tiles.tia.integrator=true")
FORWARD = Machine("ring_bank", (*BANK, "tiles.array.weight_draw=per_forward"))
FROZEN = Machine("ring_bank", (*BANK, "tiles.array.programming_std=0.01"))
# Machine, source, level, and p of K^-p in time, space and power.
SOURCES = {
    "per forward": (FORWARD, "array.weight", 0.002, {"time": 0.5, "space": 0.5, "power": 0}),
    "frozen": (FROZEN, "array.programming", 0.01, {"time": 0, "space": 0.5, "power": 0}),
}
CASES = [
    *product(("time", "space"), ("analog", "digital"), (3, 16, OF_CHANNELS)),
    ("power", "analog", 2.5),
]


@cache
def pulses(kind):
    """Return a layer whose every result, where it is not zero, is one weight of its own."""
    of = layer(kind)
    images = torch.zeros_like(of.inputs[0])
    if kind == "matmul":
        for row in range(images.shape[2]):
            images[:, :, row, row] = 1
    else:
        images = images[:1].repeat(images.shape[1], *[1] * (images.ndim - 1))
        for channel, image in enumerate(images):
            image[(channel, *(size // 2 for size in image.shape[1:]))] = 1
    return replace(of, inputs=(images, *of.inputs[1:]))


def network(of, source, mode="time", averaging="digital", count=1):
    machine, name, *_ = SOURCES[source]
    settings = Settings(None, frozenset((name,)), AdcRange.IDEAL)
    return simulator(of, machine.load(*way(mode, averaging)), planned(of, count), settings)


def check(kind, source, mode, averaging, count, *, samples=SAMPLES):
    of, (*_, level, powers) = pulses(kind), SOURCES[source]
    x, _ = of.operands()
    x2 = (x**2).sum(2)[:, :, None]
    factor = np.asarray(by_channel(of, count), dtype=float) ** -powers[mode]
    wide = np.ones_like(sums_of(kind).w2[:1])
    expected = of.shaped(level * grids(of).w_range * factor * np.sqrt(x2) * wide)
    made, frozen = network(of, source, mode, averaging, count), source == "frozen"
    times = ceil(samples / np.count_nonzero(expected))
    draws = [Draws(3, trial=n if frozen else 0, step=0 if frozen else n) for n in range(times)]
    exact = exactly(of, made)
    every = [errors(of, made, one, exact=exact) for one in draws]
    assert_std(np.concatenate(every), expected)


@pytest.mark.parametrize(("mode", "averaging", "count"), CASES, ids=str)
@pytest.mark.parametrize("source", SOURCES)
def test_errors_of_cells_are_those_of_the_equations_however_they_are_repeated(
    source, mode, averaging, count
):
    check("linear", source, mode, averaging, count)


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("kind", [kind for kind in LAYERS if kind != "linear"])
def test_errors_of_cells_are_those_of_the_equations_in_every_form_of_product(kind, source):
    count = 3 if kind == "matmul" else OF_CHANNELS
    check(kind, source, "space", "digital", count, samples=FEWER)


def two_equal(of):
    return replace(of, inputs=tuple(values[:1].repeat(2, 1, 1, 1) for values in of.inputs))


@pytest.mark.parametrize("source", SOURCES)
def test_a_batch_shares_the_errors_of_its_weights(source):
    of = two_equal(layer("conv"))
    first, second = errors(of, network(of, source), Draws(1))
    assert np.array_equal(first, second)


def test_held_activations_are_written_anew_for_each_example():
    of = two_equal(layer("matmul"))
    first, second = errors(of, network(of, "frozen"), Draws(1))
    assert not np.any(first == second)


def test_noise_per_pass_is_not_shared():
    of = two_equal(layer("conv"))
    machine = Machine("ring_bank", BANK).load()
    made = simulator(of, machine, 1, Settings(None, frozenset(("array.weight",)), AdcRange.IDEAL))
    first, second = errors(of, made, Draws(1))
    assert not np.any(first == second)


def test_errors_of_a_forward_pass_are_new_in_the_next():
    of = layer("conv")
    made = network(of, "per forward")
    once, again, later, elsewhere = (
        errors(of, made, Draws(1, trial, step)) for trial, step in [(0, 0), (0, 0), (0, 1), (1, 0)]
    )
    assert np.array_equal(once, again)
    assert not np.any(once == later)
    assert not np.any(once == elsewhere)


def test_frozen_errors_last_for_a_trial():
    of = layer("conv")
    made = network(of, "frozen")
    once, later, elsewhere = (
        errors(of, made, Draws(1, trial, step)) for trial, step in [(0, 0), (0, 9), (1, 0)]
    )
    assert np.array_equal(once, later)
    assert not np.any(once == elsewhere)


def test_frozen_errors_only_fall_over_other_cells():
    of = layer("conv")
    once, in_time, in_space = (
        errors(of, network(of, "frozen", mode, count=count), Draws(1))
        for mode, count in [("time", 1), ("time", 16), ("space", 16)]
    )
    assert np.array_equal(once, in_time)
    assert np.allclose(in_space, once / 4, atol=1e-6)
