"""What every kind of op is, and the one table that knows them all."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from math import prod
from typing import Annotated, Any, ClassVar, TypeVar, Union

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
)

from archsim.errors import WorkloadError

MAX_SIZE = 2**31 - 1  # of one dimension; larger numbers in a file are slips of the pen
MAX_RANK = 8
MAX_BITS = 64
MAX_SPATIAL = 3
MATRIX = 2  # dimensions


def _name(text: str) -> str:
    if not text.isprintable() or " " in text or text.startswith("("):
        raise ValueError(
            f"found {text!r}; expected a name without spaces or control characters that does not "
            "begin with a round bracket, as the program's own entries do; rename it"
        )
    return text


Name = Annotated[str, StringConstraints(min_length=1, max_length=256), AfterValidator(_name)]
Bits = Annotated[int, Field(ge=1, le=MAX_BITS)]
Count = Annotated[int, Field(ge=1, le=MAX_SIZE)]
Natural = Annotated[int, Field(ge=0, le=MAX_SIZE)]
Whole = Annotated[int, Field(ge=-MAX_SIZE, le=MAX_SIZE)]


def _tuple(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


# A file holds lists where the model holds tuples.
BRACKETS = BeforeValidator(_tuple)
Shape = Annotated[tuple[Count, ...], BRACKETS, Field(max_length=MAX_RANK)]
Counts = Annotated[tuple[Count, ...], BRACKETS, Field(max_length=MAX_RANK)]
Naturals = Annotated[tuple[Natural, ...], BRACKETS, Field(max_length=MAX_RANK)]
Wholes = Annotated[tuple[Whole, ...], BRACKETS, Field(max_length=2 * MAX_RANK)]
Axes = Annotated[
    tuple[Annotated[int, Field(ge=0, lt=MAX_RANK)], ...], BRACKETS, Field(max_length=MAX_RANK)
]
Axis = Annotated[int, Field(ge=0, lt=MAX_RANK)]

FROZEN = ConfigDict(frozen=True, strict=True, extra="forbid", use_attribute_docstrings=True)


@dataclass(frozen=True, slots=True)
class Gemm:
    """Equal, independent products of rows x contraction by contraction x columns.

    Attributes:
        groups: Independent products (groups of a convolution; batch times heads of attention).
        rows: Input vectors per group.
        contraction: Fan-in of one dot product.
        columns: Outputs per vector and group.
        dynamic: Whether both operands are activations, so that nothing can be resident.
    """

    groups: int
    rows: int
    contraction: int
    columns: int
    dynamic: bool

    @property
    def macs(self) -> int:
        """Return the multiply-accumulates."""
        return self.groups * self.rows * self.contraction * self.columns

    @property
    def weights(self) -> int:
        """Return the static weights, 0 when the second operand is an activation."""
        return 0 if self.dynamic else self.groups * self.contraction * self.columns


@dataclass(frozen=True, slots=True)
class LaneOperations:
    """What the vector unit has to do if it executes an op.

    Attributes:
        simple: Add, subtract, multiply, compare or select on one lane.
        special: One exp, log, erf, tanh, sigmoid, sine, square root or reciprocal on one lane.
    """

    simple: int = 0
    special: int = 0

    def __add__(self, other: LaneOperations) -> LaneOperations:
        """Return both, one after the other."""
        return LaneOperations(self.simple + other.simple, self.special + other.special)

    def __mul__(self, times: int) -> LaneOperations:
        """Return this, so many times."""
        return LaneOperations(self.simple * times, self.special * times)


class Op(BaseModel):
    """One node of the workload: from earlier activations to one new activation."""

    model_config = FROZEN
    arity: ClassVar[tuple[int, int | None]] = (1, 1)  # fewest and most inputs; None: any number

    name: Name
    """Where in the model it comes from; unique."""

    kind: str
    """Which class of op it is."""

    inputs: Annotated[tuple[Name, ...], BRACKETS]
    """The earlier ops, or workload inputs, whose activations it reads."""

    shape: Shape
    """Shape of the activation it makes, batch dimension included."""

    bits: Bits | None = None
    """Bits of one element of that activation; left out: the workload's ``activation_bits``."""

    parameters: Annotated[tuple[Shape, ...], BRACKETS] = ()
    """Shapes of static operands other than GEMM weights: a bias, a norm's scale, a mask."""

    @property
    def elements(self) -> int:
        """Return the elements of the activation it makes."""
        return prod(self.shape)

    @property
    def gemm(self) -> Gemm | None:
        """Return the matrix product it is, if it is one."""
        return None

    @property
    def channels(self) -> int:
        """Return how many repetition counts a plan may give it: output channels of a GEMM."""
        return 0

    @property
    def free(self) -> bool:
        """Return whether it moves no data, being only a pattern of addresses."""
        return False

    @property
    def parameter_elements(self) -> int:
        """Return the elements of ``parameters`` that one execution reads."""
        return sum(map(prod, self.parameters))

    def infer_shape(self, *inputs: Shape) -> Shape:
        """Return the shape that inputs of these shapes lead to.

        Raises:
            WorkloadError: The op does not take inputs, or parameters, of these shapes.
        """
        fewest, most = self.arity
        if len(inputs) < fewest or (most is not None and len(inputs) > most):
            wanted = str(fewest) if fewest == most else f"{fewest} to {most or 'any number of'}"
            raise WorkloadError(f"found {len(inputs)} inputs; expected {wanted} for {self.kind}")
        return self._infer(*inputs)

    @abstractmethod
    def _infer(self, *inputs: Shape) -> Shape:
        """Return the output shape, the number of inputs being right."""

    @abstractmethod
    def lane_operations(self, *inputs: Shape) -> LaneOperations:
        """Return the work on the lanes of a vector unit, MACs of a GEMM apart."""


class Product(Op):
    """A matrix product: the only kind of op that an analog array executes."""

    weight_bits: Bits | None = None
    """Bits of the operand held by the array; left out: the workload's ``weight_bits``."""

    @property
    @abstractmethod
    def gemm(self) -> Gemm:
        """Return the matrix product."""

    @property
    def macs(self) -> int:
        """Return the multiply-accumulates."""
        return self.gemm.macs

    def lane_operations(self, *_: Shape) -> LaneOperations:
        """Return one addition per output for a bias; the MACs are counted by ``gemm``."""
        return LaneOperations(simple=self.elements if self.parameters else 0)


O = TypeVar("O", bound=Op)  # noqa: E741 - any op
_KINDS: dict[str, type[Op]] = {}


def op_kind(model: type[O]) -> type[O]:
    """Register a class of op under the value of its ``kind``."""
    kind = model.model_fields["kind"].default
    if kind in _KINDS:
        raise ValueError(f"kind {kind!r} is taken by {_KINDS[kind].__qualname__}")
    _KINDS[kind] = model
    return model


def is_product(kind: object) -> bool:
    """Return whether a kind of op, by its name in a file, is a matrix product."""
    model = _KINDS.get(kind) if isinstance(kind, str) else None
    return model is not None and issubclass(model, Product)


def any_op() -> Any:
    """Return the type of a field that holds any registered kind of op."""
    return Annotated[Union[tuple(_KINDS.values())], Field(discriminator="kind")]  # noqa: UP007


def broadcast(*shapes: Shape) -> Shape:
    """Return the shape that all of these stretch to: dimensions agree from the last, or are 1."""
    result: list[int] = []
    for place in range(1, max(map(len, shapes)) + 1):
        sizes = {shape[-place] for shape in shapes if len(shape) >= place} - {1}
        if len(sizes) > 1:
            listing = " and ".join(text(shape) for shape in shapes)
            raise WorkloadError(f"found shapes {listing}; expected shapes that broadcast")
        result.append(sizes.pop() if sizes else 1)
    return tuple(reversed(result))


def expect(condition: object, found: str, expected: str) -> None:
    """Raise unless the condition holds; the caller's message names the op.

    Raises:
        WorkloadError: It does not.
    """
    if not condition:
        raise WorkloadError(f"found {found}; expected {expected}")


def text(shape: tuple[int, ...]) -> str:
    """Return a shape as it is written in options and messages: ``1x3x224x224``."""
    return "x".join(map(str, shape)) or "scalar"
