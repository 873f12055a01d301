"""Sampled noise of each functional layer against the equations, for every source, mode and average.

Every case draws some 40,000 results, so that a standard deviation that is 3 % off is seen; the
interval is that of chi-square at an error probability of 1e-6 over all cases together.
"""

from functools import cache
from itertools import product
from math import ceil, sqrt

import numpy as np
import pytest

from archsim.functional import AdcRange, Draws, Settings
from archsim.workload import RepetitionPlan
from tests.functional_nets import (
    LAYERS,
    Machine,
    assert_std,
    errors,
    grids,
    layer,
    simulator,
)

SAMPLES = 40_000
BOLTZMANN, CHARGE, PLANCK, LIGHT = 1.380649e-23, 1.602176634e-19, 6.62607015e-34, 299_792_458.0
SYMBOL_S, WAVELENGTH_M, EFFICIENCY = 0.2e-9, 1.55e-6, 0.8


def photons(power_w, ways, loss_db):
    """Return detected photons of one symbol in one arm at full scale, from the machine's file."""
    joule = power_w / ways * 10 ** (-loss_db / 10) * SYMBOL_S
    return EFFICIENCY * joule / (PLANCK * LIGHT / WAVELENGTH_M)


HOMODYNE = photons(1e-3, 64 * 64 * 2, 3 + 3)
BANK = photons(64e-3, 64 * 64, 1 + 3)
KTC = sqrt(BOLTZMANN * 300 * 5e-15) / CHARGE
WHITE = 10e-12 * sqrt(SYMBOL_S / 2) / CHARGE


class Sums:
    """Norms, ranges and sums of a layer, [N, G, c, L]."""

    def __init__(self, of):
        self.grid = grids(of)
        x, w = of.operands()
        self.fan_in = x.shape[2]
        self.x2 = (x**2).sum(2)[:, :, None]
        self.w2 = (w**2).sum(2)[..., None]
        g = self.grid
        w_low, w_range = g.w_low, g.w_range
        if np.ndim(w_low):  # [1, G, c, 1], to stand beside [1, G, D, c]
            w_low, w_range = w_low.swapaxes(2, 3), w_range.swapaxes(2, 3)
        shifted_x, shifted_w = (x - g.x_low) / g.x_range, (w - w_low) / w_range
        every = np.broadcast_to(shifted_w, (len(x), *w.shape[1:]))
        self.light = np.einsum("ngdl,ngdc->ngcl", shifted_x, every)
        self.x_light = shifted_x.sum(2)[:, :, None]


@cache
def sums_of(kind):
    return Sums(layer(kind))


def full_scale(s):
    g = s.grid
    return g.w_max * g.x_max / 2 * np.sqrt((s.w2 / g.w_max**2 + s.x2 / g.x_max**2) / HOMODYNE)


def receiver(s, electrons):
    return electrons * s.grid.w_max * s.grid.x_max / (2 * HOMODYNE) * np.ones_like(s.light)


def direct(s, n):
    return s.grid.w_range * s.grid.x_range * np.sqrt(s.light / n)


def receiver_direct(s, electrons):
    return electrons * s.grid.w_range * s.grid.x_range / BANK * np.ones_like(s.light)


NO_KTC = ("tiles.tia.capacitance=null", "tiles.tia.temperature=null")
BANK_DOES_ALL = ("tiles.dynamic_products=array", "tiles.tia.integrator=true", "tiles.rows=64")
MODULATORS = Machine("homodyne", ("tiles.modulator.symbol_std=0.01",))
FAINT = BANK * 8e-6 / 64e-3  # one photon
HOMODYNE_SOURCES = {
    "shot, renormalised": (
        Machine("homodyne", ("tiles.detector.photons_per_mac=2",)),
        "detector.shot",
        lambda s: np.sqrt(s.w2 * s.x2 / (s.fan_in * 2)),
    ),
    "shot, full scale": (Machine("homodyne"), "detector.shot", full_scale),
    "kTC": (Machine("homodyne"), "tia.ktc", lambda s: receiver(s, KTC)),
    "white": (
        Machine("homodyne", ("tiles.tia.input_noise=10 pA/sqrt(Hz)",)),
        "tia.white",
        lambda s: receiver(s, WHITE * sqrt(s.fan_in)),  # one symbol for each product
    ),
    "thermal": (
        Machine("homodyne", (*NO_KTC, "tiles.tia.thermal_std=0.01")),
        "tia.thermal",
        lambda s: sqrt(s.fan_in) * 0.01 * s.grid.w_range * s.grid.x_range * np.ones_like(s.light),
    ),
    "modulated inputs": (
        MODULATORS,
        "modulator.input",
        lambda s: 0.01 * s.grid.x_range * np.sqrt(s.w2) * np.ones_like(s.light),
    ),
    "modulated weights": (
        MODULATORS,
        "modulator.weight",
        lambda s: 0.01 * s.grid.w_range * np.sqrt(s.x2) * np.ones_like(s.light),
    ),
}
BANK_SOURCES = {
    "shot, direct": (
        Machine("ring_bank", (*BANK_DOES_ALL, "tiles.detector.photons_per_mac=1000")),
        "detector.shot",
        lambda s: direct(s, EFFICIENCY * 1000 * s.fan_in / s.x_light),
    ),
    "shot, direct, few": (
        Machine("ring_bank", (*BANK_DOES_ALL, "tiles.detector.photons_per_mac=0.5")),
        "detector.shot",
        lambda s: direct(s, EFFICIENCY * 0.5 * s.fan_in / s.x_light),
    ),
    "shot, direct, full scale": (
        Machine("ring_bank", BANK_DOES_ALL),
        "detector.shot",
        lambda s: direct(s, BANK),
    ),
    "shot, direct, full scale, few": (
        Machine(
            "ring_bank",
            (*BANK_DOES_ALL, "tiles.laser.power=8 uW", "tiles.laser.min_power=1 uW"),
        ),
        "detector.shot",
        lambda s: direct(s, FAINT),
    ),
    "kTC, direct": (
        Machine(
            "ring_bank",
            (*BANK_DOES_ALL, "tiles.tia.capacitance=5 fF", "tiles.tia.temperature=300 K"),
        ),
        "tia.ktc",
        lambda s: receiver_direct(s, KTC),
    ),
    "white, direct": (
        Machine("ring_bank", BANK_DOES_ALL),
        "tia.white",
        lambda s: receiver_direct(s, WHITE),  # one symbol: all wavelengths come at once
    ),
    "weights": (
        Machine("ring_bank", BANK_DOES_ALL),
        "array.weight",
        lambda s: 0.002 * s.grid.w_range * np.sqrt(s.x2) * np.ones_like(s.light),
    ),
}
SOURCES = HOMODYNE_SOURCES | BANK_SOURCES

# p of K^-p: over time or space averaged in the analog and in the digital domain; by more light.
POWERS = {
    "detector.shot": (0.5, 0.5, 0.5),
    "tia.ktc": (1, 0.5, 1),
    "adc.noise": (1, 0.5, 1),
    "tia.white": (0.5, 0.5, 1),
    "tia.thermal": (0.5, 0.5, 1),
    "modulator.input": (0.5, 0.5, 0),
    "modulator.weight": (0.5, 0.5, 0),
    "array.weight": (0.5, 0.5, 0),
}
OF_CHANNELS = (1, 3, 16, 2)
CASES = [
    *product(("time", "space"), ("analog", "digital"), (1, 3, 16, OF_CHANNELS)),
    *product(("power",), ("analog", "digital"), (1, 2.5, 16)),  # one laser feeds all channels
]


def way(mode, averaging):
    chosen = [f"tiles.repetition={mode}", f"tiles.averaging={averaging}", "tiles.count=64"]
    if mode == "power":
        chosen += ["tiles.laser.min_power=1 uW", "tiles.laser.max_power=10 W"]
    return chosen


def factor(name, count, mode, averaging):
    power = POWERS[name][2 if mode == "power" else averaging == "digital"]
    return np.asarray(count, dtype=float) ** -power


def by_channel(of, count):
    """Return counts as [1, G, c, 1]."""
    if np.ndim(count) == 0:
        return count
    _, w = of.operands()
    return np.reshape(count, (1, *w.shape[1::2], 1))


def planned(of, count):
    if np.ndim(count) == 0:
        return count
    return RepetitionPlan(fingerprint=of.exported.workload.fingerprint, counts={of.op: count})


def check(kind, source, mode, averaging, count):
    machine, name, std = SOURCES[source]
    of = layer(kind)
    settings = Settings(None, frozenset((name,)), AdcRange.IDEAL)
    hardware = machine.load(*way(mode, averaging))
    network = simulator(of, hardware, planned(of, count), settings)
    sums = sums_of(kind)
    repeated = factor(name, by_channel(of, count), mode, averaging)
    expected = of.shaped(std(sums) * repeated)
    found = errors(of, network, Draws(7), ceil(SAMPLES / expected.size))
    kurtosis = 0.0
    if "direct" in source:
        scale = sums.grid.w_range * sums.grid.x_range
        kurtosis = float(np.mean((std(sums) * repeated / scale / sums.light) ** 2))
    assert_std(found, expected, kurtosis=kurtosis)


@pytest.mark.parametrize(("mode", "averaging", "count"), CASES, ids=str)
@pytest.mark.parametrize("source", SOURCES)
def test_noise_is_that_of_the_equations_however_it_is_repeated(source, mode, averaging, count):
    check("linear", source, mode, averaging, count)


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("kind", [kind for kind in LAYERS if kind != "linear"])
def test_noise_is_that_of_the_equations_in_every_form_of_product(kind, source):
    check(kind, source, "time", "analog", 3 if kind == "matmul" else OF_CHANNELS)
