"""Convolutions, linears and products of two activations."""

from __future__ import annotations

from typing import Any

from archsim.frontend._graph import shape
from archsim.frontend._schema import Unsupported
from archsim.frontend.lowering._table import Call, Draft, lowers, tuple_of
from archsim.workload.ops import Conv, Linear, MatMul


@lowers("conv1d", "conv2d", "conv3d")
def _conv(call: Call) -> Draft:
    _out, per_group, *kernel = _weight(call)
    rank = len(kernel)
    return _convolution(
        call,
        in_channels=per_group * call["groups"],
        padding=_padding(call["padding"], kernel, tuple_of(call["dilation"], rank)),
    )


@lowers("conv_transpose1d", "conv_transpose2d", "conv_transpose3d")
def _conv_transposed(call: Call) -> Draft:
    in_channels, _per_group, *kernel = _weight(call)
    rank = len(kernel)
    return _convolution(
        call,
        in_channels=in_channels,
        padding=tuple_of(call["padding"], rank),
        transposed=True,
        output_padding=tuple_of(call["output_padding"], rank),
    )


def _weight(call: Call) -> tuple[int, ...]:
    if call.is_activation(call["weight"]):
        raise Unsupported("with a kernel that depends on the data")
    return shape(call["weight"])


def _convolution(call: Call, **fields: Any) -> Draft:
    kernel = shape(call["weight"])[2:]
    if len(call.shape) != len(kernel) + 2:
        raise Unsupported("without a batch dimension; add one")
    fields |= {
        "out_channels": call.shape[1],
        "kernel": kernel,
        "stride": tuple_of(call["stride"], len(kernel)),
        "dilation": tuple_of(call["dilation"], len(kernel)),
        "groups": call["groups"],
    }
    return Draft(Conv, "conv", (call.only("input"),), _bias(call), fields)


def _bias(call: Call) -> tuple[tuple[int, ...], ...]:
    return () if call["bias"] is None else (shape(call["bias"]),)


def _padding(padding: Any, kernel: list[int], dilation: tuple[int, ...]) -> tuple[int, ...]:
    if padding == "valid":
        return (0,) * len(kernel)
    if padding != "same":
        return tuple_of(padding, len(kernel))
    reach = [step * (taps - 1) for taps, step in zip(kernel, dilation, strict=True)]
    if any(total % 2 for total in reach):
        raise Unsupported("with padding='same' that is uneven; pad first and convolve then")
    return tuple(total // 2 for total in reach)


@lowers("linear")
def _linear(call: Call) -> Draft:
    out_features, in_features = shape(call["weight"])
    fields = {"in_features": in_features, "out_features": out_features}
    return Draft(Linear, "linear", (call.only("input"),), _bias(call), fields)


@lowers("matmul")
def _matmul(call: Call) -> Draft:
    fields = {"contraction": shape(call["self"])[-1]}
    return Draft(MatMul, "matmul", (call["self"], call["other"]), (), fields)
