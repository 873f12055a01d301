"""Bring every product into one of four forms: convolution, linear, matmul of two activations.

Attention is taken apart into its two products; einsum, ``mm``, ``bmm``, ``addmm`` and products
with a constant operand are written otherwise with the same result. After this, one node is at
most one op, so a place in the graph and an op of the workload are the same thing.
"""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt

import torch
from torch.fx import Node

from archsim.frontend._constants import evaluate
from archsim.frontend._graph import (
    Rewriter,
    activations,
    depends_on_data,
    shape,
    value,
)
from archsim.frontend._schema import Arguments, Unsupported, operator

aten = torch.ops.aten
_PAIR = 2  # operands
_MATRIX = 2  # dimensions
Rewrite = Callable[["Products", Arguments], "Node | None"]
_REWRITES: dict[str, Rewrite] = {}


def _rewrites(*names: str) -> Callable[[Rewrite], Rewrite]:
    def register(function: Rewrite) -> Rewrite:
        _REWRITES.update(dict.fromkeys((f"aten.{name}" for name in names), function))
        return function

    return register


class Products:
    """What the rewrites need: a place to insert nodes, and which nodes are activations."""

    def __init__(self, rewriter: Rewriter) -> None:
        self.call = rewriter
        self._activations = activations(rewriter.graph_module)

    def is_activation(self, node: object) -> bool:
        """Return whether a node, old or just inserted, depends on the data."""
        if not isinstance(node, Node) or node in self._activations:
            return isinstance(node, Node)
        if not depends_on_data(node):
            return False
        if any(self.is_activation(argument) for argument in node.all_input_nodes):
            self._activations.add(node)
            return True
        return False


def rewrite_products(rewriter: Rewriter) -> list[tuple[Node, str]]:
    """Rewrite all products; return the nodes that cannot be rewritten, and why."""
    refused: list[tuple[Node, str]] = []
    waiting = list(rewriter.graph_module.graph.nodes)
    while waiting:
        products, known = Products(rewriter), set(rewriter.graph_module.graph.nodes)
        for node in waiting:
            rewrite = _REWRITES.get(operator(node)) if node.op == "call_function" else None
            if rewrite is None or not products.is_activation(node):
                continue
            try:
                with rewriter.replacing(node) as finish:
                    if (substitute := rewrite(products, Arguments(node))) is not None:
                        finish(substitute)
            except Unsupported as reason:
                refused.append((node, str(reason)))
        # What was inserted may want rewriting in its turn: einsum becomes matmul becomes linear.
        waiting = [node for node in rewriter.graph_module.graph.nodes if node not in known]
    rewriter.graph_module.graph.eliminate_dead_code()
    return refused


@_rewrites("scaled_dot_product_attention")
def _attention(products: Products, arguments: Arguments) -> Node:
    """Return softmax(scale q k^T + mask) v as its two products."""
    call = products.call
    query, key, values = arguments["query"], arguments["key"], arguments["value"]
    if arguments["enable_gqa"]:
        times = shape(query)[-3] // shape(key)[-3]
        key = call(aten.repeat_interleave.self_int, key, times, -3)
        values = call(aten.repeat_interleave.self_int, values, times, -3)
    scale = arguments["scale"] or 1 / sqrt(shape(query)[-1])
    scores = call(aten.matmul.default, query, call(aten.transpose.int, key, -2, -1))
    scores = call(aten.mul.Tensor, scores, scale)
    scores = _masked(products, scores, arguments)
    weights = call(aten.softmax.int, scores, -1)
    return call(aten.matmul.default, weights, values)


def _masked(products: Products, scores: Node, arguments: Arguments) -> Node:
    call, mask = products.call, arguments["attn_mask"]
    if arguments["is_causal"]:
        device = value(scores).device
        ones = call(aten.ones.default, list(shape(scores)[-2:]), dtype=torch.bool, device=device)
        mask = call(aten.tril.default, ones)
    if mask is None or masks_nothing(mask):
        return scores
    if value(mask).dtype != torch.bool:
        return call(aten.add.Tensor, scores, mask)
    allowed = call(aten.logical_not.default, mask)
    return call(aten.masked_fill.Scalar, scores, allowed, float("-inf"))


def masks_nothing(mask: Node) -> bool:
    """Return whether a mask that follows from sizes alone lets everything pass."""
    found = evaluate(mask)
    if found is None:
        return False
    return bool(found.all()) if found.dtype == torch.bool else not bool(found.any())


@_rewrites("einsum")
def _einsum(products: Products, arguments: Arguments) -> Node:
    """Return a product of two operands, by arranging their axes as matmul wants them."""
    operands = list(arguments["tensors"])
    inputs, result = _equation(arguments["equation"], operands)
    if len(operands) != _PAIR:
        raise Unsupported(f"einsum of {len(operands)} operands; write it as products of two")
    (left, right), (a, b) = operands, inputs
    if len(set(a)) < len(a) or len(set(b)) < len(b) or not set(result) <= set(a) | set(b):
        raise Unsupported(f"einsum {arguments['equation']!r} takes a diagonal; write it otherwise")
    shared = [label for label in a if label in b and label in result]
    summed = [label for label in a if label in b and label not in result]
    rows = [label for label in a if label not in b]
    columns = [label for label in b if label not in a]
    if not summed or any(label not in result for label in rows + columns):
        raise Unsupported(f"einsum {arguments['equation']!r} is no product; write it otherwise")
    call = products.call
    axes = {label: (left, d) for d, label in enumerate(a)} | {
        label: (right, d) for d, label in enumerate(b)
    }
    sizes = {label: call(aten.sym_size.int, *axes[label]) for label in shared + rows + columns}
    left = _arranged(call, left, a, (shared, rows, summed))
    right = _arranged(call, right, b, (shared, summed, columns))
    product = call(aten.matmul.default, left, right)
    order = shared + rows + columns
    if len(order) != len(shape(product)):
        product = call(aten.reshape.default, product, [sizes[label] for label in order])
    if order == result:
        return product
    return call(aten.permute.default, product, [order.index(label) for label in result])


def _equation(equation: str, operands: list[Node]) -> tuple[list[list[str]], list[str]]:
    """Return the labels of each operand and of the result, an ellipsis spelt out."""
    text = equation.replace(" ", "")
    left, arrow, right = text.partition("->")
    terms = left.split(",")
    if len(terms) != len(operands):
        raise Unsupported(f"einsum {equation!r} with {len(operands)} operands")
    if not arrow:
        labels = sorted(set(left) - {",", "."})
        right = ("..." if "..." in left else "") + "".join(x for x in labels if left.count(x) == 1)
    spare = [
        len(shape(op)) - len(t.replace("...", "")) for op, t in zip(operands, terms, strict=True)
    ]
    widest = max((n for n, t in zip(spare, terms, strict=True) if "..." in t), default=0)
    dots = [f".{place}" for place in range(widest)]

    def labels_of(term: str, count: int) -> list[str]:
        head, found, tail = term.partition("...")
        return [*head, *(dots[widest - count :] if found else []), *tail]

    inputs = [labels_of(term, count) for term, count in zip(terms, spare, strict=True)]
    return inputs, labels_of(right, widest)


def _arranged(
    call: Rewriter, operand: Node, labels: list[str], groups: tuple[list[str], ...]
) -> Node:
    """Return an operand with its axes in these groups, the last two of them as one axis each."""
    order = [label for group in groups for label in group]
    if order != labels:
        operand = call(aten.permute.default, operand, [labels.index(label) for label in order])
    at = len(groups[0])
    for group in groups[1:]:
        if not group:
            operand = call(aten.unsqueeze.default, operand, at)
        elif len(group) > 1:
            operand = call(aten.flatten.using_ints, operand, at, at + len(group) - 1)
        at += 1
    return operand


@_rewrites("mm", "bmm", "dot", "mv")
def _plain(products: Products, arguments: Arguments) -> Node:
    return products.call(aten.matmul.default, *arguments.positional[:2])


@_rewrites("addmm", "baddbmm", "addbmm", "addmv")
def _with_addend(products: Products, arguments: Arguments) -> Node:
    """Return beta c + alpha a b as a product and what is left to do."""
    addend, left, right = arguments.positional[:3]
    call = products.call
    if arguments.operator == "aten.addbmm":
        raise Unsupported("addbmm; write it as bmm and sum")
    product = call(aten.matmul.default, left, right)
    if arguments["alpha"] != 1:
        product = call(aten.mul.Tensor, product, arguments["alpha"])
    if arguments["beta"] == 0:
        return product
    if arguments["beta"] != 1:
        addend = call(aten.mul.Tensor, addend, arguments["beta"])
    if arguments["alpha"] == arguments["beta"] and _is_bias(products, addend, left, right):
        return call(aten.linear.default, left, call(aten.t.default, right), addend)
    return call(aten.add.Tensor, product, addend)


def _is_bias(products: Products, addend: Node, left: Node, right: Node) -> bool:
    """Return whether this is a linear with constant weight and one constant per output."""
    constant = not (products.is_activation(right) or products.is_activation(addend))
    return constant and products.is_activation(left) and shape(addend) == shape(right)[1:]


@_rewrites("matmul")
def _matmul(products: Products, arguments: Arguments) -> Node | None:
    """Return a linear if one operand is constant; vectors become matrices."""
    call = products.call
    left, right = arguments.positional[:2]
    if len(shape(left)) == 1:
        flat = call(aten.matmul.default, call(aten.unsqueeze.default, left, 0), right)
        return call(aten.squeeze.dim, flat, -1 if len(shape(right)) == 1 else -2)
    if len(shape(right)) == 1:
        flat = call(aten.matmul.default, left, call(aten.unsqueeze.default, right, -1))
        return call(aten.squeeze.dim, flat, -1)
    constant = [not products.is_activation(operand) for operand in (left, right)]
    if not any(constant):
        return None
    if constant[0]:  # (W x)^T = x^T W^T
        turned = [call(aten.transpose.int, operand, -2, -1) for operand in (right, left)]
        return call(aten.transpose.int, call(aten.matmul.default, *turned), -2, -1)
    if len(shape(right)) > _MATRIX:
        return _grouped(products, left, right)
    return call(aten.linear.default, left, call(aten.t.default, right))


def _grouped(products: Products, left: Node, right: Node) -> Node:
    """Return a batch of products with a batch of constant matrices, as a grouped convolution."""
    call = products.call
    *leading, _, columns = shape(right)
    if len(leading) > 1 or len(shape(left)) != len(shape(right)) or shape(left)[0] != leading[0]:
        raise Unsupported(
            f"a product of {shape(left)} with a constant of {shape(right)}; give the constant two "
            "dimensions, or write one product per matrix"
        )
    groups = leading[0]
    # groups x rows x K -> one image of groups*K channels by rows positions
    image = call(aten.permute.default, left, [0, 2, 1])
    image = call(aten.flatten.using_ints, image, 0, 1)
    image = call(aten.unsqueeze.default, image, 0)
    kernel = call(aten.flatten.using_ints, call(aten.permute.default, right, [0, 2, 1]), 0, 1)
    kernel = call(aten.unsqueeze.default, kernel, -1)
    result = call(aten.conv1d.default, image, kernel, None, [1], [0], [1], groups)
    result = call(aten.unflatten.int, call(aten.squeeze.dim, result, 0), 0, [groups, columns])
    return call(aten.permute.default, result, [0, 2, 1])


@_rewrites("linear")
def _linear(products: Products, arguments: Arguments) -> Node | None:
    """Return a matmul if the weight is an activation."""
    weight, bias = arguments["weight"], arguments["bias"]
    if not products.is_activation(weight):
        return None
    product = products.call(
        aten.matmul.default, arguments["input"], products.call(aten.transpose.int, weight, -2, -1)
    )
    return product if bias is None else products.call(aten.add.Tensor, product, bias)
