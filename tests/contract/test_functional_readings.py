"""Noise of dot products that are read in several parts, against the equations."""

from math import ceil, sqrt

import numpy as np
import pytest

from archsim.functional import AdcRange, Draws, Settings
from tests.contract.test_two_sides import (
    KTC,
    MODULATORS,
    SAMPLES,
    WHITE,
    direct,
    factor,
    full_scale,
    photons,
    receiver,
    sums_of,
)
from tests.functional_nets import Machine, assert_std, errors, layer, simulator

THREE = "tiles.integrate_symbols=10"  # 24 products are read as 10, 10 and 4; 27 as 10, 10 and 7
BANK_OF_THREE = ("tiles.rows=10", "tiles.dynamic_products=array", "tiles.tia.integrator=true")
WITH_TIA = ("tiles.tia.input_noise=10 pA/sqrt(Hz)",)
READ = {
    "shot": (Machine("homodyne", (THREE,)), "detector.shot", full_scale),
    "shot, renormalised, acts once": (
        Machine("homodyne", (THREE, "tiles.detector.photons_per_mac=2")),
        "detector.shot",
        lambda s: np.sqrt(s.w2 * s.x2 / (s.fan_in * 2)),
    ),
    "shot, direct": (
        Machine("ring_bank", BANK_OF_THREE),
        "detector.shot",
        lambda s: direct(s, photons(64e-3, 10 * 64, 1 + 3)),
    ),
    "kTC, of each reading": (
        Machine("homodyne", (THREE,)),
        "tia.ktc",
        lambda s: receiver(s, KTC * sqrt(3)),
    ),
    "white, of each symbol": (
        Machine("homodyne", (THREE, *WITH_TIA)),
        "tia.white",
        lambda s: receiver(s, WHITE * sqrt(s.fan_in)),
    ),
    "white, four wavelengths a symbol": (
        Machine("homodyne", (*WITH_TIA, "tiles.wavelengths=4")),
        "tia.white",
        # A quarter of the light for each product; one symbol for four of them.
        lambda s: receiver(s, 4 * WHITE * sqrt(ceil(s.fan_in / 4))),
    ),
    "thermal, acts once": (
        Machine(
            "homodyne",
            (THREE, "tiles.tia={kind: tia, count: 4096, integrator: true, thermal_std: 0.01,"
             " static_power: 0 W, area: 0 m^2}"),
        ),
        "tia.thermal",
        lambda s: sqrt(s.fan_in) * 0.01 * s.grid.w_range * s.grid.x_range * np.ones_like(s.light),
    ),
    "modulated weights, act once": (
        Machine("homodyne", (*MODULATORS.changes, THREE)),
        "modulator.weight",
        lambda s: 0.01 * s.grid.w_range * np.sqrt(s.x2) * np.ones_like(s.light),
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", ["linear", "conv", "grouped", "matmul"])
@pytest.mark.parametrize("source", READ)
def test_noise_of_three_readings_is_that_of_the_equations(source, kind):
    machine, name, std = READ[source]
    if kind == "matmul" and "each reading" in source:
        pytest.skip("its 8 products are one reading")
    if kind == "grouped" and "each reading" in source:
        pytest.skip("its 18 products are two readings")
    of = layer(kind)
    network = simulator(of, machine.load(), 2, Settings(None, frozenset((name,)), AdcRange.IDEAL))
    averaging = machine.load().tiles.averaging
    expected = of.shaped(std(sums_of(kind)) * factor(name, 2, "time", averaging))
    found = errors(of, network, Draws(5), ceil(SAMPLES / expected.size))
    assert_std(found, expected, kurtosis=0.2)
