"""Ops that move or rename data and compute nothing.

A view is a pattern of addresses and costs nothing; a copy costs its traffic. Concatenation
counts as a view because its producers can write where the result is to lie.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, model_validator

from archsim.workload.ops._base import (
    BRACKETS,
    Axes,
    Axis,
    Count,
    Counts,
    LaneOperations,
    Op,
    Shape,
    Whole,
    Wholes,
    broadcast,
    expect,
    op_kind,
    text,
)
from archsim.workload.ops._near import known


@dataclass(frozen=True, slots=True)
class _Function:
    """One layout function: which fields it needs, whether it moves data, what it makes."""

    infer: Callable[[Layout, tuple[Shape, ...]], Shape]
    fields: tuple[str, ...] = ()
    free: bool = False
    several: bool = False  # whether it takes more than one input


def _same(_: Layout, inputs: tuple[Shape, ...]) -> Shape:
    return inputs[0]


def _reshape(op: Layout, inputs: tuple[Shape, ...]) -> Shape:
    expect(
        prod(op.shape) == prod(inputs[0]),
        f"shape {text(op.shape)} from {text(inputs[0])}",
        f"{prod(inputs[0])} elements",
    )
    return op.shape


def _permute(op: Layout, inputs: tuple[Shape, ...]) -> Shape:
    order = op.order or ()
    expect(
        sorted(order) == list(range(len(inputs[0]))),
        f"order {list(order)} for an input of {text(inputs[0])}",
        "each of its axes once",
    )
    return tuple(inputs[0][axis] for axis in order)


def _axis(op: Layout, shape: Shape, more: int = 0) -> int:
    axis = op.axis or 0
    expect(axis < len(shape) + more, f"axis {axis} of {text(shape)}", "an axis that it has")
    return axis


def _slice(op: Layout, inputs: tuple[Shape, ...]) -> Shape:
    axis = _axis(op, inputs[0])
    start, stop, step = op.bounds or (0, 0, 1)
    expect(
        0 <= start < stop <= inputs[0][axis],
        f"bounds {start} to {stop} on an axis of {inputs[0][axis]}",
        "0 <= start < stop <= size",
    )
    return (*inputs[0][:axis], len(range(start, stop, step)), *inputs[0][axis + 1 :])


def _select(op: Layout, inputs: tuple[Shape, ...]) -> Shape:
    axis = _axis(op, inputs[0])
    return (*inputs[0][:axis], *inputs[0][axis + 1 :])


def _cat(op: Layout, inputs: tuple[Shape, ...]) -> Shape:
    parts = (*inputs, *op.parameters)
    axis = _axis(op, parts[0])
    rests = {(*shape[:axis], *shape[axis + 1 :]) for shape in parts}
    expect(
        len(rests) == 1 and len({len(shape) for shape in parts}) == 1,
        f"inputs of {' and '.join(map(text, parts))}",
        f"shapes that differ in axis {axis} only",
    )
    return (*parts[0][:axis], sum(shape[axis] for shape in parts), *parts[0][axis + 1 :])


def _stack(op: Layout, inputs: tuple[Shape, ...]) -> Shape:
    parts = (*inputs, *op.parameters)
    axis = _axis(op, parts[0], more=1)
    expect(len(set(parts)) == 1, f"inputs of {' and '.join(map(text, parts))}", "equal shapes")
    return (*parts[0][:axis], len(parts), *parts[0][axis:])


def _expand(op: Layout, inputs: tuple[Shape, ...]) -> Shape:
    return broadcast(op.shape, inputs[0])


def _pad(op: Layout, inputs: tuple[Shape, ...]) -> Shape:
    pads = op.pads or ()
    expect(
        len(pads) == 2 * len(inputs[0]),
        f"pads {list(pads)} for an input of {text(inputs[0])}",
        "two numbers per axis, before and after",
    )
    sizes = zip(inputs[0], pads[::2], pads[1::2], strict=True)
    return tuple(size + before + after for size, before, after in sizes)


def _repeat(op: Layout, inputs: tuple[Shape, ...]) -> Shape:
    repeats = op.repeats or ()
    expect(
        len(repeats) == len(op.shape) >= len(inputs[0]),
        f"repeats {list(repeats)} for an input of {text(inputs[0])}",
        "one number per axis of the output",
    )
    ones = (1,) * (len(repeats) - len(inputs[0]))
    return tuple(a * b for a, b in zip((*ones, *inputs[0]), repeats, strict=True))


def _index(op: Layout, inputs: tuple[Shape, ...]) -> Shape:
    tables = (*inputs[1:], *op.parameters)
    axes = sorted(op.axes or ())
    expect(
        tables
        and axes
        and axes == list(range(axes[0], axes[-1] + 1))
        and axes[-1] < len(inputs[0]),
        f"axes {axes} of {text(inputs[0])} and {len(tables)} tables of indices",
        "neighbouring axes of the first input, and at least one table",
    )
    return (*inputs[0][: axes[0]], *broadcast(*tables), *inputs[0][axes[-1] + 1 :])


def _gather(op: Layout, inputs: tuple[Shape, ...]) -> Shape:
    tables = (*inputs[1:], *op.parameters)
    _axis(op, inputs[0])
    expect(
        len(tables) == 1 and len(tables[0]) == len(inputs[0]),
        f"{len(tables)} tables of indices for an input of {text(inputs[0])}",
        "one table of the same rank",
    )
    return tables[0]


# The one table of layout functions: add a line to add a function.
FUNCTIONS: dict[str, _Function] = {
    "identity": _Function(_same, free=True),
    "reshape": _Function(_reshape, free=True),
    "permute": _Function(_permute, ("order",), free=True),
    "slice": _Function(_slice, ("axis", "bounds"), free=True),
    "select": _Function(_select, ("axis",), free=True),
    "expand": _Function(_expand, free=True),
    "cat": _Function(_cat, ("axis",), free=True, several=True),
    "stack": _Function(_stack, ("axis",), free=True, several=True),
    "copy": _Function(_same),
    "rearrange": _Function(_reshape),
    "roll": _Function(_same),
    "flip": _Function(_same),
    "pad": _Function(_pad, ("pads",)),
    "repeat": _Function(_repeat, ("repeats",)),
    "gather": _Function(_gather, ("axis",), several=True),
    "index": _Function(_index, ("axes",), several=True),
}
_FIELDS = ("axis", "axes", "order", "bounds", "pads", "repeats")


@op_kind
class Layout(Op):
    """A view or a copy: the same elements in another arrangement."""

    arity: ClassVar[tuple[int, int | None]] = (1, None)
    kind: Literal["layout"] = "layout"

    function: Annotated[str, AfterValidator(known("function", FUNCTIONS))]
    """How the elements are rearranged, by the name it has in ``layout.FUNCTIONS``."""

    axis: Axis | None = None
    """The axis that is sliced, selected from, joined or gathered from."""

    axes: Axes | None = None
    """The axes that indices replace (``index``)."""

    order: Axes | None = None
    """The input's axes, in their new order (``permute``)."""

    bounds: Annotated[tuple[Whole, Whole, Count], BRACKETS] | None = None
    """Start, stop and step along the axis (``slice``)."""

    pads: Wholes | None = None
    """Elements added before and after, axis by axis; negative: cut off (``pad``)."""

    repeats: Counts | None = None
    """How often each axis of the output holds the input (``repeat``)."""

    @model_validator(mode="after")
    def _has_the_fields_of_its_function(self) -> Self:
        needed = FUNCTIONS[self.function].fields
        missing = [name for name in needed if getattr(self, name) is None]
        spare = [n for n in _FIELDS if n not in needed and getattr(self, n) is not None]
        if missing or spare:
            raise ValueError(
                f"found function: {self.function} "
                + " and ".join(
                    [f"without {name}" for name in missing] + [f"with {name}" for name in spare]
                )
                + f"; expected it with {', '.join(needed) or 'none of ' + ', '.join(_FIELDS)}; "
                "add or delete keys to match"
            )
        return self

    @property
    def free(self) -> bool:
        """Return whether it is a view."""
        return FUNCTIONS[self.function].free

    def _infer(self, *inputs: Shape) -> Shape:
        function = FUNCTIONS[self.function]
        expect(
            function.several or len(inputs) == 1,
            f"{len(inputs)} inputs",
            f"one, as {self.function} takes",
        )
        return function.infer(self, inputs)

    def lane_operations(self, *_: Shape) -> LaneOperations:
        """Return none: data move, nothing is computed."""
        return LaneOperations()
