"""What happens to finished sums on their way from the accumulators to the buffer."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from fractions import Fraction

from archsim.mapping.durations import Pace, taking
from archsim.mapping.floor import Floor
from archsim.mapping.schedule import UnitHandle
from archsim.mapping.tiling import ceil_div
from archsim.workload import LaneOperations


@dataclass(frozen=True, slots=True)
class Rider:
    """An elementwise op, or a bias, that results pass through.

    Attributes:
        op: The op that its work is booked under.
        work: Its lane operations for one input of the network.
    """

    op: str
    work: LaneOperations


class Adder:
    """An accumulator doing one thing after the other for one token, rounded up to cycles once."""

    def __init__(self, floor: Floor, op: str, unit: UnitHandle) -> None:
        self.floor = floor
        self.op = op
        self.unit = unit
        self._per_tile = 0
        self._cycles = 0

    def add(self, in_all: int, per_tile: int) -> None:
        """Do so many additions, of which the fullest tile does ``per_tile``."""
        before = self._cycles
        self._per_tile += per_tile
        self._cycles = ceil_div(self._per_tile, self.floor.shape.adders)
        self.unit.work(taking(Pace.ADD, self._cycles - before), {"accumulator.add": in_all})


class Reader:
    """The buffer's read ports during one pass: its accesses are shared out to them together."""

    def __init__(self, floor: Floor, op: str) -> None:
        self._floor = floor
        self.unit = floor.read(op)
        self._words = 0
        self._cycles = 0

    def read(self, bits: int, times: int) -> None:
        """Read so many neighbouring bits, at so many places."""
        shape, before = self._floor.shape, self._cycles
        self._words += times * shape.words(bits)
        self._cycles = ceil_div(self._words, shape.read_ports)
        duration = taking(Pace.ACCESS, self._cycles - before)
        self.unit.work(duration, {"buffer.read_bit": times * bits})


@dataclass(frozen=True, slots=True)
class Results:
    """The way out of one step's accumulators.

    Simple operations (bias, ReLU, clamp) are done by the accumulators' adders. From the first
    rider on that needs a special function, results pass through the vector unit instead.

    Attributes:
        sums: Sums that the GEMM makes for one input of the network.
        elements: Results that they become: fewer where the taps of a transposed convolution
            overlap, which the accumulators add up.
        riders: What the results pass through, in order.
        bits: Bits of a finished result.
        to_dram: Whether results, partial sums too, lie in DRAM rather than in the buffer.
    """

    sums: int
    elements: int
    riders: tuple[Rider, ...]
    bits: int
    to_dram: bool

    @property
    def alike(self) -> Hashable:
        """All but the names of the op and of those that ride on it."""
        works = tuple([rider.work for rider in self.riders])
        return self.sums, self.elements, works, self.bits, self.to_dram

    def load_partial(self, floor: Floor, op: str, results: int) -> None:
        """Read partial sums of an earlier round back."""
        floor.load(op, results * floor.shape.sum_bits, Fraction(self.to_dram))

    def give(self, adder: Adder, name: str, results: int, per_tile: int, *, partial: bool) -> None:
        """Send results away.

        Args:
            adder: Who has them.
            name: Name of the channel that they leave by.
            results: How many there are.
            per_tile: How many the fullest tile has.
            partial: Whether they are partial sums, to be finished in a later round.
        """
        floor, write = adder.floor, adder.floor.write(adder.op)
        bits = floor.shape.sum_bits if partial else self.bits
        riders = () if partial else self.riders
        finished = results if partial else ceil_div(results * self.elements, self.sums)
        if not partial and self.sums > self.elements:
            adder.add(results, per_tile)
        first = next((i for i, rider in enumerate(riders) if rider.work.special), len(riders))
        for rider in riders[:first]:
            with floor.schedule.op(rider.op):
                simple = rider.work.simple
                adder.add(self._share(simple, results), self._share(simple, per_tile))
        if special := riders[first:]:
            self._through_vector_unit(adder, name, results, special)
        else:
            leaving = floor.schedule.channel(name)
            adder.unit.send(leaving)
            write.recv(leaving)
        floor.store(adder.op, finished * bits, to_dram=self.to_dram)

    def _through_vector_unit(
        self, adder: Adder, name: str, results: int, riders: tuple[Rider, ...]
    ) -> None:
        floor, op = adder.floor, adder.op
        vector = floor.vector(op)
        raw = floor.schedule.channel(f"{name} to vector unit")
        finished = floor.schedule.channel(floor.private("vector_unit.finished", op))
        adder.unit.send(raw)
        vector.recv(raw)
        for rider in riders:
            with floor.schedule.op(rider.op):
                work = LaneOperations(
                    self._share(rider.work.simple, results),
                    self._share(rider.work.special, results),
                )
                floor.do_lanes(vector, work)
        vector.send(finished)
        floor.write(op).recv(finished)

    def _share(self, operations: int, results: int) -> int:
        """Return the operations that so many of the results need."""
        return ceil_div(operations * results, self.sums)
