"""How normal noise spreads the sums of a product, and the noise added to them.

A standard deviation is kept as factors, by channel and by position, for as long as it can be: that
saves a tensor as large as the result. So does adding noise where the sums and the numbers already
lie. Fresh memory costs several times the arithmetic (tests/bench/bench_noise.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce

import torch
from torch import Tensor

Factors = tuple[Tensor, ...]
"""Tensors whose product is a standard deviation; they broadcast to the result."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Standard deviation sqrt(``constant`` + ``slope``·||x||²), in the unit of the sums.

    Attributes:
        constant: Of each channel, or of all; None for nothing.
        slope: Of each channel, or of all; None for nothing.
    """

    constant: Tensor | None
    slope: Tensor | None

    @classmethod
    def of(cls, constant: Tensor, slope: Tensor) -> Spread:
        """Return it without terms that are zero in all channels."""
        return cls(*(term if bool(term.any()) else None for term in (constant, slope)))

    def factors(self, norms: Tensor | None) -> Factors:
        """Return the standard deviation of each sum; none for no noise.

        Args:
            norms: Squared norms of the inputs of each sum; they are used up. None if not wanted.
        """
        if self.slope is None or norms is None:
            return () if self.constant is None else (_root(self.constant),)
        if self.constant is None:
            return _root(self.slope), norms.sqrt_()
        variance = torch.addcmul(self.constant, self.slope, norms)
        return (_root(variance) if variance.requires_grad else variance.sqrt_(),)


def _root(variance: Tensor) -> Tensor:
    """Return a square root whose gradient is 0, rather than NaN, where there is no noise.

    Channels of zeros and patches of zeros have none.
    """
    if variance.requires_grad:
        variance = variance.clamp(min=torch.finfo(variance.dtype).tiny)
    return variance.sqrt()


def whole(factors: Factors, like: Tensor) -> Tensor:
    """Return a standard deviation in one tensor, which broadcasts to what it is of."""
    return reduce(torch.mul, factors) if factors else like.new_zeros(())


def plus_noise(sums: Tensor, factors: Factors, draw: Callable[[Tensor], Tensor]) -> Tensor:
    """Return sums with noise on them, in their own memory; nothing is drawn where there is none.

    Args:
        sums: Noiseless.
        factors: Standard deviation of the noise.
        draw: Returns fresh standard normal numbers, shaped like its argument.
    """
    if not factors:
        return sums
    numbers = draw(sums)
    if any(factor.requires_grad for factor in factors):  # backward needs the numbers
        return torch.addcmul(sums, whole(factors, sums), numbers)
    *others, last = factors
    for factor in others:
        numbers.mul_(factor)
    return sums.addcmul_(numbers, last)
