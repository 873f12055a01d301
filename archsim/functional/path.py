"""What sums go through on a machine's arrays: noise, repetition, conversion."""

from __future__ import annotations

from dataclasses import dataclass

from archsim.functional.levels import Sources
from archsim.functional.settings import AdcRange
from archsim.physics.repetition import Averaging, Repetition, std_exponent


@dataclass(frozen=True, slots=True)
class AnalogPath:
    """What all products of a machine go through.

    Attributes:
        sources: Noise that acts.
        mode: Where repetitions happen.
        averaging: Where they are averaged.
        adc_bits: Resolution of the converters; None where sums are taken as they are.
        adc_range: What the converters' range covers.
        intensities: Whether sums are of light, with operands shifted to begin at zero, until they
            have been converted.
    """

    sources: Sources
    mode: Repetition
    averaging: Averaging
    adc_bits: int | None
    adc_range: AdcRange
    intensities: bool = False

    @property
    def converts_each(self) -> bool:
        """Whether each repetition is converted, rather than what they integrate to."""
        digital = self.averaging is Averaging.DIGITAL and self.mode is not Repetition.POWER
        return digital and self.adc_bits is not None

    @property
    def is_lowered(self) -> bool:
        """Whether repetition lowers any of its noise."""
        return any(
            std_exponent(source.source, self.mode, self.averaging) > 0
            for source in self.sources.acting
        )
