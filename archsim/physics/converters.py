"""Energy and area of analog-to-digital and digital-to-analog converters.

The survey fit describes the best converters of their technology, not any one of them; it is fitted
to effective bits of four and more and is not to be used below.
"""

from __future__ import annotations

from math import ceil, exp, log
from typing import Any

SURVEY_LOWEST_ENOB = 4.0
_NANOMETRE_M = 1e-9
_PICOJOULE_J = 1e-12
_SQUARE_MICROMETRE_M2 = 1e-12


def sndr_db(enob: Any) -> Any:
    """Return the signal-to-noise-and-distortion ratio of a converter [dB].

    SNDR = 6.0206·ENOB + 1.7609

    References:
        IEEE Std 1241-2010, the inverse of its definition of effective bits.
    """
    return 6.0206 * enob + 1.7609


def survey_energy_j(*, enob: float, rate_hz: float, technology_m: float) -> float:
    """Return the energy of one conversion by the fit to the converter survey [J].

    FOM_S = min(213.7806687 - 2.87190304·ln f, 128.3068287 + 3.2205115·ceil(N)) [dB];
    E = 1/(2·10^((FOM_S - SNDR)/10)) · exp(26.04962157 + 1.88003692·ln t - 2.82912561·ln N
    - 1.47020221) [pJ], with t in nm.

    Args:
        enob: Effective bits N, at least 4.
        rate_hz: Conversions per second f [S/s].
        technology_m: Feature size [m].

    References:
        T. Andrulis et al., arXiv 2404.06553, fitted to the survey of B. Murmann.
    """
    if enob < SURVEY_LOWEST_ENOB:
        raise ValueError(
            f"found {enob:g} effective bits; expected at least {SURVEY_LOWEST_ENOB:g}, where the "
            "survey fit begins; give the energy and area of the converter as numbers instead"
        )
    figure_db = min(213.7806687 - 2.87190304 * log(rate_hz), 128.3068287 + 3.2205115 * ceil(enob))
    scale = exp(
        26.04962157
        + 1.88003692 * log(technology_m / _NANOMETRE_M)
        - 2.82912561 * log(enob)
        - 1.47020221
    )
    ratio: float = 10 ** ((figure_db - sndr_db(enob)) / 10)
    return 1 / (2 * ratio) * scale * _PICOJOULE_J


def survey_area_m2(*, enob: float, rate_hz: float, technology_m: float) -> float:
    """Return the area of one converter by the fit to the converter survey [m²].

    A = exp(1.34619164 + 0.99327947·ln t + 0.18071538·ln f + 0.29912426·ln E) [um²], with t in nm
    and E, the survey's energy, in pJ.

    References:
        T. Andrulis et al., arXiv 2404.06553.
    """
    energy_j = survey_energy_j(enob=enob, rate_hz=rate_hz, technology_m=technology_m)
    area_um2 = exp(
        1.34619164
        + 0.99327947 * log(technology_m / _NANOMETRE_M)
        + 0.18071538 * log(rate_hz)
        + 0.29912426 * log(energy_j / _PICOJOULE_J)
    )
    return area_um2 * _SQUARE_MICROMETRE_M2


def walden_j(*, power_w: Any, enob: Any, rate_hz: Any) -> Any:
    """Return Walden's figure of merit [J per step].

    FOM_W = P/(2^ENOB·f)

    References:
        R. H. Walden, IEEE JSAC 17(4), 539 (1999).
    """
    return power_w / (2**enob * rate_hz)


def walden_energy_j(*, step_j: Any, enob: Any) -> Any:
    """Return the energy of one conversion from Walden's figure of merit [J]: FOM_W·2^ENOB."""
    return step_j * 2**enob


def schreier_db(*, power_w: float, enob: float, rate_hz: float) -> Any:
    """Return Schreier's figure of merit [dB].

    FOM_S = SNDR + 10·log10(f/(2P))

    References:
        R. Schreier and G. C. Temes, Understanding Delta-Sigma Data Converters, Wiley (2005).
    """
    return sndr_db(enob) + 10 * log(rate_hz / (2 * power_w)) / log(10)


def scaled_adc_power_w(
    *, power_w: Any, rate_hz: Any, bits: Any, known_rate_hz: Any, known_bits: Any
) -> Any:
    """Return the power of an ADC scaled from a known one [W].

    P = P0·(f/f0)·(b/b0)

    References:
        H. Zhu et al., HPCA 2024, arXiv 2305.19533.
    """
    return power_w * (rate_hz / known_rate_hz) * (bits / known_bits)


def scaled_dac_power_w(
    *, power_w: Any, rate_hz: Any, bits: Any, known_rate_hz: Any, known_bits: Any
) -> Any:
    """Return the power of a DAC scaled from a known one [W].

    P = P0·(f/f0)·(2^b/b)/(2^b0/b0)

    References:
        H. Zhu et al., HPCA 2024, arXiv 2305.19533.
    """
    share = (2**bits / bits) / (2**known_bits / known_bits)
    return power_w * (rate_hz / known_rate_hz) * share
