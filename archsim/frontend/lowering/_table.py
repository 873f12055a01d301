"""The table from ATen operator to op, and what its entries see and give."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch.fx import Node

from archsim.frontend._graph import is_tensor, shape, tensors, value
from archsim.frontend._schema import Arguments, Unsupported, operator
from archsim.workload.ops import Op, Shape


@dataclass(frozen=True, slots=True)
class Draft:
    """An op that has no name yet.

    Attributes:
        model: The class of op.
        label: What tells it from other ops of the same module.
        operands: The nodes whose activations it reads.
        parameters: Shapes of its static operands.
        fields: What its class asks for beyond those.
    """

    model: type[Op]
    label: str
    operands: tuple[Node, ...]
    parameters: tuple[Shape, ...] = ()
    fields: dict[str, Any] = field(default_factory=dict)


class Call:
    """One node of the graph, as a lowering sees it: arguments by name, shapes, what is constant."""

    def __init__(self, node: Node, activations: set[Node]) -> None:
        self.node = node
        self._activations = activations
        self.arguments = Arguments(node)

    def __getitem__(self, name: str) -> Any:
        return self.arguments[name]

    @property
    def operator(self) -> str:
        """Return the operator without its overload."""
        return operator(self.node)

    @property
    def shape(self) -> Shape:
        """Return the shape of the result."""
        return shape(self.node)

    @property
    def dtype(self) -> torch.dtype:
        """Return the type of the result's elements."""
        return value(self.node).dtype

    def get(self, name: str, default: Any = None) -> Any:
        """Return an argument, or the default where this overload has none of that name."""
        return self.arguments.get(name, default)

    def is_activation(self, item: object) -> bool:
        """Return whether an argument depends on the data."""
        return item in self._activations

    def axis(self, name: str = "dim", rank: int | None = None) -> int:
        """Return an argument that is an axis, counted from the front."""
        rank = len(shape(self.main)) if rank is None else rank
        return int(self[name]) % max(rank, 1)

    def axes(self, name: str = "dim") -> tuple[int, ...]:
        """Return an argument that is some axes, counted from the front; none given: all."""
        rank, given = len(shape(self.main)), self.get(name)
        if given is None or given == []:
            return tuple(range(rank))
        given = given if isinstance(given, list | tuple) else [given]
        return tuple(sorted(int(axis) % rank for axis in given))

    @property
    def main(self) -> Node:
        """Return the first argument that is a tensor."""
        return tensors(self.node.args)[0]

    def operands(self) -> tuple[Node, ...]:
        """Return the tensor arguments that are activations."""
        return tuple(
            x for x in tensors((self.node.args, self.node.kwargs)) if self.is_activation(x)
        )

    def parameters(self) -> tuple[Shape, ...]:
        """Return the shapes of the tensor arguments that are constant, single numbers left out."""
        arguments = tensors((self.node.args, self.node.kwargs))
        return tuple(shape(x) for x in arguments if not self.is_activation(x) and shape(x))

    def only(self, name: str) -> Node:
        """Return the argument of that name, all other tensors being constant."""
        node = self[name]
        if self.operands() != (node,):
            raise Unsupported(f"with anything but {name} depending on the data")
        return node if is_tensor(node) else self.main


Lowering = Callable[[Call], "Draft | Node"]
GetItem = Callable[[Call, int, Node], "Draft | Node"]
TABLE: dict[str, Lowering] = {}
PARTS: dict[str, GetItem] = {}


def lowers(*names: str) -> Callable[[Lowering], Lowering]:
    """Register how calls of these ATen operators become an op, or the node they merely repeat."""

    def register(function: Lowering) -> Lowering:
        for name in names:
            add(TABLE, f"aten.{name}", function)
        return function

    return register


def lowers_part_of(*names: str) -> Callable[[GetItem], GetItem]:
    """Register how one result of an ATen operator that has several becomes an op."""

    def register(function: GetItem) -> GetItem:
        for name in names:
            add(PARTS, f"aten.{name}", function)
        return function

    return register


def add(table: dict[str, Any], name: str, function: Any) -> None:
    """Enter a function into a table, once."""
    if name in table:
        raise ValueError(f"{name} is lowered already")
    table[name] = function


def tuple_of(item: Any, rank: int, default: Any = None) -> tuple[int, ...]:
    """Return a size argument, which may be one number or one for each dimension."""
    if item is None or item == []:
        item = default
    numbers = item if isinstance(item, list | tuple) else [item]
    numbers = list(numbers) * rank if len(numbers) == 1 else numbers
    return tuple(int(number) for number in numbers)
