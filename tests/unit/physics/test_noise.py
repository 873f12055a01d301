"""Each formula against hand-computed numbers, counted photons and its own dimensions."""

import numpy as np
import pint
import pytest
import torch

from archsim.physics import constants, noise, optics


@pytest.mark.parametrize("fan_in", [64, 256, 1024])
@pytest.mark.parametrize("photons_per_mac", [0.5, 1.0, 10.0])
def test_homodyne_noise_agrees_with_counted_photons(fan_in, photons_per_mac):
    rng = np.random.default_rng(fan_in)
    w, x = rng.normal(size=fan_in), rng.normal(size=fan_in)
    w_norm, x_norm = np.linalg.norm(w), np.linalg.norm(x)
    total = fan_in * photons_per_mac  # both arms together
    a, b = w * np.sqrt(total / 2) / w_norm, x * np.sqrt(total / 2) / x_norm
    plus, minus = np.sum((a + b) ** 2) / 2, np.sum((a - b) ** 2) / 2
    draws = 80_000
    counts = rng.poisson(plus, draws) - rng.poisson(minus, draws)
    y = counts * w_norm * x_norm / total
    std = noise.homodyne_std(w_norm, x_norm, fan_in, photons_per_mac)
    assert y.mean() == pytest.approx(w @ x, abs=5 * std / draws**0.5)
    assert y.std() == pytest.approx(std, rel=0.01)  # four standard errors


@pytest.mark.parametrize("photons", [0.5, 5.0, 100.0])
def test_full_scale_homodyne_noise_agrees_with_counted_photons(photons):
    rng = np.random.default_rng(7)
    w, x = rng.normal(size=128), rng.uniform(0, 3, size=128)
    w_max, x_max, efficiency = 4.0, 3.0, 0.7
    a, b = np.sqrt(photons) * w / w_max, np.sqrt(photons) * x / x_max
    plus, minus = efficiency * np.sum((a + b) ** 2) / 2, efficiency * np.sum((a - b) ** 2) / 2
    counts = rng.poisson(plus, 80_000) - rng.poisson(minus, 80_000)
    y = counts * w_max * x_max / (2 * efficiency * photons)
    std = noise.homodyne_full_scale_std(
        np.linalg.norm(w), np.linalg.norm(x),
        weight_max=w_max, input_max=x_max, photons=efficiency * photons,
    )  # fmt: skip
    assert y.mean() == pytest.approx(w @ x, abs=5 * std / 80_000**0.5)
    assert y.std() == pytest.approx(std, rel=0.01)


def test_both_homodyne_formulas_agree_where_the_data_fill_the_scale():
    # |w| = |x| = 1 throughout: E = 2n photons of both arms for each product.
    norm, fan_in, photons = 10.0, 100, 3.0
    energy = noise.homodyne_photons_per_mac(
        norm, norm, weight_max=1.0, input_max=1.0, photons=photons, fan_in=fan_in
    )
    assert energy == pytest.approx(2 * photons)
    assert noise.homodyne_full_scale_std(
        norm, norm, weight_max=1.0, input_max=1.0, photons=photons
    ) == pytest.approx(noise.homodyne_std(norm, norm, fan_in, energy))


def test_direct_detection_noise_agrees_with_counted_photons():
    rng = np.random.default_rng(3)
    w, x = rng.uniform(size=200), rng.uniform(size=200)  # already within [0, 1]
    photons = noise.direct_full_scale_photons(2.0, input_sum=x.sum(), fan_in=200)
    assert (photons * x).mean() == pytest.approx(2.0)  # photons of one product at the input
    counts = rng.poisson(photons * w @ x, 80_000)
    y = counts * 5.0 / photons
    std = noise.direct_std(sum_of_products=w @ x, scale=5.0, photons=photons)
    assert y.mean() == pytest.approx(5.0 * (w @ x), abs=5 * std / 80_000**0.5)
    assert y.std() == pytest.approx(std, rel=0.01)


def test_weight_noise_is_that_of_drawn_weights():
    rng = np.random.default_rng(5)
    x = rng.normal(size=50)
    errors = rng.normal(0, 0.1 * 2.0, size=(40_000, 50))
    std = noise.weight_std(0.1, weight_range=2.0, input_norm=np.linalg.norm(x))
    assert (errors @ x).std() == pytest.approx(std, rel=0.015)


def test_normalised_thermal_noise_is_the_published_expression():
    # sqrt(256)·0.01·2·3
    assert noise.thermal_std(0.01, fan_in=256, weight_range=2, input_range=3) == pytest.approx(0.96)


def test_ktc_noise_of_one_femtofarad_is_the_published_figure():
    # Sludds et al., Science 378, 270 (2022): 12.7 electrons at 1 fF and 300 K.
    assert noise.ktc_electrons(300, 1e-15) == pytest.approx(12.7, abs=0.05)


def test_integrated_current_noise_is_that_of_drawn_white_noise():
    # A sampled one-sided density i_n has the variance i_n²/(2 dt) a sample.
    rng = np.random.default_rng(11)
    density, time_s, samples = 1e-12, 1e-9, 64
    step_s = time_s / samples
    current = rng.normal(0, density / (2 * step_s) ** 0.5, size=(20_000, samples))
    electrons = current.sum(axis=1) * step_s / 1.602176634e-19
    expected = noise.integrated_current_electrons(density, time_s)
    assert electrons.std() == pytest.approx(expected, rel=0.02)


def test_integration_saves_the_square_root_of_the_products_in_light():
    level = {"products": 100, "receiver_electrons": 12.7}
    read_each = noise.snr_of_receiver(**level, electrons=10.0, integrated=False)
    read_once = noise.snr_of_receiver(**level, electrons=1.0, integrated=True)
    assert read_each == pytest.approx(read_once)


def test_the_learner_can_differentiate_through_the_same_formula():
    energy = torch.tensor([4.0, 16.0], requires_grad=True)
    std = noise.homodyne_std(torch.tensor(3.0), torch.tensor(2.0), 9, energy)
    assert std.tolist() == pytest.approx([1.0, 0.5])
    std.sum().backward()
    # d(E^-1/2)/dE = -std/(2E)
    assert energy.grad.tolist() == pytest.approx([-1 / 8, -0.5 / 32])


@pytest.fixture
def unit(monkeypatch):
    registry = pint.UnitRegistry()
    units = {
        "BOLTZMANN_J_PER_K": "J/K",
        "ELEMENTARY_CHARGE_C": "C",
        "PLANCK_J_S": "J*s",
        "SPEED_OF_LIGHT_M_PER_S": "m/s",
    }
    for module in (noise, optics):
        for name, text in units.items():
            if hasattr(module, name):
                monkeypatch.setattr(module, name, getattr(constants, name) * registry(text).units)
    return registry


def test_formulas_have_the_dimensions_they_claim(unit):
    assert noise.ktc_electrons(300 * unit.K, 1 * unit.fF).check("")
    assert noise.integrated_current_electrons(1 * unit.pA / unit.Hz**0.5, 1 * unit.ns).check("")
    volt = 1 * unit.V
    assert noise.homodyne_std(volt, volt, 9, 1.0).check("[energy]**2/[charge]**2")
    assert noise.homodyne_full_scale_std(
        volt, volt, weight_max=volt, input_max=volt, photons=1.0
    ).check("[energy]**2/[charge]**2")
    assert noise.receiver_std(12.0, full_scale=volt, full_scale_electrons=100.0).check(
        "[energy]/[charge]"
    )
    assert optics.photon_j(1.55 * unit.um).check("[energy]")
    assert optics.photons(1 * unit.mW, time_s=1 * unit.ns, wavelength_m=1.55 * unit.um).check("")
    assert optics.detector_w(1 * unit.mW, ways=4, loss_db=3.0).check("[power]")
    assert optics.electrical_w(1 * unit.mW, 0.2).check("[power]")
