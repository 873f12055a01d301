"""Passes over an exported graph: quantisers where tensors are stored, analog products."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn
from torch.fx import Graph, GraphModule, Node

from archsim.frontend import Arguments, Exported, attribute, operator
from archsim.functional.gemm import AnalogGemm
from archsim.functional.path import AnalogPath
from archsim.functional.products import Convolution, Linear, MatMul, Product
from archsim.functional.quantisers import Grid, Quantiser, grid_of, quantise_weights
from archsim.functional.settings import Quantisation
from archsim.mapping import Arithmetic

_CONVOLUTIONS = {f"aten.conv{rank}d": rank for rank in (1, 2, 3)}

FORMS = _CONVOLUTIONS.keys() | {"aten.linear", "aten.matmul"}
"""Operators that have an analog form."""


class Inserter:
    """Puts quantisers and analog products into a copy of a graph."""

    def __init__(
        self,
        exported: Exported,
        numbers: Arithmetic,
        path: AnalogPath,
        quantisation: Quantisation | None,
    ) -> None:
        self._exported = exported
        self._numbers = numbers
        self._path = path
        self._chosen = quantisation
        self._module = copied(exported.graph_module)
        self.quantisers: dict[str, Quantiser] = {}
        self.gemms: dict[str, AnalogGemm] = {}

    def insert(self) -> GraphModule:
        """Return the graph with everything inserted."""
        workload = self._exported.workload
        inputs = iter(workload.inputs)
        for node in list(self._module.graph.nodes):
            name = self._exported.op_names.get(node.name)
            if node.op == "placeholder":
                name = next(inputs).name
            if name is None:
                continue
            if name in self._numbers.operands:
                node = self._product(node, name)
            if name in self._numbers.stored and _is_float(node):
                self._quantise(node, name)
        self._module.graph.eliminate_dead_code()
        self._module.graph.lint()
        self._module.recompile()
        return self._module

    def _quantise(self, node: Node, tensor: str) -> None:
        quantiser = Quantiser(self._exported.workload.activation_bits_of(tensor), self._chosen)
        self.quantisers[tensor] = quantiser
        with self._module.graph.inserting_after(node):
            rounded = self._call(f"quantiser_{len(self.quantisers)}", quantiser, (node,), node)
        node.replace_all_uses_with(rounded, lambda user: user is not rounded)

    def _product(self, node: Node, name: str) -> Node:
        """Put an analog product, or quantised weights, in a product's place."""
        analog = name in self._numbers.products
        arguments = Arguments(node)
        if operator(node) == "aten.matmul":
            if not analog:
                return node
            operands = (arguments["self"], arguments["other"])
            gemm = AnalogGemm(name, MatMul(), self._path, self._numbers.products[name])
            return self._replace(node, gemm, operands, self._numbers.operands[name])
        weight = attribute(self._module, str(arguments["weight"].target)).detach()
        weight, grid = self._weights(weight, self._exported.workload.weight_bits_of(name))
        if not analog:
            self._give_weight(node, weight)
            return node
        bias = arguments["bias"]
        held = (weight, grid, bias and attribute(self._module, str(bias.target)).detach())
        gemm = AnalogGemm(
            name, _form(node, arguments, weight), self._path, self._numbers.products[name], held
        )
        return self._replace(node, gemm, (arguments["input"],), self._numbers.operands[name])

    def _weights(self, weight: Tensor, bits: int) -> tuple[Tensor, Grid]:
        if self._chosen is not None:
            return quantise_weights(weight, bits, self._chosen)
        flat, default = weight.flatten(1), Quantisation()
        return weight, grid_of(flat.amin(1), flat.amax(1), bits, default.weights)

    def _replace(
        self, node: Node, gemm: AnalogGemm, operands: tuple[Node, ...], tensors: Sequence[Any]
    ) -> Node:
        watched = [
            self._operand_quantiser(node, operand, [t for t, _ in tensor.elements], place)
            for place, (operand, tensor) in enumerate(zip(operands, tensors, strict=True))
        ]
        gemm.cutting.inputs_from = watched[0][1]
        if len(watched) > 1:
            gemm.cutting.held_from = watched[1][1]
        self.gemms[gemm.op] = gemm
        with self._module.graph.inserting_before(node):
            made = self._call(
                f"analog_{len(self.gemms)}", gemm, tuple(operand for operand, _ in watched), node
            )
        node.replace_all_uses_with(made)
        self._module.graph.erase_node(node)
        return made

    def _operand_quantiser(
        self, node: Node, operand: Node, tensors: list[str], place: int
    ) -> tuple[Node, Quantiser]:
        """Return an operand and the quantiser whose levels it has.

        That is the one where its tensor is stored, or one of its own where its data lie in several
        tensors, or are held in fewer bits.
        """
        workload = self._exported.workload
        bits = workload.activation_bits_of(tensors[0])
        if place == 1:
            bits = workload.weight_bits_of(str(self._exported.op_names[node.name]))
        if len(tensors) == 1 and tensors[0] in self.quantisers:
            stored = self.quantisers[tensors[0]]
            if stored.bits == bits:
                return operand, stored
        quantiser = Quantiser(bits, self._chosen)
        name = f"{node.name}_operand_{place}"
        self.quantisers[name] = quantiser
        with self._module.graph.inserting_before(node):
            return self._call(name, quantiser, (operand,), operand), quantiser

    def _call(self, name: str, module: nn.Module, arguments: tuple[Node, ...], like: Node) -> Node:
        self._module.add_submodule(name, module)
        made: Node = self._module.graph.call_module(name, arguments)
        made.meta["val"] = like.meta["val"]
        return made

    def _give_weight(self, node: Node, weight: Tensor) -> None:
        name = f"{node.name}_quantised"
        self._module.register_buffer(name, weight)
        with self._module.graph.inserting_before(node):
            constant = self._module.graph.get_attr(name)
        node.update_arg(1, constant)


def copied(graph_module: GraphModule) -> GraphModule:
    """Return a module with a graph of its own, over the same parameters."""
    graph = Graph()
    graph.output(graph.graph_copy(graph_module.graph, {}))
    graph.set_codegen(graph_module.graph._codegen)  # noqa: SLF001 - there is no public getter
    return GraphModule(graph_module, graph)


def _form(node: Node, arguments: Arguments, weight: Tensor) -> Product:
    if operator(node) == "aten.linear":
        return Linear()
    rank = _CONVOLUTIONS[operator(node)]
    return Convolution(
        shape=tuple(weight.shape),
        stride=_each(arguments["stride"], rank),
        padding=_padding(arguments["padding"], rank),
        dilation=_each(arguments["dilation"], rank),
        groups=arguments["groups"],
    )


def _padding(padding: Any, rank: int) -> tuple[int, ...] | str:
    return padding if isinstance(padding, str) else _each(padding, rank)


def _each(value: Any, rank: int) -> tuple[int, ...]:
    """Return one number for each spatial dimension; ATen takes one for all."""
    values = tuple(value) if isinstance(value, list | tuple) else (value,)
    return values * rank if len(values) == 1 else values


def _is_float(node: Node) -> bool:
    found = node.meta.get("val")
    return isinstance(found, Tensor) and found.dtype.is_floating_point
