"""How a component tells the functional side what noise it adds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from archsim.physics.repetition import Source


class Formula(StrEnum):
    """Which formula of :mod:`archsim.physics.noise` gives a source's standard deviation."""

    SHOT_RENORMALISED = "shot_renormalised"
    """``homodyne_std`` with ``photons_per_mac``; light is rescaled to each vector's norm."""

    SHOT_FULL_SCALE = "shot_full_scale"
    """``homodyne_full_scale_std`` with ``photons`` per symbol and arm."""

    SHOT_DIRECT = "shot_direct"
    """``direct_std`` with ``photons_per_mac`` detected of what is at the input."""

    SHOT_DIRECT_FULL_SCALE = "shot_direct_full_scale"
    """``direct_full_scale_std`` with ``photons`` per symbol and cell."""

    THERMAL = "thermal"
    """``thermal_std``, the normalised thermal noise, with ``std``."""

    RECEIVER = "receiver"
    """``receiver_std``: ``electrons`` a conversion or a symbol, against the signal's electrons."""

    RECEIVER_DIRECT = "receiver_direct"
    """The same where operands are intensities, so that full scale is the product of both ranges."""

    WEIGHT = "weight"
    """``weight_std``: ``std`` of each weight relative to its range."""

    INPUT = "input"
    """The same of each input, with the two operands exchanged."""

    CONVERSION = "conversion"
    """``std`` relative to the converter's range, added once per conversion."""


class Draw(StrEnum):
    """When a source takes a new value."""

    PER_PASS = "per_pass"
    """For every pass of every input vector."""

    PER_FORWARD = "per_forward"
    """For a whole forward pass, shared by its batch; only to compare with publications."""

    FROZEN = "frozen"
    """When a cell is written: for a whole trial."""


@dataclass(frozen=True, slots=True)
class NoiseSource:
    """One noise source of one base pass."""

    name: str
    """The part that adds it and what it is: ``detector.shot``."""

    source: Source
    """How repetition acts on it."""

    formula: Formula
    """Which formula gives its standard deviation."""

    parameters: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    """The formula's parameters, by the names of its arguments."""

    draw: Draw = Draw.PER_PASS
    """When it takes a new value."""

    @property
    def normalised(self) -> bool:
        """Whether its level is relative to the whole product rather than to one reading of it."""
        return self.formula in _NORMALISED


_NORMALISED = frozenset(
    (Formula.SHOT_RENORMALISED, Formula.SHOT_DIRECT, Formula.THERMAL, Formula.WEIGHT, Formula.INPUT)
)
