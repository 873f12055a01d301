"""From a machine's noise sources to the variance of each sum of one product.

Every normal source has a variance that is a constant plus a multiple of ||x||², the squared norm of
the sum's inputs. Both are found here, once for each channel, by asking
:mod:`archsim.hardware.deviations` at two norms. Only they are needed in a forward pass, whatever
the number of sources.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from archsim.errors import ConfigError
from archsim.hardware import Draw, Formula, NoiseSource
from archsim.hardware.deviations import COUNTED, Operands, std_of
from archsim.physics.repetition import Averaging, Repetition, Source, std_factor


@dataclass(frozen=True, slots=True)
class Repeating:
    """How repetition acts on an op.

    Attributes:
        repetitions: K, one or one for each channel; a tensor, so that it can be learned.
        mode: Where the repetitions happen.
        averaging: Where they are averaged.
    """

    repetitions: Any
    mode: Repetition
    averaging: Averaging

    def factor(self, source: Source) -> Any:
        """Return the factor on a source's standard deviation."""
        return std_factor(source, self.repetitions, self.mode, self.averaging)


@dataclass(frozen=True, slots=True)
class Variance:
    """Variance of a sum: ``constant`` + ``slope``·||x||², each of every channel."""

    constant: Any
    slope: Any


def variance_of(
    sources: Iterable[NoiseSource], operands: Operands, repeating: Repeating | None
) -> Variance:
    """Return the variance of normal sources together, in a base pass or as repetition leaves it."""
    probe = operands.input_max * operands.fan_in**0.5  # a norm of the inputs' size, for rounding
    constant: Any = 0.0
    slope: Any = 0.0
    for source in sources:
        factor = 1.0 if repeating is None else repeating.factor(source.source)
        at_zero = (std_of(source, operands, 0.0) * factor) ** 2
        at_probe = (std_of(source, operands, probe) * factor) ** 2
        constant = constant + at_zero
        slope = slope + (at_probe - at_zero) / probe**2
    return Variance(constant, slope)


@dataclass(frozen=True, slots=True)
class Sources:
    """A machine's noise sources, by how they are drawn.

    Attributes:
        per_reading: Normal noise with a level in physical units: of each reading.
        per_product: Normal noise with a level relative to the whole product.
        counted: Photon counts of direct detection.
        of_weights: Errors of the held operand that last for a forward pass or longer.
    """

    per_reading: tuple[NoiseSource, ...]
    per_product: tuple[NoiseSource, ...]
    counted: tuple[NoiseSource, ...]
    of_weights: tuple[NoiseSource, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of all that act."""
        return tuple(source.name for source in self.acting)

    @property
    def acting(self) -> tuple[NoiseSource, ...]:
        """Return all of them."""
        return (*self.per_reading, *self.per_product, *self.counted, *self.of_weights)


def select(
    sources: Iterable[NoiseSource], wanted: frozenset[str] | None, *, converter: bool
) -> Sources:
    """Return the sources that are to act.

    Args:
        sources: Those of the machine.
        wanted: Names or kinds of those that act; None for all.
        converter: Whether the converter's own noise is among them.

    Raises:
        ConfigError: A name that the machine has no source of.
    """
    known = tuple(sources)
    names = {source.name for source in known} | {str(source.source) for source in known}
    if wanted is not None and (unknown := sorted(wanted - names)):
        raise ConfigError(
            f"noise: found {', '.join(map(repr, unknown))}; expected sources of the machine: "
            f"{', '.join(sorted(names)) or 'it has none'}; name some of these, or none"
        )
    acting = [
        source
        for source in known
        if (wanted is None or {source.name, str(source.source)} & wanted)
        and (converter or source.formula is not Formula.CONVERSION)
    ]
    normal = [s for s in acting if s.draw is Draw.PER_PASS and s.formula not in COUNTED]
    return Sources(
        per_reading=tuple(s for s in normal if not s.normalised),
        per_product=tuple(s for s in normal if s.normalised),
        counted=tuple(s for s in acting if s.formula in COUNTED),
        of_weights=tuple(s for s in acting if s.draw is not Draw.PER_PASS),
    )
