"""Small workloads, spelled out."""

from __future__ import annotations

from typing import Any

from archsim.workload import Workload


def conv(name: str = "conv", source: str = "image", **changes: Any) -> dict[str, Any]:
    """Return a 3 x 3 convolution from 3 x 8 x 8 to 4 x 8 x 8 as a file holds it: 6,912 MACs."""
    return {
        "name": name,
        "kind": "conv",
        "inputs": [source],
        "shape": [1, 4, 8, 8],
        "in_channels": 3,
        "out_channels": 4,
        "kernel": [3, 3],
        "stride": [1, 1],
        "padding": [1, 1],
        "dilation": [1, 1],
    } | changes


def relu(name: str = "relu", source: str = "conv", **changes: Any) -> dict[str, Any]:
    """Return a ReLU of the convolution's shape."""
    return {
        "name": name,
        "kind": "elementwise",
        "function": "relu",
        "inputs": [source],
        "shape": [1, 4, 8, 8],
    } | changes


def network(*ops: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Return a workload as a file holds it; without ops, a convolution and a ReLU."""
    chosen = list(ops) or [conv(), relu()]
    return {
        "format": 1,
        "name": "tiny",
        "source": {"model": "written by hand"},
        "activation_bits": 8,
        "weight_bits": 8,
        "inputs": [{"name": "image", "shape": [1, 3, 8, 8]}],
        "ops": chosen,
        "outputs": [chosen[-1]["name"]],
    } | changes


def attention() -> Workload:
    """Return one product of two activations: 2 heads, 5 queries, 5 keys, width 4."""
    heads = {"name": "q", "shape": [1, 2, 5, 4]}, {"name": "k", "shape": [1, 2, 4, 5]}
    scores = {
        "name": "scores",
        "kind": "matmul",
        "inputs": ["q", "k"],
        "shape": [1, 2, 5, 5],
        "contraction": 4,
    }
    return Workload(**network(scores, inputs=list(heads)))
