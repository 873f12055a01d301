"""Products as sums over patches: what noise depends on, and parts of the fan-in.

One class for each form that ``frontend`` leaves in a graph. All answer the same questions, with
tensors that broadcast to the product's result.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from math import prod
from typing import ClassVar, Self

import torch
from torch import Tensor
from torch.nn import functional

_CONVOLUTIONS = {1: functional.conv1d, 2: functional.conv2d, 3: functional.conv3d}


@dataclass(frozen=True)
class Product(ABC):
    """A product of inputs that are driven with an operand that is held, or a part of its fan-in.

    Attributes:
        first: First element of the fan-in that takes part.
        last: The one after the last; None for all.
    """

    channel_axis: ClassVar[int | None]
    """Axis of the channels in the result; None where columns are positions."""

    first: int = 0
    last: int | None = None

    def part(self, first: int, last: int | None) -> Self:
        """Return the product restricted to a part of the fan-in."""
        return replace(self, first=first, last=last)

    @abstractmethod
    def __call__(self, inputs: Tensor, held: Tensor, bias: Tensor | None = None) -> Tensor:
        """Return the product, with a bias added to each channel."""

    @abstractmethod
    def over_inputs(self, values: Tensor) -> Tensor:
        """Return values of the inputs, summed over what each dot product takes."""

    @abstractmethod
    def over_held(self, values: Tensor) -> Tensor:
        """Return values of the held operand, summed over each dot product."""

    @abstractmethod
    def by_channel(self, values: Tensor) -> Tensor:
        """Return one value for each channel, or one for all, in a shape that fits the result."""

    @abstractmethod
    def by_held(self, values: Tensor) -> Tensor:
        """Return the same in a shape that fits the held operand."""


@dataclass(frozen=True)
class Linear(Product):
    """A constant matrix: inputs [..., D], held [C, D], result [..., C]."""

    channel_axis = -1

    def __call__(self, inputs: Tensor, held: Tensor, bias: Tensor | None = None) -> Tensor:
        """Return the product."""
        if (self.first, self.last) != (0, None):
            inputs, held = inputs[..., self.first : self.last], held[:, self.first : self.last]
        return functional.linear(inputs, held, bias)

    def over_inputs(self, values: Tensor) -> Tensor:
        """Return sums [..., 1]."""
        return values[..., self.first : self.last].sum(-1, keepdim=True)

    def over_held(self, values: Tensor) -> Tensor:
        """Return sums [C]."""
        return values[:, self.first : self.last].sum(1)

    def by_channel(self, values: Tensor) -> Tensor:
        """Return values [C] or [1]."""
        return values

    def by_held(self, values: Tensor) -> Tensor:
        """Return values [C, 1] or [1, 1]."""
        return values.view(-1, 1)


@dataclass(frozen=True)
class MatMul(Product):
    """Two activations: inputs [..., R, D], held [..., D, C], result [..., R, C]."""

    channel_axis = None

    def __call__(self, inputs: Tensor, held: Tensor, bias: Tensor | None = None) -> Tensor:
        """Return the product."""
        part = slice(self.first, self.last)
        result = torch.matmul(inputs[..., part], held[..., part, :])
        return result if bias is None else result + bias

    def over_inputs(self, values: Tensor) -> Tensor:
        """Return sums [..., R, 1]."""
        return values[..., self.first : self.last].sum(-1, keepdim=True)

    def over_held(self, values: Tensor) -> Tensor:
        """Return sums [..., 1, C]."""
        return values[..., self.first : self.last, :].sum(-2, keepdim=True)

    def by_channel(self, values: Tensor) -> Tensor:
        """Return the one value that there is: columns are positions, not channels."""
        return values

    def by_held(self, values: Tensor) -> Tensor:
        """Return the one value that there is."""
        return values


@dataclass(frozen=True)
class Convolution(Product):
    """Patches: inputs [N, G·c, ...], held [C, c, ...], result [N, C, ...]; fan-in c times taps.

    Padding is driven like any other zero.

    Attributes:
        shape: Of the held operand.
        stride: Of the patches, for each spatial dimension.
        padding: For each spatial dimension, or torch's word for it.
        dilation: Distance of taps, for each spatial dimension.
        groups: G, products with inputs and channels of their own.
    """

    channel_axis = 1

    shape: tuple[int, ...] = ()
    stride: tuple[int, ...] = ()
    padding: tuple[int, ...] | str = ()
    dilation: tuple[int, ...] = ()
    groups: int = 1

    def __call__(self, inputs: Tensor, held: Tensor, bias: Tensor | None = None) -> Tensor:
        """Return the convolution."""
        return self._slide(self._narrow(inputs), self._masked(held), bias)

    def over_inputs(self, values: Tensor) -> Tensor:
        """Return sums [N, 1, ...], or [N, C, ...] where groups have inputs of their own."""
        channels, per_group, *taps = self.shape
        values = self._narrow(values)
        if self._whole:
            grouped = values if per_group == 1 else self._by_group(values).sum(2)
            window = values.new_ones(self.groups, 1, *taps)
        else:
            grouped = values
            window = self._masked(values.new_ones(self.groups, per_group, *taps))
        sums = grouped if self._pixelwise else self._slide(grouped, window)
        return sums if self.groups == 1 else sums.repeat_interleave(channels // self.groups, 1)

    def over_held(self, values: Tensor) -> Tensor:
        """Return sums [C, 1, ...]."""
        return self.by_channel(self._masked(values).flatten(1).sum(1))

    def by_channel(self, values: Tensor) -> Tensor:
        """Return values [C, 1, ...] or [1, 1, ...]."""
        return values.view(-1, *[1] * (len(self.shape) - 2))

    def by_held(self, values: Tensor) -> Tensor:
        """Return values [C, 1, 1, ...] or [1, 1, 1, ...]."""
        return values.view(-1, *[1] * (len(self.shape) - 1))

    @property
    def _whole(self) -> bool:
        return self.first == 0 and self.last in (None, prod(self.shape[1:]))

    @property
    def _pixelwise(self) -> bool:
        """Whether a patch is one pixel, so that there is nothing to slide."""
        steps = prod(self.shape[2:]) * prod(self.stride)
        return self._whole and steps == 1 and (self.padding == "valid" or not any(self.padding))

    @property
    def _channels(self) -> slice:
        """Return the channels of a group that take part, edges whole."""
        taps = prod(self.shape[2:])
        last = prod(self.shape[1:]) if self.last is None else self.last
        return slice(self.first // taps, -(-last // taps))

    def _narrow(self, inputs: Tensor) -> Tensor:
        if self._whole:
            return inputs
        return self._by_group(inputs)[:, :, self._channels].flatten(1, 2)

    def _by_group(self, values: Tensor) -> Tensor:
        return values.reshape(len(values), self.groups, -1, *values.shape[2:])

    def _masked(self, held: Tensor) -> Tensor:
        """Return the part of a kernel that takes part, other taps of its edges as zeros."""
        if self._whole:
            return held
        taps = torch.arange(prod(self.shape[1:]), device=held.device).view(self.shape[1:])
        last = prod(self.shape[1:]) if self.last is None else self.last
        return (held * ((taps >= self.first) & (taps < last)))[:, self._channels]

    def _slide(self, inputs: Tensor, held: Tensor, bias: Tensor | None = None) -> Tensor:
        convolve = _CONVOLUTIONS[len(self.shape) - 2]
        return convolve(inputs, held, bias, self.stride, self.padding, self.dilation, self.groups)
