"""From a module to one functional graph of ATen operators that takes any batch size."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from typing import Any

import torch
from torch.fx import GraphModule, Node
from torch.nn.attention import SDPBackend, sdpa_kernel

from archsim.errors import WorkloadError
from archsim.frontend._graph import first_line, module_path
from archsim.frontend._schema import operator, overload, schema

_CHECKS = frozenset(
    f"aten.{name}"
    for name in (
        "_assert_tensor_metadata", "_assert_scalar", "_assert_async", "sym_constrain_range",
        "sym_constrain_range_for_size",
    )
)  # fmt: skip


def capture(
    model: torch.nn.Module, inputs: tuple[torch.Tensor, ...], *, fixed_batch: bool
) -> GraphModule:
    """Return the model's graph in evaluation mode, undecomposed, with parameters as attributes.

    A batch of 1 would be taken for a constant, so two are shown and the first dimension of every
    input is declared free.

    Raises:
        WorkloadError: ``torch.export`` refuses the model.
    """
    model.eval()
    examples = inputs if fixed_batch else _examples(inputs)
    free: Any = None
    if not fixed_batch:
        free = torch.export.ShapesCollection()  # type: ignore[no-untyped-call]
        batch = torch.export.Dim("batch")
        for example in examples:
            free[example] = {0: batch}
    try:
        # Attention by its definition: a device's own kernel may return its result in another order
        # in memory, and which copies a model needs after it must not depend on the device.
        plain = sdpa_kernel(SDPBackend.MATH)
        with torch.no_grad(), plain, _silence():
            program = torch.export.export(model, examples, dynamic_shapes=free)
            exported: Any = program.module(check_guards=False)
    except Exception as error:
        raise WorkloadError(_refusal(model, error, fixed_batch=fixed_batch)) from error
    # A plain module: what torch.export returns checks inputs against shapes that we overwrite.
    return functionalise(GraphModule(exported, exported.graph))


@contextmanager
def _silence() -> Iterator[None]:
    """Keep torch from warning, logging and printing about itself; faults of the model raise."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        unheard = StringIO()
        with warnings.catch_warnings(), redirect_stdout(unheard), redirect_stderr(unheard):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def _examples(inputs: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
    sizes = {tensor.shape[0] if tensor.ndim else 0 for tensor in inputs}
    if len(sizes) != 1 or 0 in sizes:
        shapes = ", ".join("x".join(map(str, t.shape)) or "scalar" for t in inputs)
        raise WorkloadError(
            f"inputs: found {shapes}; expected the same batch size first in each; "
            "correct them, or ask for a fixed batch (--fixed-batch) if there is none"
        )
    batch = max(2, *sizes)
    return tuple(
        torch.zeros((batch, *tensor.shape[1:]), dtype=tensor.dtype, device=tensor.device)
        for tensor in inputs
    )


def _refusal(model: torch.nn.Module, error: Exception, *, fixed_batch: bool) -> str:
    remedy = "change what it names, or trace a part of the model"
    if not fixed_batch:
        remedy += "; if the model takes one batch size only, ask for that (--fixed-batch)"
    return (
        f"{type(model).__name__}: found a model that torch.export refuses "
        f"({type(error).__name__}: {first_line(error)}); expected one without control flow that "
        f"depends on data and that takes these inputs; {remedy}"
    )


def functionalise(graph_module: GraphModule) -> GraphModule:
    """Replace writes in place by new values, and drop checks and dead code.

    Raises:
        WorkloadError: A write reaches other readers through a view, or has no functional form.
    """
    graph = graph_module.graph
    for node in list(graph.nodes):
        if operator(node) in _CHECKS or node.op == "call_module":
            graph.erase_node(node)
    order = {node: place for place, node in enumerate(graph.nodes)}
    faults = []
    for node in list(graph.nodes):
        if _writes(node):
            faults += _without_write(node, order)
    if faults:
        raise WorkloadError("\n".join(dict.fromkeys(faults)))
    graph.eliminate_dead_code()
    graph.lint()
    graph_module.recompile()
    return graph_module


def _writes(node: Node) -> bool:
    called = overload(node)
    return called is not None and bool(schema(called).is_mutable)


def _without_write(node: Node, order: dict[Node, int]) -> list[str]:
    where = f"{module_path(node) or 'forward'}: found {operator(node)}"
    functional, written = _functional_form(node.target), node.args[0]
    if functional is None or not isinstance(written, Node):
        return [f"{where}; expected no write in place; assign its result to a new value instead"]
    later = [
        user
        for alias in _aliases(written)
        if alias is not written
        for user in alias.users
        if order[user] > order[node] and user is not written
    ]
    if later:
        return [
            f"{where} through a view of a tensor that is read again later; expected no such write; "
            "assign its result to a new value instead"
        ]
    node.target = functional
    written.replace_all_uses_with(node, lambda user: order[user] > order[node])
    return []


def _functional_form(target: Any) -> Any:
    packet = str(target.overloadpacket).removeprefix("aten.")
    if not packet.endswith("_") or packet.endswith("__"):
        return None
    candidate = getattr(torch.ops.aten, packet[:-1], None)
    overload_name = str(target).rpartition(".")[2]
    return getattr(candidate, overload_name, None) if candidate else None


def _aliases(node: Node) -> set[Node]:
    """Return all nodes that share memory with this one through views, itself included."""
    root = node
    while _is_view(root) and isinstance(source := root.args[0], Node):
        root = source
    found, open_nodes = {root}, [root]
    while open_nodes:
        for user in open_nodes.pop().users:
            if _is_view(user) and user not in found:
                found.add(user)
                open_nodes.append(user)
    return found


def _is_view(node: Node) -> bool:
    called = overload(node)
    return called is not None and any(
        result.alias_info is not None and not result.alias_info.is_write
        for result in schema(called).returns
    )
