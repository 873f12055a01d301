"""What the vector unit executes: everything that is no GEMM, and GEMMs that the tiles cannot take.

Operands and results move in pieces of the unit's staging memory, so that reading, computing
and writing overlap. Static parameters (a norm's scale, an embedding's rows) come from DRAM
when the op starts.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from archsim.mapping.floor import Floor
from archsim.mapping.graph import Step
from archsim.mapping.memory import Traffic
from archsim.mapping.tiling import ceil_div
from archsim.workload import Gemm, LaneOperations


@dataclass(frozen=True, slots=True)
class _Load:
    """What one op asks of the machine in all.

    Attributes:
        buffer_bits: Read from the buffer.
        dram_bits: Read from DRAM.
        result_bits: Written.
        work: Lane operations.
        macs: Multiply-accumulates.
    """

    buffer_bits: int
    dram_bits: int
    result_bits: int
    work: LaneOperations
    macs: int

    def piece(self, pieces: int) -> _Load:
        """Return one of so many equal pieces of everything, rounded down."""
        return _Load(
            self.buffer_bits // pieces,
            self.dram_bits // pieces,
            self.result_bits // pieces,
            LaneOperations(self.work.simple // pieces, self.work.special // pieces),
            self.macs // pieces,
        )

    def less(self, other: _Load, times: int) -> _Load:
        """Return what is left after so many times another."""
        return _Load(
            self.buffer_bits - times * other.buffer_bits,
            self.dram_bits - times * other.dram_bits,
            self.result_bits - times * other.result_bits,
            LaneOperations(
                self.work.simple - times * other.work.simple,
                self.work.special - times * other.work.special,
            ),
            self.macs - times * other.macs,
        )


def emit(floor: Floor, step: Step, traffic: Traffic) -> None:
    """Write one op of the vector unit into the schedule, its beginning and end included."""
    with floor.schedule.op(step.op.name):
        load = _load(floor, step, traffic)
        floor.begin(step, traffic)
        if load.dram_bits and not traffic.streamed:
            floor.request(step.op.name)
        staging_bits = floor.shape.staging_bits
        moved_bits = max(load.buffer_bits + load.dram_bits, load.result_bits)
        pieces = max(1, ceil_div(moved_bits, staging_bits))
        piece = load.piece(pieces)
        if pieces > 1:
            with floor.schedule.repeat(pieces - 1):
                _piece(floor, step.op.name, piece, to_dram=traffic.streams_output)
        rest = load.less(piece, pieces - 1)
        _piece(floor, step.op.name, rest, to_dram=traffic.streams_output)
        floor.end(step, traffic)


def _piece(floor: Floor, op: str, load: _Load, *, to_dram: bool) -> None:
    vector = floor.vector(op)
    operands = floor.schedule.channel(floor.private("vector_unit.operands", op))
    results = floor.schedule.channel(floor.private("vector_unit.results", op))
    floor.stream(op, load.dram_bits)
    floor.do_read(op, load.buffer_bits + load.dram_bits)
    floor.read(op).send(operands)
    vector.recv(operands)
    floor.do_lanes(vector, load.work, load.macs)
    vector.send(results)
    floor.write(op).recv(results)
    floor.store(op, load.result_bits, to_dram=to_dram)


def _load(floor: Floor, step: Step, traffic: Traffic) -> _Load:
    workload, inputs, op = floor.graph.workload, floor.inputs, step.op
    passes = _passes_over_operands(floor, step)
    read = {False: 0, True: 0}
    for operand, times in zip(step.operands, passes, strict=True):
        for tensor, elements in operand.elements:
            bits = inputs * times * elements * workload.activation_bits_of(tensor)
            read[tensor in traffic.streamed] += bits
    parameter_bits = op.parameter_elements * workload.activation_bits_of(op.name)
    if op.kind == "embedding":  # looks up rows anew for every input
        parameter_bits *= inputs
    work = sum((work for _, work in step.work), start=LaneOperations())
    return _Load(
        buffer_bits=read[False],
        dram_bits=read[True] + parameter_bits,
        result_bits=inputs * prod(op.shape) * step.output_bits,
        work=work * inputs,
        macs=inputs * op.gemm.macs if op.gemm else 0,
    )


def _passes_over_operands(floor: Floor, step: Step) -> tuple[int, ...]:
    """Return how often each operand is read: a GEMM's second one, once for each piece of rows."""
    gemm: Gemm | None = step.op.gemm
    if gemm is None:
        return (1,) * len(step.operands)
    workload = floor.graph.workload
    row_bits = gemm.contraction * workload.activation_bits_of(step.op.inputs[0])
    staged_rows = max(1, floor.shape.staging_bits // 2 // row_bits)
    return (1, ceil_div(gemm.rows, staged_rows))
