"""What is to be computed: ops with shapes, and how often the analog ones are repeated.

A ``Workload`` is what remains of a network when its values are taken away: a directed acyclic
graph of ops, each with the shapes and bits that decide time and energy. It is made once by
``frontend`` and then stands in a file that a person can read, one op a line; running it needs
neither the framework nor the network.

It refuses what it cannot vouch for. Loading infers every shape along the graph and compares it
with the one stated, recomputes MACs, and compares the fingerprint: a hash of the structure (names,
shapes and connections; not bits, names of models or provenance), by which plans recognise the
workload they were made for.

A ``RepetitionPlan`` maps each GEMM to a count, or to one count per output channel. Only ops that
are products have counts, since only they run on an analog array. A product of two activations
has one count, because its columns are positions of the data and not channels of the network.
"""

from archsim.workload.files import load_plan, load_workload, save_plan, save_workload, shipped
from archsim.workload.model import Input, Workload
from archsim.workload.ops import (
    Conv,
    Elementwise,
    Embedding,
    Gemm,
    LaneOperations,
    Layout,
    Linear,
    MatMul,
    Norm,
    Op,
    Pool,
    Product,
    Reduce,
    Resize,
    Shape,
    Softmax,
)
from archsim.workload.plan import RepetitionPlan

__all__ = [
    "Conv", "Elementwise", "Embedding", "Gemm", "Input", "LaneOperations", "Layout", "Linear",
    "MatMul", "Norm", "Op", "Pool", "Product", "Reduce", "RepetitionPlan", "Resize", "Shape",
    "Softmax", "Workload", "load_plan", "load_workload", "save_plan", "save_workload", "shipped",
]  # fmt: skip
