"""Gradients, as the learner takes them: to counts, through noise, levels and clipping."""

from dataclasses import replace
from functools import cache

import pytest
import torch
from torch import nn

from archsim.frontend import export
from archsim.functional import AdcRange, Draws, Quantisation, Settings, Simulator
from archsim.hardware import load_hardware
from tests.contract.test_functional_cells import SOURCES as CELLS
from tests.contract.test_two_sides import SOURCES, way
from tests.functional_nets import Layer, layer, network, simulator

ALL = {name: (machine, source) for name, (machine, source, _) in SOURCES.items()}
ALL |= {name: (machine, source) for name, (machine, source, *_) in CELLS.items()}


def loss(of, made, logarithms, draws=None):
    """Return a number that depends on every result, with these logarithms of counts."""
    [gemm] = made.gemms.values()
    gemm.repeat(logarithms.exp())
    made.draw(draws or Draws(1))
    found = made(*of.inputs)
    torch.manual_seed(0)
    return (found * torch.randn(found.shape)).sum()


def noisy(of, source, averaging="analog", adc=AdcRange.IDEAL):
    machine, name = ALL[source]
    settings = Settings(None, frozenset((name,)), adc)
    return simulator(of, machine.load(*way("space", averaging)), 1, settings)


def logarithms(of, count=4.0):
    channels = 1 if of.kind == "matmul" else 4
    return torch.full((channels,), count).log().requires_grad_()


def gradient(of, made, counts):
    value = loss(of, made, counts)
    return torch.autograd.grad(value, counts)[0]


@pytest.mark.parametrize("kind", ["linear", "padded", "matmul"])
@pytest.mark.parametrize("source", [name for name in ALL if "direct" not in name])
def test_the_gradient_to_counts_is_that_of_finite_differences(source, kind):
    of = layer(kind)
    made, at = noisy(of, source), logarithms(of)
    found, step = gradient(of, made, at), 0.02
    for channel in range(len(at)):
        moved = [at.detach().clone() for _ in range(2)]
        moved[0][channel] += step
        moved[1][channel] -= step
        more, less = (loss(of, made, counts).item() for counts in moved)
        expected = (more - less) / (2 * step)
        assert found[channel].item() == pytest.approx(expected, rel=5e-3, abs=2e-3)


@pytest.mark.parametrize("averaging", ["analog", "digital"])
@pytest.mark.parametrize("adc", AdcRange)
@pytest.mark.parametrize("source", ALL)
def test_counts_have_a_finite_gradient_for_every_source(source, adc, averaging):
    of = layer("padded")
    found = gradient(of, noisy(of, source, averaging, adc), logarithms(of))
    assert found.isfinite().all()
    assert (found != 0).all() or adc is not AdcRange.IDEAL


@cache
def silent(kind):
    """Return a layer with a channel of zeros, and an example of zeros."""
    torch.manual_seed(0)
    if kind == "matmul":
        of = layer(kind)
        left, right = (values.clone() for values in of.inputs)
        left[0], right[1, :, :, 0] = 0, 0
        return replace(of, inputs=(left, right))
    module = {"conv": lambda: nn.Conv2d(2, 4, 3, padding=1), "linear": lambda: nn.Linear(6, 4)}
    made = module[kind]().eval()
    with torch.no_grad():
        made.weight[1] = 0
    inputs = torch.rand(3, *{"conv": (2, 5, 5), "linear": (6,)}[kind])
    inputs[0] = 0
    exported = export(made, (inputs[:1],), name=kind, source={})
    return Layer(kind, made, exported, (inputs,))


@pytest.mark.parametrize("averaging", ["analog", "digital"])
@pytest.mark.parametrize("kind", ["linear", "conv", "matmul"])
@pytest.mark.parametrize("source", ALL)
def test_sums_without_noise_leave_gradients_finite(source, kind, averaging):
    of = silent(kind)
    made, at = noisy(of, source, averaging), logarithms(of)
    inputs = tuple(values.clone().requires_grad_() for values in of.inputs)
    value = loss(replace(of, inputs=inputs), made, at)
    gradients = torch.autograd.grad(value, [at, *inputs], allow_unused=True)
    assert all(found.isfinite().all() for found in gradients if found is not None)


def test_quantisers_pass_gradients_straight_through_where_they_do_not_clip():
    of = layer("linear")
    settings = Settings(Quantisation(), frozenset(), AdcRange.IDEAL)
    made = simulator(of, load_hardware("homodyne"), 1, settings)
    inputs = of.inputs[0].clone()
    inputs[0] = 100.0
    inputs.requires_grad_()
    made(inputs).sum().backward()
    [gemm] = made.gemms.values()
    assert torch.allclose(inputs.grad[1:], gemm.weight.sum(0).expand(7, -1), atol=1e-6)
    assert torch.all(inputs.grad[0] == 0)


@pytest.mark.parametrize("name", ["lenet", "residual", "attention"])
def test_the_gradient_reaches_every_op_of_a_network(name):
    of = network(name)
    made = Simulator(of.exported, load_hardware("homodyne", ["tiles.averaging=digital"]))
    made.calibrate([of.inputs])
    counts = {op: torch.tensor([5.0]).log().requires_grad_() for op in made.gemms}
    for op, gemm in made.gemms.items():
        gemm.repeat(counts[op].exp())
    made.draw(Draws(1))
    made(*of.inputs).square().sum().backward()
    for op, at in counts.items():
        assert at.grad is not None, op
        assert at.grad.isfinite().all(), op
        assert at.grad.abs().item() > 0, op


def test_learning_goes_on_after_an_evaluation_in_inference_mode():
    of = network("lenet")
    made = Simulator(of.exported, load_hardware("homodyne"))
    made.calibrate([of.inputs])
    made.draw(Draws(1))
    with torch.inference_mode():
        made(*of.inputs)
    inputs = of.inputs[0].clone().requires_grad_()
    made(inputs).sum().backward()
    assert inputs.grad.isfinite().all()
