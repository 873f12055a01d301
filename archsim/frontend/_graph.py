"""Reading and changing an exported graph: shapes, what is constant, where a node is from."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode
from torch.fx import GraphModule, Node
from torch.fx.passes.fake_tensor_prop import FakeTensorProp
from torch.utils import _pytree as pytree

from archsim.errors import WorkloadError
from archsim.frontend._schema import operator

_REPEATED_CALL = re.compile(r"@\d+")
# Results that depend on the shape of their argument only, so they are known before it is.
_SHAPE_ONLY = frozenset(
    f"aten.{name}"
    for name in (
        "sym_size", "zeros_like", "ones_like", "full_like", "empty_like", "new_zeros", "new_ones",
        "new_full", "new_empty", "sym_numel", "sym_stride", "size",
    )
)  # fmt: skip


def module_path(node: Node) -> str:
    """Return the dotted path of the innermost module that a node comes from; root: empty."""
    stack = node.meta.get("nn_module_stack") or {}
    paths = [path for path, _ in stack.values() if not path.startswith("_empty_nn_module")]
    return _REPEATED_CALL.sub("", paths[-1]) if paths else ""


def value(node: Node) -> FakeTensor:
    """Return the tensor without data that stands for a node's result."""
    found: FakeTensor = node.meta["val"]
    return found


def shape(node: Node) -> tuple[int, ...]:
    """Return the shape of a node's result at the batch size asked for."""
    return tuple(int(size) for size in value(node).shape)


def is_tensor(item: object) -> bool:
    """Return whether an argument is a node whose result is one tensor."""
    return isinstance(item, Node) and isinstance(item.meta.get("val"), torch.Tensor)


def tensors(item: Any) -> list[Node]:
    """Return the tensor-valued nodes among an argument, nested lists included, in order."""
    return [leaf for leaf in pytree.tree_leaves(item) if is_tensor(leaf)]


def propagate(graph_module: GraphModule, inputs: tuple[torch.Tensor, ...]) -> FakeTensorMode:
    """Find every node's shape at the batch size of these inputs, without computing data.

    Raises:
        WorkloadError: A shape depends on data, or the graph cannot take these inputs.
    """
    mode = FakeTensorMode(allow_non_fake_inputs=True)
    try:
        FakeTensorProp(graph_module, mode).propagate(*inputs)
    except Exception as error:
        shapes = ", ".join("x".join(map(str, tensor.shape)) for tensor in inputs)
        raise WorkloadError(
            f"model: found no shapes for inputs {shapes} ({first_line(error)}); expected shapes "
            "that follow from those of the inputs alone; remove what depends on data, or give "
            "other inputs"
        ) from error
    return mode


def depends_on_data(node: Node) -> bool:
    """Return whether a node's result depends on its arguments' data, not on their shapes only."""
    return node.op == "call_function" and operator(node) not in _SHAPE_ONLY


def activations(graph_module: GraphModule) -> set[Node]:
    """Return the nodes whose results depend on the data of an input, rather than on weights."""
    found: set[Node] = set()
    for node in graph_module.graph.nodes:
        if node.op == "placeholder" or (
            depends_on_data(node) and any(argument in found for argument in node.all_input_nodes)
        ):
            found.add(node)
    return found


class Rewriter:
    """Inserts nodes before one node that is to be replaced, with shapes and module path."""

    def __init__(self, graph_module: GraphModule, mode: FakeTensorMode) -> None:
        self.graph_module = graph_module
        self._mode = mode
        self._origin: Node | None = None

    @contextmanager
    def replacing(self, node: Node, origin: Node | None = None) -> Iterator[Callable[[Node], None]]:
        """Insert before this node; call what this yields with the node that takes its place.

        What is inserted counts as part of the module that this node, or ``origin``, comes from.
        """

        def finish(substitute: Node) -> None:
            node.replace_all_uses_with(substitute)
            self.graph_module.graph.erase_node(node)

        self._origin = origin or node
        with self.graph_module.graph.inserting_before(node):
            yield finish

    def __call__(self, target: Any, *args: Any, **kwargs: Any) -> Node:
        """Insert a call and work out its shape."""
        node: Node = self.graph_module.graph.call_function(target, args, kwargs)
        with self._mode:
            concrete = pytree.tree_map(_concrete, (args, kwargs))
            node.meta["val"] = target(*concrete[0], **concrete[1])
        self._remember_origin(node)
        return node

    def constant(self, name: str, tensor: torch.Tensor) -> Node:
        """Insert a constant under a new attribute of the graph module."""
        attribute = re.sub(r"\W", "_", name)
        while hasattr(self.graph_module, attribute):
            attribute += "_"
        parameter = torch.nn.Parameter(tensor, requires_grad=False)
        self.graph_module.register_parameter(attribute, parameter)
        node: Node = self.graph_module.graph.get_attr(attribute)
        node.meta["val"] = self._mode.from_tensor(parameter)
        self._remember_origin(node)
        return node

    def _remember_origin(self, node: Node) -> None:
        if self._origin is not None and "nn_module_stack" in self._origin.meta:
            node.meta["nn_module_stack"] = self._origin.meta["nn_module_stack"]


def _concrete(item: Any) -> Any:
    return item.meta["val"] if isinstance(item, Node) else item


def attribute(graph_module: GraphModule, target: str) -> torch.Tensor:
    """Return the tensor that a ``get_attr`` node names."""
    owner: Any = graph_module
    for part in target.split("."):
        owner = getattr(owner, part)
    if not isinstance(owner, torch.Tensor):
        raise TypeError(f"{target}: found {type(owner).__name__}; expected a tensor")
    return owner


def first_line(error: BaseException) -> str:
    """Return the first line of what an error says, or its type."""
    lines = str(error).strip().splitlines()
    return lines[0].strip() if lines else type(error).__name__
