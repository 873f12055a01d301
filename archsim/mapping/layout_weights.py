"""Lay a GEMM out on a weight-stationary machine."""

from __future__ import annotations

from dataclasses import replace

from archsim.errors import MappingError
from archsim.hardware import WeightStationary
from archsim.mapping import tiling
from archsim.mapping.allotment import fewest
from archsim.mapping.graph import Step
from archsim.mapping.layout import (
    Layout,
    Reading,
    Site,
    bias_bits,
    by_group,
    fresh,
    results,
    slices,
    streamed,
)
from archsim.mapping.memory import Traffic
from archsim.mapping.passes import Passes, round_ticks, useful_replicas
from archsim.mapping.tiling import Grid, Round
from archsim.physics.repetition import Averaging, Repetition


def lay_out(
    site: Site,
    machine: WeightStationary,
    step: Step,
    traffic: Traffic,
    repeats: tuple[int, ...],
    available: int,
) -> Layout:
    """Return a GEMM's rounds.

    Args:
        site: Where it is laid out.
        machine: Its tiles.
        step: The GEMM and what rides on it.
        traffic: Where its operands and results lie.
        repeats: Its repetitions in time or space, one or one for each output channel.
        available: Tiles that it may use.

    Raises:
        MappingError: A weight is wider than a core, or rounds are needed and reload is off.
    """
    gemm = step.gemm
    driver = machine.array.cell_bits if machine.digital else machine.dac
    input_slices, slice_bits = slices(step.input_bits, driver)
    weight_slices, _ = slices(step.held_bits, machine.array.cell_bits)
    cells = weight_slices * machine.array.columns_per_cell
    grid = _grid(site, machine, step, repeats, cells)
    passes = Passes(
        vectors=gemm.rows * (1 if gemm.dynamic else site.inputs),
        input_slices=input_slices,
        slice_bits=slice_bits,
        weight_slices=weight_slices,
        cells_per_weight=cells,
        weight_bits=step.held_bits,
        convert_each=machine.averaging is Averaging.DIGITAL,
        fresh=fresh(site.hardware, step),
        bias_bits=bias_bits(site.hardware, step),
        streamed_bits=streamed(step.operands[0], traffic) * step.new_share * step.input_bits,
        held_streamed=streamed(step.operands[1], traffic) if gemm.dynamic else None,
    )
    found = tiling.rounds(grid, available, machine.tiles_split)
    if not gemm.dynamic and not machine.reload and sum(count for _, count in found) > 1:
        raise MappingError(
            f"{step.op.name}: {gemm.groups * gemm.contraction} x {gemm.columns} weights need "
            f"{grid.tiles} tiles; '{site.hardware.name}' has {available}, "
            f"{grid.tiles - available} too few, and reload is off. "
            f"Set tiles.reload: true or raise tiles.count to {grid.tiles}."
        )
    return Layout(
        op=step.op.name,
        form=passes,
        results=results(step, traffic),
        rounds=tuple([(_useful(site, passes, round_), count) for round_, count in found]),
        dynamic=gemm.dynamic,
        input_slices=input_slices,
        weight_slices=weight_slices,
    )


def one_replica_ticks(site: Site, layout: Layout) -> int:
    """Return how long an op's slowest unit on the tiles is busy, were there one replica."""
    form = _passes(layout)
    return sum(
        count * round_ticks(form, site.shape, site.paces, round_)
        for round_, count in layout.rounds
        if isinstance(round_, Round)
    )


def vectors(layout: Layout) -> int:
    """Return the input vectors that an op's replicas take turns at."""
    return _passes(layout).vectors


def _passes(layout: Layout) -> Passes:
    if not isinstance(layout.form, Passes):
        raise TypeError(f"{layout.op} is laid out in blocks, which stay nowhere")
    return layout.form


def readings(site: Site, machine: WeightStationary, step: Step) -> tuple[Reading, ...]:
    """Return what one dot product is read in: by tile, or by core where each has converters."""
    grid = _unrepeated(site, machine, step)
    each_core = machine.cores_split == "contraction" and machine.adc_shared_by == "none"
    most = machine.rows if each_core else max(grid.rows)
    parts = [part for rows in grid.rows for part in tiling.chunks(rows, most)]
    return tuple(Reading(products, symbols=1) for products in parts)


def together(site: Site, machine: WeightStationary, step: Step) -> int:
    """Return how many output channels one tile holds together at most."""
    grid = _unrepeated(site, machine, step)
    return min(grid.columns_per_tile, len(grid.blocks[0]))


def _unrepeated(site: Site, machine: WeightStationary, step: Step) -> Grid:
    weight_slices, _ = slices(step.held_bits, machine.array.cell_bits)
    return _grid(site, machine, step, (1,), weight_slices * machine.array.columns_per_cell)


def _grid(
    site: Site, machine: WeightStationary, step: Step, repeats: tuple[int, ...], cells: int
) -> Grid:
    """Return the GEMM's weights cut at tile size; small independent products are packed."""
    gemm = step.gemm
    if cells > machine.columns:
        raise MappingError(
            f"{step.op.name}: a weight takes {cells} columns; a core has {machine.columns}, "
            f"{cells - machine.columns} too few. Raise tiles.columns or tiles.array.cell_bits."
        )
    by_columns = machine.cores_split == "columns"
    rows = machine.rows * (1 if by_columns else machine.cores)
    columns = machine.columns // cells * (machine.cores if by_columns else 1)
    parallel = machine.repetition is Repetition.SPACE
    independent = gemm.groups * (site.inputs if gemm.dynamic else 1)
    groups = by_group(independent, gemm.columns, repeats)
    together = min(rows // gemm.contraction, columns // gemm.columns)
    if gemm.groups > 1 and together > 1 and not gemm.dynamic:
        merged = [
            tuple(sorted((k for group in groups[i : i + together] for k in group), reverse=True))
            for i in range(0, len(groups), together)
        ]
        packed = (gemm.contraction, gemm.columns)
        return Grid(tuple(merged), (gemm.contraction,), columns, parallel, packed)
    chunks = tuple(tiling.chunks(gemm.contraction, rows))
    return Grid(groups, chunks, columns, parallel)


def _useful(site: Site, passes: Passes, round_: Round) -> Round:
    """Return a round with no more replicas than there are vectors, or than reading can feed."""
    useful = useful_replicas(passes, site.shape, site.paces, round_)
    most = min(round_.replicas, passes.vectors, useful)
    return replace(round_, replicas=fewest(passes.vectors, most))
