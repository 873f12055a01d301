"""Fold batch norms into the convolution or linear before them, in the graph itself.

With running mean m, variance v, scale g and shift b, a norm of W x + c is again such a map:

    s = g / sqrt(v + eps),   W' = s W,   c' = s (c - m) + b
"""

from __future__ import annotations

from typing import Any

import torch
from torch.fx import GraphModule, Node

from archsim.frontend._graph import Rewriter, attribute
from archsim.frontend._schema import operator

# Where the output channels lie in the weight; in a transposed convolution the inputs are first.
_CHANNEL_AXIS = {"aten.linear": 0} | {f"aten.conv{n}d": 0 for n in (1, 2, 3)}
_TRANSPOSED = frozenset(f"aten.conv_transpose{n}d" for n in (1, 2, 3))
_TRANSPOSED_GROUPS = 6  # places among the arguments of a transposed convolution ...
_TRAINING, _EPSILON = 5, 7  # ... and of a batch norm
_BIAS = 2  # ... and of any product
_MATRIX = 2  # dimensions


def fold_batch_norms(rewriter: Rewriter) -> int:
    """Fold every batch norm that alone follows a product with constant weights; return how many."""
    folded = 0
    for node in list(rewriter.graph_module.graph.nodes):
        if operator(node) == "aten.batch_norm" and _foldable(node):
            _fold(rewriter, node)
            folded += 1
    rewriter.graph_module.graph.eliminate_dead_code()
    return folded


def _foldable(norm: Node) -> bool:
    product, training = norm.args[0], norm.args[_TRAINING]
    if training or not isinstance(product, Node) or len(product.users) != 1:
        return False
    if operator(product) not in _CHANNEL_AXIS.keys() | _TRANSPOSED:
        return False
    if operator(product) == "aten.linear" and product.meta["val"].ndim != _MATRIX:
        return False  # there, the norm's channels are not the product's features
    constants = [*product.args[1:3], *norm.args[1:5]]
    if norm.args[3] is None or norm.args[4] is None:
        return False  # statistics come from the data
    return all(not isinstance(item, Node) or item.op == "get_attr" for item in constants)


def _fold(rewriter: Rewriter, norm: Node) -> None:
    product: Any = norm.args[0]
    epsilon: Any = norm.args[_EPSILON]
    graph_module = rewriter.graph_module
    weight = _tensor(graph_module, product.args[1])
    bias = _tensor(graph_module, product.args[_BIAS] if len(product.args) > _BIAS else None)
    scale, shift, mean, variance = (_tensor(graph_module, item) for item in norm.args[1:5])
    if weight is None or mean is None or variance is None:  # excluded by _foldable
        raise TypeError("a batch norm without statistics or weights")
    with torch.no_grad():
        factor = torch.rsqrt(variance + epsilon)
        factor = factor if scale is None else factor * scale
        offset = -mean * factor if bias is None else (bias - mean) * factor
        offset = offset if shift is None else offset + shift
        folded = weight * _along_channels(factor, weight, product)
    name = str(product.args[1].target)
    with rewriter.replacing(norm, origin=product) as finish:
        new_weight = rewriter.constant(f"{name}_folded", folded)
        new_bias = rewriter.constant(f"{name}_folded_bias", offset)
        finish(rewriter(product.target, product.args[0], new_weight, new_bias, *product.args[3:]))


def _along_channels(factor: torch.Tensor, weight: torch.Tensor, product: Node) -> torch.Tensor:
    """Return the factor in a shape that multiplies the weight's output channels."""
    ones = [1] * (weight.ndim - _MATRIX)
    if operator(product) not in _TRANSPOSED:
        return factor.reshape(-1, 1, *ones)
    groups: Any = product.args[_TRANSPOSED_GROUPS] if len(product.args) > _TRANSPOSED_GROUPS else 1
    per_group = factor.reshape(groups, 1, -1, *ones)
    return per_group.expand(groups, weight.shape[0] // groups, -1, *ones).reshape(
        weight.shape[0], -1, *ones
    )


def _tensor(graph_module: GraphModule, item: Any) -> torch.Tensor | None:
    return None if item is None else attribute(graph_module, str(item.target)).detach()
