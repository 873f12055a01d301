"""What the report says of how each op is executed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from archsim.mapping.graph import Graph, Step
from archsim.mapping.layout import Counts, Layout
from archsim.mapping.memory import Traffic


@dataclass(frozen=True, slots=True)
class Placement:
    """How one op is executed.

    Attributes:
        op: The op.
        kind: Its kind.
        place: What executes it: ``array``, ``vector_unit``, or the op that it rides on.
        macs: Its multiply-accumulates for one input.
        tiles: Most tiles in use at a time.
        rounds: How often the tiles are loaded for it.
        replicas: Copies of its weights that work on different vectors, at most.
        input_slices: Parts that an input's bits are driven in.
        weight_slices: Parts that a weight's bits are held or driven in.
        repetitions: Its largest repetition count.
        spilled: Tensors that went to DRAM for it, or came back; the network's inputs apart.
        buffered_bits: What activations take of the buffer while it runs: what is live.
    """

    op: str
    kind: str
    place: str
    macs: int = 0
    tiles: int = 0
    rounds: int = 0
    replicas: int = 1
    input_slices: int = 1
    weight_slices: int = 1
    repetitions: int | float = 1
    spilled: int = 0
    buffered_bits: int = 0


def placements(
    graph: Graph,
    steps: list[tuple[Step, Traffic]],
    layouts: Mapping[str, Layout],
    counts: Mapping[str, Counts],
) -> dict[str, Placement]:
    """Return how every op is executed, those that ride on others included."""
    found = {}
    network_inputs = graph.network_inputs
    for step, moved in steps:
        op, layout = step.op, layouts.get(step.op.name)
        back = {*moved.fetched, *moved.streamed} - network_inputs
        spilled = len(moved.spilled) + len(back) + moved.streams_output
        macs = op.gemm.macs if op.gemm else 0
        if layout is None:
            placement = Placement(
                op.name,
                op.kind,
                str(step.place),
                macs,
                spilled=spilled,
                buffered_bits=moved.buffered_bits,
            )
        else:
            placement = Placement(
                op.name,
                op.kind,
                str(step.place),
                macs,
                tiles=layout.tiles,
                rounds=layout.loads,
                replicas=layout.replicas,
                input_slices=layout.input_slices,
                weight_slices=layout.weight_slices,
                repetitions=max(counts[op.name]),
                spilled=spilled,
                buffered_bits=moved.buffered_bits,
            )
        found[op.name] = placement
        for rider in step.fused:
            found[rider.name] = Placement(
                rider.name, rider.kind, op.name, buffered_bits=moved.buffered_bits
            )
    return found
