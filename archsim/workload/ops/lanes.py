"""Ops that work on the lanes of a vector unit: functions, norms, pools, sums, look-ups."""

from __future__ import annotations

from math import prod
from typing import Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from archsim.workload.ops._base import (
    BRACKETS,
    MAX_SPATIAL,
    Axes,
    Axis,
    Count,
    Counts,
    LaneOperations,
    Naturals,
    Op,
    Shape,
    broadcast,
    expect,
    op_kind,
    text,
)
from archsim.workload.ops._near import known
from archsim.workload.ops.functions import ELEMENTWISE, NORM, REDUCE, SOFTMAX


def _axes_exist(axes: tuple[int, ...], shape: Shape) -> None:
    expect(
        axes and len(set(axes)) == len(axes) and max(axes) < len(shape),
        f"axes {list(axes)} of an input of {text(shape)}",
        "different axes that the input has",
    )


@op_kind
class Elementwise(Op):
    """A function of corresponding elements; inputs and parameters broadcast."""

    arity: ClassVar[tuple[int, int | None]] = (1, None)
    kind: Literal["elementwise"] = "elementwise"

    function: Annotated[str, AfterValidator(known("function", ELEMENTWISE))]
    """What is computed, by the name it has in ``functions.ELEMENTWISE``."""

    def _infer(self, *inputs: Shape) -> Shape:
        return broadcast(*inputs, *self.parameters)

    def lane_operations(self, *_: Shape) -> LaneOperations:
        """Return the function's cost, times the elements."""
        return ELEMENTWISE[self.function] * self.elements


@op_kind
class Softmax(Op):
    """Softmax, or its logarithm, along one axis."""

    kind: Literal["softmax"] = "softmax"

    function: Annotated[str, AfterValidator(known("function", SOFTMAX))] = "softmax"
    """``softmax`` or ``log_softmax``."""

    axis: Axis
    """The axis along which results sum to one."""

    def _infer(self, *inputs: Shape) -> Shape:
        (shape,) = inputs
        _axes_exist((self.axis,), shape)
        return shape

    def lane_operations(self, *_: Shape) -> LaneOperations:
        """Return max, subtract, exp, add, multiply per element, and one reciprocal per row."""
        per_element, per_row = SOFTMAX[self.function]
        return per_element * self.elements + per_row * (self.elements // self.shape[self.axis])


@op_kind
class Norm(Op):
    """Normalisation by statistics of the data, or a batch norm that could not be folded."""

    kind: Literal["norm"] = "norm"

    function: Annotated[str, AfterValidator(known("function", NORM))]
    """``layer``, ``rms``, ``group``, ``instance`` or ``batch``."""

    axes: Axes
    """Axes over which one set of statistics is taken."""

    groups: Count = 1
    """Sets of statistics that share the channels out between them (``group`` only)."""

    @model_validator(mode="after")
    def _only_group_norms_have_groups(self) -> Self:
        if self.groups > 1 and self.function != "group":
            raise ValueError(
                f"found groups: {self.groups}; expected it with function: group only; delete it"
            )
        return self

    def _infer(self, *inputs: Shape) -> Shape:
        (shape,) = inputs
        _axes_exist(self.axes, shape)
        for parameter in self.parameters:
            expect(
                broadcast(shape, parameter) == shape,
                f"a parameter of {text(parameter)} for an input of {text(shape)}",
                "one that broadcasts to the input",
            )
        return shape

    def lane_operations(self, *_: Shape) -> LaneOperations:
        """Return the statistics, the scaling by them, and one operation per parameter."""
        per_element, per_set = NORM[self.function]
        sets = self.groups * self.elements // prod(self.shape[axis] for axis in self.axes)
        work = per_element * self.elements + per_set * sets
        if self.function != "batch":  # there, scale and shift are all there is
            work += LaneOperations(simple=len(self.parameters) * self.elements)
        return work


@op_kind
class Pool(Op):
    """Maximum or average over a window that slides over the last dimensions."""

    kind: Literal["pool"] = "pool"

    function: Literal["max", "avg"]
    """What is taken over a window."""

    kernel: Counts
    """Window in each spatial dimension."""

    stride: Counts
    """Step in each spatial dimension."""

    padding: Naturals
    """Elements added on either side in each spatial dimension."""

    dilation: Counts = ()
    """Distance between the elements of a window; left out: 1."""

    ceil_mode: bool = False
    """Whether a window that reaches over the far edge counts."""

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        rank = len(self.kernel)
        if not 1 <= rank <= MAX_SPATIAL:
            raise ValueError(f"found a kernel of {rank} dimensions; expected 1, 2 or 3; correct it")
        for name in ("stride", "padding"):
            if len(found := getattr(self, name)) != rank:
                raise ValueError(
                    f"found {name}: {list(found)}; expected {rank} numbers, as kernel; correct one"
                )
        if self.dilation and len(self.dilation) != rank:
            raise ValueError(
                f"found dilation: {list(self.dilation)}; expected {rank} numbers, as kernel; "
                "correct one"
            )
        return self

    def _infer(self, *inputs: Shape) -> Shape:
        (shape,) = inputs
        rank = len(self.kernel)
        expect(
            len(shape) > rank,
            f"an input of {text(shape)}",
            f"channels and {rank} spatial dimensions",
        )
        sizes = tuple(self._output_size(d, size) for d, size in enumerate(shape[-rank:]))
        expect(
            min(sizes) >= 1,
            f"an input of {text(shape)}",
            f"one that a window of {text(self.kernel)} fits into",
        )
        return (*shape[:-rank], *sizes)

    def _output_size(self, dimension: int, size: int) -> int:
        stride, padding = self.stride[dimension], self.padding[dimension]
        reach = (self.dilation[dimension] if self.dilation else 1) * (self.kernel[dimension] - 1)
        span = size + 2 * padding - reach - 1
        if not self.ceil_mode:
            return span // stride + 1
        outputs = -(-span // stride) + 1
        # The last window must start inside the input or its near padding.
        return outputs - 1 if (outputs - 1) * stride >= size + padding else outputs

    def lane_operations(self, *_: Shape) -> LaneOperations:
        """Return one operation per window element beyond the first; averages also scale."""
        window = prod(self.kernel)
        return LaneOperations(window - 1 if self.function == "max" else window) * self.elements


@op_kind
class Reduce(Op):
    """A sum, mean, extreme or the like over whole axes."""

    kind: Literal["reduce"] = "reduce"

    function: Annotated[str, AfterValidator(known("function", REDUCE))]
    """What is taken over the axes."""

    axes: Axes
    """The axes that disappear, or shrink to 1."""

    keepdim: bool = False
    """Whether they shrink to 1."""

    def _infer(self, *inputs: Shape) -> Shape:
        (shape,) = inputs
        _axes_exist(self.axes, shape)
        if self.keepdim:
            return tuple(1 if d in self.axes else size for d, size in enumerate(shape))
        return tuple(size for d, size in enumerate(shape) if d not in self.axes)

    def lane_operations(self, *inputs: Shape) -> LaneOperations:
        """Return one step per element beyond the first of each result, and its finish."""
        per_element, per_result = REDUCE[self.function]
        return per_element * (prod(inputs[0]) - self.elements) + per_result * self.elements


@op_kind
class Resize(Op):
    """Interpolation of the spatial dimensions to another size."""

    kind: Literal["resize"] = "resize"

    function: Literal["nearest", "linear", "cubic"]
    """How values between the input's are found."""

    sizes: Annotated[Counts, Field(min_length=1, max_length=3)]
    """Spatial sizes of the output."""

    def _infer(self, *inputs: Shape) -> Shape:
        (shape,) = inputs
        rank = len(self.sizes)
        expect(
            len(shape) == rank + 2,
            f"an input of {text(shape)}",
            f"batch, channels and {rank} spatial dimensions",
        )
        return (*shape[:2], *self.sizes)

    def lane_operations(self, *_: Shape) -> LaneOperations:
        """Return a multiply and an add per neighbour that an output is made of."""
        neighbours = {"nearest": 0, "linear": 2, "cubic": 4}[self.function] ** len(self.sizes)
        return LaneOperations(max(0, 2 * neighbours - 1)) * self.elements


@op_kind
class Embedding(Op):
    """Rows of a table, looked up by index; only those rows are read."""

    kind: Literal["embedding"] = "embedding"

    rows: Count
    """Rows of the table."""

    features: Count
    """Length of a row."""

    parameters: Annotated[tuple[Shape, ...], BRACKETS, Field(max_length=0)] = ()
    """None: the table is not read as a whole."""

    @property
    def parameter_elements(self) -> int:
        """Return the elements looked up."""
        return self.elements

    def _infer(self, *inputs: Shape) -> Shape:
        return (*inputs[0], self.features)

    def lane_operations(self, *_: Shape) -> LaneOperations:
        """Return none: it is a copy."""
        return LaneOperations()
