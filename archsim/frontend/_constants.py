"""Work out parts of the graph that depend on no activation."""

from __future__ import annotations

from typing import Any

import torch
from torch.fx import GraphModule, Node

from archsim.frontend._graph import Rewriter, attribute
from archsim.frontend._schema import operator

_PRODUCTS = frozenset(
    ["aten.linear", *(f"aten.conv{t}{n}d" for t in ("", "_transpose") for n in (1, 2, 3))]
)


def evaluate(node: Node, graph_module: GraphModule | None = None) -> Any:
    """Return what a node computes; ``None`` if it depends on an input.

    Args:
        node: The node.
        graph_module: Owner of the parameters; without it, a node that depends on one is ``None``
            too, and batch sizes count as known. With it, batch sizes make a node ``None``.
    """
    done: dict[Node, Any] = {}
    stack = [node]
    while stack:
        current = stack[-1]
        waiting = [item for item in current.all_input_nodes if item not in done]
        if waiting and not _is_size(current):
            stack += waiting
        else:
            done[stack.pop()] = _compute(current, done, graph_module)
    return done[node]


def _is_size(node: Node) -> bool:
    return operator(node) == "aten.sym_size"


def _compute(node: Node, done: dict[Node, Any], graph_module: GraphModule | None) -> Any:
    if _is_size(node):
        return None if graph_module is not None else node.meta["val"]
    if node.op == "get_attr" and graph_module is not None:
        return attribute(graph_module, str(node.target)).detach()
    if node.op != "call_function" or any(done[item] is None for item in node.all_input_nodes):
        return None
    args: Any = torch.fx.map_arg(node.args, done.__getitem__)
    kwargs: Any = torch.fx.map_arg(node.kwargs, done.__getitem__)
    if graph_module is None and "device" in kwargs:
        kwargs = {**kwargs, "device": "cpu"}  # sizes alone decide, so it can be done anywhere
    target: Any = node.target
    with torch.no_grad():
        return target(*args, **kwargs)


def materialise_weights(rewriter: Rewriter) -> None:
    """Give every product whose weight is computed from parameters the result as its parameter."""
    graph_module = rewriter.graph_module
    for node in list(graph_module.graph.nodes):
        if operator(node) not in _PRODUCTS:
            continue
        for place in (1, 2):
            operand = node.args[place] if place < len(node.args) else None
            if not isinstance(operand, Node) or operand.op == "get_attr":
                continue
            if (tensor := evaluate(operand, graph_module)) is not None:
                with graph_module.graph.inserting_before(node):
                    constant = rewriter.constant(
                        f"{node.name}_operand_{place}", tensor.contiguous()
                    )
                node.update_arg(place, constant)
    graph_module.graph.eliminate_dead_code()
