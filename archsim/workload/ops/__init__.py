"""The kinds of op, each one class with its shape rule and its cost rule.

An op states what shapes alone can decide: the shape it makes, the matrix product it is (if it
is one), and the operations a vector unit would need otherwise. Where and when it runs is
``mapping``'s affair. To add a kind, write one class with ``@op_kind`` and name it here; to add
a function to a kind, add a line to its table.
"""

from archsim.workload.ops._base import (
    Gemm,
    LaneOperations,
    Name,
    Op,
    Product,
    Shape,
    any_op,
    broadcast,
    text,
)
from archsim.workload.ops.lanes import Elementwise, Embedding, Norm, Pool, Reduce, Resize, Softmax
from archsim.workload.ops.layout import Layout
from archsim.workload.ops.products import Conv, Linear, MatMul

__all__ = [
    "Conv", "Elementwise", "Embedding", "Gemm", "LaneOperations", "Layout", "Linear", "MatMul",
    "Name", "Norm", "Op", "Pool", "Product", "Reduce", "Resize", "Shape", "Softmax", "any_op",
    "broadcast", "text",
]  # fmt: skip
