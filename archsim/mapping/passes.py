"""What the passes of a weight-stationary machine do, number by number.  Arithmetic only."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from archsim.mapping.durations import Pace, Paces, taking
from archsim.mapping.shape import Shape
from archsim.mapping.tiling import Active, Group, Round, ceil_div, part_of


@dataclass(frozen=True, slots=True)
class Passes:
    """What does not change from round to round of one step.

    Attributes:
        vectors: Input vectors that every weight meets.
        input_slices: Parts that an input's bits are driven in.
        slice_bits: Bits of an input that one pass drives.
        weight_slices: Columns to be converted for one weight.
        cells_per_weight: Cells that hold one weight; twice as many where signs have their own.
        weight_bits: Bits of one weight as it is stored in memory.
        convert_each: Whether every pass is converted (digital averaging) or only their sum.
        fresh: Part of the driven bits that is read from the buffer (below 1: line buffer).
        bias_bits: Bits of a column's bias.
        streamed_bits: What comes from DRAM for each row of a vector, overlaps of windows once.
        held_streamed: Part of the operand held by the array that lies in DRAM, if it is an
            activation; None if it is weights.
    """

    vectors: int
    input_slices: int
    slice_bits: int
    weight_slices: int
    cells_per_weight: int
    weight_bits: int
    convert_each: bool
    fresh: Fraction
    bias_bits: int
    streamed_bits: Fraction
    held_streamed: Fraction | None

    def read_bits(self, group: Group) -> int:
        """Return the bits of one pass's inputs that are read from the buffer."""
        return part_of(group.rows * self.slice_bits, self.fresh)

    def cells(self, group: Group, active: Active) -> int:
        """Return the cells that hold weights in those of a group's tiles that take part."""
        return active.columns * group.depth * self.cells_per_weight

    def drives(self, shape: Shape, group: Group) -> int:
        """Return the conversions that one set of drivers does for its rows of one pass."""
        return ceil_div(min(group.rows, shape.rows), shape.dacs) if shape.dacs else 0

    def core_columns(self, shape: Shape) -> int:
        """Return the weights that one row of a core holds."""
        return shape.columns // self.cells_per_weight

    def sums(
        self, shape: Shape, group: Group, active: Active, replicas: int
    ) -> tuple[int, int, int]:
        """Return the sums that a set of converters reads, that a tile adds, and all together."""
        per_column = self.weight_slices
        per_set = group.tile_columns * per_column
        if shape.cores_split == "columns" and shape.adc_shared_by == "none":
            per_set = min(per_set, self.core_columns(shape) * per_column)
        if shape.cores_split == "contraction" and shape.adc_shared_by == "none":
            per_column *= ceil_div(group.rows, shape.rows)
        converted = active.converting if self.convert_each else group.columns
        per_tile = part_of(per_column, active.per_tile)
        return per_set, per_tile, converted * per_column * replicas


def useful_replicas(passes: Passes, shape: Shape, paces: Paces, round_: Round) -> int:
    """Return from how many replicas on the buffer's read side is the slowest."""
    read = [n * shape.words(passes.read_bits(group)) for group, n in round_.kinds.items()]
    reading_ticks = paces.ticks(taking(Pace.ACCESS, sum(read)))
    slowest_ticks = _slowest_ticks(passes, shape, paces, round_)
    return 1 + ceil_div(slowest_ticks * shape.read_ports, reading_ticks)


def round_ticks(passes: Passes, shape: Shape, paces: Paces, round_: Round) -> int:
    """Return how long the slowest unit is busy with one round, were there one replica."""
    times = passes.vectors * passes.input_slices * sum(round_.passes)
    return times * _slowest_ticks(passes, shape, paces, round_)


def _slowest_ticks(passes: Passes, shape: Shape, paces: Paces, round_: Round) -> int:
    """Return an upper bound of the time from one pass to the next, of the slowest group."""

    def cycle_ticks(group: Group) -> int:
        per_set, per_tile, _ = passes.sums(shape, group, group.stretches[0], 1)
        stages = [
            taking(Pace.PASS, 1),
            taking(Pace.DRIVE, passes.drives(shape, group)),
            shape.adding(per_tile),
            shape.converting(per_set),
        ]
        ticks = map(paces.ticks, stages)
        return max(ticks) if shape.readout_buffer else sum(ticks)

    return max(map(cycle_ticks, round_.kinds))
