"""Finite levels of activations and weights: ranges, codes, rounding.

A quantiser of B bits rounds to whole multiples of its step, clipped to its codes; zero is a level.

    x_q = s·clip(round(x/s), q_low, q_high),   s = (high - low)/(q_high - q_low)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from archsim.errors import ConfigError
from archsim.functional.rounding import rounded
from archsim.functional.settings import Quantisation, Ranges, Scheme

EXACT_BITS = 24
"""Significant bits of single precision: from here on a quantiser would change nothing."""

_SIGNED_BITS = 2  # what a level on either side of zero takes


class Span:
    """What follows from the lowest and the highest level, by channel or of all."""

    __slots__ = ()
    low: Any
    high: Any

    @property
    def full_scale(self) -> Any:
        """Return the largest magnitude of a level."""
        return torch.maximum(-torch.as_tensor(self.low), torch.as_tensor(self.high))

    @property
    def range(self) -> Any:
        """Return the distance between the outer levels."""
        return self.high - self.low


@dataclass(frozen=True, slots=True)
class Grid(Span):
    """Levels of a quantiser, for a tensor or for each channel of one (then tensors [C]).

    Attributes:
        step: Distance between levels.
        low: Lowest level.
        high: Highest level.
    """

    step: Any
    low: Any
    high: Any


def grid_of(low: Tensor, high: Tensor, bits: int, scheme: Scheme) -> Grid:
    """Return the levels that cover a range, in double precision.

    A range of no width, such as that of a tensor of zeros, gets a step of 1.

    Raises:
        ConfigError: Symmetric levels of one bit.
    """
    low, high = low.double().clamp(max=0), high.double().clamp(min=0)
    if scheme is Scheme.SYMMETRIC:
        if bits < _SIGNED_BITS:
            raise ConfigError(
                f"quantisation: found symmetric levels of {bits} bit, which are zero alone; "
                f"expected {_SIGNED_BITS} bits at least; choose the affine scheme, or more bits"
            )
        high = torch.maximum(-low, high)
        codes = 2 ** (bits - 1) - 1
        step = _not_zero(high / codes)
        return Grid(step, -codes * step, codes * step)
    codes = 2**bits - 1
    step = _not_zero((high - low) / codes)
    lowest = (low / step).round()
    return Grid(step, lowest * step, (lowest + codes) * step)


def _not_zero(step: Tensor) -> Tensor:
    return torch.where(step > 0, step, torch.ones_like(step))


def quantise_weights(weight: Tensor, bits: int, chosen: Quantisation) -> tuple[Tensor, Grid]:
    """Return weights [C, ...] on their grid, and the grid, one for each channel or for all."""
    flat = weight.detach().flatten(1)
    low, high = flat.amin(1), flat.amax(1)
    if not chosen.weights_per_channel:
        low, high = low.amin().expand_as(low), high.amax().expand_as(high)
    grid = grid_of(low, high, bits, chosen.weights)
    if bits >= EXACT_BITS:
        return weight.detach(), grid
    step, lowest, highest = (
        value.view(-1, *[1] * (weight.ndim - 1)) for value in (grid.step, grid.low, grid.high)
    )
    codes = (weight.detach().double() / step).round()
    return (codes.clamp(lowest / step, highest / step) * step).to(weight.dtype), grid


class Quantiser(nn.Module):
    """Rounds an activation where it is stored; first it watches which range it needs.

    Infinities, which masks put into attention's scores, stay what they are.
    """

    def __init__(self, bits: int, chosen: Quantisation | None) -> None:
        super().__init__()
        self.bits = bits
        self._chosen = chosen
        self._batches = 0
        self._low = self._high = torch.zeros(())
        self.watching = True
        self.grid: Grid | None = None

    def forward(self, values: Tensor) -> Tensor:
        """Return the values, rounded once the range is known."""
        if self.watching:
            self._watch(values.detach())
            return values
        if self.grid is None or self._chosen is None or self.bits >= EXACT_BITS:
            return values
        step = float(self.grid.step)
        lowest, highest = (round(float(end) / step) for end in (self.grid.low, self.grid.high))
        found = rounded(values, step, lowest, highest)
        # To look at each value takes several times as long as to round it; at their sum, a fifth.
        if bool(values.detach().sum().isfinite()):
            return found
        return torch.where(values.isinf(), values, found)

    def watch(self) -> None:
        """Begin, or begin anew, to watch which range it needs."""
        self.watching, self._batches = True, 0

    def settle(self) -> None:
        """Fix the levels from what was seen."""
        chosen = self._chosen or Quantisation()
        self.watching = False
        self.grid = grid_of(self._low, self._high, min(self.bits, EXACT_BITS), chosen.activations)

    def _watch(self, values: Tensor) -> None:
        finite = values.isfinite()
        if not bool(finite.all()):
            values = values[finite]
            if not values.numel():
                return  # nothing that could set a range
        low, high = self._range(values)
        chosen = self._chosen or Quantisation()
        if self._batches == 0:
            self._low, self._high = low, high
        elif chosen.ranges is Ranges.MIN_MAX:
            self._low, self._high = torch.minimum(self._low, low), torch.maximum(self._high, high)
        else:
            weight = 1 / (self._batches + 1)  # the plain mean of all so far
            if chosen.ranges is Ranges.MOVING_AVERAGE:
                weight = max(weight, chosen.momentum)
            self._low, self._high = (
                self._low.lerp(low, weight),
                self._high.lerp(high, weight),
            )
        self._batches += 1

    def _range(self, values: Tensor) -> tuple[Tensor, Tensor]:
        chosen = self._chosen or Quantisation()
        if chosen.ranges is not Ranges.PERCENTILE:
            return values.amin(), values.amax()
        flat = values.flatten()
        beyond = round(flat.numel() * (1 - chosen.percentile / 100))
        return flat.kthvalue(1 + beyond).values, flat.kthvalue(flat.numel() - beyond).values
