"""What is recorded of noise against what is drawn, and against the formulas of photons and bits."""

from math import log2, sqrt

import numpy as np
import pytest
import torch

from archsim.functional import AdcRange, Draws, Settings, Simulator, Task, evaluate
from archsim.hardware import load_hardware
from archsim.workload import RepetitionPlan
from tests.contract.test_two_sides import HOMODYNE, OF_CHANNELS, Sums, full_scale, planned, sums_of
from tests.functional_nets import layer, network, simulator

MACHINES = {
    "homodyne": ["tiles.integrate_symbols=10", "tiles.modulator.symbol_std=0.01"],
    "dota_b": [],
    "ring_bank": ["tiles.rows=10", "tiles.dynamic_products=array", "tiles.laser.power=8 mW"],
    "crossbar": ["tiles.rows=10"],
}
IDEAL = Settings(adc=AdcRange.IDEAL)


def recorded(of, made, draws=None):
    [recorder] = made.record().values()
    made.draw(draws or Draws(0))
    with torch.no_grad():
        made(*of.inputs)
    made.draw(None)
    made.stop_recording()
    return recorder


@pytest.mark.parametrize("kind", ["linear", "padded", "grouped", "matmul"])
@pytest.mark.parametrize("machine", MACHINES)
def test_the_recorded_deviation_is_that_of_what_is_drawn(machine, kind):
    of = layer(kind)
    if machine == "crossbar" and kind == "matmul":
        pytest.skip("it leaves products of two activations to the vector unit")
    hardware = load_hardware(machine, MACHINES[machine])
    made = simulator(of, hardware, planned(of, 3 if kind == "matmul" else OF_CHANNELS), IDEAL)
    recorder, squares = recorded(of, made), 0
    trials = 40 if machine == "crossbar" else 80  # which reads 32 pairs of slices
    with torch.no_grad():
        exact = made(*of.inputs)
        for trial in range(trials):
            made.draw(Draws(1, trial, trial))
            squares = squares + (made(*of.inputs) - exact).double().square()
    axes = [axis for axis in range(exact.ndim) if kind == "matmul" or axis != 1]
    if kind == "matmul":
        axes = list(range(exact.ndim))
    sampled = (squares / trials).mean(axes).sqrt().reshape(-1)
    # Frozen errors are shared: as many free numbers as weights of a channel, in each trial.
    free = trials * (exact.numel() if machine in ("homodyne", "dota_b") else 9)
    assert torch.allclose(recorder.noise_std.reshape(-1), sampled, rtol=6 / sqrt(2 * free))


@pytest.mark.parametrize("averaging", ["analog", "digital"])
def test_the_recorded_deviation_is_that_of_the_average_whatever_is_converted(averaging):
    of, found = layer("linear"), []
    hardware = load_hardware("homodyne", [f"tiles.averaging={averaging}"])
    for range_ in (AdcRange.IDEAL, AdcRange.CALIBRATED):
        settings = Settings(None, frozenset(("shot",)), range_)
        found.append(recorded(of, simulator(of, hardware, 4, settings)).noise_std)
    assert torch.allclose(found[0], found[1], rtol=1e-5)


def test_nothing_is_recorded_of_signals_but_what_they_are():
    of = layer("conv")
    made = simulator(of, load_hardware("homodyne"), 1, Settings(None, adc=AdcRange.IDEAL))
    recorder = recorded(of, made)
    with torch.no_grad():
        exact = (of.module(*of.inputs) - of.module.bias.view(-1, 1, 1)).double()
    assert recorder.signal_variance == pytest.approx(exact.var(correction=0).item(), rel=1e-4)
    assert torch.allclose(recorder.low, exact.amin((0, 2, 3)), atol=1e-5)
    assert torch.allclose(recorder.high, exact.amax((0, 2, 3)), atol=1e-5)


@pytest.mark.parametrize("changes", [[], ["tiles.integrate_symbols=10"]])
@pytest.mark.parametrize("kind", ["linear", "padded", "depthwise", "matmul"])
def test_photons_of_full_scale_light_follow_from_the_data(kind, changes):
    """Whether read at once or in parts of unequal size."""
    of, count = layer(kind), 5
    settings = Settings(None, frozenset(("shot",)), AdcRange.IDEAL)
    recorder = recorded(of, simulator(of, load_hardware("homodyne", changes), count, settings))
    s = sums_of(kind)
    light = s.w2 / s.grid.w_max**2 + s.x2 / s.grid.x_max**2
    expected = count * HOMODYNE * np.mean(light) / s.fan_in
    assert recorder.photons_per_mac == pytest.approx(expected, rel=1e-4)


def test_photons_of_renormalised_light_are_those_stated_times_the_counts():
    of = layer("linear")
    hardware = load_hardware("homodyne", ["tiles.detector.photons_per_mac=2"])
    plan = RepetitionPlan(fingerprint=of.exported.workload.fingerprint, counts={of.op: OF_CHANNELS})
    recorder = recorded(of, simulator(of, hardware, plan, IDEAL))
    assert recorder.photons_per_mac == pytest.approx(2 * np.mean(OF_CHANNELS))


def test_photons_of_direct_detection_are_those_of_its_counts():
    of = layer("linear")
    recorder = recorded(of, simulator(of, load_hardware("ring_bank"), 3, Settings(None)))
    s = Sums(of)
    power = 64e-3 / (64 * 64) * 10 ** (-0.4) * 0.2e-9
    photons = 0.8 * power / (6.62607015e-34 * 299_792_458 / 1.55e-6)
    assert recorder.photons_per_mac == pytest.approx(3 * photons * np.mean(s.light) / 24, rel=1e-3)


def test_no_light_no_photons():
    of = layer("linear")
    assert recorded(of, simulator(of, load_hardware("crossbar"), 1, IDEAL)).photons_per_mac is None


def test_noise_bits_and_ratio_are_those_of_range_and_deviation():
    of = layer("linear")
    task = Task("one", of.module, of.inputs, torch.zeros(8, dtype=torch.int64), of.inputs)
    settings = Settings(None, frozenset(("shot",)), AdcRange.IDEAL)
    [op] = evaluate(task, load_hardware("homodyne"), 4, trials=2, settings=settings).ops
    exact = (of.module(*of.inputs) - of.module.bias).detach().double().numpy()
    std = sqrt(np.mean(full_scale(sums_of("linear")) ** 2) / 4)
    assert op.noise_std == pytest.approx(std, rel=1e-4)
    assert op.noise_bits == pytest.approx(log2(np.ptp(exact) / (sqrt(12) * std) + 1), rel=1e-4)
    assert op.snr_db == pytest.approx(10 * np.log10(np.var(exact) / std**2), rel=1e-4)
    assert (op.macs, op.fan_in, op.repetitions, op.adc_bits) == (96, 24, 4, None)


def test_an_op_without_a_signal_can_be_recorded():
    of = layer("linear")
    zeros = torch.zeros_like(of.inputs[0])
    task = Task("dark", of.module, (zeros,), torch.zeros(8, dtype=torch.int64), of.inputs)
    [op] = evaluate(task, load_hardware("homodyne"), trials=1).ops
    assert op.signal_std == 0
    assert op.snr_db == float("-inf")


def test_recording_changes_no_draw():
    of = network("residual")
    made = Simulator(of.exported, load_hardware("homodyne"))
    made.calibrate([of.inputs])
    made.draw(Draws(1))
    with torch.no_grad():
        without = made(*of.inputs)
        made.record()
        made.draw(Draws(1))
        assert torch.equal(made(*of.inputs), without)
