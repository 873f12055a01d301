"""Standard deviation of each noise source on one output, before repetition.

The functional side draws from these and the learner differentiates through them, so they are made
of operators only and take floats, arrays, tensors and, in tests, quantities with dimensions.
Norms are those of the operands of one dot product of fan-in D.
"""

from __future__ import annotations

from typing import Any

from archsim.physics.constants import BOLTZMANN_J_PER_K, ELEMENTARY_CHARGE_C


def homodyne_std(weight_norm: Any, input_norm: Any, fan_in: Any, photons_per_mac: Any) -> Any:
    """Return the shot noise of balanced homodyne detection, light rescaled to each vector's norm.

    sigma = ||w||·||x||/sqrt(D·E)

    Args:
        weight_norm: ||w||.
        input_norm: ||x||.
        fan_in: D.
        photons_per_mac: E, mean detected photons of one product, both arms together.

    References:
        R. Hamerly et al., PRX 9, 021032 (2019); S. Garg et al., IEEE JSTQE 29(2) (2023).
    """
    return weight_norm * input_norm / (fan_in * photons_per_mac) ** 0.5


def homodyne_full_scale_std(
    weight_norm: Any, input_norm: Any, *, weight_max: Any, input_max: Any, photons: Any
) -> Any:
    """Return the shot noise of balanced homodyne detection whose light is fixed at full scale.

    sigma = (w_max·x_max/2)·sqrt((||w||²/w_max² + ||x||²/x_max²)/n)

    The arms carry sqrt(n)·w/w_max and sqrt(n)·x/x_max; the difference count has the mean
    2n·sum(w·x)/(w_max·x_max), and its variance is the sum of all counts.

    Args:
        weight_norm: ||w||.
        input_norm: ||x||.
        weight_max: Weight at full scale.
        input_max: Input at full scale.
        photons: n, photons of one symbol in each arm at full scale, detected (that is, times the
            quantum efficiency).
    """
    counts = (weight_norm / weight_max) ** 2 + (input_norm / input_max) ** 2
    return weight_max * input_max / 2 * (counts / photons) ** 0.5


def homodyne_photons_per_mac(
    weight_norm: Any, input_norm: Any, *, weight_max: Any, input_max: Any, photons: Any, fan_in: Any
) -> Any:
    """Return the mean detected photons of one product of full-scale homodyne, from the data.

    E = n·(||w||²/w_max² + ||x||²/x_max²)/D
    """
    return photons * ((weight_norm / weight_max) ** 2 + (input_norm / input_max) ** 2) / fan_in


def direct_std(*, sum_of_products: Any, scale: Any, photons: Any) -> Any:
    """Return the shot noise of direct detection of non-negative operands.

    The detector counts Poisson(n·sum(w~·x~)), which is scaled back by K/n: sigma =
    K·sqrt(sum(w~·x~)/n)

    Args:
        sum_of_products: sum(w~·x~), both shifted and scaled to [0, 1].
        scale: K, the product of both operands' maxima after shifting.
        photons: n, detected photons of the largest unit product.

    References:
        T. Wang et al., Nat. Commun. 13, 123 (2022), arXiv 2104.13467.
    """
    return scale * (sum_of_products / photons) ** 0.5


def direct_full_scale_photons(photons_per_mac: Any, *, input_sum: Any, fan_in: Any) -> Any:
    """Return the photons of the largest unit product from the mean at the input.

    n_max = n·D/sum(x~)

    References:
        T. Wang et al., Nat. Commun. 13, 123 (2022).
    """
    return photons_per_mac * fan_in / input_sum


def thermal_std(std: Any, *, fan_in: Any, weight_range: Any, input_range: Any) -> Any:
    """Return the normalised thermal noise: sigma = sqrt(D)·sigma_t·(w range)·(x range).

    References:
        S. Garg et al., IEEE JSTQE 29(2) (2023).
    """
    return fan_in**0.5 * std * weight_range * input_range


def weight_std(std: Any, *, weight_range: Any, input_norm: Any) -> Any:
    """Return the output noise of independent errors of every weight: sigma_w·(w range)·||x||.

    The same holds for errors of the inputs, with the two operands exchanged.

    References:
        S. Garg et al., IEEE JSTQE 29(2) (2023), whose weight noise this is, one draw a pass.
    """
    return std * weight_range * input_norm


def ktc_electrons(temperature_k: Any, capacitance_f: Any) -> Any:
    """Return the noise of a capacitance that is reset and read [electrons].

    sigma = sqrt(k·T·C)/q

    Args:
        temperature_k: T [K].
        capacitance_f: C [F].

    References:
        A. Sludds et al., Science 378, 270 (2022): 12.7 electrons at 1 fF and 300 K.
    """
    return (BOLTZMANN_J_PER_K * temperature_k * capacitance_f) ** 0.5 / ELEMENTARY_CHARGE_C


def integrated_current_electrons(noise_a_per_root_hz: Any, time_s: Any) -> Any:
    """Return the charge noise of white current noise, integrated [electrons].

    sigma = i_n·sqrt(T/2)/q, for the one-sided density i_n, since integrating over T has the noise
    bandwidth 1/(2T).

    Args:
        noise_a_per_root_hz: i_n [A/sqrt(Hz)].
        time_s: T, the whole time of integration [s].
    """
    return noise_a_per_root_hz * (time_s / 2) ** 0.5 / ELEMENTARY_CHARGE_C


def receiver_std(electrons: Any, *, full_scale: Any, full_scale_electrons: Any) -> Any:
    """Return receiver noise at the output: sigma_e·(full scale)/(electrons at full scale).

    Args:
        electrons: Standard deviation of the charge read.
        full_scale: Output of one product at full scale, w_max·x_max.
        full_scale_electrons: Electrons that this product gives: 2·eta·n for homodyne with n
            photons an arm, eta·n for direct detection.
    """
    return electrons * full_scale / full_scale_electrons


def snr_of_receiver(
    *, products: Any, electrons: Any, receiver_electrons: Any, integrated: bool
) -> Any:
    """Return the signal-to-noise ratio of M equal products against receiver noise.

    SNR = M·N/sigma where the charge is integrated and read once, sqrt(M)·N/sigma where each product
    is read: integration saves a factor sqrt(M) of light.

    Args:
        products: M.
        electrons: N, electrons of one product.
        receiver_electrons: sigma, standard deviation of one reading.
        integrated: Whether all the charge is read once.

    References:
        A. Sludds et al., Science 378, 270 (2022).
    """
    return products ** (1.0 if integrated else 0.5) * electrons / receiver_electrons
