"""Cut a GEMM into passes: slices, repetitions, weight tiles and rounds.  Arithmetic only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, lru_cache
from itertools import groupby, product


def ceil_div(dividend: int, divisor: int) -> int:
    """Return the quotient rounded up."""
    return -(-dividend // divisor)


def part_of(total: int, share: Fraction) -> int:
    """Return that part of a total, rounded up."""
    return -(-total * share.numerator // share.denominator)


def chunks(total: int, size: int) -> list[int]:
    """Return ``total`` cut into pieces of ``size``, the last one smaller where it must be."""
    full, rest = divmod(total, size)
    return [size] * full + ([rest] if rest else [])


def runs(demands: Sequence[int], most: int) -> Iterator[slice]:
    """Yield runs of neighbours that demand ``most`` together at most; one alone may demand more."""
    first, demanded = 0, 0
    for place, demand in enumerate(demands):
        if place > first and demanded + demand > most:
            yield slice(first, place)
            first, demanded = place, 0
        demanded += demand
    if demands:
        yield slice(first, len(demands))


@dataclass(frozen=True, slots=True)
class Active:
    """What of a group of tiles takes part in a stretch of passes.

    Attributes:
        tiles: Tiles that still run, every copy of them (repetition in space).
        columns: Columns of those tiles that hold weights.
        converting: Columns of those tiles that are not finished, and so are converted and
            accumulated where every pass is.
        per_tile: The same for one tile: the mean over those that are no copies; a copy has no
            more.
    """

    tiles: int
    columns: int
    converting: int
    per_tile: Fraction


@dataclass(frozen=True, slots=True)
class Group:
    """Tiles that share one input broadcast and so move in lock step.

    Attributes:
        rows: Driven rows of each tile: its part of the fan-in.
        depth: Cells of one column that hold weights; fewer than ``rows`` where independent
            products are packed block-diagonally.
        tile_columns: Columns of the fullest tile that hold weights.
        columns: Output columns over all its tiles; copies hold no further ones.
        last: Whether its sums are complete, so that results leave from here.
        stretches: What takes part in each stretch of passes.
    """

    rows: int
    depth: int
    tile_columns: int
    columns: int
    last: bool
    stretches: tuple[Active, ...]


@dataclass(frozen=True)
class Round:
    """What the tiles hold at one time.

    Attributes:
        groups: One replica's groups, chain by chain: each adds its sums to those before it.
        replicas: How many copies of the groups work on different input vectors.
        passes: Repetitions in each stretch, one after the other; in time they add up to the
            largest count of any column, in space there is one pass.
        carries_in: Whether partial sums of an earlier round are read back and added.
        carries_out: Whether results are partial sums, to be finished in a later round.
    """

    groups: tuple[Group, ...]
    replicas: int
    passes: tuple[int, ...]
    carries_in: bool = False
    carries_out: bool = False

    def __hash__(self) -> int:
        """Hash what tells most rounds apart: a round is looked up often, and has many parts."""
        return hash((len(self.groups), self.replicas, self.passes, self.groups[0].rows))

    @cached_property
    def kinds(self) -> Mapping[Group, int]:
        """The different groups, and how many there are of each."""
        return Counter(self.groups)

    @property
    def tiles(self) -> int:
        """Return the tiles in use, replicas included."""
        return self.replicas * sum(group.stretches[0].tiles for group in self.groups)


@dataclass(frozen=True, slots=True)
class Grid:
    """A weight-stationary GEMM laid out on tiles.

    Attributes:
        blocks: The columns' repetition counts of each block: an independent product with inputs
            of its own, largest counts first.
        rows: The fan-in, cut at tile height.
        columns_per_tile: Output columns that fit on a tile.
        parallel: Whether repetitions are done by as many tiles at once (repetition in space).
        packed: Fan-in and columns of one of the products packed into a block, if any are.
    """

    blocks: tuple[tuple[int, ...], ...]
    rows: tuple[int, ...]
    columns_per_tile: int
    parallel: bool
    packed: tuple[int, int] | None = None

    @property
    def columns_of_tiles(self) -> int:
        """Return how many tiles share out a block's columns."""
        return ceil_div(len(self.blocks[0]), self.columns_per_tile)

    @property
    def tiles(self) -> int:
        """Return the tiles that hold all weights, every copy of them."""
        return len(self.rows) * sum(sum(self.copies(b)) for b in range(len(self.blocks)))

    def copies(self, block: int) -> tuple[int, ...]:
        """Return how many tiles hold the same, for each tile's share of a block's columns.

        It is the largest count of those columns: the first, since they are sorted.
        """
        largest = self.blocks[block][:: self.columns_per_tile]
        return largest if self.parallel else (1,) * len(largest)


Cell = tuple[int, slice, slice]
"""A block, a range of its row chunks, a range of its column chunks."""


@lru_cache(maxsize=256)
def rounds(grid: Grid, tiles: int, split: str) -> tuple[tuple[Round, int], ...]:
    """Return the rounds in which ``tiles`` tiles hold a grid, equal neighbours counted.

    Weights that need fewer tiles than there are stay for the whole op, and the rest of the
    tiles hold replicas. Weights that need more come in rounds: ``contraction`` keeps a dot
    product in one round where it can, so that no partial sums wait in the buffer; ``columns``
    keeps all outputs of a vector in one round, so that inputs are read once; ``rows`` gives all
    tiles the same weights and different vectors.
    """
    found = [_round(grid, cells, tiles) for cells in _cells(grid, tiles, split)]
    return tuple((round_, len(list(same))) for round_, same in groupby(found))


def _cells(grid: Grid, tiles: int, split: str) -> Iterator[list[Cell]]:
    height, width, blocks = len(grid.rows), grid.columns_of_tiles, range(len(grid.blocks))
    if split == "rows" and grid.tiles > tiles:
        for block, j, i in product(blocks, range(width), range(height)):
            yield [(block, slice(i, i + 1), slice(j, j + 1))]
        return
    cut = _by_columns if split == "columns" else _by_contraction
    demands = [height * sum(grid.copies(block)) for block in blocks]
    for run in runs(demands, tiles):
        if demands[run.start] > tiles:
            yield from cut(grid, run.start, tiles)
        else:
            yield [(block, slice(0, height), slice(0, width)) for block in blocks[run]]


def _by_columns(grid: Grid, block: int, tiles: int) -> Iterator[list[Cell]]:
    height, copies = len(grid.rows), grid.copies(block)
    tall = max(1, tiles // sum(copies))
    for i in range(0, height, tall):
        for columns in runs(copies, tiles):
            yield [(block, slice(i, min(i + tall, height)), columns)]


def _by_contraction(grid: Grid, block: int, tiles: int) -> Iterator[list[Cell]]:
    height, copies = len(grid.rows), grid.copies(block)
    for columns in runs([height * k for k in copies], tiles):
        tall = min(height, tiles // sum(copies[columns]))
        for i in range(0, height, tall):
            yield [(block, slice(i, min(i + tall, height)), columns)]


def _round(grid: Grid, cells: Sequence[Cell], tiles: int) -> Round:
    counts = {k for b, _, columns in cells for k in _columns(grid, b, columns)}
    levels = [1] if grid.parallel else sorted(counts)  # copies do all repetitions in one pass
    height = len(grid.rows)
    groups = [
        _group(grid, cell, grid.rows[i], levels, last=i == cell[1].stop - 1)
        for cell in cells
        for i in range(cell[1].start, cell[1].stop)
    ]
    used = sum(group.stretches[0].tiles for group in groups)
    rows = cells[0][1]
    return Round(
        groups=tuple(groups),
        replicas=tiles // used,
        passes=tuple(b - a for a, b in zip([0, *levels], levels, strict=False)),
        carries_in=rows.start > 0,
        carries_out=rows.stop < height,
    )


def _columns(grid: Grid, block: int, columns: slice) -> tuple[int, ...]:
    width = grid.columns_per_tile
    return grid.blocks[block][columns.start * width : columns.stop * width]


def _group(grid: Grid, cell: Cell, rows: int, levels: list[int], *, last: bool) -> Group:
    block, _, columns = cell
    counts = _columns(grid, block, columns)
    width = grid.columns_per_tile
    tiles = [counts[first : first + width] for first in range(0, len(counts), width)]
    copied = list(zip(grid.copies(block)[columns], tiles, strict=True))
    stretches = []
    for level in levels:
        running = [(copies, tile) for copies, tile in copied if tile[0] >= level]
        unfinished = sum(k >= level for k in counts)
        stretches.append(
            Active(
                tiles=sum(copies for copies, _ in running),
                columns=sum(copies * len(tile) for copies, tile in running),
                converting=sum(counts) if grid.parallel else unfinished,
                per_tile=Fraction(unfinished, max(1, len(running))),
            )
        )
    depth = rows
    if grid.packed is not None:
        depth, columns_per_product = grid.packed
        rows = depth * ceil_div(len(counts), columns_per_product)
    return Group(rows, depth, min(width, len(counts)), len(counts), last, tuple(stretches))
