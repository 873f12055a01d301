"""Which formula gives a noise source's standard deviation, from the operands of a product.

The one table for both sides: ``archsim check`` asks with operands at full scale, the functional
simulator with those of each product. Formulas are in :mod:`archsim.physics.noise`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from archsim.hardware._noise_source import Formula, NoiseSource
from archsim.physics import noise
from archsim.physics.repetition import Source


@dataclass(frozen=True, slots=True)
class Operands:
    """The operands of one product, or of one reading of it.

    Attributes:
        fan_in: D, products of one sum.
        symbols: Symbols whose charge one reading holds.
        weight_norm: ||w|| of each channel.
        weight_max: Weight at full scale, of each channel.
        weight_range: Distance between the outer weights, of each channel.
        input_max: Input at full scale.
        input_range: Distance between the outer inputs.
        sums_range: Range of the converter, in the unit of the sums, of each channel; None without.
    """

    fan_in: int
    symbols: int
    weight_norm: Any
    weight_max: Any
    weight_range: Any
    input_max: Any
    input_range: Any
    sums_range: Any = None


def std_of(source: NoiseSource, operands: Operands, input_norm: Any) -> Any:
    """Return a normal source's standard deviation on one sum in a base pass."""
    return _FORMULAS[source.formula](source, operands, input_norm)


def _thermal(source: NoiseSource, operands: Operands, _norm: Any) -> Any:
    return noise.thermal_std(
        source.parameters["std"],
        fan_in=operands.fan_in,
        weight_range=operands.weight_range,
        input_range=operands.input_range,
    )


def _receiver(source: NoiseSource, operands: Operands, _norm: Any) -> Any:
    electrons = source.parameters["electrons"]
    if source.source is Source.WHITE:  # of one symbol; charges of several add in variance
        electrons *= operands.symbols**0.5
    full_scale = operands.weight_max * operands.input_max
    if source.formula is Formula.RECEIVER_DIRECT:  # intensities are shifted to begin at zero
        full_scale = operands.weight_range * operands.input_range
    return noise.receiver_std(
        electrons,
        full_scale=full_scale,
        full_scale_electrons=source.parameters["full_scale_electrons"],
    )


_FORMULAS: Mapping[Formula, Callable[[NoiseSource, Operands, Any], Any]] = {
    Formula.SHOT_RENORMALISED: lambda source, operands, norm: noise.homodyne_std(
        operands.weight_norm, norm, operands.fan_in, source.parameters["photons_per_mac"]
    ),
    Formula.SHOT_FULL_SCALE: lambda source, operands, norm: noise.homodyne_full_scale_std(
        operands.weight_norm,
        norm,
        weight_max=operands.weight_max,
        input_max=operands.input_max,
        photons=source.parameters["photons"],
    ),
    Formula.THERMAL: _thermal,
    Formula.RECEIVER: _receiver,
    Formula.RECEIVER_DIRECT: _receiver,
    Formula.WEIGHT: lambda source, operands, norm: noise.weight_std(
        source.parameters["std"], weight_range=operands.weight_range, input_norm=norm
    ),
    Formula.INPUT: lambda source, operands, _norm: noise.weight_std(
        source.parameters["std"], weight_range=operands.input_range, input_norm=operands.weight_norm
    ),
    Formula.CONVERSION: lambda source, operands, _norm: (
        source.parameters["std"] * operands.sums_range
    ),
}

COUNTED = frozenset((Formula.SHOT_DIRECT, Formula.SHOT_DIRECT_FULL_SCALE))
"""Formulas whose noise depends on the sum itself, and is drawn by counting photons."""
