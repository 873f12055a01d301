"""Shot noise formulas against counted photons; and how nearly normal the counts are.

Run as a script, it prints the distance of the counts' distribution from a normal one:
``python tests/validation/test_detectors.py``.
"""

from math import erf, lgamma, log, pi, sqrt

import numpy as np
import pytest

from archsim.physics import noise

TOTALS = [1, 3, 10, 100, 1_000, 10_000]  # mean photons of one output, all detectors together
TOLERANCE = 0.01


def draws(total):
    """Return at least 200,000, and so many that 1 % of the variance is four standard errors.

    The relative error of a variance is sqrt((2 + excess kurtosis)/draws), and counts of Poisson,
    and their differences, have the excess kurtosis 1/total: with 200,000 draws 1 % would be 2.6
    standard errors at one photon.
    """
    return max(200_000, int((2 + 1 / total) * (4 / TOLERANCE) ** 2))


def homodyne_counts(rng, arms, efficiency, draws):
    """Return drawn difference counts of the balanced detector, integrated over the symbols.

    A 50:50 beam splitter makes (a + b)/sqrt(2) and (a - b)/sqrt(2) of the fields of both arms in
    each symbol; each detector counts its intensity.
    """
    difference = np.zeros(draws)
    for a, b in zip(*arms, strict=True):
        plus, minus = (a + b) / sqrt(2), (a - b) / sqrt(2)
        difference += rng.poisson(efficiency * plus**2, draws)
        difference -= rng.poisson(efficiency * minus**2, draws)
    return difference


def check(outputs, expected, std):
    """Compare the drawn outputs with the exact product and with the formula's deviation."""
    assert outputs.mean() == pytest.approx(expected, abs=4 * std / len(outputs) ** 0.5)
    assert outputs.var() == pytest.approx(std**2, rel=TOLERANCE)


@pytest.mark.parametrize("total", TOTALS)
def test_renormalised_homodyne_noise_is_that_of_counted_photons(total):
    rng = np.random.default_rng([1, total])
    fan_in = 6
    w, x = rng.normal(size=fan_in), rng.normal(size=fan_in)
    w_norm, x_norm = np.linalg.norm(w), np.linalg.norm(x)
    # Each arm carries half of the light, whatever its vector's length.
    arms = w / w_norm * sqrt(total / 2), x / x_norm * sqrt(total / 2)
    assert sum(np.sum(arm**2) for arm in arms) == pytest.approx(total)
    counts = homodyne_counts(rng, arms, 1.0, draws(total))
    std = noise.homodyne_std(w_norm, x_norm, fan_in, photons_per_mac=total / fan_in)
    check(counts * w_norm * x_norm / total, w @ x, std)


@pytest.mark.parametrize("total", TOTALS)
def test_full_scale_homodyne_noise_is_that_of_counted_photons(total):
    rng = np.random.default_rng([2, total])
    w, x = rng.normal(size=6), rng.uniform(0, 3, size=6)
    w_max, x_max, efficiency = 4.0, 3.5, 0.6
    filling = np.sum((w / w_max) ** 2) + np.sum((x / x_max) ** 2)
    photons = total / filling / efficiency  # of a symbol at full scale in each arm, before loss
    arms = sqrt(photons) * w / w_max, sqrt(photons) * x / x_max
    counts = homodyne_counts(rng, arms, efficiency, draws(total))
    std = noise.homodyne_full_scale_std(
        np.linalg.norm(w), np.linalg.norm(x),
        weight_max=w_max, input_max=x_max, photons=efficiency * photons,
    )  # fmt: skip
    check(counts * w_max * x_max / (2 * efficiency * photons), w @ x, std)


@pytest.mark.parametrize("total", TOTALS)
def test_direct_detection_noise_is_that_of_counted_photons(total):
    # Operands shifted and scaled as in T. Wang et al., Nat. Commun. 13, 123 (2022).
    rng = np.random.default_rng([3, total])
    fan_in = 6
    w, x = rng.normal(size=fan_in), rng.uniform(0, 3, size=fan_in)
    w_scale, x_scale = (w - w.min()).max(), x.max()
    transmitted, shown = (w - w.min()) / w_scale, x / x_scale
    products = transmitted @ shown
    photons_per_mac = total / products * shown.sum() / fan_in  # at the input
    photons = noise.direct_full_scale_photons(photons_per_mac, input_sum=shown.sum(), fan_in=fan_in)
    assert np.mean(photons * shown) == pytest.approx(photons_per_mac)
    counts = np.zeros(draws(total))
    for weight, value in zip(transmitted, shown, strict=True):
        counts += rng.poisson(photons * value * weight, len(counts))
    outputs = counts * w_scale * x_scale / photons + w.min() * x.sum()
    std = noise.direct_std(sum_of_products=products, scale=w_scale * x_scale, photons=photons)
    check(outputs, w @ x, std)


def poisson(mean):
    """Return the probabilities of all counts from 0 to far beyond the mean."""
    last = int(mean + 12 * sqrt(mean) + 30)
    if mean == 0:
        return np.array([1.0])
    return np.exp([count * log(mean) - mean - lgamma(count + 1) for count in range(last + 1)])


def distances(total, contrast):
    """Return how far the difference of two counts is from a normal of its mean and variance.

    The largest difference of the distribution functions (Kolmogorov's distance): from the normal
    itself, and from the normal rounded to whole counts.

    Args:
        total: Mean of both counts together.
        contrast: (difference of the means)/total: 0 balanced; 1 where one detector is dark, which
            is direct detection.
    """
    bright, dark = (poisson(total * (1 + sign * contrast) / 2) for sign in (1, -1))
    below = np.cumsum(np.convolve(bright, dark[::-1]))  # P(difference <= k)
    k = np.arange(len(below)) - (len(dark) - 1)

    def normal(at):
        return np.array([(1 + erf(z / sqrt(2))) / 2 for z in (at - contrast * total) / sqrt(total)])

    before = np.concatenate([[0.0], below[:-1]])
    smooth = max(np.abs(below - normal(k)).max(), np.abs(before - normal(k)).max())
    return smooth, np.abs(below - normal(k + 0.5)).max()


# By hand, from the first term of Edgeworth's series. The third cumulant is contrast·total, so half
# a count above a whole one the distribution function is off by contrast·(1 - z²)·phi(z)/6
# over sqrt(total), most at z = 0. A normal that is not rounded misses half of the largest
# probability in addition, phi(0)/(2·sqrt(total)).
SKEW = 1 / (6 * sqrt(2 * pi))  # 0.0665
LATTICE = 1 / (2 * sqrt(2 * pi))  # 0.1995
# Where balance leaves no third cumulant, the fourth, total, and the sum over whole counts leave
# phi(z)·(4z - z³)/(24·total), most at z² = (7 - sqrt(33))/2.
BALANCED = 0.03245


@pytest.mark.parametrize("contrast", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("total", [100, 1_000, 10_000])
def test_the_distance_from_a_normal_falls_as_the_root_of_the_count(total, contrast):
    smooth, rounded = distances(total, contrast)
    assert smooth == pytest.approx((LATTICE + contrast * SKEW) / sqrt(total), rel=0.02)
    if contrast:
        assert rounded == pytest.approx(contrast * SKEW / sqrt(total), rel=0.02)
    else:
        assert rounded == pytest.approx(BALANCED / total, rel=0.02)


def test_a_rounded_normal_is_within_half_a_percent_from_200_counts():
    assert distances(200, 1.0)[1] < 0.005 < distances(150, 1.0)[1]
    assert all(distances(200, contrast)[1] < 0.005 for contrast in (0.0, 0.25, 0.5, 0.75))


if __name__ == "__main__":
    print("mean count   not rounded: balanced  direct   rounded: balanced   direct")  # noqa: T201
    for total in (1, 3, 10, 30, 100, 200, 300, 1_000, 3_000, 10_000):
        (s0, r0), (s1, r1) = (distances(total, contrast) for contrast in (0.0, 1.0))
        print(f"{total:10,}   {s0:21.4f} {s1:7.4f} {r0:19.6f} {r1:8.4f}")  # noqa: T201
