"""The ``pipelined`` schedule: all weights resident, all ops under way on a stream of inputs."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from fractions import Fraction

from archsim.mapping import vector
from archsim.mapping.durations import Pace, Paces, taking
from archsim.mapping.floor import INPUT, OUTPUT, Floor, Shares
from archsim.mapping.graph import Graph, Step
from archsim.mapping.layout import Layout
from archsim.mapping.memory import Traffic
from archsim.mapping.program import Unit, Work, executions
from archsim.mapping.serial import dynamic
from archsim.mapping.shape import Shape

SHARED = ("buffer.read", "buffer.write", "buffer.fill", "dram", "vector_unit")
"""Units that serve every op."""

SLOTS = 256
"""Parts of a tick in time division: rounding a share up then costs less than 0.4 %."""

Lags = dict[tuple[str, str], int]


def lags(graph: Graph) -> Lags:
    """Return, for each tensor and op that reads it, how many inputs apart they work."""
    depths = dict.fromkeys(graph.network_inputs, 0)
    found: Lags = {}
    for step in graph.steps:
        depths[step.output] = 1 + max(depths[tensor] for tensor in step.reads)
        for tensor in step.reads:
            found[tensor, step.op.name] = depths[step.output] - depths[tensor]
    last = 1 + max(depths.values())
    for tensor in sorted(graph.outputs):
        found[tensor, OUTPUT] = last - depths[tensor]
    return found


def emit(
    floor: Floor,
    inputs: int,
    steps: Sequence[tuple[Step, Traffic]],
    layouts: Mapping[str, Layout],
) -> None:
    """Write ``inputs`` inputs streaming through all ops into the floor's schedule."""
    spare = floor.shape.weight_buffers > 1
    through_dram = set().union(*(traffic.streamed for _, traffic in steps))
    with floor.schedule.repeat(inputs):
        _input(floor, through_dram)
        for step, traffic in steps:
            if step.op.name not in layouts:
                vector.emit(floor, step, traffic)
                continue
            layout = layouts[step.op.name]
            turns = layout.turns(floor)
            with floor.schedule.op(step.op.name):
                floor.begin(step, traffic)
                if layout.dynamic:
                    dynamic(turns, floor.schedule, ahead=spare)
                else:
                    for turn in turns:
                        with floor.schedule.repeat(turn.count):
                            turn.compute()
                floor.end(step, traffic)
        _output(floor, through_dram)


def emit_programming(floor: Floor, layouts: Mapping[str, Layout]) -> None:
    """Write the loading of all weights, once, into the floor's schedule."""
    for layout in layouts.values():
        for turn in () if layout.dynamic else layout.turns(floor):
            turn.load()
            with floor.schedule.op(turn.op):
                turn.receive_weights()


def _input(floor: Floor, through_dram: set[str]) -> None:
    """Bring one input of the network into the buffer, or leave it in DRAM to be streamed."""
    with floor.schedule.op(INPUT):
        for tensor in sorted(floor.graph.network_inputs):
            pieces = [] if tensor in through_dram else floor.pieces(floor.graph.bits(tensor))
            for count, bits in pieces:
                arriving = floor.from_dram(floor.private("fetched", INPUT))
                with floor.schedule.repeat(count):
                    floor.do_dram(INPUT, bits, action="read_bit")
                    floor.dram(INPUT, "activations").send(arriving)
                    floor.write(INPUT).recv(arriving)
                    floor.do_write(INPUT, bits)
            floor.hand_over(INPUT, tensor)


def _output(floor: Floor, through_dram: set[str]) -> None:
    tensors = sorted(floor.graph.outputs)
    with floor.schedule.op(OUTPUT):
        floor.wait_for(OUTPUT, tensors)
        floor.spill(OUTPUT, sum(floor.graph.bits(t) for t in tensors if t not in through_dram))
        floor.mark_stored()


def loads(units: Sequence[Unit], paces: Paces) -> dict[str, dict[str, int]]:
    """Return for how many ticks each op needs every shared resource."""
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for unit in units:
        op, _, resource = unit.name.rpartition("/")
        if op and resource in SHARED:
            works = executions(unit.instructions)
            if ticks := sum(n * paces.ticks(i.ticks) for i, n in works if isinstance(i, Work)):
                found[resource][op] = ticks
    return found


def bound_ticks(shape: Shape, paces: Paces, units: Sequence[Unit]) -> int:
    """Return how long the slowest shared resource needs for one input, were every word full.

    Args:
        shape: The machine's shape.
        paces: How long its parts take.
        units: What they do for one input.
    """
    totals: Counter[str] = Counter()
    for unit in units:
        for instruction, times in executions(unit.instructions):
            if isinstance(instruction, Work):
                for action, n in instruction.actions:
                    totals[action] += n * times
    return max(
        paces.ticks(shape.reading(totals["buffer.read_bit"])),
        paces.ticks(shape.writing(totals["buffer.write_bit"])),
        paces.ticks(taking(Pace.PIN, totals["dram.read_bit"] + totals["dram.write_bit"])),
        sum(loads(units, paces)["vector_unit"].values()),
    )


def shares(units: Sequence[Unit], paces: Paces) -> Shares:
    """Return each op's part of every shared resource's time: in proportion to its load."""
    return {
        (resource, op): Fraction(ticks, sum(per_op.values()))
        for resource, per_op in loads(units, paces).items()
        for op, ticks in per_op.items()
    }
