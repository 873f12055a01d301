"""The network as the machine sees it: what is executed where, and what data lies in between.

* Layout ops that are free are addresses, not data: every operand is traced back to the tensors
  that really lie somewhere.
* Elementwise ops that alone follow a GEMM are executed with it: its results pass through them
  on their way to the buffer.
* A product of two activations goes where the machine file says.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from functools import cached_property, lru_cache
from math import prod

from archsim.errors import MappingError
from archsim.hardware import Hardware
from archsim.workload import Gemm, LaneOperations, Op, Workload


class Place(StrEnum):
    """What executes an op."""

    ARRAY = "array"
    VECTOR_UNIT = "vector_unit"


@dataclass(frozen=True, slots=True)
class Operand:
    """An activation that a step reads: so many elements of each of some tensors."""

    elements: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Step:
    """One op that moves or makes data, with the ops that ride on it.

    Attributes:
        op: The op.
        place: What executes it.
        operands: The activations it reads.
        fused: Elementwise ops that its results pass through on the way to the buffer.
        workload: The network.
    """

    op: Op
    place: Place
    operands: tuple[Operand, ...]
    fused: tuple[Op, ...] = ()
    workload: Workload = field(kw_only=True, repr=False, compare=False)

    @cached_property
    def gemm(self) -> Gemm:
        """The matrix product it is; to be asked only of steps that are one."""
        if self.op.gemm is None:
            raise TypeError(f"{self.op.name} is a {self.op.kind}, not a GEMM")
        return self.op.gemm

    @cached_property
    def output(self) -> str:
        """The name of the tensor it makes."""
        return self.fused[-1].name if self.fused else self.op.name

    @cached_property
    def reads(self) -> frozenset[str]:
        """The tensors it reads."""
        return frozenset(tensor for operand in self.operands for tensor, _ in operand.elements)

    @cached_property
    def input_bits(self) -> int:
        """Bits of an element of the operand that is driven."""
        return self.workload.activation_bits_of(self.op.inputs[0])

    @cached_property
    def held_bits(self) -> int:
        """Bits of an element of the operand that the tiles hold."""
        return self.workload.weight_bits_of(self.op.name)

    @cached_property
    def output_bits(self) -> int:
        """Bits of an element of the tensor it makes."""
        return self.workload.activation_bits_of(self.output)

    @cached_property
    def work(self) -> tuple[tuple[str, LaneOperations], ...]:
        """The lane operations of the op and of each that rides on it, for one input."""
        ops = (self.op, *self.fused)
        return tuple((op.name, self.workload.lane_operations(op)) for op in ops)

    @cached_property
    def new_share(self) -> Fraction:
        """The part of a GEMM's driven inputs that no earlier window of a convolution had."""
        driven = self.gemm.groups * self.gemm.rows * self.gemm.contraction
        held = sum(elements for _, elements in self.operands[0].elements)
        return min(Fraction(1), Fraction(held, driven))


@dataclass(frozen=True, eq=False)
class Graph:
    """A workload placed on a machine: its steps in order; each graph is equal to itself only."""

    workload: Workload
    steps: tuple[Step, ...]

    @cached_property
    def elements(self) -> dict[str, int]:
        """Return the elements of every tensor, network inputs included."""
        sizes = {tensor.name: prod(tensor.shape) for tensor in self.workload.inputs}
        return sizes | {op.name: op.elements for op in self.workload.ops}

    @cached_property
    def outputs(self) -> frozenset[str]:
        """Return the tensors that the network's outputs lie in."""
        roots = _Roots(self.workload)
        return frozenset(t for name in self.workload.outputs for t, _ in roots.of(name).elements)

    @cached_property
    def network_inputs(self) -> frozenset[str]:
        """Return the tensors that the network's inputs lie in."""
        return frozenset(tensor.name for tensor in self.workload.inputs)

    @cached_property
    def consumers(self) -> dict[str, tuple[int, ...]]:
        """Return, for every tensor, which steps read it, by index."""
        found: dict[str, list[int]] = {name: [] for name in self.elements}
        for index, step in enumerate(self.steps):
            for tensor in sorted(step.reads):
                found[tensor].append(index)
        return {name: tuple(indices) for name, indices in found.items()}

    def bits(self, tensor: str) -> int:
        """Return the bits of a whole tensor of one input."""
        return self._bits[tensor]

    @cached_property
    def _bits(self) -> dict[str, int]:
        of = self.workload.activation_bits_of
        return {tensor: elements * of(tensor) for tensor, elements in self.elements.items()}


def place(workload: Workload, hardware: Hardware) -> Graph:
    """Decide what executes each op, and what rides on what.

    Raises:
        MappingError: The machine refuses products of two activations and the workload has some.
    """
    graph, refused = _place(_Network(workload), hardware.tiles.dynamic_products)
    if refused:
        raise MappingError(
            f"{', '.join(refused)}: products of two activations; '{hardware.name}' holds weights "
            "only (tiles.dynamic_products: refuse). Set it to vector_unit, or to array if cells "
            "can be rewritten in a run."
        )
    return graph


class _Network:
    """A workload by its identity: it never changes, but what it says of its source has no hash."""

    def __init__(self, workload: Workload) -> None:
        self.workload = workload

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Network) and other.workload is self.workload

    def __hash__(self) -> int:
        return id(self.workload)


@lru_cache(maxsize=16)  # the same for all machines that differ in numbers only
def _place(network: _Network, dynamic_products: str) -> tuple[Graph, tuple[str, ...]]:
    """Return the graph, and the ops that cannot be placed."""
    workload = network.workload
    roots = _Roots(workload)
    fusable = _fusable(workload)
    riding = {op.name for chain in fusable.values() for op in chain}
    refused, steps = [], []
    for op in workload.ops:
        if op.free or op.name in riding:
            continue
        where = Place.VECTOR_UNIT
        if op.gemm is not None:
            where = Place.ARRAY
            if op.gemm.dynamic:
                refused += [op.name] if dynamic_products == "refuse" else []
                where = Place.VECTOR_UNIT if dynamic_products == "vector_unit" else Place.ARRAY
        operands = tuple(roots.of(name) for name in op.inputs)
        steps.append(Step(op, where, operands, fusable.get(op.name, ()), workload=workload))
    return Graph(workload, tuple(steps)), tuple(refused)


class _Roots:
    """The tensors behind every name, free layout ops looked through."""

    def __init__(self, workload: Workload) -> None:
        self._ops = {op.name: op for op in workload.ops}
        self._elements = {tensor.name: prod(tensor.shape) for tensor in workload.inputs}
        self._elements |= {op.name: op.elements for op in workload.ops}
        self._operands: dict[str, Operand] = {}

    def of(self, name: str) -> Operand:
        """Return what has to be read to read ``name``."""
        if name not in self._operands:
            self._operands[name] = self._trace(name)
        return self._operands[name]

    def _trace(self, name: str) -> Operand:
        op = self._ops.get(name)
        if op is None or not op.free:
            return Operand(((name, self._elements[name]),))
        sizes: dict[str, int] = {}
        for source in op.inputs:
            for tensor, elements in self.of(source).elements:
                sizes[tensor] = min(self._elements[tensor], sizes.get(tensor, 0) + elements)
        share = min(Fraction(1), Fraction(self._elements[name], max(1, sum(sizes.values()))))
        return Operand(
            tuple(
                (tensor, -(-n * share.numerator // share.denominator))
                for tensor, n in sizes.items()
            )
        )


def _fusable(workload: Workload) -> dict[str, tuple[Op, ...]]:
    """Return, for each GEMM, the chain of one-input elementwise ops that alone follow it."""
    consumers: dict[str, list[Op]] = {}
    for op in workload.ops:
        for name in op.inputs:
            consumers.setdefault(name, []).append(op)
    chains = {}
    for op in workload.ops:
        if op.gemm is None:
            continue
        chain: list[Op] = []
        last = op
        while last.name not in workload.outputs and len(after := consumers.get(last.name, [])) == 1:
            [following] = after
            if (
                following.kind != "elementwise"
                or len(following.inputs) != 1
                or following.elements != last.elements
            ):
                break
            chain.append(following)
            last = following
        if chain:
            chains[op.name] = tuple(chain)
    return chains
