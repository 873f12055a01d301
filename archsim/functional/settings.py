"""What a user chooses about the numbers of a network, beyond the machine and the plan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from numbers import Real
from typing import Any

from archsim.documents import closest
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

    Where there is a choice, its word will do too: ``Quantisation(ranges="percentile")``.

    Attributes:
        activations: Scheme of activations, one range for each tensor.
        weights: Scheme of weights.
        weights_per_channel: Whether each output channel has a range of its own.
        ranges: How activations are calibrated; weights always span their own.
        percentile: For ``percentile``, without effect else: per cent of values at or below the
            upper end; as many lie at or above the lower.
        momentum: For ``moving_average``, without effect else: weight of a new batch, between 0
            and 1.

    Raises:
        ConfigError: Everything that is no choice, or out of its bounds.
    """

    activations: Scheme = Scheme.AFFINE
    weights: Scheme = Scheme.AFFINE
    weights_per_channel: bool = True
    ranges: Ranges = Ranges.MIN_MAX
    percentile: float = 99.99
    momentum: float = 0.01

    def __post_init__(self) -> None:
        choices = {"activations": Scheme, "weights": Scheme, "ranges": Ranges}
        faults = list(_choose(self, choices))
        if not isinstance(self.weights_per_channel, bool):
            faults.append(
                f"weights_per_channel: found {self.weights_per_channel!r}; expected True or False; "
                "choose one"
            )
        if not (_is_number(self.percentile) and 50 < self.percentile <= 100):  # noqa: PLR2004 - per cent
            faults.append(
                f"percentile: found {_shown(self.percentile)}; expected above 50, at most 100; "
                "give one such as 99.99"
            )
        if not (_is_number(self.momentum) and 0 < self.momentum < 1):
            faults.append(
                f"momentum: found {_shown(self.momentum)}; expected above 0, below 1; give one "
                "such as 0.01"
            )
        if faults:
            raise ConfigError("\n".join(faults))


@dataclass(frozen=True, slots=True)
class Settings:
    """What acts on the numbers.

    Attributes:
        quantisation: Quantisers; None leaves activations and weights in single precision.
        sources: Names of the machine's noise sources that act, or of their kinds; None: all. A
            list, a tuple or any set will do.
        adc: Range of the converters; its word will do.

    Raises:
        ConfigError: Everything that is of another type.
    """

    quantisation: Quantisation | None = field(default_factory=Quantisation)
    sources: frozenset[str] | None = None
    adc: AdcRange = AdcRange.CALIBRATED

    def __post_init__(self) -> None:
        faults = list(_choose(self, {"adc": AdcRange}))
        if not isinstance(self.quantisation, Quantisation | None):
            faults.append(
                f"quantisation: found {self.quantisation!r}; expected Quantisation, or None for "
                "single precision; give some, or leave it out"
            )
        if _are_names(self.sources):
            object.__setattr__(self, "sources", frozenset(self.sources or ()))
        elif self.sources is not None:
            faults.append(
                f"sources: found {self.sources!r}; expected names in a set, or None for all; write "
                "such as {'shot'}"
            )
        if faults:
            raise ConfigError("\n".join(faults))

    def __repr__(self) -> str:
        """Return the same text in every process, which the order of a set is not."""
        sources = repr(self.sources)
        if self.sources:
            sources = f"frozenset({{{', '.join(map(repr, sorted(self.sources)))}}})"
        return f"Settings(quantisation={self.quantisation!r}, sources={sources}, adc={self.adc!r})"


def _choose(owner: object, choices: Mapping[str, type[StrEnum]]) -> Iterator[str]:
    """Turn words into the choices that they name; yield those that name none."""
    for name, kind in choices.items():
        found: Any = getattr(owner, name)
        words = [str(choice) for choice in kind]
        if isinstance(found, str) and found in words:
            object.__setattr__(owner, name, kind(found))  # compared by identity everywhere
        else:
            yield (
                f"{name}: found {found!r}; expected {', '.join(words)}{closest(found, words)}; "
                "choose one of them"
            )


def _are_names(found: object) -> bool:
    kinds = (list, tuple, set, frozenset)
    return isinstance(found, kinds) and all(isinstance(name, str) for name in found)


def _is_number(found: object) -> bool:
    return isinstance(found, Real) and not isinstance(found, bool)


def _shown(found: object) -> str:
    return f"{found:g}" if _is_number(found) else repr(found)
