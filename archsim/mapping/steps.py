"""Turn each GEMM of the tiles into rounds: slices, repetitions, layout, and what rides on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import prod

from archsim.errors import MappingError
from archsim.hardware import WeightStationary
from archsim.mapping import blocks, tiling
from archsim.mapping.blocks import BlockRound
from archsim.mapping.floor import Floor
from archsim.mapping.graph import Operand, Step
from archsim.mapping.memory import Traffic
from archsim.mapping.output_stationary import MOST_AHEAD, OutputStationaryStep, Symbols
from archsim.mapping.results import Results, Rider
from archsim.mapping.tiling import Grid, Round, ceil_div
from archsim.mapping.weight_stationary import Passes, WeightStationaryStep
from archsim.physics import repetition
from archsim.physics.repetition import Averaging

AnyRound = Round | BlockRound
Counts = tuple[int | float, ...]
"""A plan's repetition counts for one op: one, or one for each output channel."""


@dataclass(frozen=True)
class Layout:
    """A GEMM on the tiles: who writes its rounds, and which they are.

    Attributes:
        emitter: Writes a round.
        rounds: The rounds in order, equal neighbours counted.
        dynamic: Whether the operand that the tiles hold is an activation.
        input_slices: Parts that an input's bits are driven in.
        weight_slices: Parts that a weight's bits are held or driven in.
    """

    emitter: WeightStationaryStep | OutputStationaryStep
    rounds: Sequence[tuple[AnyRound, int]]
    dynamic: bool
    input_slices: int
    weight_slices: int

    @property
    def tiles(self) -> int:
        """Return the most tiles in use at a time."""
        return max(round_.tiles for round_, _ in self.rounds)


def lay_out(
    floor: Floor, step: Step, traffic: Traffic, counts: Counts, tiles: int | None = None
) -> Layout:
    """Return a GEMM's rounds.

    Args:
        floor: Where programs are written.
        step: The GEMM and what rides on it.
        traffic: Where its operands and results lie.
        counts: Repetitions, one or one for each output channel.
        tiles: Tiles that it may use; all by default.

    Raises:
        MappingError: It cannot be run in any number of rounds: demand, bound, gap, remedy.
    """
    machine = floor.hardware.tiles
    copies = max(repetition.copies(k, machine.repetition) for k in counts)
    available = machine.count if tiles is None else tiles
    if copies > available:
        raise MappingError(
            f"{step.op.name}: {copies} repetitions in space need {copies} tiles; "
            f"'{floor.hardware.name}' has {available}, {copies - available} too few. "
            f"Raise tiles.count to {copies}, repeat in time, or lower the count."
        )
    passes = tuple(repetition.passes(k, machine.repetition) for k in counts)
    if isinstance(machine, WeightStationary):
        return _weight_stationary(floor, step, traffic, (passes, copies), available)
    return _output_stationary(floor, step, traffic, passes, copies)


# ---- weight stationary -----------------------------------------------------------------


def _weight_stationary(
    floor: Floor, step: Step, traffic: Traffic, counts: tuple[tuple[int, ...], int], available: int
) -> Layout:
    machine, gemm = floor.hardware.tiles, step.op.gemm
    passes, copies = counts
    input_slices, slice_bits = _slices(_input_bits(floor, step), machine.dac and machine.dac.bits)
    weight_slices, _ = _slices(_held_bits(floor, step), machine.array.cell_bits)
    grid = _grid(floor, step, passes, copies, weight_slices)
    inputs = 1 if gemm.dynamic else floor.inputs
    emitter = WeightStationaryStep(
        floor,
        machine,
        step.op.name,
        Passes(
            vectors=gemm.rows * inputs,
            input_slices=input_slices,
            slice_bits=slice_bits,
            weight_slices=weight_slices,
            weight_bits=_held_bits(floor, step),
            copies=copies,
            convert_each=machine.averaging == Averaging.DIGITAL,
            fresh=_fresh(floor, step),
            streamed=_streamed(step.operands[0], traffic),
            held_streamed=_streamed(step.operands[1], traffic) if gemm.dynamic else None,
        ),
        _results(floor, step, traffic),
    )
    found = tiling.rounds(grid, available, machine.tiles_split)
    if not gemm.dynamic and not machine.reload and (len(found), found[0][1]) != (1, 1):
        raise MappingError(
            f"{step.op.name}: {gemm.groups * gemm.contraction} x {gemm.columns} weights need "
            f"{grid.tiles} tiles; '{floor.hardware.name}' has {available} and reload is off. "
            f"Set tiles.reload: true or raise tiles.count to {grid.tiles}."
        )
    limited = [(_useful(round_, emitter), n) for round_, n in found]
    return Layout(emitter, limited, gemm.dynamic, input_slices, weight_slices)


def _grid(
    floor: Floor, step: Step, passes: tuple[int, ...], copies: int, weight_slices: int
) -> Grid:
    machine, gemm = floor.hardware.tiles, step.op.gemm
    if weight_slices > machine.columns:
        raise MappingError(
            f"{step.op.name}: a weight takes {weight_slices} columns; a core has {machine.columns}, "
            f"{weight_slices - machine.columns} too few. Raise tiles.columns or tiles.array.cell_bits."
        )
    by_columns = machine.cores_split == "columns"
    rows = machine.rows * (1 if by_columns else machine.cores)
    columns = machine.columns // weight_slices * (machine.cores if by_columns else 1)
    groups = _grouped(gemm.groups * (floor.inputs if gemm.dynamic else 1), gemm.columns, passes)
    together = min(rows // gemm.contraction, columns // gemm.columns)
    if gemm.groups > 1 and together > 1 and not gemm.dynamic:
        merged = [
            tuple(sorted((k for group in groups[i : i + together] for k in group), reverse=True))
            for i in range(0, len(groups), together)
        ]
        packed = (gemm.contraction, gemm.columns)
        return Grid(tuple(merged), (gemm.contraction,), columns, copies, packed)
    return Grid(tuple(groups), tuple(tiling.chunks(gemm.contraction, rows)), columns, copies)


def _useful(round_: Round, emitter: WeightStationaryStep) -> Round:
    """Return a round with no more replicas than there are vectors, or than reading can feed."""
    most = min(round_.replicas, emitter.passes.vectors, emitter.useful_replicas(round_))
    return replace(round_, replicas=most)


# ---- output stationary -----------------------------------------------------------------


def _output_stationary(
    floor: Floor, step: Step, traffic: Traffic, passes: tuple[int, ...], copies: int
) -> Layout:
    machine, gemm = floor.hardware.tiles, step.op.gemm
    whole = gemm.dynamic and machine.dynamic_products == "blocks"
    input_slices, input_bits = _slices(_input_bits(floor, step), machine.dac and machine.dac.bits)
    weight_dac = machine.weight_dac and machine.weight_dac.bits
    weight_slices, weight_bits = _slices(_held_bits(floor, step), weight_dac)
    share = blocks.sharing(machine, copies)
    depth_per_symbol = machine.wavelengths
    if not whole:
        cores = machine.cores if machine.cores_split == "contraction" else 1
        depth_per_symbol *= cores * share.depth_tiles
    symbols = Symbols(
        slices=input_slices * weight_slices,
        input_bits=input_bits,
        weight_bits=weight_bits,
        stored_weight_bits=_held_bits(floor, step),
        depth_per_symbol=depth_per_symbol,
        symbols_per_pass=machine.integrate_symbols or ceil_div(gemm.contraction, depth_per_symbol),
        copies=copies,
        convert_each=machine.averaging == Averaging.DIGITAL,
        fresh=_fresh(floor, step),
        streamed=_streamed(step.operands[0], traffic),
        held_streamed=_streamed(step.operands[1], traffic) if gemm.dynamic else Fraction(0),
    )
    results = _results(floor, step, traffic)
    emitter = OutputStationaryStep(floor, machine, step.op.name, symbols, results)
    if whole:
        found = blocks.whole_blocks(gemm, floor.inputs, machine, copies, passes[0])
    else:
        groups = _grouped(gemm.groups * (floor.inputs if gemm.dynamic else 1), gemm.columns, passes)
        rows = gemm.rows * (1 if gemm.dynamic else floor.inputs)
        depths = _depths(floor, step, share.columns * share.tiles, depth_per_symbol)
        found = blocks.rounds(gemm, rows, groups, share, depths)
    return Layout(emitter, found, gemm.dynamic, input_slices, weight_slices)


WEIGHT_SPACE = Fraction(1, 2)
"""Part of the buffer that an output-stationary machine may fill with weights."""


def weight_space(floor: Floor, steps: Sequence[Step]) -> tuple[int, int]:
    """Return how many rounds of weights there is room for, and the buffer bits they take."""
    machine = floor.hardware.tiles
    if isinstance(machine, WeightStationary):
        return machine.weight_buffers, 0
    static = [step for step in steps if not step.op.gemm.dynamic]
    largest_bits = max((_round_bits(floor, step) for step in static), default=0)
    space_bits = int(floor.hardware.buffer.size_bits * WEIGHT_SPACE)
    copies = min(MOST_AHEAD, space_bits // max(1, largest_bits))
    return copies, copies * largest_bits


def _round_bits(floor: Floor, step: Step) -> int:
    machine, gemm = floor.hardware.tiles, step.op.gemm
    share = blocks.sharing(machine, copies=1)
    cores = machine.cores if machine.cores_split == "contraction" else 1
    depth_per_symbol = machine.wavelengths * cores * share.depth_tiles
    columns = share.columns * share.tiles
    depth = _depths(floor, step, columns, depth_per_symbol)[0]
    return depth * min(columns, gemm.groups * gemm.columns) * _held_bits(floor, step)


def _depths(floor: Floor, step: Step, columns: int, depth_per_symbol: int) -> list[int]:
    """Return the fan-in, cut so that two rounds of weights fit their space in the buffer."""
    gemm = step.op.gemm
    if gemm.dynamic:
        return [gemm.contraction]
    bits_per_element = min(columns, gemm.groups * gemm.columns) * _held_bits(floor, step)
    space_bits = int(floor.hardware.buffer.size_bits * WEIGHT_SPACE / 2)
    symbols = space_bits // (bits_per_element * depth_per_symbol)
    if not symbols:
        raise MappingError(
            f"{step.op.name}: one symbol of weights is {bits_per_element * depth_per_symbol} bits; "
            f"a quarter of the buffer holds {space_bits}, "
            f"{bits_per_element * depth_per_symbol - space_bits} too few. Raise buffer.size."
        )
    return tiling.chunks(gemm.contraction, symbols * depth_per_symbol)


# ---- both ------------------------------------------------------------------------------


def _grouped(groups: int, columns: int, passes: tuple[int, ...]) -> list[tuple[int, ...]]:
    """Return each group's columns' repetitions; similar counts are put together, largest first."""
    if len(passes) == 1:
        return [passes * columns] * groups
    cut = [passes[first : first + columns] for first in range(0, len(passes), columns)]
    return sorted((tuple(sorted(group, reverse=True)) for group in cut), reverse=True)


def _slices(bits: int, converter_bits: int | None) -> tuple[int, int]:
    """Return into how many slices operand bits are cut, and the bits of one."""
    if converter_bits is None or converter_bits >= bits:
        return 1, bits
    return ceil_div(bits, converter_bits), converter_bits


def _input_bits(floor: Floor, step: Step) -> int:
    return floor.graph.workload.activation_bits_of(step.op.inputs[0])


def _held_bits(floor: Floor, step: Step) -> int:
    return floor.graph.workload.weight_bits_of(step.op.name)


def _streamed(operand: Operand, traffic: Traffic) -> Fraction:
    """Return the part of an operand that lies in DRAM."""
    total = sum(elements for _, elements in operand.elements)
    return Fraction(sum(n for t, n in operand.elements if t in traffic.streamed), max(1, total))


def _fresh(floor: Floor, step: Step) -> Fraction:
    """Return which part of the driven inputs is read anew: overlaps are kept by a line buffer."""
    gemm = step.op.gemm
    if not floor.hardware.buffer.line_buffer or step.op.kind != "conv":
        return Fraction(1)
    driven = gemm.groups * gemm.rows * gemm.contraction
    return min(Fraction(1), Fraction(sum(n for _, n in step.operands[0].elements), driven))


def _results(floor: Floor, step: Step, traffic: Traffic) -> Results:
    workload = floor.graph.workload
    riders = [Rider(op.name, workload.lane_operations(op)) for op in (step.op, *step.fused)]
    return Results(
        floor=floor,
        op=step.op.name,
        elements=prod(step.op.shape),
        riders=tuple(rider for rider in riders if rider.work.simple or rider.work.special),
        bits=workload.activation_bits_of(step.output),
        to_dram=traffic.streams_output,
    )
