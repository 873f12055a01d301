"""Views and copies."""

from __future__ import annotations

from typing import Any

from torch.fx import Node

from archsim.frontend._graph import is_tensor, shape, tensors, value
from archsim.frontend._schema import Unsupported
from archsim.frontend.lowering._table import Call, Draft, Lowering, lowers, lowers_part_of, tuple_of
from archsim.workload.ops import Embedding, Layout

_MATRIX = 2  # dimensions


def _layout(function: str, call: Call, /, **fields: Any) -> Draft:
    return Draft(
        Layout, function, call.operands(), call.parameters(), {"function": function} | fields
    )


@lowers("detach", "alias", "lift_fresh_copy", "positive", "dropout", "feature_dropout",
        "alpha_dropout", "native_dropout")  # fmt: skip
def _nothing(call: Call) -> Node:
    if call.get("train", False) and call.get("p", 0):
        raise Unsupported("in training mode")
    return call.main


@lowers("view", "reshape", "_unsafe_view", "flatten", "unflatten", "squeeze", "unsqueeze",
        "view_as", "reshape_as", "ravel")  # fmt: skip
def _reshape(call: Call) -> Draft | Node:
    if shape(call.main) == call.shape:
        return call.main
    return Draft(Layout, "reshape", (call.main,), (), {"function": "reshape"})


def _permutation(call: Call) -> tuple[int, ...]:
    rank = len(shape(call.main))
    name = call.operator.removeprefix("aten.")
    if name == "permute":
        return tuple(axis % rank for axis in call["dims"])
    if name == "movedim":
        source, target = (tuple_of(call[x], 1) for x in ("source", "destination"))
        order: list[int | None] = [None] * rank
        for a, b in zip(source, target, strict=True):
            order[b % rank] = a % rank
        rest = iter(sorted(set(range(rank)) - {axis for axis in order if axis is not None}))
        return tuple(next(rest) if axis is None else axis for axis in order)
    order_ = list(range(rank))
    first, second = -2, -1
    if name in ("transpose", "swapaxes", "swapdims"):
        first = next(call[x] for x in ("dim0", "axis0") if call.get(x) is not None)
        second = next(call[x] for x in ("dim1", "axis1") if call.get(x) is not None)
    if rank > 1:
        order_[first], order_[second] = order_[second], order_[first]
    return tuple(order_)


@lowers("permute", "movedim", "transpose", "swapaxes", "swapdims", "t", "mT", "numpy_T", "adjoint")
def _permute(call: Call) -> Draft | Node:
    if call.operator == "aten.numpy_T":
        order = tuple(reversed(range(len(call.shape))))
    else:
        order = _permutation(call)
    if order == tuple(sorted(order)):
        return call.main
    return Draft(Layout, "permute", (call.main,), (), {"function": "permute", "order": order})


@lowers("slice", "narrow")
def _slice(call: Call) -> Draft | Node:
    axis = call.axis()
    if call.operator == "aten.narrow":
        start, stop, step = call["start"], call["start"] + call["length"], 1
    else:
        start, stop, step = call["start"], call["end"], call["step"]
    return _sliced(call.main, axis, slice(start, stop, step))


def _sliced(source: Node, axis: int, part: slice) -> Draft | Node:
    size = shape(source)[axis]
    start, stop, step = part.indices(size)
    if (start, stop, step) == (0, size, 1):
        return source
    if start >= stop:
        raise Unsupported("that leaves nothing; remove it")
    fields = {"function": "slice", "axis": axis, "bounds": (start, stop, step)}
    return Draft(Layout, "slice", (source,), (), fields)


@lowers("select")
def _select(call: Call) -> Draft:
    return _layout("select", call, axis=call.axis())


@lowers_part_of("unbind")
def _unbind(call: Call, _place: int, _part: Node) -> Draft:
    return _layout("select", call, axis=call.axis())


@lowers_part_of("split", "split_with_sizes", "chunk", "tensor_split")
def _split(call: Call, place: int, _part: Node) -> Draft | Node:
    axis = call.axis()
    sizes = [int(tensor.shape[axis]) for tensor in call.node.meta["val"]]
    start = sum(sizes[:place])
    return _sliced(call.main, axis, slice(start, start + sizes[place], 1))


@lowers("cat", "concat", "concatenate")
def _cat(call: Call) -> Draft | Node:
    if len(call["tensors"]) == 1:
        return call.main
    return _layout("cat", call, axis=call.axis(rank=len(call.shape)))


@lowers("stack")
def _stack(call: Call) -> Draft:
    return _layout("stack", call, axis=call.axis(rank=len(call.shape)))


@lowers("expand", "expand_as", "broadcast_to")
def _expand(call: Call) -> Draft | Node:
    if shape(call.main) == call.shape:
        return call.main
    return Draft(Layout, "expand", (call.main,), (), {"function": "expand"})


@lowers("contiguous", "clone")
def _copy(call: Call) -> Draft | Node:
    source, result = value(call.main), value(call.node)
    if source.stride() == result.stride():
        return call.main
    return Draft(Layout, "copy", (call.main,), (), {"function": "copy"})


@lowers("pad", "constant_pad_nd", "reflection_pad1d", "reflection_pad2d", "replication_pad1d",
        "replication_pad2d", "replication_pad3d", "zero_pad2d")  # fmt: skip
def _pad(call: Call) -> Draft | Node:
    given = call.get("pad") or call.get("padding")
    pairs = list(zip(given[::2], given[1::2], strict=True))[::-1]
    pairs = [(0, 0)] * (len(call.shape) - len(pairs)) + pairs
    flat = tuple(int(number) for pair in pairs for number in pair)
    return _layout("pad", call, pads=flat) if any(flat) else call.main


@lowers("repeat", "tile")
def _repeat(call: Call) -> Draft | Node:
    given = tuple(call.get("repeats") or call.get("dims"))
    repeats = (1,) * (len(call.shape) - len(given)) + given
    if set(repeats) == {1} and shape(call.main) == call.shape:
        return call.main
    return _layout("repeat", call, repeats=repeats)


@lowers("repeat_interleave")
def _repeat_interleave(call: Call) -> Draft:
    if not isinstance(call["repeats"], int) or call["dim"] is None:
        raise Unsupported("with anything but one number of repeats along one axis")
    axis = call.axis()
    repeats = tuple(call["repeats"] if d == axis else 1 for d in range(len(call.shape)))
    return _layout("repeat", call, repeats=repeats)


def _moved(function: str) -> Lowering:
    return lambda call: _layout(function, call)


lowers("roll")(_moved("roll"))
lowers("flip")(_moved("flip"))
lowers("pixel_shuffle", "pixel_unshuffle", "channel_shuffle")(_moved("rearrange"))


@lowers("gather", "take_along_dim")
def _gather(call: Call) -> Draft:
    return _layout("gather", call, axis=call.axis())


@lowers("index_select")
def _index_select(call: Call) -> Draft:
    if not call.is_activation(call["self"]):
        return _look_up(call["self"], call["index"], call.axis())
    return _layout("index", call, axes=(call.axis(),))


@lowers("index")
def _index(call: Call) -> Draft:
    source, indices = call["self"], call["indices"]
    axes = tuple(axis for axis, index in enumerate(indices) if index is not None)
    if axes != tuple(range(axes[0], axes[-1] + 1)):
        raise Unsupported("by indices of axes that are no neighbours")
    if any(value(index).dtype.is_floating_point or str(value(index).dtype) == "torch.bool"
           for index in tensors(indices)):  # fmt: skip
        raise Unsupported("by a mask; the size of its result depends on the data")
    if not call.is_activation(source):
        if len(axes) > 1:
            raise Unsupported("of a constant by several indices")
        return _look_up(source, indices[axes[0]], axes[0])
    return _layout("index", call, axes=axes)


def _look_up(table: Node, index: Node, axis: int) -> Draft:
    if axis or len(shape(table)) != _MATRIX or not is_tensor(index):
        raise Unsupported("of a constant that is no table of rows")
    rows, features = shape(table)
    return Draft(Embedding, "embedding", (index,), (), {"rows": rows, "features": features})
