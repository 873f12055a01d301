"""Power and area by part of the published photonic tensor core machine.

H. Zhu et al., "Lightening-Transformer", HPCA 2024, arXiv 2305.19533: the base machine, as its
authors' simulator prints it. A model, not silicon: these tests check units and counting.
"""

import pytest

from archsim.hardware import load_hardware
from archsim.hardware.check import facts

EIGHT_BITS = ["tiles.dac.bits=8", "tiles.adc.bits=8", "tiles.laser.power=308.0309 mW"]
TOLERANCE = 0.005

POWER_MW = {
    4: {"laser": 770.09, "dac": 3214.29, "modulator": 4032.0, "adc": 2131.2, "tia": 1728.0,
        "detector": 2534.4, "accumulator": 26.24, "buffer": 316.39},
    8: {"laser": 12321.47, "dac": 25714.29, "modulator": 4032.0, "adc": 4262.4, "tia": 1728.0,
        "detector": 2534.4, "accumulator": 26.24, "buffer": 316.39},
}  # fmt: skip
TOTAL_MW = {4: 14752.6, 8: 50935.2}

AREA_MM2 = {
    "laser": 0.72, "dac": 15.84, "modulator": 7.594, "adc": 1.642, "array": 11.318,
    "accumulator": 0.0512, "buffer": 14.695, "comb": 8.411,
}  # fmt: skip


def both_sides(by_slot):
    """Add the converters of the weight side to those of the inputs, as the source does."""
    by_slot = dict(by_slot)
    by_slot["dac"] += by_slot.pop("weight_dac")
    return by_slot


def power_mw(bits):
    found = facts(load_hardware("dota_b", EIGHT_BITS if bits == 8 else []))
    return {slot: w * 1e3 for slot, w in both_sides(found.power_w).items()}


@pytest.mark.parametrize("bits", [4, 8])
def test_power_by_part_is_the_published(bits):
    found = power_mw(bits)
    for slot, expected in POWER_MW[bits].items():
        assert found[slot] == pytest.approx(expected, rel=TOLERANCE), slot
    assert sum(found.values()) == pytest.approx(TOTAL_MW[bits], rel=TOLERANCE)


def test_area_by_part_is_the_published():
    found = both_sides(facts(load_hardware("dota_b")).area_m2)
    for slot, expected in AREA_MM2.items():
        assert found[slot] * 1e6 == pytest.approx(expected, rel=TOLERANCE), slot


@pytest.mark.xfail(reason="the source counts 576 amplifiers in power but 1152 in area")
def test_area_of_the_amplifiers_is_the_published():
    assert facts(load_hardware("dota_b")).area_m2["tia"] * 1e6 == pytest.approx(
        0.0576, rel=TOLERANCE
    )


def test_the_laser_lights_each_detector_with_the_published_sensitivity():
    # -25 dBm for each of 144 outputs, all wavelengths and both arms together, times 2^bits.
    for overrides, levels in (([], 2**4), (EIGHT_BITS, 2**8)):
        light = facts(load_hardware("dota_b", overrides)).light
        assert light.loss_db == pytest.approx(4.22)
        assert light.detector_w * 12 * 2 == pytest.approx(10**-5.5 * levels, rel=TOLERANCE)
