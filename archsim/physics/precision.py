"""Noise as bits, and bits as noise.

Two conventions, not to be mixed. *Noise bits* equate a noise's variance with that of a uniform
quantiser of 2^B - 1 steps over the range. *ENOB* is the converter's: the ratio of a full-scale sine
to the noise, so that an ideal quantiser of 2^B steps has ENOB = B.
"""

from __future__ import annotations

from math import log2, sqrt


def noise_bits(*, range_: float, std: float) -> float:
    """Return the bits of a quantiser that is as noisy.

    B = log2(range/(sqrt(12)·sigma) + 1), from Delta²/12 = sigma² and Delta = range/(2^B - 1).

    Args:
        range_: Distance between the lowest and the highest level, in the unit of ``std``.
        std: Standard deviation of the noise, > 0.

    References:
        S. Garg et al., IEEE JSTQE 29(2) (2023), doi 10.1109/JSTQE.2022.3218019.
    """
    return log2(range_ / (sqrt(12) * std) + 1)


def noise_std(*, range_: float, bits: float) -> float:
    """Return the noise of a quantiser of that many bits, the inverse of :func:`noise_bits`."""
    return range_ / ((2**bits - 1) * sqrt(12))


def enob(*, range_: float, std: float) -> float:
    """Return the effective bits of a full range against noise: log2(range/(sqrt(12)·sigma))."""
    return log2(range_ / (sqrt(12) * std))


def enob_std(*, range_: float, bits: float) -> float:
    """Return the noise of that many effective bits, the inverse of :func:`enob`."""
    return range_ / (2**bits * sqrt(12))


def converter_noise_std(*, bits: float, enob: float) -> float:
    """Return a converter's own noise relative to its range, beyond its ideal quantisation.

    sigma² = (2^-2·ENOB - 2^-2·B)/12

    Args:
        bits: Nominal resolution B.
        enob: Effective bits, at most B.
    """
    return sqrt((2 ** (-2 * enob) - 2 ** (-2 * bits)) / 12)
