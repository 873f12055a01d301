"""Cut a GEMM into output blocks for an output-stationary machine.  Arithmetic only.

A *wave* is what all tiles do at one time: each core integrates the dot products of a block of
rows x columns. A *round* is the waves that use the same weights: some columns, over a part of
the fan-in that fits the buffer's weight space; all rows pass by.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import groupby, islice

from archsim.hardware import OutputStationary
from archsim.mapping.tiling import ceil_div, chunks
from archsim.workload import Gemm


@dataclass(frozen=True, slots=True)
class Part:
    """What of a wave takes part in a stretch of repetitions.

    Attributes:
        tiles: Tiles that still run.
        weight_reads: Weights read from the buffer, per element of the fan-in.
        weight_drives: Weights modulated, per element of the fan-in.
        products: Multiplications, per element of the fan-in.
        sums: Sums that are not finished and so are converted and accumulated.
    """

    tiles: int
    weight_reads: int
    weight_drives: int
    products: int
    sums: int


@dataclass(frozen=True, slots=True)
class Wave:
    """One block on every core.

    Attributes:
        input_reads: Inputs read from the buffer, per element of the fan-in.
        input_drives: Inputs modulated, per element of the fan-in.
        new_rows: Input vectors that no wave before it on the same columns has had: what it
            brings from DRAM where the operand is streamed.
        new_columns: The same for columns of a streamed second operand.
        results: Outputs that it makes.
        parts: What takes part in each stretch of repetitions.
    """

    input_reads: int
    input_drives: int
    new_rows: Fraction
    new_columns: Fraction
    results: int
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class BlockRound:
    """Waves on the same weights.

    Attributes:
        waves: How often each wave is done, in order.
        weights: Weights that the round brings into the buffer; 0 for activations.
        depth: Elements of the fan-in that it covers.
        passes: Repetitions in each stretch; they add up to the largest count of any column.
        carries_in: Whether partial sums of an earlier round are read back and added.
        carries_out: Whether results are partial sums, to be finished in a later round.
    """

    waves: tuple[tuple[int, Wave], ...]
    weights: int
    depth: int
    passes: tuple[int, ...]
    carries_in: bool = False
    carries_out: bool = False

    @property
    def tiles(self) -> int:
        """Return the tiles in use."""
        return max(wave.parts[0].tiles for _, wave in self.waves)


@dataclass(frozen=True, slots=True)
class Sharing:
    """How a machine's tiles and cores share out one GEMM.

    Attributes:
        rows: Input vectors that one tile takes.
        row_tiles: Tiles that take different rows.
        columns: Output columns that one tile takes.
        tiles: Tiles that take different columns.
        depth_tiles: Tiles that take different parts of the fan-in.
        core_columns: Output columns of one core, each of which has input drivers of its own.
        reads_each: Whether every tile reads its own inputs.
    """

    rows: int
    row_tiles: int
    columns: int
    tiles: int
    depth_tiles: int
    core_columns: int
    reads_each: bool


def sharing(tiles: OutputStationary, copies: int) -> Sharing:
    """Return how ``tiles`` share out GEMMs, ``copies`` of them doing the same at once."""
    count = tiles.count // copies
    return Sharing(
        rows=tiles.rows,
        row_tiles=count if tiles.tiles_split == "rows" else 1,
        columns=tiles.columns * (tiles.cores if tiles.cores_split == "columns" else 1),
        tiles=count if tiles.tiles_split == "columns" else 1,
        depth_tiles=count if tiles.tiles_split == "contraction" else 1,
        core_columns=tiles.columns,
        reads_each=tiles.inputs_shared_by == "none",
    )


Columns = tuple[int, ...]
"""Repetition counts of the columns of one tile, largest first."""


def rounds(
    gemm: Gemm, rows: int, groups: Sequence[Columns], share: Sharing, depths: Sequence[int]
) -> list[tuple[BlockRound, int]]:
    """Return the rounds of a GEMM, equal neighbours counted.

    Args:
        gemm: The product.
        rows: Input vectors per group, over all inputs of the batch.
        groups: For each independent product, its columns' repetition counts, largest first.
        share: How tiles share it out.
        depths: The fan-in, cut where weights would not fit the buffer.
    """
    # Steps on equal columns are equal: a depthwise product has one for every channel.
    found: list[tuple[BlockRound, int]] = []
    for slots, same in groupby(_column_steps(groups, share)):
        times = len(list(same))
        step = [_round(rows, slots, share, gemm, (place, depths)) for place in range(len(depths))]
        found += [(step[0], times)] if len(step) == 1 else [(r, 1) for r in step * times]
    return found


def _column_steps(groups: Sequence[Columns], share: Sharing) -> Iterator[list[Columns]]:
    """Yield what the tiles hold at one time: a tile's columns each.

    Tiles that share one input broadcast work on one product; others may take several.
    """
    per_group = [_cut(counts, share.columns) for counts in groups]
    if share.reads_each:
        per_group = [[slot for slots in per_group for slot in slots]]
    for slots in per_group:
        stream = iter(slots)
        while step := list(islice(stream, share.tiles)):
            yield step


def _cut(counts: Columns, size: int) -> list[Columns]:
    return [counts[first : first + size] for first in range(0, len(counts), size)]


def _round(
    rows: int,
    slots: list[Columns],
    share: Sharing,
    gemm: Gemm,
    part: tuple[int, Sequence[int]],
) -> BlockRound:
    place, depths = part
    levels = sorted({count for slot in slots for count in slot})
    columns = sum(map(len, slots))
    cut = chunks(rows, share.rows * share.row_tiles)
    independent = len(slots) if share.reads_each and gemm.groups > 1 else 1
    return BlockRound(
        waves=tuple(
            (
                len(list(same)),
                replace(
                    _wave(n, slots, share, levels),
                    new_rows=Fraction(n * independent),
                    new_columns=Fraction(columns, len(cut)),
                ),
            )
            for n, same in groupby(cut)
        ),
        weights=0 if gemm.dynamic else columns * depths[place],
        depth=depths[place],
        passes=tuple(b - a for a, b in zip([0, *levels], levels, strict=False)),
        carries_in=place > 0,
        carries_out=place < len(depths) - 1,
    )


def _wave(rows: int, slots: list[Columns], share: Sharing, levels: list[int]) -> Wave:
    row_tiles = ceil_div(rows, share.rows)
    parts = []
    for level in levels:
        running = [slot for slot in slots if max(slot) >= level]
        columns = sum(map(len, running))
        converting = sum(count >= level for slot in slots for count in slot)
        parts.append(
            Part(
                tiles=len(running) * row_tiles * share.depth_tiles,
                weight_reads=columns,
                weight_drives=columns * row_tiles,
                products=rows * columns,
                sums=rows * converting * share.depth_tiles,
            )
        )
    reads = rows * (len(slots) if share.reads_each else 1)
    cores = ceil_div(max(map(len, slots)), share.core_columns)
    results = rows * sum(map(len, slots))
    return Wave(reads, reads * cores, Fraction(0), Fraction(0), results, tuple(parts))


def whole_blocks(
    gemm: Gemm, inputs: int, tiles: OutputStationary, copies: int, passes: int
) -> list[tuple[BlockRound, int]]:
    """Return the rounds of a product of activations whose blocks the cores take in turn.

    Every core integrates whole dot products of blocks of its own, columns first. Where tiles share
    their input drivers, all blocks of one row of blocks share a broadcast. A wave that begins a new
    row would need one more set of drivers than there is; that is neglected, as in Zhu et al., HPCA
    2024, whose count of cycles this is but for the last wave's rounding.
    """
    rows, columns = chunks(gemm.rows, tiles.rows), chunks(gemm.columns, tiles.columns)
    products = range(gemm.groups * inputs)
    blocks = (((p, i), r, c) for p in products for i, r in enumerate(rows) for c in columns)
    slots = tiles.cores * (tiles.count // copies)
    waves = []
    while wave := list(islice(blocks, slots)):
        new_rows = Fraction(sum(r for _, r, _ in wave), len(columns))
        new_columns = Fraction(sum(c for _, _, c in wave), len(rows))
        waves.append(
            replace(_wave_of_blocks(wave, tiles), new_rows=new_rows, new_columns=new_columns)
        )
    counted = tuple((len(list(same)), wave) for wave, same in groupby(waves))
    return [(BlockRound(counted, 0, gemm.contraction, (passes,)), 1)]


def _wave_of_blocks(
    blocks: Sequence[tuple[tuple[int, int], int, int]], tiles: OutputStationary
) -> Wave:
    """Return the wave of some blocks: their place among the rows, their rows and columns."""
    products = sum(r * c for _, r, c in blocks)
    weights = sum(c for _, _, c in blocks)
    if tiles.inputs_shared_by == "tiles":
        reads = sum({place: r for place, r, _ in blocks}.values())
        drives = min(tiles.cores, len(blocks)) * max(r for _, r, _ in blocks)
    else:
        reads = drives = sum(r for _, r, _ in blocks)
    part = Part(ceil_div(len(blocks), tiles.cores), weights, weights, products, products)
    return Wave(reads, drives, Fraction(0), Fraction(0), products, (part,))
