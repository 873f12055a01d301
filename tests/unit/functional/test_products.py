"""Products as sums over patches, against sums written out."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from archsim.functional.products import Convolution, Linear, MatMul

CONVOLUTIONS = [
    # Shape of the kernel, of the inputs, and what else there is.
    ((4, 3, 3), (2, 3, 7), {"stride": (2,), "padding": (1,), "dilation": (1,)}),
    ((4, 3, 3, 2), (2, 3, 6, 5), {"stride": (1, 2), "padding": (1, 0), "dilation": (2, 1)}),
    ((4, 2, 3, 3), (2, 4, 5, 5), {"stride": (1, 1), "padding": (1, 1), "groups": 2}),
    ((6, 1, 3, 3), (2, 3, 5, 5), {"stride": (1, 1), "padding": "same", "groups": 3}),
    ((4, 3, 1, 1), (2, 3, 5, 5), {"stride": (1, 1), "padding": "valid"}),
    ((4, 3, 1, 1), (2, 3, 5, 5), {"stride": (2, 2), "padding": (0, 0)}),
    ((2, 2, 2, 2, 2), (1, 2, 3, 4, 3), {"stride": (1, 1, 1), "padding": (0, 1, 0)}),
]


def made(shape, options):
    dilation = options.get("dilation", (1,) * (len(shape) - 2))
    return Convolution(shape=shape, **{**options, "dilation": dilation})


def of_torch(inputs, held, options):
    convolve = {3: functional.conv1d, 4: functional.conv2d, 5: functional.conv3d}[held.ndim]
    return convolve(inputs, held, **options)


def numbers(*shape):
    generator = torch.Generator().manual_seed(sum(shape))
    return torch.randn(shape, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize(("shape", "inputs", "options"), CONVOLUTIONS)
def test_a_convolution_is_torchs(shape, inputs, options):
    x, w, bias = numbers(*inputs), numbers(*shape), numbers(shape[0])
    expected = of_torch(x, w, options | {"bias": bias})
    assert torch.equal(made(shape, options)(x, w, bias), expected)


@pytest.mark.parametrize(("shape", "inputs", "options"), CONVOLUTIONS)
def test_norms_of_patches_are_products_with_ones(shape, inputs, options):
    x2, ones = numbers(*inputs).square(), torch.ones(shape, dtype=torch.float64)
    product, expected = made(shape, options), of_torch(x2, ones, options)
    found = product.over_inputs(x2)
    assert found.shape[1] == (1 if options.get("groups", 1) == 1 else shape[0])
    assert torch.allclose(found.expand_as(expected), expected)


@pytest.mark.parametrize(("shape", "inputs", "options"), CONVOLUTIONS)
def test_parts_of_the_fan_in_add_up(shape, inputs, options):
    x, w, product = numbers(*inputs), numbers(*shape), made(shape, options)
    fan_in = int(np.prod(shape[1:]))
    parts = [product.part(a, min(a + 4, fan_in)) for a in range(0, fan_in, 4)]
    assert torch.allclose(sum(part(x, w) for part in parts), product(x, w))
    norms = sum(part.over_inputs(x.square()) for part in parts)
    assert torch.allclose(norms, product.over_inputs(x.square()))
    held = sum(part.over_held(w.square()) for part in parts)
    assert torch.allclose(held, product.over_held(w.square()))


def test_a_part_of_a_convolution_takes_its_own_taps():
    x, w = numbers(1, 3, 4, 4), numbers(2, 3, 2, 2)
    product = made((2, 3, 2, 2), {"stride": (1, 1), "padding": (0, 0)}).part(3, 9)
    masked = w.flatten(1).clone()
    masked[:, :3], masked[:, 9:] = 0, 0
    assert torch.allclose(product(x, w), functional.conv2d(x, masked.view_as(w)))
    assert torch.allclose(product.over_held(w).flatten(), masked.sum(1))


def test_a_linear_and_its_parts():
    x, w, bias = numbers(2, 5, 6), numbers(3, 6), numbers(3)
    assert torch.allclose(Linear()(x, w, bias), x @ w.T + bias)
    assert torch.allclose(Linear(2, 5)(x, w), x[..., 2:5] @ w[:, 2:5].T)
    assert torch.allclose(Linear(2, 5).over_inputs(x), x[..., 2:5].sum(-1, keepdim=True))
    assert torch.allclose(Linear(2, 5).over_held(w), w[:, 2:5].sum(1))


def test_a_product_of_two_activations_and_its_parts():
    x, w = numbers(2, 1, 4, 6), numbers(3, 6, 5)  # batches that broadcast
    assert torch.allclose(MatMul()(x, w), x @ w)
    assert torch.allclose(MatMul(1, 4)(x, w), x[..., 1:4] @ w[:, 1:4])
    assert MatMul().over_inputs(x).shape == (2, 1, 4, 1)
    assert torch.allclose(MatMul(1, 4).over_held(w), w[:, 1:4].sum(1, keepdim=True))


def test_values_by_channel_broadcast_to_results():
    values = numbers(4)
    conv = made((4, 3, 3, 3), {"stride": (1, 1), "padding": (0, 0)})
    assert conv.by_channel(values).shape == (4, 1, 1)
    assert conv.by_channel(values[:1]).shape == (1, 1, 1)
    assert torch.equal(Linear().by_channel(values), values)
