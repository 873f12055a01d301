"""Parts of an operand's bits that a converter drives, or a cell holds, at a time.

The code of a value is cut into digits of some bits, magnitude and sign: each slice is the value of
one digit, so that slices add up to the whole exactly, and their products to the whole product.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from archsim.functional.quantisers import Grid, Span


@dataclass(frozen=True, slots=True)
class Slice(Span):
    """One digit of an operand.

    Attributes:
        values: What it adds to the operand.
        low: Lowest value that it can have, of each channel or of all.
        high: Highest value.
    """

    values: Tensor
    low: Any
    high: Any


def cut(values: Tensor, grid: Grid, step: Any, count: int, bits: int) -> list[Slice]:
    """Return an operand's slices, least significant first; one slice is the operand itself.

    Args:
        values: The operand, on its grid.
        grid: Its levels.
        step: The grid's step in a shape that fits the operand.
        count: How many slices there are.
        bits: Bits of each.
    """
    if count == 1:
        return [Slice(values, grid.low, grid.high)]
    signed = bool((torch.as_tensor(grid.low) < 0).any())
    codes, sign = (values / step).round().abs(), values.sign()
    largest = int((torch.as_tensor(grid.high - grid.low) / grid.step).round().max())
    found = []
    for place in range(count):
        weight = float(2 ** (bits * place))
        digit = torch.remainder(torch.floor(codes / weight), 2**bits)
        # A last digit of fewer bits is driven, or held, at full scale all the same.
        most = min(2**bits - 1, max(1, largest >> (bits * place)))
        high = most * weight * grid.step
        part = (sign * digit * weight * step).to(values.dtype)
        found.append(Slice(part, -high if signed else 0.0 * high, high))
    return found
