"""Functions of elements, norms, pools, reductions, look-ups."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.fx import Node

from archsim.frontend._graph import shape, value
from archsim.frontend._schema import Unsupported
from archsim.frontend.lowering._table import (
    TABLE,
    Call,
    Draft,
    Lowering,
    add,
    lowers,
    lowers_part_of,
    tuple_of,
)
from archsim.workload.ops import Elementwise, Embedding, Norm, Pool, Reduce, Resize, Shape, Softmax

# ATen operator to function of an Elementwise op, where nothing but the name decides.
_FUNCTIONS = {
    "abs": "abs", "neg": "neg", "sign": "sign", "floor": "floor", "ceil": "ceil",
    "round": "round", "trunc": "trunc", "exp": "exp", "log": "log", "expm1": "expm1",
    "log1p": "log1p", "sin": "sin", "cos": "cos", "atan": "atan", "erf": "erf", "tanh": "tanh",
    "sigmoid": "sigmoid", "sqrt": "sqrt", "rsqrt": "rsqrt", "reciprocal": "reciprocal",
    "square": "square", "relu": "relu", "relu6": "clamp", "hardtanh": "clamp", "clamp": "clamp",
    "clamp_min": "maximum", "clamp_max": "minimum", "maximum": "maximum", "minimum": "minimum",
    "leaky_relu": "leaky_relu", "elu": "elu", "selu": "elu", "celu": "elu", "silu": "silu",
    "mish": "mish", "softplus": "softplus", "hardswish": "hardswish",
    "hardsigmoid": "hardsigmoid", "threshold": "where", "mul": "mul", "rsub": "sub",
    "remainder": "remainder", "floor_divide": "floor_div", "where": "where",
    "masked_fill": "where", "eq": "eq", "ne": "ne", "lt": "lt", "le": "le", "gt": "gt", "ge": "ge",
    "logical_not": "not", "bitwise_not": "not", "logical_and": "and", "bitwise_and": "and",
    "__and__": "and", "logical_or": "or", "bitwise_or": "or", "__or__": "or",
    "logical_xor": "xor", "bitwise_xor": "xor", "__xor__": "xor",
}  # fmt: skip


def elementwise(call: Call, function: str) -> Draft:
    """Return the op that applies a function to all tensor arguments."""
    return Draft(Elementwise, function, call.operands(), call.parameters(), {"function": function})


def _of_name(function: str) -> Lowering:
    return lambda call: elementwise(call, function)


for _name, _function in _FUNCTIONS.items():
    add(TABLE, f"aten.{_name}", _of_name(_function))


@lowers("add", "sub")
def _add(call: Call) -> Draft:
    plain = call.operator.removeprefix("aten.")
    return elementwise(call, plain if call.get("alpha", 1) == 1 else "scaled_add")


@lowers("div")
def _div(call: Call) -> Draft:
    if call.get("rounding_mode") is not None:
        return elementwise(call, "floor_div")
    divisor = call["other"]
    constant = not isinstance(divisor, Node) or not call.is_activation(divisor)
    return elementwise(call, "mul" if constant else "div")  # by the reciprocal, known beforehand


@lowers("pow")
def _pow(call: Call) -> Draft:
    exponents = {2.0: "square", 3.0: "cube", 0.5: "sqrt", -0.5: "rsqrt", -1.0: "reciprocal"}
    exponent = call.get("exponent")
    known = exponents.get(float(exponent)) if isinstance(exponent, int | float) else None
    return elementwise(call, known or "pow")


@lowers("gelu")
def _gelu(call: Call) -> Draft:
    return elementwise(call, "gelu_tanh" if call["approximate"] == "tanh" else "gelu")


@lowers("prelu")
def _prelu(call: Call) -> Draft:
    draft = elementwise(call, "leaky_relu")
    parameters = (_per_channel(shape(call["weight"])[0], call.shape),)
    return Draft(Elementwise, "prelu", draft.operands, parameters, draft.fields)


@lowers("to", "_to_copy", "type_as")
def _to(call: Call) -> Draft | Node:
    before, after = value(call.main).dtype, call.dtype
    if before == after or (before.is_floating_point and after.is_floating_point):
        return call.main  # the workload's bits say how wide activations are
    return Draft(Elementwise, "cast", (call.main,), (), {"function": "cast"})


@lowers("softmax", "_softmax", "log_softmax", "_log_softmax")
def _softmax(call: Call) -> Draft:
    function = "log_softmax" if "log" in call.operator else "softmax"
    fields = {"function": function, "axis": call.axis()}
    return Draft(Softmax, function, call.operands(), (), fields)


def _per_channel(channels: int, of: Shape) -> Shape:
    return (channels, *(1,) * (len(of) - 2))


def _norm(call: Call, function: str, axes: tuple[int, ...], **fields: Any) -> Draft:
    parameters = [call.get(name) for name in ("weight", "bias")]
    if function == "batch":
        parameters = [*parameters, call["running_mean"], call["running_var"]][:2]
    shapes = [shape(item) for item in parameters if item is not None]
    if function not in ("layer", "rms"):
        shapes = [_per_channel(found[0], call.shape) for found in shapes]
    fields |= {"function": function, "axes": axes}
    return Draft(Norm, f"{function}_norm", (call.only("input"),), tuple(shapes), fields)


@lowers("layer_norm", "rms_norm")
def _layer_norm(call: Call) -> Draft:
    function = "rms" if "rms" in call.operator else "layer"
    rank = len(call.shape)
    return _norm(call, function, tuple(range(rank - len(call["normalized_shape"]), rank)))


@lowers("group_norm")
def _group_norm(call: Call) -> Draft:
    return _norm(call, "group", tuple(range(1, len(call.shape))), groups=call["num_groups"])


@lowers("instance_norm")
def _instance_norm(call: Call) -> Draft:
    return _norm(call, "instance", tuple(range(2, len(call.shape))))


@lowers("batch_norm")
def _batch_norm(call: Call) -> Draft:
    if call["training"]:
        raise Unsupported("with statistics of the batch; set track_running_stats=True")
    return _norm(call, "batch", (0, *range(2, len(call.shape))))


def _pool(call: Call, source: Node) -> Draft:
    name = call.operator.removeprefix("aten.")
    rank = int(name[name.index("pool") + 4])
    kernel = tuple_of(call["kernel_size"], rank)
    fields: dict[str, Any] = {
        "function": "max" if "max" in name else "avg",
        "kernel": kernel,
        "stride": tuple_of(call["stride"], rank, kernel),
        "padding": tuple_of(call["padding"], rank),
        "ceil_mode": bool(call["ceil_mode"]),
    }
    if set(dilation := tuple_of(call.get("dilation", 1), rank)) != {1}:
        fields["dilation"] = dilation
    return Draft(Pool, f"{fields['function']}_pool", (source,), (), fields)


@lowers("max_pool1d", "max_pool2d", "max_pool3d", "avg_pool1d", "avg_pool2d", "avg_pool3d")
def _plain_pool(call: Call) -> Draft:
    return _pool(call, call.only("self"))


@lowers_part_of("max_pool1d_with_indices", "max_pool2d_with_indices", "max_pool3d_with_indices")
def _pool_of_pair(call: Call, place: int, _part: Node) -> Draft:
    if place:
        raise Unsupported("whose indices are used")
    return _pool(call, call.only("self"))


def _adaptive(call: Call, out: Shape) -> Draft | Node:
    """Return the pool of equal windows that an adaptive one amounts to."""
    source = call.only("self")
    rank = len(tuple_of(call["output_size"], 1))
    before, after = shape(source)[-rank:], out[-rank:]
    function = "max" if "max" in call.operator else "avg"
    if before == after:
        return source
    if set(after) == {1}:
        axes = tuple(range(len(out) - rank, len(out)))
        reduce = "mean" if function == "avg" else "max"
        fields = {"function": reduce, "axes": axes, "keepdim": True}
        return Draft(Reduce, reduce, (source,), (), fields)
    if any(size % target for size, target in zip(before, after, strict=True)):
        raise Unsupported(f"from {before} to {after}, whose windows differ; choose a divisor")
    kernel = tuple(size // target for size, target in zip(before, after, strict=True))
    fields = {"function": function, "kernel": kernel, "stride": kernel, "padding": (0,) * rank}
    return Draft(Pool, f"{function}_pool", (source,), (), fields)


@lowers("adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d")
def _adaptive_average(call: Call) -> Draft | Node:
    return _adaptive(call, call.shape)


@lowers_part_of("adaptive_max_pool1d", "adaptive_max_pool2d", "adaptive_max_pool3d")
def _adaptive_maximum(call: Call, place: int, part: Node) -> Draft | Node:
    if place:
        raise Unsupported("whose indices are used")
    return _adaptive(call, shape(part))


def _reduced(call: Call, function: str) -> Draft:
    keepdim = bool(call.get("keepdim", False))
    fields = {"function": function, "axes": call.axes(), "keepdim": keepdim}
    return Draft(Reduce, function, (call.main,), (), fields)


def _reduce(function: str) -> Lowering:
    return lambda call: _reduced(call, function)


_REDUCTIONS = {
    "mean": "mean", "sum": "sum", "amax": "max", "amin": "min", "prod": "prod", "any": "any",
    "all": "all", "argmax": "argmax", "argmin": "argmin", "var": "var",
}  # fmt: skip
for _name, _function in _REDUCTIONS.items():
    add(TABLE, f"aten.{_name}", _reduce(_function))


@lowers("linalg_vector_norm", "norm")
def _vector_norm(call: Call) -> Draft:
    order = call.get("ord", call.get("p"))
    if order not in (None, 2):
        raise Unsupported(f"of order {order}; only the Euclidean norm is known")
    return _reduced(call, "norm")


@lowers("max", "min")
def _extreme(call: Call) -> Draft:
    if call.get("other") is not None:
        return elementwise(call, "maximum" if call.operator.endswith("max") else "minimum")
    return _reduced(call, call.operator.removeprefix("aten."))


@lowers_part_of("max", "min")
def _extreme_part(call: Call, place: int, _part: Node) -> Draft:
    function = ("arg" if place else "") + call.operator.removeprefix("aten.")
    return _reduced(call, function)


@lowers("embedding")
def _embedding(call: Call) -> Draft:
    rows, features = shape(call["weight"])
    fields = {"rows": rows, "features": features}
    return Draft(Embedding, "embedding", (call.only("indices"),), (), fields)


def _resize(function: str) -> Callable[[Call], Draft]:
    def lower(call: Call) -> Draft:
        fields = {"function": function, "sizes": call.shape[2:]}
        return Draft(Resize, f"resize_{function}", (call.main,), (), fields)

    return lower


_RESIZES = {
    "nearest": ("nearest1d", "nearest2d", "nearest3d"),
    "linear": ("linear1d", "bilinear2d", "trilinear3d"),
    "cubic": ("bicubic2d",),
}
for _function, _names in _RESIZES.items():
    lowers(*(f"upsample_{name}" for name in _names))(_resize(_function))


def bits_of(dtype: torch.dtype) -> int | None:
    """Return the bits of an element; ``None`` for real numbers, whose bits the workload states."""
    if dtype.is_complex:
        raise Unsupported("on complex numbers; write it with real ones")
    if dtype.is_floating_point:
        return None
    return 1 if dtype == torch.bool else 8 * dtype.itemsize
