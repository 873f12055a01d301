import pytest
from pydantic import ValidationError

from archsim.hardware import load_hardware
from archsim.hardware._component import REGISTRY
from archsim.hardware.arrays import Reram
from archsim.hardware.converters import Adc, Dac
from archsim.hardware.optical import Laser, Mzm
from archsim.hardware.receivers import Tia


def adc(**fields):
    given = {
        "bits": 8, "count": 1, "rate_hz": 10**9, "clock": "c", "energy": 1e-12, "area": 0.0,
        "consumption": "dynamic",
    }  # fmt: skip
    return Adc(**given | fields)


def dac(**fields):
    given = {
        "bits": 8, "count": 1, "rate_hz": 10**9, "clock": "c", "energy": 1e-12, "area": 0.0,
        "consumption": "dynamic",
    }  # fmt: skip
    return Dac(**given | fields)


def test_an_adc_costs_what_its_form_of_energy_says():
    assert adc(energy=2e-12).costs() == {"convert": 2e-12}
    assert adc(energy={"walden": "10 fJ"}).costs()["convert"] == pytest.approx(2.56e-12)
    assert adc(energy={"survey": {"technology": "14 nm"}}).costs()["convert"] == pytest.approx(
        0.362e-12, rel=5e-3
    )
    known = {"power": "14.8 mW", "rate": "10 GHz", "bits": 8}
    # 14.8 mW / 10 · 4/8 at 1 GS/s is 0.74 mW, so 0.74 pJ.
    assert adc(bits=4, energy={"scaled": known}).costs()["convert"] == pytest.approx(0.74e-12)


def test_an_adc_has_the_area_of_the_survey():
    area_m2 = adc(area={"survey": {"technology": "32 nm"}}).area_m2
    assert area_m2 == pytest.approx(5972e-12, rel=1e-3)
    assert adc(area=3e-9).area_m2 == 3e-9


def test_effective_bits_stand_once_for_energy_and_noise():
    ideal, real = adc(energy={"walden": "10 fJ"}), adc(energy={"walden": "10 fJ"}, enob=7)
    assert real.costs()["convert"] == pytest.approx(ideal.costs()["convert"] / 2)
    assert ideal.noise() == ()
    (noise,) = real.noise()
    # sqrt((2^-14 - 2^-16)/12)
    assert noise.parameters["std"] == pytest.approx(1.953125e-3)


def test_a_static_converter_draws_its_rated_power_and_costs_no_action():
    static = adc(energy=2e-12, consumption="static")
    assert static.costs() == {"convert": 0.0}
    assert static.static_w() == pytest.approx(2e-3)
    assert adc(energy=2e-12).static_w() == 0.0
    assert dac(energy=3e-12, consumption="static").static_w() == pytest.approx(3e-3)


def test_a_dac_scales_by_levels_per_bit():
    known = {"power": "50 mW", "rate": "14 GHz", "bits": 8}
    # 50 mW/14 · (16/4)/(256/8) at 1 GS/s: 0.446 mW.
    scaled = dac(bits=4, energy={"scaled": known})
    assert scaled.costs()["convert"] == pytest.approx(0.44643e-12, rel=1e-4)


def test_a_laser_draws_its_light_over_its_efficiency():
    laser = Laser(power_w=0.05, wall_plug_efficiency=0.2, wavelength_m=1.55e-6, area=0.0)
    assert laser.static_w() == pytest.approx(0.25)
    assert laser.costs() == {}


def test_noise_of_a_part_that_gives_none_is_none():
    mzm = {"energy_j": 1e-15, "loss_db": 1.0, "static_power_w": 0.0, "area": 0.0}
    assert Mzm(**mzm).noise() == ()
    assert Mzm(**mzm, symbol_std=0.01).noise()[0].parameters == {"std": 0.01}
    cells = {
        "cell_bits": 2, "differential": False, "mac_energy_j": 0.0, "static_power_w": 0.0,
        "area": 0.0,
    }  # fmt: skip
    assert Reram(**cells).noise() == ()
    names = [n.name for n in Reram(**cells, weight_std=0.1, programming_std=0.2).noise()]
    assert names == ["array.weight", "array.programming"]


def test_receiver_noise_is_in_electrons():
    tia = Tia(
        count=1, integrator=True, capacitance_f=1e-15, temperature_k=300.0, static_power_w=0.0,
        area=0.0,
    )  # fmt: skip
    assert tia.noise()[0].parameters["electrons"] == pytest.approx(12.7, abs=0.05)


def test_components_are_frozen():
    with pytest.raises(ValidationError):
        adc().bits = 9


def test_a_kind_cannot_be_taken_twice():
    with pytest.raises(TypeError, match="found the kind 'adc', taken by Adc"):
        type("Other", (Adc,), {"__module__": __name__, "__qualname__": "Other"})
    assert REGISTRY["adc"]["adc"] is Adc


def test_white_noise_follows_from_the_symbol_time_and_the_light():
    hardware = load_hardware("ring_bank")
    white = next(n for n in hardware.noise() if n.name == "tia.white")
    # 10 pA/sqrt(Hz)·sqrt(0.1 ns)/q
    assert white.parameters["electrons"] == pytest.approx(624.15, rel=1e-4)
    # 64 mW / 64² through 4 dB for 0.2 ns at 0.12816 aJ, 80 % detected
    photons = 64e-3 / 4096 * 10**-0.4 * 0.2e-9 / 0.128159e-18
    assert white.parameters["full_scale_electrons"] == pytest.approx(0.8 * photons, rel=1e-4)


def test_shot_noise_follows_from_the_laser_unless_a_level_is_given():
    physical = next(n for n in load_hardware("homodyne").noise() if n.name == "detector.shot")
    # 1 mW over 64² outputs and two arms through 6 dB, 0.2 ns, 80 % detected
    photons = 1e-3 / 8192 * 10**-0.6 * 0.2e-9 / 0.128159e-18
    assert physical.formula == "shot_full_scale"
    assert physical.parameters["photons"] == pytest.approx(0.8 * photons, rel=1e-4)
    (given,) = [
        n
        for n in load_hardware("homodyne", ["tiles.detector.photons_per_mac=20"]).noise()
        if n.name == "detector.shot"
    ]
    assert given.formula == "shot_renormalised"
    assert given.parameters == {"photons_per_mac": 20.0}


def test_light_counted_at_the_input_is_detected_with_the_quantum_efficiency():
    shot = load_hardware("ring_bank", ["tiles.detector.photons_per_mac=20"]).noise()[0]
    assert shot.formula == "shot_direct"
    assert shot.parameters["photons_per_mac"] == pytest.approx(16)


def test_where_both_operands_are_modulated_both_have_the_error():
    def names(machine):
        found = load_hardware(machine, ["tiles.modulator.symbol_std=0.01"]).noise()
        return [n.name for n in found if n.name.startswith("modulator")]

    assert names("homodyne") == ["modulator.input", "modulator.weight"]
    assert names("ring_bank") == ["modulator.input"]


def test_normalised_receiver_noise_needs_no_light():
    tia = "{kind: tia, count: 128, integrator: true, static_power: 0 W, area: 0 m^2, "
    hardware = load_hardware(
        "crossbar", [f"tiles.tia={tia} thermal_std: 0.01}}", "tiles.averaging=analog"]
    )
    (thermal,) = [n for n in hardware.noise() if n.name == "tia.thermal"]
    assert thermal.parameters == {"std": 0.01}
