"""Noise of a machine's analog path as standard deviations and effective bits."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import hypot, inf, isfinite, sqrt
from typing import Any

from archsim.hardware._noise_source import Formula, NoiseSource
from archsim.hardware.deviations import COUNTED, Operands, std_of
from archsim.physics import noise, precision
from archsim.physics.repetition import Source

_SIGNED, _INTENSITY = 2.0, 1.0
"""Ranges of operands at full scale 1: from -1 to 1, or of light from 0 to 1."""

_DIRECT = frozenset((Formula.SHOT_DIRECT, Formula.SHOT_DIRECT_FULL_SCALE, Formula.RECEIVER_DIRECT))


@dataclass(frozen=True, slots=True)
class NoiseFigure:
    """One noise source on one reading."""

    name: str
    """The part and what it is."""

    source: Source | None
    """How repetition acts on it; nothing for the levels of a converter."""

    std: float
    """Standard deviation relative to the range of the reading, with operands at full scale."""

    enob: float
    """Effective bits if it were the only one."""


def figures(sources: Iterable[NoiseSource], fan_in: int, symbols: int) -> tuple[NoiseFigure, ...]:
    """Return each source's noise on a reading of so many products, all operands at full scale.

    Args:
        sources: Noise sources of one base pass.
        fan_in: Products of one reading, D; the reading's range is from -D to D, or from 0 to D
            where light is detected directly.
        symbols: Symbols whose charge one reading holds.
    """
    found, known = [], tuple(sources)
    span = _INTENSITY if any(source.formula in _DIRECT for source in known) else _SIGNED
    for source in known:
        std = float(_std(source, fan_in, symbols, span))
        range_ = span * fan_in
        bits = precision.enob(range_=range_, std=std) if std > 0 else inf
        found.append(NoiseFigure(source.name, source.source, std / range_, bits))
    return tuple(found)


def levels(bits: int) -> NoiseFigure:
    """Return what rounding to a converter's levels leaves: 2^-B/sqrt(12) of its range."""
    return NoiseFigure("adc levels", None, precision.enob_std(range_=1.0, bits=bits), float(bits))


def path_enob(noise_figures: Iterable[NoiseFigure]) -> float | None:
    """Return the effective bits against all sources together; nothing where there are none."""
    std = hypot(*(figure.std for figure in noise_figures))
    if std == 0 or not isfinite(std):
        return None
    return precision.enob(range_=1.0, std=std)


def _std(source: NoiseSource, fan_in: int, symbols: int, span: float) -> Any:
    """Return a standard deviation for |w| = |x| = 1 throughout."""
    if source.formula in COUNTED:
        (photons,) = source.parameters.values()
        return noise.direct_std(sum_of_products=fan_in, scale=1.0, photons=photons)
    norm = sqrt(fan_in)
    operands = Operands(
        fan_in=fan_in,
        symbols=symbols,
        weight_norm=norm,
        weight_max=1.0,
        weight_range=span,
        input_max=1.0,
        input_range=span,
        sums_range=span * fan_in,
    )
    return std_of(source, operands, norm)
