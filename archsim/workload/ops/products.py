"""Ops that are matrix products: what analog arrays are for."""

from __future__ import annotations

from math import prod
from typing import ClassVar, Literal, Self

from pydantic import model_validator

from archsim.workload.ops._base import (
    MATRIX,
    MAX_SPATIAL,
    Count,
    Counts,
    Gemm,
    Naturals,
    Product,
    Shape,
    broadcast,
    expect,
    op_kind,
    text,
)


@op_kind
class Conv(Product):
    """Convolution over one to three spatial dimensions, transposed or not.

    A transposed convolution is the product of every input position with all taps of the
    kernel; taps that fall on the same output are added where partial sums are added.
    """

    kind: Literal["conv"] = "conv"

    in_channels: Count
    """Channels of the input, all groups together."""

    out_channels: Count
    """Channels of the output, all groups together."""

    kernel: Counts
    """Taps in each spatial dimension."""

    stride: Counts
    """Step in each spatial dimension."""

    padding: Naturals
    """Zeros on either side in each spatial dimension."""

    dilation: Counts
    """Distance between taps in each spatial dimension."""

    groups: Count = 1
    """Independent convolutions side by side; as many as channels: depthwise."""

    transposed: bool = False
    """Whether strides spread the input apart instead of thinning the output."""

    output_padding: Naturals = ()
    """Extra outputs at the far side of a transposed convolution; left out: none."""

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        rank = len(self.kernel)
        if not 1 <= rank <= MAX_SPATIAL:
            raise ValueError(f"found a kernel of {rank} dimensions; expected 1, 2 or 3; correct it")
        for name in ("stride", "padding", "dilation"):
            if len(found := getattr(self, name)) != rank:
                raise ValueError(
                    f"found {name}: {list(found)}; expected {rank} numbers, as kernel; correct one"
                )
        for name in ("in_channels", "out_channels"):
            if (channels := getattr(self, name)) % self.groups:
                raise ValueError(
                    f"found {name}: {channels}; expected a multiple of groups: {self.groups}; "
                    "correct one of the two"
                )
        if self.output_padding and not (self.transposed and len(self.output_padding) == rank):
            raise ValueError(
                f"found output_padding: {list(self.output_padding)}; expected {rank} numbers, "
                "and those only where transposed: true; correct or delete it"
            )
        return self

    @property
    def gemm(self) -> Gemm:
        """Return the product of patches (or, transposed, of pixels) with the kernels."""
        fan_in, fan_out = self.in_channels // self.groups, self.out_channels // self.groups
        taps, batch = prod(self.kernel), self.shape[0]
        if self.transposed:
            rows = batch * prod(self._input_sizes())
            return Gemm(self.groups, rows, fan_in, fan_out * taps, dynamic=False)
        rows = batch * prod(self.shape[2:])
        return Gemm(self.groups, rows, fan_in * taps, fan_out, dynamic=False)

    @property
    def channels(self) -> int:
        """Return the output channels."""
        return self.out_channels

    def _infer(self, *inputs: Shape) -> Shape:
        (shape,) = inputs
        rank = len(self.kernel)
        expect(
            len(shape) == rank + 2 and shape[1] == self.in_channels,
            f"an input of {text(shape)}",
            f"batch x {self.in_channels} channels x {rank} spatial dimensions",
        )
        expect(
            self.parameters in ((), ((self.out_channels,),)),
            f"parameters {list(map(text, self.parameters))}",
            f"none, or one bias of {self.out_channels}",
        )
        sizes = tuple(self._output_size(d, size) for d, size in enumerate(shape[2:]))
        expect(
            min(sizes) >= 1,
            f"an input of {text(shape)}",
            f"one that a kernel of {text(self.kernel)} fits into",
        )
        return (shape[0], self.out_channels, *sizes)

    def _output_size(self, dimension: int, size: int) -> int:
        reach = self.dilation[dimension] * (self.kernel[dimension] - 1)
        padding, stride = 2 * self.padding[dimension], self.stride[dimension]
        if self.transposed:
            return (size - 1) * stride - padding + reach + self._extra(dimension) + 1
        return (size + padding - reach - 1) // stride + 1

    def _input_sizes(self) -> tuple[int, ...]:
        """Return the spatial sizes of a transposed convolution's input, from its output's."""
        return tuple(
            (
                size
                - 1
                - self._extra(d)
                - self.dilation[d] * (self.kernel[d] - 1)
                + 2 * self.padding[d]
            )
            // self.stride[d]
            + 1
            for d, size in enumerate(self.shape[2:])
        )

    def _extra(self, dimension: int) -> int:
        return self.output_padding[dimension] if self.output_padding else 0


@op_kind
class Linear(Product):
    """Product of the last dimension with a weight matrix, the same for all other dimensions."""

    kind: Literal["linear"] = "linear"

    in_features: Count
    """Length of the last dimension of the input."""

    out_features: Count
    """Length of the last dimension of the output."""

    @property
    def gemm(self) -> Gemm:
        """Return the product; all leading dimensions are rows."""
        return Gemm(1, prod(self.shape[:-1]), self.in_features, self.out_features, dynamic=False)

    @property
    def channels(self) -> int:
        """Return the output features."""
        return self.out_features

    def _infer(self, *inputs: Shape) -> Shape:
        (shape,) = inputs
        expect(
            shape[-1:] == (self.in_features,),
            f"an input of {text(shape)}",
            f"{self.in_features} in its last dimension",
        )
        expect(
            self.parameters in ((), ((self.out_features,),)),
            f"parameters {list(map(text, self.parameters))}",
            f"none, or one bias of {self.out_features}",
        )
        return (*shape[:-1], self.out_features)


@op_kind
class MatMul(Product):
    """Product of two activations, such as attention's scores; leading dimensions broadcast.

    The second operand is the one an array holds.
    """

    arity: ClassVar[tuple[int, int | None]] = (2, 2)
    kind: Literal["matmul"] = "matmul"

    contraction: Count
    """Length of the dimension that is summed over."""

    @property
    def gemm(self) -> Gemm:
        """Return the products, one per leading dimension."""
        *leading, rows, columns = self.shape
        return Gemm(prod(leading), rows, self.contraction, columns, dynamic=True)

    @property
    def channels(self) -> int:
        """Return 1: its columns are positions, not channels, so they share one count."""
        return 1

    @model_validator(mode="after")
    def _has_rows_and_columns(self) -> Self:
        if len(self.shape) < MATRIX:
            raise ValueError(
                f"found shape: {list(self.shape)}; expected rows and columns at least; correct it"
            )
        return self

    def _infer(self, *inputs: Shape) -> Shape:
        left, right = inputs
        expect(
            len(left) > 1 and len(right) > 1 and left[-1] == right[-2] == self.contraction,
            f"inputs of {text(left)} and {text(right)}",
            f"... x rows x {self.contraction} and ... x {self.contraction} x columns",
        )
        expect(not self.parameters, "parameters", "none")
        return (*broadcast(left[:-2], right[:-2]), left[-2], right[-1])
