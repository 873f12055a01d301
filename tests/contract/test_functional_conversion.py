"""Conversion of sums: range, clipping, order, averages and slices, against models in numbers."""

from dataclasses import replace
from math import ceil, sqrt

import numpy as np
import pytest
import torch
from torch import nn

from archsim.frontend import export
from archsim.functional import AdcRange, Draws, Quantisation, Scheme, Settings, Simulator
from archsim.hardware import load_hardware
from tests.contract.test_two_sides import (
    CASES,
    SAMPLES,
    by_channel,
    factor,
    full_scale,
    planned,
    sums_of,
    way,
)
from tests.functional_nets import assert_std, ends, errors, grids, layer, simulator

NOISY = ("tiles.adc.bits=16", "tiles.adc.enob=8")


def of_converter(range_):
    """Return the settings under which the converter alone is noisy."""
    return Settings(None, frozenset(("adc.noise",)), range_)


def units(of):
    """Return what one unit of a converter's input is worth, by channel: both operands at most."""
    g = grids(of)
    return of.shaped(g.w_max * g.x_max)


# ---- the converter's own noise -------------------------------------------------------------


def expected_std(range_, count, mode, averaging):
    """Return what the noise of 8 effective bits and the levels of 16 leave, of a range."""
    noise = range_ * sqrt((2.0**-16 - 2.0**-32) / 12) * factor("adc.noise", count, mode, averaging)
    each = averaging == "digital" and mode != "power"
    levels = (range_ / (2**16 - 1)) ** 2 / 12 / (np.asarray(count) if each else 1)
    return np.sqrt(noise**2 + levels)


@pytest.mark.parametrize(("mode", "averaging", "count"), CASES, ids=str)
def test_the_converters_noise_is_relative_to_what_sums_could_reach(mode, averaging, count):
    of = layer("linear")
    hardware = load_hardware("homodyne", [*way(mode, averaging), *NOISY])
    network = simulator(of, hardware, planned(of, count), of_converter(AdcRange.FULL_SCALE))
    std = expected_std(2 * 24, by_channel(of, count), mode, averaging) * np.ones((8, 1, 4, 1))
    expected = of.shaped(std) * units(of)
    assert_std(errors(of, network, Draws(2), ceil(SAMPLES / expected.size)), expected)


@pytest.mark.parametrize("kind", ["linear", "padded", "grouped", "depthwise", "matmul"])
def test_the_converters_noise_is_relative_to_what_sums_reached(kind):
    of = layer(kind)
    hardware = load_hardware("homodyne", [*NOISY, "tiles.averaging=digital"])
    network = Simulator(of.exported, hardware, 3, of_converter(AdcRange.CALIBRATED))
    doubled = tuple(2 * values for values in of.inputs)  # so that noise is not clipped
    network.calibrate([doubled])
    x, w = of.operands()
    g = grids(replace(of, inputs=doubled))
    exact = np.einsum("ngdl,ngdc->ngcl", x, np.broadcast_to(w, (len(x), *w.shape[1:])))
    sums = exact * (4 if kind == "matmul" else 2) / (g.w_max * g.x_max)
    range_ = max(sums.max(), 0) - min(sums.min(), 0)
    std = expected_std(range_, 3, "time", "digital") * np.ones_like(exact) * g.w_max * g.x_max
    assert_std(errors(of, network, Draws(2), ceil(SAMPLES / exact.size)), of.shaped(std))


# ---- range, clipping, order ----------------------------------------------------------------


def test_sums_beyond_the_calibrated_range_are_clipped():
    of = layer("linear")
    network = simulator(of, load_hardware("homodyne"), 1, replace(of_converter("calibrated")))
    bias, unit = of.module.bias.detach().numpy(), units(of)[0]
    sums = (of.module(*of.inputs).detach().numpy() - bias) / unit
    low, high = sums.min(), sums.max()
    step = (high - low) / 255
    with torch.no_grad():
        found = (network(10 * of.inputs[0]).numpy() - bias) / unit
    lowest = np.rint(low / step)
    assert found.min() == pytest.approx(lowest * step, abs=1e-5)
    assert found.max() == pytest.approx((lowest + 255) * step, abs=1e-5)
    codes = np.clip(np.rint(10 * sums / step), lowest, lowest + 255)
    assert np.allclose(found, codes * step, atol=1e-5)


def test_a_full_scale_range_clips_nothing_that_operands_can_make():
    of = layer("linear")
    network = simulator(of, load_hardware("homodyne"), 1, of_converter(AdcRange.FULL_SCALE))
    exact = of.module(*of.inputs).detach().numpy()
    step = 2 * 24 / 255 * units(of)[0]
    with torch.no_grad():
        assert np.all(np.abs(network(*of.inputs).numpy() - exact) <= step / 2 + 1e-5)


def test_the_bias_is_added_after_conversion():
    plain, biased = nn.Linear(24, 4, bias=False), nn.Linear(24, 4)
    with torch.no_grad():
        biased.weight.copy_(plain.weight)
        biased.bias.fill_(1000.0)
    inputs, found = torch.randn(32, 24), []
    for module in (plain, biased):
        exported = export(module, (inputs[:1],), name="n", source={})
        network = Simulator(exported, load_hardware("homodyne"))
        network.calibrate([(inputs,)])
        network.draw(Draws(1))
        with torch.no_grad():
            found.append(network(inputs))
    assert torch.allclose(found[1] - 1000, found[0], atol=2e-4)


@pytest.mark.parametrize("averaging", ["analog", "digital"])
def test_analog_averages_are_converted_and_digital_ones_are_of_conversions(averaging):
    of = layer("linear")
    hardware = load_hardware("homodyne", ["tiles.adc.bits=4", "tiles.adc.enob=4",
                                          f"tiles.averaging={averaging}"])  # fmt: skip
    settings = Settings(None, frozenset(("detector.shot",)), AdcRange.FULL_SCALE)
    network = simulator(of, hardware, 3, settings)
    network.draw(Draws(1))
    with torch.no_grad():
        found = network(of.inputs[0].repeat(200, 1)).numpy() - of.module.bias.detach().numpy()
    codes = found / (units(of)[0] * 48 / 15)
    whole = 1 if averaging == "analog" else 3
    assert np.allclose(codes * whole, np.rint(codes * whole), atol=1e-4)
    assert np.any(np.abs(codes - np.rint(codes)) > 0.3) == (averaging == "digital")


@pytest.mark.parametrize("count", [1, 3, 4, 5, 16])
def test_averages_of_conversions_are_distributed_as_if_each_were_made(count):
    of, bits = layer("linear"), 4
    chosen = [f"tiles.adc.bits={bits}", f"tiles.adc.enob={bits}", "tiles.averaging=digital"]
    settings = Settings(None, frozenset(("detector.shot",)), AdcRange.CALIBRATED)
    network = simulator(of, load_hardware("homodyne", chosen), count, settings)
    unit, bias = units(of), of.module.bias.detach().numpy()
    sums = (of.module(*of.inputs).detach().numpy() - bias) / unit
    step = (max(sums.max(), 0) - min(sums.min(), 0)) / (2**bits - 1)
    lowest = np.rint(min(sums.min(), 0) / step)
    std = of.shaped(full_scale(sums_of("linear"))) / unit
    copies = 3000
    generator = np.random.default_rng(count)
    every = sums + std * generator.standard_normal((copies * count, *sums.shape))
    converted = np.clip(np.rint(every / step), lowest, lowest + 2**bits - 1) * step
    brute = converted.reshape(copies, count, *sums.shape).mean(1)
    network.draw(Draws(3))
    with torch.no_grad():
        found = network(of.inputs[0].repeat(copies, 1)).numpy() - bias
    found = found.reshape(copies, *sums.shape) / unit
    # 32 results, twice sampled: 5.5 standard errors, and what closed-form moments may be off.
    error = brute.std(0) * sqrt(2 / copies)
    assert np.all(np.abs(found.mean(0) - brute.mean(0)) < 5.5 * error + 0.01 * step)
    assert np.all(np.abs(found.std(0) - brute.std(0)) < 5.5 * error + 0.01 * step)


# ---- slices --------------------------------------------------------------------------------


def codes_of(values, low, high):
    """Return whole numbers of steps of 8 bits, and the step."""
    low, high = ends(low, high)
    step = (high - low) / 255
    return np.clip(np.rint(values / step), np.rint(low / step), np.rint(high / step)), step


def bit_serial(of, rows, nudge):
    """Return the sums of a crossbar of 2-bit cells, driven bit by bit, read by 8-bit converters.

    Sums are nudged by a part of a step: whole numbers often lie on the very edge of a level, where
    single precision may round either way; so does the lowest level, of a range that is even.
    """
    [inputs] = of.inputs
    inputs, weight = inputs.double().numpy(), of.module.weight.detach().double().numpy()
    x, x_step = codes_of(inputs, inputs.min(), inputs.max())
    w, w_step = codes_of(weight, weight.min(1, keepdims=True), weight.max(1, keepdims=True))
    total = np.zeros((len(x), len(w)))
    parts = [slice(first, first + rows) for first in range(0, x.shape[1], rows)]
    for a in range(8):
        for b in range(4):
            driven = np.sign(x) * (np.abs(x).astype(int) >> a & 1)
            held = np.sign(w) * (np.abs(w).astype(int) >> 2 * b & 3)
            sums = np.array([driven[:, part] @ held[:, part].T / 3 for part in parts])
            low, high = min(0, np.min(sums)), max(0, np.max(sums))
            step = (high - low) / 255
            lowest = np.rint(low / step + nudge)
            read = np.clip(np.rint(sums / step + nudge), lowest, lowest + 255).sum(0) * step
            total += read * 3 * 4**b * 2**a
    return total * x_step * w_step.T


@pytest.mark.parametrize("rows", [128, 10])
@pytest.mark.parametrize("sign", ["signed", "unsigned"])
def test_a_crossbar_gives_what_whole_numbers_give_bit_by_bit(sign, rows):
    of = layer("linear")
    if sign == "unsigned":
        of = replace(of, inputs=(of.inputs[0].abs(),))
    hardware = load_hardware("crossbar", [f"tiles.rows={rows}", f"tiles.dac.count={rows}"])
    network = simulator(of, hardware, 1, Settings())
    bias = of.module.bias.detach().numpy()
    with torch.no_grad():
        found = network(*of.inputs).double().numpy() - bias
    exact = of.module(*of.inputs).detach().numpy() - bias
    least, most = (bit_serial(of, rows, nudge) for nudge in (-1e-5, 1e-5))
    assert np.all((least - 1e-5 <= found) & (found <= most + 1e-5))
    # That says something: edges move results less than conversion does.
    assert np.mean(most - least) < np.abs(found - exact).max() / 1.5


@pytest.mark.parametrize("scheme", Scheme)
@pytest.mark.parametrize("changes", [[], ["tiles.rows=10"], ["tiles.array.differential=true"],
                                     ["tiles.array.cell_bits=3", "tiles.dac.bits=3"]])  # fmt: skip
@pytest.mark.parametrize("kind", ["linear", "padded", "grouped"])
def test_slices_and_readings_add_up_to_the_whole_product(kind, changes, scheme):
    of = layer(kind)
    settings = Settings(Quantisation(scheme, scheme), frozenset(), AdcRange.IDEAL)
    sliced = simulator(of, load_hardware("crossbar", changes), 1, settings)
    whole = simulator(of, load_hardware("homodyne"), 1, settings)
    for network in (sliced, whole):
        network.draw(Draws(0))
    with torch.no_grad():
        assert torch.allclose(sliced(*of.inputs), whole(*of.inputs), atol=2e-5)
