"""Cut a product of activations into blocks that cores take in turn.  Arithmetic only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from itertools import groupby, islice, product
from math import lcm

from archsim.hardware import OutputStationary
from archsim.mapping.blocks import BlockRound, Part, Rounds, Wave
from archsim.mapping.tiling import ceil_div, chunks
from archsim.physics.repetition import Repetition
from archsim.workload import Gemm


@dataclass(frozen=True, slots=True)
class Cores:
    """The cores that take blocks in turn.

    Attributes:
        rows: Rows of a block.
        columns: Columns of a block.
        count: Cores of one tile.
        tiles: Tiles that take different blocks.
        copies: Tiles that take the same block (repetition in space).
        passes: Repetitions that a core does one after the other.
        reads_each: Whether every tile reads its own inputs.
    """

    rows: int
    columns: int
    count: int
    tiles: int
    copies: int
    passes: int
    reads_each: bool


def cores(tiles: OutputStationary, repetitions: int) -> Cores:
    """Return the cores of some tiles that repeat a product so often."""
    parallel = tiles.repetition is Repetition.SPACE
    copies = repetitions if parallel else 1
    return Cores(
        rows=tiles.rows,
        columns=tiles.columns,
        count=tiles.cores,
        tiles=tiles.count // copies,
        copies=copies,
        passes=1 if parallel else repetitions,
        reads_each=tiles.inputs_shared_by == "none",
    )


LONGEST_STRETCH = 12
"""Runs of waves in a stretch that is sought, to be done several times."""

Run = tuple[int, int]
"""How often a kind of wave is done, one after the other, and its number."""

Block = tuple[tuple[int, int], int, int]
"""The product and the row of blocks that it is in, its rows, and its columns."""


@lru_cache(maxsize=256)
def rounds(gemm: Gemm, inputs: int, cores: Cores, *, streamed: bool) -> Rounds:
    """Return the rounds of a product of activations whose blocks the cores take in turn.

    Every core integrates whole dot products of blocks of its own, columns first. Where tiles share
    their input drivers, all blocks of one row of blocks share a broadcast. A wave that begins a new
    row would need one more set of drivers than there is; that is neglected, as in Zhu et al., HPCA
    2024, whose count of cycles this is but for the last wave's rounding.

    Args:
        gemm: The product.
        inputs: Inputs of the network.
        cores: Who takes blocks.
        streamed: Whether an operand lies in DRAM, so that it matters what is new to a wave.
    """
    cut = chunks(gemm.rows, cores.rows), chunks(gemm.columns, cores.columns)
    products, blocks = gemm.groups * inputs, len(cut[0]) * len(cut[1])
    # Waves recur when one begins with a product. What DRAM sends ahead differs from loop to loop.
    period = products if streamed else lcm(blocks, cores.count * cores.tiles) // blocks
    times, rest = divmod(products, period)
    kinds: dict[Wave, int] = {}
    order: list[tuple[int, tuple[Run, ...]]] = []
    for repeated, of in ((times, period), (1, rest)):
        if not (repeated and of):
            continue
        waves = _waves(of, cut, cores, streamed=streamed)
        numbered = (kinds.setdefault(wave, len(kinds)) for wave in waves)
        runs = [(len(list(same)), n) for n, same in groupby(numbered)]
        rolled = repeated == 1 and not streamed  # an order has no loops in loops
        order += _rolled(runs) if rolled else [(repeated, tuple(runs))]
    return ((BlockRound(tuple(kinds), tuple(order), 0, gemm.contraction, (cores.passes,)), 1),)


def _rolled(runs: Sequence[Run]) -> Iterator[tuple[int, tuple[Run, ...]]]:
    """Yield stretches and how often each is done: at each place the one that is done most often."""
    lengths = range(1, LONGEST_STRETCH + 1)
    place, once = 0, list[Run]()
    while place < len(runs):
        times, shorter = max((_times(runs, place, length), -length) for length in lengths)
        stretch = runs[place : place - shorter]
        place += times * len(stretch)
        if times == 1:
            once += stretch
            continue
        if once:
            yield 1, tuple(once)
        yield times, tuple(stretch)
        once = []
    if once:
        yield 1, tuple(once)


def _times(runs: Sequence[Run], place: int, length: int) -> int:
    """Return how often the stretch of that length at a place is done there, one after the other."""
    stretch, times = runs[place : place + length], 1
    while runs[place + times * length : place + (times + 1) * length] == stretch:
        times += 1
    return times


def _waves(
    products: int, cut: tuple[list[int], list[int]], cores: Cores, *, streamed: bool
) -> Iterator[Wave]:
    """Yield the waves of so many products, with rows and columns cut into those of blocks."""
    rows, columns = cut
    places = product(range(products), enumerate(rows), columns)
    blocks = (((p, i), r, c) for p, (i, r), c in places)
    while wave := list(islice(blocks, cores.count * cores.tiles)):
        made = _wave_of_blocks(wave, cores)
        if streamed:
            new_rows = Fraction(sum(r for _, r, _ in wave), len(columns))
            new_columns = Fraction(sum(c for _, _, c in wave), len(rows))
            made = replace(made, new_rows=new_rows, new_columns=new_columns)
        yield made


def _wave_of_blocks(blocks: Sequence[Block], cores: Cores) -> Wave:
    """Return the wave of some blocks."""
    used = ceil_div(len(blocks), cores.count)
    products = sum(r * c for _, r, c in blocks)
    weights = sum(c for _, _, c in blocks)
    if cores.reads_each:
        reads = drives = cores.copies * sum(r for _, r, _ in blocks)
    else:
        reads = sum({place: r for place, r, _ in blocks}.values())
        drives = min(cores.count, len(blocks)) * max(r for _, r, _ in blocks)
    part = Part(
        tiles=used,
        weight_reads=weights,
        weight_drives=weights * cores.copies,
        products=products * cores.copies,
        sums=products,
        repeated_sums=products * cores.copies,
    )
    tiles = used * cores.copies
    return Wave(tiles, reads, drives, Fraction(0), Fraction(0), products, (part,))
