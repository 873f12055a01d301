"""Garg et al.'s check of noise bits: a quantiser of as many does the harm of the noise.

S. Garg et al., IEEE JSTQE 29(2) (2023), doi 10.1109/JSTQE.2022.3218019, with thermal noise on
ResNet50: noise off, each product's result quantised to its noise bits, and the accuracy is that
with noise. The tolerance is the interval of the noisy accuracy, while less than 20 points are lost.
"""

import pytest

import archsim
from archsim.functional import AdcRange, Settings, check_noise_bits
from tests.data import needs
from workloads.tasks import TASKS

MOST_LOST = 20.0


def machine(std):
    tia = f"kind: tia, count: 4096, integrator: true, thermal_std: {std}"
    return archsim.load_hardware(
        "homodyne", [f"tiles.tia={{{tia}, static_power: 2 uW, area: 50 um^2}}"]
    )


def compare(task, std, repetitions, trials):
    return check_noise_bits(
        TASKS[task](),
        machine(std),
        repetitions,
        trials=trials,
        settings=Settings(sources=frozenset({"thermal"}), adc=AdcRange.IDEAL),
    )


def assert_equal_harm(found):
    assert 0 < found.quantised - found.noisy.value < MOST_LOST
    interval = found.noisy.over_examples
    assert interval.low <= found.rounded.value <= interval.high


@pytest.mark.parametrize("std", [0.01, 0.02])
def test_digits_read_through_noise_bits_as_well_as_through_noise(std):
    assert_equal_harm(compare("digits_cnn", std, 1, trials=20))


@pytest.mark.slow
@pytest.mark.parametrize("repetitions", [4, 8, 16])
def test_resnet20_sees_through_noise_bits_as_well_as_through_noise(repetitions):
    needs("cifar10")
    assert_equal_harm(compare("resnet20_cifar10", 0.01, repetitions, trials=5))


@pytest.mark.slow
def test_mnist_cnn_reads_through_noise_bits_as_well_as_through_noise():
    needs("mnist")
    assert_equal_harm(compare("mnist_cnn", 0.01, 1, trials=5))
