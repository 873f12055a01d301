"""From a PyTorch module to a workload, and to the graph that computes the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch.fx import GraphModule

from archsim.errors import WorkloadError
from archsim.frontend._constants import materialise_weights
from archsim.frontend._graph import Rewriter, propagate
from archsim.frontend.capturing import capture
from archsim.frontend.folding import fold_batch_norms
from archsim.frontend.lowering import lower
from archsim.frontend.rewriting import rewrite_products
from archsim.workload import Workload


@dataclass(frozen=True, slots=True)
class Exported:
    """One network, as both sides see it.

    Attributes:
        workload: What the timing side needs.
        graph_module: What the functional side runs: batch norms folded, attention taken apart.
        op_names: Name of a node of that graph to name of the op it is; other nodes are none.
    """

    workload: Workload
    graph_module: GraphModule
    op_names: Mapping[str, str]


def export(
    model: torch.nn.Module,
    inputs: tuple[torch.Tensor, ...],
    *,
    name: str,
    source: Mapping[str, str],
    fixed_batch: bool = False,
) -> Exported:
    """Export a model at the batch size of these inputs; it is left in evaluation mode.

    Only shapes, types and devices of the inputs count. Activations and weights are stated to have
    8 bits, which ``Workload.with_bits`` changes.

    Args:
        model: The model, its parameters real or on the meta device.
        inputs: What it is called with, on the device of its parameters.
        name: What reports are to call it.
        source: Where it comes from, for the record.
        fixed_batch: Whether it takes no other batch size than that of the inputs.

    Raises:
        WorkloadError: The model cannot be exported or lowered; every reason that was found.
    """
    _check_name(name)
    graph_module = capture(model, inputs, fixed_batch=fixed_batch)
    rewriter = Rewriter(graph_module, propagate(graph_module, inputs))
    refused = rewrite_products(rewriter)
    fold_batch_norms(rewriter)
    materialise_weights(rewriter)
    graph_module.graph.lint()
    graph_module.recompile()
    propagate(graph_module, inputs)  # again: what was rewritten may lie otherwise in memory
    made, ops, outputs, names = lower(graph_module, refused)
    workload = Workload(
        name=name,
        source=dict(source),
        activation_bits=8,
        weight_bits=8,
        inputs=tuple(made),
        ops=tuple(ops),
        outputs=tuple(outputs),
    )
    return Exported(workload, graph_module, names)


def _check_name(name: str) -> None:
    if len(name.split()) != 1 or name != name.strip():
        raise WorkloadError(
            f"name: found {name!r}; expected text without spaces; write resnet50 or my_net"
        )
