"""What a user chooses about the numbers of a network, beyond the machine and the plan."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from archsim.errors import ConfigError


class Scheme(StrEnum):
    """How codes lie in a range."""

    AFFINE = "affine"
    """2^B codes from the lowest to the highest value; zero is one of them."""

    SYMMETRIC = "symmetric"
    """2^B - 1 codes around zero."""


class Ranges(StrEnum):
    """How ranges of activations follow from calibration data."""

    MIN_MAX = "min_max"
    """The lowest and the highest value."""

    MOVING_AVERAGE = "moving_average"
    """Both as averages over the batches: exponential ones, once there are enough of them."""

    PERCENTILE = "percentile"
    """Quantiles of each batch, averaged."""


class AdcRange(StrEnum):
    """What the converters' range covers."""

    CALIBRATED = "calibrated"
    """What the sums of an op reach on calibration data without noise."""

    FULL_SCALE = "full_scale"
    """What they could reach: every operand at full scale."""

    IDEAL = "ideal"
    """Everything: no levels, no clipping, no noise of the converter's own."""


@dataclass(frozen=True, slots=True)
class Quantisation:
    """Quantisers of activations in memory and of weights.

    Attributes:
        activations: Scheme of activations, one range for each tensor.
        weights: Scheme of weights.
        weights_per_channel: Whether each output channel has a range of its own.
        ranges: How activations are calibrated; weights always span their own.
        percentile: For ``percentile``: per cent of values at or below the upper end; as many lie
            at or above the lower.
        momentum: For ``moving_average``: weight of a new batch, between 0 and 1.
    """

    activations: Scheme = Scheme.AFFINE
    weights: Scheme = Scheme.AFFINE
    weights_per_channel: bool = True
    ranges: Ranges = Ranges.MIN_MAX
    percentile: float = 99.99
    momentum: float = 0.01

    def __post_init__(self) -> None:
        faults = []
        if not 50 < self.percentile <= 100:  # noqa: PLR2004 - per cent
            faults.append(
                f"percentile: found {self.percentile:g}; expected above 50, at most 100; give one "
                "such as 99.99"
            )
        if not 0 < self.momentum < 1:
            faults.append(
                f"momentum: found {self.momentum:g}; expected above 0, below 1; give one such as "
                "0.01"
            )
        if faults:
            raise ConfigError("\n".join(faults))


@dataclass(frozen=True, slots=True)
class Settings:
    """What acts on the numbers.

    Attributes:
        quantisation: Quantisers; None leaves activations and weights in single precision.
        sources: Names of the machine's noise sources that act, or of their kinds; None: all.
        adc: Range of the converters.
    """

    quantisation: Quantisation | None = field(default_factory=Quantisation)
    sources: frozenset[str] | None = None
    adc: AdcRange = AdcRange.CALIBRATED

    def __repr__(self) -> str:
        """Return the same text in every process, which the order of a set is not."""
        sources = repr(self.sources)
        if self.sources:
            sources = f"frozenset({{{', '.join(map(repr, sorted(self.sources)))}}})"
        return f"Settings(quantisation={self.quantisation!r}, sources={sources}, adc={self.adc!r})"
