import numpy as np
import pytest
import torch

from archsim.physics.repetition import (
    Averaging,
    Repetition,
    Source,
    conversions,
    copies,
    laser_power_factor,
    passes,
    std_factor,
)

TIME, SPACE, POWER = Repetition.TIME, Repetition.SPACE, Repetition.POWER
ANALOG, DIGITAL = Averaging.ANALOG, Averaging.DIGITAL

# Factor at K = 4: half for 1/sqrt(K), a quarter for 1/K.
TABLE = {
    Source.SHOT: {"analog": 0.5, "digital": 0.5, "power": 0.5},
    Source.READOUT: {"analog": 0.25, "digital": 0.5, "power": 0.25},
    Source.WHITE: {"analog": 0.5, "digital": 0.5, "power": 0.25},
    Source.OPERAND: {"analog": 0.5, "digital": 0.5, "power": 1.0},
    Source.QUANTISATION: {"analog": 1.0, "digital": 1.0, "power": 1.0},
    Source.THERMAL: {"analog": 0.5, "digital": 0.5, "power": 0.25},
}


@pytest.mark.parametrize("source", TABLE)
def test_the_table_of_repetition(source):
    for averaging in Averaging:
        for mode in (TIME, SPACE):
            assert std_factor(source, 4, mode, averaging) == TABLE[source][averaging.value]
        assert std_factor(source, 4, POWER, averaging) == TABLE[source]["power"]


def test_frozen_error_only_falls_over_other_cells():
    for averaging in Averaging:
        assert std_factor(Source.PROGRAMMING, 4, TIME, averaging) == 1
        assert std_factor(Source.PROGRAMMING, 4, SPACE, averaging) == 0.5
        assert std_factor(Source.PROGRAMMING, 4, POWER, averaging) == 1


def test_the_table_covers_every_source():
    assert {*TABLE, Source.PROGRAMMING} == set(Source)


def test_readout_noise_of_integrated_passes_is_added_once():
    rng = np.random.default_rng(0)
    repetitions, signal, std = 9, 5.0, 0.3
    once = (repetitions * signal + rng.normal(0, std, 200_000)) / repetitions
    each = (signal + rng.normal(0, std, (200_000, repetitions))).mean(axis=1)
    for drawn, averaging in ((once, ANALOG), (each, DIGITAL)):
        factor = std_factor(Source.READOUT, repetitions, TIME, averaging)
        assert drawn.std() == pytest.approx(std * factor, rel=0.01)


def test_more_light_raises_signal_and_shot_noise_alike():
    rng = np.random.default_rng(1)
    counts = rng.poisson(100 * 9, 200_000) / 9  # scaled back to one pass
    factor = std_factor(Source.SHOT, 9, POWER, ANALOG)
    assert counts.std() == pytest.approx(10 * factor, rel=0.01)


def test_counts_of_passes_tiles_conversions_and_light():
    assert [passes(5, m) for m in (TIME, SPACE, POWER)] == [5, 1, 1]
    assert [copies(5, m) for m in (TIME, SPACE, POWER)] == [1, 5, 1]
    assert [conversions(5, m, DIGITAL) for m in (TIME, SPACE, POWER)] == [5, 5, 1]
    assert [conversions(5, m, ANALOG) for m in (TIME, SPACE, POWER)] == [1, 1, 1]
    assert [laser_power_factor(2.5, m) for m in (TIME, SPACE, POWER)] == [1, 1, 2.5]


def test_one_repetition_changes_nothing():
    for source in Source:
        for mode in Repetition:
            for averaging in Averaging:
                assert std_factor(source, 1, mode, averaging) == 1


def test_the_learner_can_differentiate_through_the_factor():
    repetitions = torch.tensor([4.0], requires_grad=True)
    std_factor(Source.SHOT, repetitions, POWER, ANALOG).sum().backward()
    assert repetitions.grad.item() == pytest.approx(-0.5 * 4**-1.5)
