"""One analog product by itself: what acts on it, and on what it acts."""

import pytest
import torch

from archsim.errors import ConfigError
from archsim.functional.converter import Converter
from archsim.functional.draws import Draws
from archsim.functional.gemm import AnalogGemm
from archsim.functional.levels import Sources
from archsim.functional.path import AnalogPath
from archsim.functional.products import Linear, MatMul
from archsim.functional.quantisers import Quantiser, quantise_weights
from archsim.functional.settings import AdcRange, Quantisation
from archsim.hardware import Draw, Formula, NoiseSource
from archsim.mapping import AnalogProduct
from archsim.mapping.layout import Reading
from archsim.physics.repetition import Averaging, Repetition, Source

INPUTS = torch.tensor([[0.5, -1.0, 2.0], [1.0, 1.0, -1.0]])
WEIGHT = torch.tensor([[1.0, -2.0, 0.5], [0.25, 0.5, 1.0]])
BIAS = torch.tensor([10.0, -10.0])
THERMAL = NoiseSource("thermal", Source.THERMAL, Formula.THERMAL, {"std": 0.01})
FROZEN = NoiseSource("cells", Source.PROGRAMMING, Formula.WEIGHT, {"std": 0.01}, Draw.FROZEN)


def path(*, adc_bits=None, averaging=Averaging.ANALOG, mode=Repetition.TIME, **sources):
    groups = {"per_reading": (), "per_product": (), "counted": (), "of_weights": ()} | sources
    return AnalogPath(Sources(**groups), mode, averaging, adc_bits, AdcRange.CALIBRATED)


def gemm(chosen, readings=(3,), counts=(1,)):
    parts = tuple(Reading(products, 1) for products in readings)
    weight, grid = quantise_weights(WEIGHT, 32, Quantisation())
    spec = AnalogProduct(counts, 1, 8, 1, 8, parts, 1)
    made = AnalogGemm("op", Linear(), chosen, spec, (weight, grid, BIAS))
    made.cutting.inputs_from = Quantiser(32, None)
    made.cutting.inputs_from(INPUTS)
    made.cutting.inputs_from.settle()
    return made


def exact():
    return INPUTS @ WEIGHT.T + BIAS


def test_nothing_that_acts_leaves_the_product_exact():
    made = gemm(path(per_product=(THERMAL,)))
    assert torch.equal(made(INPUTS), torch.nn.functional.linear(INPUTS, WEIGHT, BIAS))
    quiet = gemm(path())
    quiet.draws = Draws(0)
    assert torch.equal(quiet(INPUTS), torch.nn.functional.linear(INPUTS, WEIGHT, BIAS))


def test_inputs_weights_and_biases_are_left_as_they_are():
    made = gemm(path(per_product=(THERMAL,), of_weights=(FROZEN,)), readings=(2, 1))
    before = [tensor.clone() for tensor in (INPUTS, made.weight, made.bias)]
    for draws in (None, Draws(0), Draws(1)):
        made.draws = draws
        made(INPUTS)
    assert all(map(torch.equal, before, (INPUTS, made.weight, made.bias)))


@pytest.mark.parametrize("readings", [(3,), (2, 1), (1, 1, 1)])
def test_the_sum_of_readings_is_the_product(readings):
    made = gemm(path(of_weights=(FROZEN,)), readings)
    made.draws = Draws(0)
    noisy = made(INPUTS)
    assert torch.allclose(noisy, exact(), atol=0.3)
    whole = gemm(path(of_weights=(FROZEN,)))
    whole.draws = Draws(0)
    assert torch.allclose(noisy, whole(INPUTS), atol=1e-5)  # the same cells


def test_the_converters_range_is_what_sums_reached_in_units_of_both_full_scales():
    made = gemm(path(adc_bits=8))
    made.readout.watching = True
    assert torch.allclose(made(INPUTS), exact(), atol=1e-5)
    made.settle()
    sums = (exact() - BIAS) / torch.tensor([2.0, 1.0]) / 2
    [converter] = made.readout.converters.values()
    assert (converter.low, converter.high) == pytest.approx(
        (float(sums.min()), float(sums.max())), abs=0.01
    )
    step = converter.step * 2 * torch.tensor([2.0, 1.0])
    assert torch.all((made(INPUTS) - exact()).abs() <= step / 2 + 1e-5)


def test_ranges_that_were_being_found_are_forgotten():
    made = gemm(path(adc_bits=8))
    made.readout.watching = True
    made(INPUTS)
    made.forget()  # as when what came after it failed
    assert torch.equal(made(INPUTS), torch.nn.functional.linear(INPUTS, WEIGHT, BIAS))
    made.settle()
    assert not made.readout.converters


def test_where_nothing_was_seen_any_range_does():
    made = gemm(path(adc_bits=8))
    made.readout.watching = True
    made(torch.zeros(2, 3))
    made.settle()
    assert [*made.readout.converters.values()] == [Converter(0.0, 1.0, 8)]
    made.forget()
    assert torch.equal(made(INPUTS), torch.nn.functional.linear(INPUTS, WEIGHT, BIAS))


@pytest.mark.parametrize(
    ("mode", "averaging", "bits", "each"),
    [
        (Repetition.TIME, Averaging.DIGITAL, 8, True),
        (Repetition.SPACE, Averaging.DIGITAL, 8, True),
        (Repetition.POWER, Averaging.DIGITAL, 8, False),
        (Repetition.TIME, Averaging.ANALOG, 8, False),
        (Repetition.TIME, Averaging.DIGITAL, None, False),
    ],
)
def test_each_repetition_is_converted_only_where_they_are_averaged_digitally(
    mode, averaging, bits, each
):
    assert path(mode=mode, averaging=averaging, adc_bits=bits).converts_each == each


def test_other_counts_are_taken_at_once():
    made = gemm(path(per_product=(THERMAL,)))
    made.draws = Draws(0)
    once = made(INPUTS) - exact()
    made.repeat(torch.tensor([4.0, 16.0]))
    often = made(INPUTS) - exact()
    assert torch.allclose(often, once / torch.tensor([2.0, 4.0]), atol=1e-5)


def test_a_product_of_two_activations_takes_two():
    spec = AnalogProduct((1,), 1, 8, 1, 8, (Reading(3, 1),), 1)
    made = AnalogGemm("scores", MatMul(), path(), spec)
    assert torch.equal(made(INPUTS, WEIGHT.T), INPUTS @ WEIGHT.T)
    with pytest.raises(TypeError, match="scores: a product of two activations was given one"):
        made(INPUTS)


def test_noise_before_ranges_are_known_is_a_mistake():
    made = gemm(path(per_product=(THERMAL,)))
    made.cutting.inputs_from = None
    made.draws = Draws(0)
    with pytest.raises(ConfigError, match="levels that are not known yet"):
        made(INPUTS)
