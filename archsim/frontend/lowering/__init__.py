"""From the graph to ops, from shapes alone.

One table, keyed on the ATen operator, says how each becomes an op. A node whose result only
repeats its input (dropout, a view of the same shape) becomes none; nor does anything that depends
on no input, since it is computed once, before. What the table lacks is reported all at once.
"""

from __future__ import annotations

import operator as python_operator
from collections import Counter
from typing import Any

from pydantic import ValidationError
from torch.fx import GraphModule, Node

from archsim.errors import WorkloadError
from archsim.frontend._graph import (
    activations,
    is_tensor,
    module_path,
    shape,
    tensors,
    value,
)
from archsim.frontend._schema import Unsupported, operator
from archsim.frontend.lowering import lanes, layout, products
from archsim.frontend.lowering._table import PARTS, TABLE, Call, Draft
from archsim.frontend.naming import Origin, op_names
from archsim.workload import Input
from archsim.workload.ops import Op

__all__ = ["lanes", "layout", "lower", "products"]


class _Lowering:
    """The drafts of one graph, and which node each activation really comes from."""

    def __init__(self, graph_module: GraphModule, refused: list[tuple[Node, str]]) -> None:
        self.graph = graph_module.graph
        self._activations = activations(graph_module)
        self.drafts: dict[Node, Draft] = {}
        self.sources: dict[Node, Node] = {}
        self._refused: list[tuple[Node, str]] = list(refused)

    def run(self) -> None:
        """Draft an op for every activation.

        Raises:
            WorkloadError: Operators without a lowering, all of them.
        """
        known_faults = {node for node, _ in self._refused}
        for node in self.graph.nodes:
            if node.op == "placeholder":
                self.sources[node] = node
            elif node in self._activations and node not in known_faults:
                self._lower(node)
        if self._refused:
            raise WorkloadError(_report(self._refused))

    def _lower(self, node: Node) -> None:
        if not is_tensor(node):
            return  # several results: each is lowered where it is taken
        try:
            found = self._draft(node)
            if isinstance(found, Draft):
                lanes.bits_of(value(node).dtype)  # refuses what no op can hold
        except Unsupported as reason:
            self._refused.append((_several(node) or node, str(reason)))
            return
        if isinstance(found, Draft):
            self.drafts[node] = found
            self.sources[node] = node
        else:
            self.sources[node] = self.sources.get(found, found)

    def _draft(self, node: Node) -> Draft | Node:
        whole = _several(node)
        table: dict[str, Any] = TABLE if whole is None else PARTS
        lowering = table.get(operator(whole or node))
        if lowering is None:
            raise Unsupported("which is not in the table of lowerings")
        if whole is None:
            found: Draft | Node = lowering(Call(node, self._activations))
        else:
            found = lowering(Call(whole, self._activations), node.args[1], node)
        return found

    def needed(self, outputs: list[Node]) -> list[Node]:
        """Return the drafted nodes that some output depends on, in the graph's order."""
        found: set[Node] = set()
        waiting = list(outputs)
        while waiting:
            node = waiting.pop()
            if node in self.drafts and node not in found:
                found.add(node)
                waiting += [self.sources[item] for item in self.drafts[node].operands]
        return [node for node in self.graph.nodes if node in found]


def lower(
    graph_module: GraphModule, refused: list[tuple[Node, str]]
) -> tuple[list[Input], list[Op], list[str], dict[str, str]]:
    """Return inputs, ops, outputs and the op of each node of a graph whose shapes are known.

    Args:
        graph_module: The graph, rewritten and folded.
        refused: Nodes already known to have no op, and why.

    Raises:
        WorkloadError: Operators without a lowering, all of them; or no output needs an op.
    """
    lowering = _Lowering(graph_module, refused)
    lowering.run()
    final = next(node for node in graph_module.graph.nodes if node.op == "output")
    outputs = [lowering.sources[node] for node in tensors(final.args) if node in lowering.sources]
    nodes = lowering.needed(outputs)
    if not nodes:
        raise WorkloadError(
            "model: found nothing computed between inputs and outputs; expected one op at least; "
            "return what the model computes from its inputs"
        )
    names = op_names([Origin(module_path(n), lowering.drafts[n].label) for n in nodes])
    by_node = dict(zip(nodes, names, strict=True))
    inputs = []
    for node in graph_module.graph.nodes:
        if node.op == "placeholder":
            by_node[node] = node.name if node.name not in names else f"input:{node.name}"
            bits = lanes.bits_of(value(node).dtype)
            inputs.append(Input(name=by_node[node], shape=shape(node), bits=bits))
    ops = [_op(node, lowering, by_node) for node in nodes]
    result_names = list(dict.fromkeys(by_node[node] for node in outputs))
    return inputs, ops, result_names, {node.name: by_node[node] for node in nodes}


def _op(node: Node, lowering: _Lowering, names: dict[Node, str]) -> Op:
    draft = lowering.drafts[node]
    try:
        return draft.model(
            name=names[node],
            inputs=tuple(names[lowering.sources[item]] for item in draft.operands),
            shape=shape(node),
            bits=lanes.bits_of(value(node).dtype),
            parameters=draft.parameters,
            **draft.fields,
        )
    except ValidationError as error:
        reasons = "; ".join(
            f"{'.'.join(map(str, e['loc']))}: {e['msg']}, found {e['input']!r}"
            for e in error.errors(include_url=False)
        )
        raise WorkloadError(
            f"{names[node]}: found {operator(node)} of impossible sizes or name ({reasons}); "
            "expected what an op can hold; change the model or --input"
        ) from error


def _several(node: Node) -> Node | None:
    """Return the node with several results of which this node takes one."""
    if node.target is not python_operator.getitem:
        return None
    whole = node.args[0]
    return whole if isinstance(whole, Node) else None


def _report(refused: list[tuple[Node, str]]) -> str:
    """Return one line for each operator and reason: how often, where first, what to do."""
    counts = Counter((operator(node), reason) for node, reason in refused)
    first: dict[tuple[str, str], str] = {}
    for node, reason in refused:
        first.setdefault((operator(node), reason), module_path(node) or "forward")
    return "\n".join(
        f"{first[name, reason]}: found {name} {reason} ({_times(count)}); expected an operator "
        "that has a lowering; write it with others, trace a part of the model, or add one to "
        "archsim/frontend/lowering"
        for (name, reason), count in counts.items()
    )


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times, here first"
