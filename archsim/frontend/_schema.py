"""ATen operators: their names, and their arguments by the names in their schema."""

from __future__ import annotations

from typing import Any

from torch._ops import OpOverload
from torch.fx import Node


class Unsupported(Exception):  # noqa: N818 - a reason, collected and reported with all others
    """Why one node cannot become an op."""


def overload(node: Node) -> OpOverload[..., Any] | None:
    """Return the ATen operator that a node calls, if it calls one."""
    return node.target if isinstance(node.target, OpOverload) else None


def schema(called: OpOverload[..., Any]) -> Any:
    """Return an operator's schema, for which torch has no public name."""
    return called._schema  # noqa: SLF001


def operator(node: Node) -> str:
    """Return the operator without its overload, such as ``aten.conv2d``."""
    called = overload(node)
    if called is not None:
        return str(called.overloadpacket)
    return getattr(node.target, "__name__", str(node.target))


class Arguments:
    """The arguments of one call by name, defaults filled in."""

    def __init__(self, node: Node) -> None:
        called = overload(node)
        if called is None:
            raise Unsupported("which is no ATen operator")
        self.operator = operator(node)
        self.positional: tuple[Any, ...] = node.args
        self._values: dict[str, Any] = {}
        for place, parameter in enumerate(schema(called).arguments):
            if place < len(node.args):
                self._values[parameter.name] = node.args[place]
            else:
                self._values[parameter.name] = node.kwargs.get(
                    parameter.name, parameter.default_value
                )

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def get(self, name: str, default: Any = None) -> Any:
        """Return an argument, or the default where this overload has none of that name."""
        return self._values.get(name, default)
