"""The machine's units, and the moves that every op makes on them.

In ``serial`` there is one read side and one write side of the buffer, one DRAM and one vector
unit, and each serves the ops in order. In ``pipelined`` all ops are under way at once, and
static arbitration is time division: each op owns a share of each of these, in proportion to
its load, so that all shares are used up at the same time. A share is a unit of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from archsim.mapping.durations import Pace, taking
from archsim.mapping.graph import Graph, Step
from archsim.mapping.memory import Traffic
from archsim.mapping.schedule import Schedule, UnitHandle
from archsim.mapping.shape import Shape
from archsim.mapping.tiling import ceil_div, part_of
from archsim.workload import LaneOperations

Shares = Mapping[tuple[str, str], Fraction]
"""For each shared resource and op, the part of the resource's time that is the op's."""

OUTSTANDING = 64
"""Transfers that DRAM may have under way to one reader; a memory controller's queue."""


def weights_of(op: str) -> str:
    """Return what the loading of an op's weights is booked under; op names have no spaces."""
    return f"{op} (weights)"


def op_of(booked: str) -> str:
    """Return the op that something is booked under, be it the loading of its weights."""
    return booked.partition(" ")[0]


INPUT, OUTPUT, STORED = "(input)", "(output)", "(stored)"
"""The pseudo-ops that move the network's inputs in and its outputs out."""


@dataclass(frozen=True)
class Floor:
    """Where programs are written: the schedule, the machine's shape, and who owns which unit.

    Args:
        schedule: What is being written.
        shape: All that may be known of the machine.
        graph: The network, placed.
        inputs: Inputs that each step works through at a time.
        shares: Time shares of the ops in ``pipelined``; an op that is not named has all.
        lags: In ``pipelined``, for each tensor and op that reads it, how many inputs its
            producer may be ahead; None in ``serial``.
        weight_rounds: Rounds of weights that there is room for at a time.
        resident: Whether every op has tiles of its own.
    """

    schedule: Schedule
    shape: Shape
    graph: Graph
    inputs: int
    shares: Shares = field(default_factory=dict)
    lags: Mapping[tuple[str, str], int] | None = None
    weight_rounds: int = 1
    resident: bool = False

    # ---- units --------------------------------------------------------------------------

    def own(self, name: str, role: str, op: str) -> UnitHandle:
        """Return a unit of the tiles that ``op`` runs on."""
        return self.schedule.unit(f"{op}/{name}" if self.resident else name, role)

    def private(self, name: str, op: str) -> str:
        """Return a name that is the op's own where it has tiles of its own."""
        return f"{op}/{name}" if self.resident else name

    def shared(self, name: str, role: str, op: str, ahead: int = 0) -> UnitHandle:
        """Return a unit that serves all ops, or the op's share of it."""
        if self.lags is None:
            return self.schedule.unit(name, role, ahead)
        return self.schedule.unit(
            f"{op}/{name}", role, ahead, share=self.shares.get((name, op), Fraction(1))
        )

    def read(self, op: str) -> UnitHandle:
        """Return the buffer's read side."""
        return self.shared("buffer.read", "buffer_read", op)

    def write(self, op: str) -> UnitHandle:
        """Return the buffer's write side."""
        return self.shared("buffer.write", "buffer_write", op)

    def fill(self, op: str) -> UnitHandle:
        """Return the buffer's DRAM side: a port of its own, as wide as the write side."""
        return self.shared("buffer.fill", "buffer_fill", op)

    def vector(self, op: str) -> UnitHandle:
        """Return the vector unit."""
        return self.shared("vector_unit", "vector_unit", op)

    def dram(self, op: str, purpose: str) -> UnitHandle:
        """Return the DRAM; where it arbitrates at run time, each purpose is a client."""
        if self.shape.arbitration == "static":
            return self.shared("dram", "dram", op, OUTSTANDING)
        name = f"dram.{purpose}" if self.lags is None else f"{op}/dram.{purpose}"
        ranked = self.shape.arbitration == "priority"
        port = self.schedule.port("dram")
        return self.schedule.unit(name, "dram", OUTSTANDING, port=port, ranked=ranked)

    # ---- moves --------------------------------------------------------------------------

    def do_lanes(self, vector: UnitHandle, work: LaneOperations, macs: int = 0) -> None:
        """Let the vector unit work."""
        operations = work.simple + work.special * self.shape.special_cycles + macs
        vector.work(
            taking(Pace.LANE, ceil_div(operations, self.shape.lanes)),
            {
                "vector_unit.simple": work.simple,
                "vector_unit.special": work.special,
                "vector_unit.mac": macs,
            },
        )

    def from_dram(self, name: str) -> int:
        """Return a channel for what comes from DRAM."""
        return self.schedule.channel(name, OUTSTANDING, taking(Pace.LATENCY, 1))

    def do_read(self, op: str, bits: int) -> None:
        """Read bits from the buffer."""
        self.read(op).work(self.shape.reading(bits), {"buffer.read_bit": bits})

    def do_write(self, op: str, bits: int) -> None:
        """Write bits into the buffer."""
        self.write(op).work(self.shape.writing(bits), {"buffer.write_bit": bits})

    def do_fill(self, op: str, bits: int) -> None:
        """Write bits that come from DRAM into the buffer."""
        self.fill(op).work(self.shape.writing(bits), {"buffer.write_bit": bits})

    def do_dram(
        self, op: str, bits: int, *, action: str, purpose: str = "activations"
    ) -> UnitHandle:
        """Move bits over the DRAM's pins; the action is ``read_bit`` or ``write_bit``."""
        dram = self.dram(op, purpose)
        dram.work(taking(Pace.PIN, bits), {f"dram.{action}": bits})
        return dram

    def load(self, op: str, bits: int, streamed: Fraction = Fraction(0)) -> None:
        """Read an operand from the buffer, a part of it having come from DRAM just before."""
        self.stream(op, part_of(bits, streamed))
        self.do_read(op, bits)

    def stream(self, op: str, bits: int) -> None:
        """Bring bits from DRAM into the buffer for the read side, which waits for them."""
        if not bits:
            return
        arriving = self.from_dram(self.private("streamed", op))
        staged = self.schedule.channel(self.private("staged", op), capacity=2)
        self.do_dram(op, bits, action="read_bit")
        self.dram(op, "activations").send(arriving)
        self.fill(op).recv(arriving)
        self.do_fill(op, bits)
        self.fill(op).send(staged)
        self.read(op).recv(staged)

    def store(self, op: str, bits: int, *, to_dram: bool = False) -> None:
        """Put a result into the buffer, or through it into DRAM."""
        self.do_write(op, bits)
        if to_dram:
            leaving = self.schedule.channel(self.private("leaving", op))
            self.write(op).send(leaving)
            self.dram(op, "activations").recv(leaving)
            self.do_dram(op, bits, action="write_bit")

    def fetch(self, op: str, bits: int) -> None:
        """Move a tensor from DRAM into the buffer, before anything else of the op."""
        read, fill, dram = self.read(op), self.fill(op), self.dram(op, "activations")
        arriving = self.from_dram(self.private("fetched", op))
        complete = self.schedule.channel(self.private("fetch complete", op))
        self.request(op)
        for count, piece_bits in self.pieces(bits):
            with self.schedule.repeat(count):
                self.do_dram(op, piece_bits, action="read_bit")
                dram.send(arriving)
                fill.recv(arriving)
                self.do_fill(op, piece_bits)
        fill.send(complete)
        read.recv(complete)

    def spill(self, op: str, bits: int) -> None:
        """Move a tensor from the buffer into DRAM."""
        leaving = self.schedule.channel(self.private("spilled", op))
        for count, piece_bits in self.pieces(bits):
            with self.schedule.repeat(count):
                self.do_read(op, piece_bits)
                self.read(op).send(leaving)
                self.dram(op, "activations").recv(leaving)
                self.do_dram(op, piece_bits, action="write_bit")

    def mark_stored(self) -> None:
        """Note, as work of no length, when all outputs of one input are in DRAM."""
        stored = self.schedule.channel("outputs stored")
        self.read(OUTPUT).send(stored)
        dram = self.dram(OUTPUT, "activations")
        dram.recv(stored)
        with self.schedule.op(STORED):
            dram.note()

    # ---- tiles shared by rounds ----------------------------------------------------------

    @property
    def freed_tiles(self) -> bool:
        """Whether a round has let go of its weights and no load has claimed their place yet."""
        return self.schedule.tokens("freed") > 0

    def claim_tiles(self, op: str) -> None:
        """Let weights be loaded only when the round before has let go of its copy."""
        if self.freed_tiles:
            self.dram(op, "weights").recv(self.schedule.channel("freed"))

    def free_tiles(self, op: str) -> None:
        """Tell that a round is done with its weights; the last word counts."""
        self.claim_tiles(op)
        self.write(op).send(self.schedule.channel("freed"))

    def request(self, op: str) -> None:
        """Let the DRAM begin with the op's activations."""
        wanted = self.schedule.channel(self.private("requested", op))
        self.read(op).send(wanted)
        self.dram(op, "activations").recv(wanted)

    def pieces(self, bits: int) -> list[tuple[int, int]]:
        """Return a transfer cut into the vector unit's staging size: (how many, bits each)."""
        full, rest = divmod(bits, self.shape.staging_bits)
        return [(full, self.shape.staging_bits)] * bool(full) + [(1, rest)] * bool(rest)

    # ---- order of ops --------------------------------------------------------------------

    def begin(self, step: Step, traffic: Traffic) -> None:
        """Let a step start: what it needs is there, what is in the way is gone."""
        op = step.op.name
        self.wait_for(op, sorted(step.reads))
        for tensor in traffic.spilled:
            self.spill(op, self.inputs * self.graph.bits(tensor))
        for tensor in traffic.fetched:
            with self.schedule.op(INPUT if tensor in self.graph.network_inputs else op):
                self.fetch(op, self.inputs * self.graph.bits(tensor))
        if traffic.streamed:
            self.request(op)

    def end(self, step: Step, traffic: Traffic) -> None:
        """Let the steps after this one start."""
        op = step.op.name
        if traffic.streams_output:
            stored = self.schedule.channel(self.private("stored", op))
            self.dram(op, "activations").send(stored)
            self.write(op).recv(stored)
        self.hand_over(op, step.output)

    def wait_for(self, op: str, tensors: list[str]) -> None:
        """Wait for the op before (``serial``) or for the tensors (``pipelined``)."""
        if self.lags is None:
            self.read(op).recv(self.schedule.channel("done"))
            return
        for tensor in tensors:
            self.read(op).recv(self.schedule.channel(f"{tensor} -> {op}", self.lags[tensor, op]))

    def hand_over(self, op: str, *tensors: str) -> None:
        """Tell whoever waits that the op, and with it these tensors, are complete."""
        if self.lags is None:
            self.write(op).send(self.schedule.channel("done"))
            return
        for (tensor, reader), lag in self.lags.items():
            if tensor in tensors:
                self.write(op).send(self.schedule.channel(f"{tensor} -> {reader}", lag))
