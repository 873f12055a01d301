"""Where every activation lies: in the buffer, or spilled to DRAM.

``serial``: a tensor lives from its producer's start to its last consumer's end. When live
tensors exceed the buffer, whole tensors spill, farthest next use first (Belady's rule, which
is optimal for tensors of one size: IBM Systems Journal 5(2), 78 (1966)). A spilled tensor is
fetched back before its next use; where even a step's own tensors do not fit together, its
output goes to DRAM as it is made, then its operands are streamed from there as they are read.

``pipelined``: every tensor is held for as many inputs as are between its producer and its last
consumer; when all of them exceed the buffer, those held longest go through DRAM.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from archsim.errors import MappingError
from archsim.mapping.graph import Graph


@dataclass(frozen=True, slots=True)
class Traffic:
    """What one step moves between buffer and DRAM besides its own reads and writes.

    Attributes:
        spilled: Tensors moved out of the buffer before the step.
        fetched: Tensors moved back into the buffer before the step.
        streamed: Operands read straight from DRAM.
        streams_output: Whether the output goes straight to DRAM.
        buffered_bits: What activations take of the buffer meanwhile, which follows from all else.
    """

    spilled: tuple[str, ...] = ()
    fetched: tuple[str, ...] = ()
    streamed: frozenset[str] = frozenset()
    streams_output: bool = False
    buffered_bits: int = field(default=0, compare=False)


@dataclass(slots=True)
class _Draft:
    """The traffic of a step while it is planned."""

    spilled: list[str] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)
    streamed: set[str] = field(default_factory=set)
    streams_output: bool = False
    buffered_bits: int = 0

    def finished(self) -> Traffic:
        return Traffic(
            tuple(self.spilled),
            tuple(self.fetched),
            frozenset(self.streamed),
            self.streams_output,
            self.buffered_bits,
        )


def plan_serial(
    graph: Graph, inputs: int, capacity_bits: int, partial_bits: Mapping[str, int] | None = None
) -> list[Traffic]:
    """Return the traffic of every step when ops run one after the other, each over all inputs.

    Args:
        graph: The network, placed.
        inputs: Inputs that each step works through.
        capacity_bits: What the buffer has for activations.
        partial_bits: For outputs that are partial sums between rounds, their bits meanwhile.

    Raises:
        MappingError: The network's outputs alone exceed the buffer.
    """
    planner = _Serial(graph, inputs, capacity_bits, partial_bits or {})
    return [planner.step(index) for index in range(len(graph.steps))]


class _Serial:
    """Walks through the steps, keeping track of what lies where."""

    def __init__(
        self, graph: Graph, inputs: int, capacity_bits: int, partial_bits: Mapping[str, int]
    ) -> None:
        self._graph = graph
        self._partial_bits = partial_bits
        self._size_bits = {t: inputs * graph.bits(t) for t in graph.elements}
        self._capacity_bits = capacity_bits
        self._buffered: set[str] = set()
        self._in_dram: set[str] = {tensor.name for tensor in graph.workload.inputs}

    def step(self, index: int) -> Traffic:
        """Return the traffic of one step and move on to the next."""
        step, traffic = self._graph.steps[index], _Draft()
        wanted = set(step.reads)
        traffic.fetched = [t for t in self._order(wanted, index) if t not in self._buffered]
        self._buffered |= wanted | {step.output}
        while (excess_bits := self._used_bits(step.output) - self._capacity_bits) > 0:
            self._evict(self._victim(index, excess_bits), index, traffic)
        traffic.buffered_bits = self._used_bits(step.output)
        self._in_dram |= {step.output} if traffic.streams_output else set()
        for tensor in set(self._buffered):
            if self._next_use(tensor, index + 1) is None and tensor not in self._graph.outputs:
                self._buffered.remove(tensor)
        return traffic.finished()

    def _used_bits(self, own: str) -> int:
        """Return what is in the buffer while a step runs: its own output is growing there."""
        growing_bits = self._partial_bits.get(own, 0) if own in self._buffered else 0
        held_bits = sum(self._size_bits[tensor] for tensor in self._buffered)
        return held_bits + max(0, growing_bits - self._size_bits[own])

    def _evict(self, tensor: str, index: int, traffic: _Draft) -> None:
        self._buffered.remove(tensor)
        step = self._graph.steps[index]
        if tensor == step.output:
            traffic.streams_output = True
            return
        if tensor in step.reads:
            traffic.streamed.add(tensor)
        if tensor in traffic.fetched:
            traffic.fetched.remove(tensor)
        elif tensor not in self._in_dram:
            traffic.spilled.append(tensor)
        self._in_dram.add(tensor)

    def _victim(self, index: int, excess_bits: int) -> str:
        candidates = [t for t in self._buffered if t not in self._graph.outputs]
        if not candidates:
            raise MappingError(
                f"{self._graph.steps[index].op.name}: the network's outputs exceed the buffer by "
                f"{excess_bits} bits, {self._capacity_bits} bits being free for activations. "
                f"Raise buffer.size, or run a smaller batch."
            )
        own = self._graph.steps[index].output

        def farthest_then_cheapest(tensor: str) -> tuple[int, bool, int, str]:
            use = self._next_use(tensor, index)
            distance = len(self._graph.steps) if use is None else use
            # Partial sums would go to DRAM and back between rounds: anything else before them.
            new = tensor == own and own not in self._partial_bits
            return (distance + new, new or tensor in self._in_dram, self._size_bits[tensor], tensor)

        return max(candidates, key=farthest_then_cheapest)

    def _next_use(self, tensor: str, index: int) -> int | None:
        return next((use for use in self._graph.consumers[tensor] if use >= index), None)

    def _order(self, tensors: set[str], index: int) -> list[str]:
        return [
            t
            for operand in self._graph.steps[index].operands
            for t, _ in operand.elements
            if t in tensors
        ]


def plan_pipelined(
    graph: Graph, lags: dict[str, int], capacity_bits: int
) -> tuple[list[Traffic], dict[str, int]]:
    """Return the traffic of every step when all ops overlap on a stream of inputs.

    ``lags`` says how many inputs a tensor's producer is ahead of its last consumer; two more
    are being written and read.

    Returns:
        The traffic of each step, and the bits each buffered tensor occupies.
    """
    held_bits = {t: (lag + 2) * graph.bits(t) for t, lag in lags.items()}
    through_dram: set[str] = set()
    for tensor in sorted(held_bits, key=lambda t: (lags[t], held_bits[t], t), reverse=True):
        if sum(b for t, b in held_bits.items() if t not in through_dram) <= capacity_bits:
            break
        through_dram.add(tensor)
    buffered_bits = {t: b for t, b in held_bits.items() if t not in through_dram}
    plans = [
        Traffic(
            streamed=step.reads & through_dram,
            streams_output=step.output in through_dram,
            buffered_bits=sum(buffered_bits.values()),
        )
        for step in graph.steps
    ]
    return plans, buffered_bits
