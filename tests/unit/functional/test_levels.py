"""Variances as a constant and a slope, against formulas at norms that were not asked for."""

from math import sqrt

import pytest
import torch

from archsim.errors import ConfigError
from archsim.functional.levels import Repeating, select, variance_of
from archsim.hardware import Draw, Formula, NoiseSource
from archsim.hardware.deviations import Operands
from archsim.physics.repetition import Averaging, Repetition, Source

OPERANDS = Operands(
    fan_in=16,
    symbols=4,
    weight_norm=torch.tensor([1.5, 0.0]),
    weight_max=torch.tensor([0.5, 2.0]),
    weight_range=torch.tensor([0.9, 4.0]),
    input_max=3.0,
    input_range=5.0,
    sums_range=torch.tensor([10.0, 20.0]),
)
NORM = 2.7


def source(formula, acts=Source.SHOT, draw=Draw.PER_PASS, name="a", **parameters):
    return NoiseSource(name, acts, formula, parameters, draw)


# (source, variance of the first channel: 1.5 weight norm, 0.5 and 0.9 weight range)
VARIANCES = {
    "renormalised": (
        source(Formula.SHOT_RENORMALISED, photons_per_mac=2.0),
        1.5**2 * NORM**2 / (16 * 2),
    ),
    "full scale": (
        source(Formula.SHOT_FULL_SCALE, photons=7.0),
        (0.5 * 3 / 2) ** 2 * (1.5**2 / 0.5**2 + NORM**2 / 3**2) / 7,
    ),
    "thermal": (source(Formula.THERMAL, Source.THERMAL, std=0.01), 16 * (0.01 * 0.9 * 5) ** 2),
    "kTC": (
        source(Formula.RECEIVER, Source.READOUT, electrons=3.0, full_scale_electrons=6.0),
        (3 * 0.5 * 3 / 6) ** 2,
    ),
    "white, of four symbols": (
        source(Formula.RECEIVER, Source.WHITE, electrons=3.0, full_scale_electrons=6.0),
        4 * (3 * 0.5 * 3 / 6) ** 2,
    ),
    "weights": (source(Formula.WEIGHT, Source.OPERAND, std=0.1), (0.1 * 0.9 * NORM) ** 2),
    "inputs": (source(Formula.INPUT, Source.OPERAND, std=0.1), (0.1 * 5 * 1.5) ** 2),
    "converter": (source(Formula.CONVERSION, Source.READOUT, std=0.01), (0.01 * 10) ** 2),
}


@pytest.mark.parametrize("name", VARIANCES)
def test_a_constant_and_a_slope_give_the_variance_at_any_norm(name):
    one, expected = VARIANCES[name]
    found = variance_of([one], OPERANDS, None)
    at_norm = torch.as_tensor(found.constant + found.slope * NORM**2).flatten()[0]
    assert float(at_norm) == pytest.approx(expected, rel=1e-5)


def test_sources_add_in_variance():
    every = variance_of([one for one, _ in VARIANCES.values()], OPERANDS, None)
    at_norm = (every.constant + every.slope * NORM**2)[0]
    assert float(at_norm) == pytest.approx(sum(v for _, v in VARIANCES.values()), rel=1e-5)


def test_no_source_is_no_noise():
    found = variance_of([], OPERANDS, None)
    assert (found.constant, found.slope) == (0, 0)


def test_repetition_acts_on_each_source_in_its_own_way():
    repeating = Repeating(torch.tensor([4.0, 9.0]), Repetition.POWER, Averaging.DIGITAL)
    shot, thermal, weights = (VARIANCES[name][0] for name in ("renormalised", "thermal", "weights"))
    for one, factors in [(shot, (4, 9)), (thermal, (16, 81)), (weights, (1, 1))]:
        once, often = (variance_of([one], OPERANDS, way) for way in (None, repeating))
        ratio = (once.constant + once.slope) / (often.constant + often.slope)
        assert ratio[0].item() == pytest.approx(factors[0])
        if one is not shot:  # whose second channel holds zeros
            assert ratio[1].item() == pytest.approx(factors[1])


MACHINE = [
    source(Formula.SHOT_FULL_SCALE, name="detector.shot"),
    source(Formula.SHOT_DIRECT, name="other.shot"),
    source(Formula.WEIGHT, Source.OPERAND, name="array.weight"),
    source(Formula.WEIGHT, Source.PROGRAMMING, Draw.FROZEN, name="array.programming"),
    source(Formula.WEIGHT, Source.OPERAND, Draw.PER_FORWARD, name="array.forward"),
    source(Formula.RECEIVER, Source.READOUT, name="tia.ktc"),
    source(Formula.CONVERSION, Source.READOUT, name="adc.noise"),
]


def names(sources):
    return [one.name for one in sources]


def test_sources_are_sorted_by_how_they_are_drawn():
    chosen = select(MACHINE, None, converter=True)
    assert names(chosen.per_reading) == ["detector.shot", "tia.ktc", "adc.noise"]
    assert names(chosen.per_product) == ["array.weight"]
    assert names(chosen.counted) == ["other.shot"]
    assert names(chosen.of_weights) == ["array.programming", "array.forward"]
    assert set(chosen.names) == set(names(MACHINE))


def test_sources_are_chosen_by_name_or_by_kind():
    assert set(select(MACHINE, frozenset(("shot", "tia.ktc")), converter=True).names) == {
        "detector.shot",
        "other.shot",
        "tia.ktc",
    }
    assert select(MACHINE, frozenset(), converter=True).names == ()


def test_ideal_converters_have_no_noise():
    assert "adc.noise" not in select(MACHINE, None, converter=False).names


def test_unknown_sources_are_refused_with_those_that_there_are():
    expected = (
        r"noise: found 'gravity', 'heat'; expected sources of the machine: .*tia\.ktc.*; name"
    )
    with pytest.raises(ConfigError, match=expected):
        select(MACHINE, frozenset(("heat", "gravity")), converter=True)
    with pytest.raises(ConfigError, match="it has none"):
        select([], frozenset(("heat",)), converter=True)


def test_the_factor_of_repetition_is_that_of_the_source():
    repeating = Repeating(16.0, Repetition.TIME, Averaging.ANALOG)
    assert repeating.factor(Source.READOUT) == 1 / 16
    assert repeating.factor(Source.SHOT) == 1 / sqrt(16)
