"""Cut a GEMM into output blocks for an output-stationary machine.  Arithmetic only.

A *wave* is what all tiles do at one time: each core integrates the dot products of a block of
rows x columns. A *round* is the waves that use the same weights: some columns, over a part of
the fan-in that fits the buffer's weight space; all rows pass by.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from itertools import groupby

from archsim.hardware import OutputStationary
from archsim.mapping.tiling import ceil_div, runs
from archsim.physics.repetition import Repetition
from archsim.workload import Gemm

Columns = tuple[int, ...]
"""Repetition counts of columns, largest first."""


@dataclass(frozen=True, slots=True)
class Part:
    """What of a wave takes part in a stretch of repetitions.

    Attributes:
        tiles: Tiles that still run; those that do the same (repetition in space) count as one.
        weight_reads: Weights read from the buffer, per element of the fan-in.
        weight_drives: Weights modulated, per element of the fan-in.
        products: Multiplications, per element of the fan-in.
        sums: Sums of those tiles that are not finished and so are converted and accumulated.
        repeated_sums: The same, but every copy's, as they are converted if every pass is.
    """

    tiles: int
    weight_reads: int
    weight_drives: int
    products: int
    sums: int
    repeated_sums: int


@dataclass(frozen=True, slots=True)
class Wave:
    """One block on every core.

    Attributes:
        tiles: Tiles in use, every copy of them.
        input_reads: Inputs read from the buffer, per element of the fan-in.
        input_drives: Inputs modulated, per element of the fan-in.
        new_rows: Input vectors that no wave before it on the same columns has had: what it
            brings from DRAM where the operand is streamed.
        new_columns: The same for columns of a streamed second operand.
        results: Outputs that it makes.
        parts: What takes part in each stretch of repetitions.
    """

    tiles: int
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
        kinds: Its different waves.
        order: Stretches of waves, and how often each is done; in a stretch, how often each kind
            is done, and which it is.
        weights: Weights that the round brings into the buffer; 0 for activations.
        depth: Elements of the fan-in that it covers.
        passes: Repetitions in each stretch, one after the other; in time they add up to the
            largest count of any column, in space there is one pass.
        carries_in: Whether partial sums of an earlier round are read back and added.
        carries_out: Whether results are partial sums, to be finished in a later round.
    """

    kinds: tuple[Wave, ...]
    order: tuple[tuple[int, tuple[tuple[int, int], ...]], ...]
    weights: int
    depth: int
    passes: tuple[int, ...]
    carries_in: bool = False
    carries_out: bool = False

    def __hash__(self) -> int:
        """Hash what tells most rounds apart: a round is looked up often, and has many parts."""
        return hash((self.order, self.weights, self.depth, self.passes))

    @property
    def replicas(self) -> int:
        """Return how many copies of the weights there are: the buffer holds one."""
        return 1

    @property
    def waves(self) -> int:
        """Return how many waves are done."""
        return sum(times * sum(n for n, _ in stretch) for times, stretch in self.order)

    @property
    def tiles(self) -> int:
        """Return the tiles in use."""
        return max(wave.tiles for wave in self.kinds)


@dataclass(frozen=True, slots=True)
class Sharing:
    """How a machine's tiles and cores share out one GEMM.

    Attributes:
        rows: Input vectors that one tile takes.
        row_tiles: Tiles that take different rows, every copy of them.
        columns: Output columns that one tile takes.
        most_columns: Output columns that all tiles take at once, at most.
        tiles: Tiles that take different columns, every copy of them.
        depth_tiles: Tiles that take different parts of the fan-in, as many as the columns with
            the most copies leave.
        core_columns: Output columns of one core, each of which has input drivers of its own.
        reads_each: Whether every tile reads its own inputs.
        parallel: Whether repetitions are done by as many tiles at once (repetition in space).
    """

    rows: int
    row_tiles: int
    columns: int
    most_columns: int
    tiles: int
    depth_tiles: int
    core_columns: int
    reads_each: bool
    parallel: bool

    def copies(self, slot: Columns) -> int:
        """Return how many tiles take the same columns at once: their largest count."""
        return slot[0] if self.parallel else 1


def sharing(tiles: OutputStationary, groups: Sequence[Columns]) -> Sharing:
    """Return how ``tiles`` share out independent products with such columns."""
    count, split = tiles.count, tiles.tiles_split
    columns = tiles.columns * (tiles.cores if tiles.cores_split == "columns" else 1)
    parallel = tiles.repetition is Repetition.SPACE
    copies = {k for counts in groups for k in counts[::columns]} if parallel else {1}
    return Sharing(
        rows=tiles.rows,
        row_tiles=count if split == "rows" else 1,
        columns=columns,
        most_columns=columns * (count // min(copies) if split == "columns" else 1),
        tiles=count if split == "columns" else 1,
        depth_tiles=count // max(copies) if split == "contraction" else 1,
        core_columns=tiles.columns,
        reads_each=tiles.inputs_shared_by == "none",
        parallel=parallel,
    )


Rounds = tuple[tuple[BlockRound, int], ...]
"""Rounds in order, and how often each is done."""


@lru_cache(maxsize=256)
def rounds(
    gemm: Gemm, rows: int, groups: tuple[Columns, ...], share: Sharing, depths: tuple[int, ...]
) -> Rounds:
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
    return tuple(found)


def _column_steps(groups: Sequence[Columns], share: Sharing) -> Iterator[list[Columns]]:
    """Yield what the tiles hold at one time: a tile's columns each.

    Tiles that share one input broadcast work on one product; others may take several.
    """
    per_group = [_cut(counts, share.columns) for counts in groups]
    if share.reads_each:
        per_group = [[slot for slots in per_group for slot in slots]]
    for slots in per_group:
        for run in runs(list(map(share.copies, slots)), share.tiles):
            yield slots[run]


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
    levels = [1] if share.parallel else sorted({count for slot in slots for count in slot})
    columns = sum(map(len, slots))
    at_once = max(1, share.row_tiles // sum(map(share.copies, slots)))
    full, rest = divmod(rows, share.rows * at_once)
    cut = [(times, n) for times, n in ((full, share.rows * at_once), (1, rest)) if times and n]
    independent = len(slots) if share.reads_each and gemm.groups > 1 else 1
    return BlockRound(
        kinds=tuple(
            replace(
                _wave(n, slots, share, levels),
                new_rows=Fraction(n * independent),
                new_columns=Fraction(columns, full + bool(rest)),
            )
            for _, n in cut
        ),
        order=((1, tuple((times, kind) for kind, (times, _) in enumerate(cut))),),
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
        columns = sum(share.copies(slot) * len(slot) for slot in running)
        unfinished = sum(count >= level for slot in slots for count in slot)
        repeated = sum(map(sum, slots)) if share.parallel else unfinished
        parts.append(
            Part(
                tiles=len(running) * row_tiles * share.depth_tiles,
                weight_reads=sum(map(len, running)),
                weight_drives=columns * row_tiles,
                products=rows * columns,
                sums=rows * unfinished * share.depth_tiles,
                repeated_sums=rows * repeated * share.depth_tiles,
            )
        )
    copies = sum(map(share.copies, slots))
    tiles = copies * row_tiles * share.depth_tiles
    reads = rows * (copies if share.reads_each else 1)
    cores = ceil_div(max(map(len, slots)), share.core_columns)
    results = rows * sum(map(len, slots))
    return Wave(tiles, reads, reads * cores, Fraction(0), Fraction(0), results, tuple(parts))
