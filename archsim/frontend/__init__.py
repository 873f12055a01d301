"""From a PyTorch model to a workload; with ``functional``, the only package that imports torch.

A model is exported once, with ``torch.export``, to a graph of undecomposed ATen operators; shapes
decide everything, so its weights may lie on the meta device and take no memory. Passes over that
graph then make it say what an accelerator does:

* ``capturing``: evaluation mode, any batch size, no writes in place;
* ``rewriting``: attention, einsum and the many spellings of a product become convolutions,
  linears and products of two activations. torch's own decompositions are not used: they turn
  linears after attention into ``bmm``, and differently on different devices;
* ``folding``: batch norms go into the weights before them;
* ``lowering``: each node becomes at most one op.

The graph that results computes what the model computes, and ``Exported.op_names`` says which of its
nodes is which op, so that the timing of an op and the noise in its results cannot drift apart.
"""

from archsim.frontend._graph import attribute, first_line
from archsim.frontend._schema import Arguments, operator
from archsim.frontend.exporting import Exported, export
from archsim.frontend.specs import InputSpec
from archsim.frontend.tracing import read_kwargs, trace

__all__ = [
    "Arguments",
    "Exported",
    "InputSpec",
    "attribute",
    "export",
    "first_line",
    "operator",
    "read_kwargs",
    "trace",
]
