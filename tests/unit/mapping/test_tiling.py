"""Cutting GEMMs onto tiles: hand-counted layouts, and conservation over random ones."""

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archsim.mapping.tiling import Active, Grid, chunks, rounds, runs

SPLITS = ("contraction", "columns", "rows")


def grid(blocks=((1,) * 64,), rows=(256,), width=256, parallel=False, packed=None):
    return Grid(tuple(blocks), tuple(rows), width, parallel, packed)


def test_weights_that_leave_tiles_over_are_replicated():
    [(round_, count)] = rounds(grid(rows=(256, 64)), tiles=64, split="contraction")
    assert (count, round_.replicas, round_.tiles) == (1, 32, 64)
    assert [group.rows for group in round_.groups] == [256, 64]
    assert [group.last for group in round_.groups] == [False, True]


def test_contraction_split_keeps_dot_products_whole():
    # 3 x 4 weight tiles on 7 tiles: two columns of three tiles at a time.
    found = rounds(grid(blocks=[(1,) * 1024], rows=(256,) * 3), tiles=7, split="contraction")
    assert [count for _, count in found] == [2]
    assert not any(r.carries_in or r.carries_out for r, _ in found)
    assert found[0][0].tiles == 6


def test_columns_split_reads_inputs_once_and_carries_partial_sums():
    # 3 x 4 weight tiles on 8 tiles: two rows of four tiles, then the third.
    found = rounds(grid(blocks=[(1,) * 1024], rows=(256,) * 3), tiles=8, split="columns")
    assert [(r.carries_in, r.carries_out, r.replicas, n) for r, n in found] == [
        (False, True, 1, 1),
        (True, False, 2, 1),
    ]


def test_rows_split_gives_all_tiles_the_same_weights():
    found = rounds(grid(blocks=[(1,) * 512], rows=(256, 256)), tiles=3, split="rows")
    assert [(r.replicas, len(r.groups), n) for r, n in found] == [(3, 1, 1)] * 4
    assert [r.carries_in for r, _ in found] == [False, True, False, True]


def test_fan_in_higher_than_all_tiles_comes_in_rounds():
    found = rounds(grid(rows=(256,) * 5), tiles=2, split="contraction")
    assert [len(r.groups) for r, _ in found] == [2, 2, 1]
    assert [r.carries_in for r, _ in found] == [False, True, True]
    assert [r.carries_out for r, _ in found] == [True, True, False]


def test_depthwise_products_are_packed_block_diagonally():
    # 28 products of fan-in 9 on one tile: 252 rows driven, 9 cells a column hold weights.
    [(round_, _)] = rounds(
        grid(blocks=[(1,) * 28, (1,) * 4], rows=(9,), packed=(9, 1)), tiles=2, split="contraction"
    )
    assert [(g.rows, g.depth, g.columns) for g in round_.groups] == [(252, 9, 28), (36, 9, 4)]


def test_a_tile_runs_its_largest_count_and_finished_columns_skip_conversion():
    # Two tiles of two columns: counts (5, 3) and (2, 2).
    [(round_, _)] = rounds(grid(blocks=[(5, 3, 2, 2)], width=2), tiles=2, split="contraction")
    assert round_.passes == (2, 1, 2)
    assert round_.groups[0].stretches == (
        Active(tiles=2, columns=4, converting=4, per_tile=Fraction(2)),
        Active(tiles=1, columns=2, converting=2, per_tile=Fraction(2)),
        Active(tiles=1, columns=2, converting=1, per_tile=Fraction(1)),
    )


def test_repetition_in_space_takes_tiles():
    [(round_, _)] = rounds(grid([(3,) * 64], parallel=True), tiles=8, split="contraction")
    assert (round_.replicas, round_.tiles, round_.groups[0].stretches[0].tiles) == (2, 6, 3)


def test_in_space_a_tile_has_as_many_copies_as_its_largest_count():
    # Two tiles of two columns: counts (5, 3) on 5 tiles and (2, 2) on 2. In the one pass, all
    # copies multiply 5 * 2 + 2 * 2 columns, of which 5 + 3 + 2 + 2 are not finished.
    counts = grid(blocks=[(5, 3, 2, 2)], width=2, parallel=True)
    [(round_, _)] = rounds(counts, tiles=7, split="contraction")
    assert (counts.tiles, round_.tiles, round_.passes) == (7, 7, (1,))
    assert round_.groups[0].stretches == (
        Active(tiles=7, columns=14, converting=12, per_tile=Fraction(2)),
    )


def test_in_space_a_round_takes_the_columns_whose_copies_fit():
    # Four tiles of one column on 5, 3, 2 and 1 tiles; two rows of them.
    counts = grid(blocks=[(5, 3, 2, 1)], rows=(8, 8), width=1, parallel=True)
    by_columns = [r.tiles for r, n in rounds(counts, 6, "columns") for _ in range(n)]
    assert by_columns == [5, 6] * 2  # 5 | 3 + 2 + 1, a row of tiles at a time
    by_contraction = [r.tiles for r, n in rounds(counts, 6, "contraction") for _ in range(n)]
    assert by_contraction == [5, 5, 6, 6]  # 5 | 5 | 2 x 3 | 2 x (2 + 1)
    by_rows = [(r.replicas, r.tiles) for r, n in rounds(counts, 6, "rows") for _ in range(n)]
    assert by_rows == [(1, 5)] * 2 + [(2, 6)] * 2 + [(3, 6)] * 2 + [(6, 6)] * 2


def test_independent_products_share_a_round_as_far_as_their_copies_fit():
    counts = grid(blocks=[(4,), (3,), (1,), (1,)], parallel=True)
    assert [(len(r.groups), r.tiles) for r, _ in rounds(counts, 5, "columns")] == [(1, 4), (3, 5)]


@st.composite
def grids(draw):
    counts = draw(st.lists(st.integers(1, 4), min_size=1, max_size=12))
    blocks = [tuple(sorted(counts, reverse=True))] * draw(st.integers(1, 4))
    fan_in, height = draw(st.integers(1, 40)), draw(st.integers(1, 12))
    return grid(blocks, chunks(fan_in, height), draw(st.integers(1, 6)), draw(st.booleans()))


@st.composite
def grids_on_tiles(draw):
    """Return a grid, and at least as many tiles as one of its tiles has copies."""
    grid = draw(grids())
    return grid, draw(st.integers(max(map(max, grid.blocks)) if grid.parallel else 1, 20))


@given(grids_on_tiles(), st.sampled_from(SPLITS))
def test_every_weight_is_held_once_in_each_replica(case, split):
    grid, tiles = case
    found = rounds(grid, tiles, split)
    cells = sum(n * group.columns * group.depth for r, n in found for group in r.groups)
    assert cells == sum(map(len, grid.blocks)) * sum(grid.rows)
    assert all(round_.tiles <= tiles for round_, _ in found)


@given(grids_on_tiles(), st.sampled_from(SPLITS))
def test_conversions_follow_the_plan_and_passes_the_largest_count(case, split):
    grid, tiles = case
    converted = sum(
        n * passes * group.stretches[place].converting
        for round_, n in rounds(grid, tiles, split)
        for place, passes in enumerate(round_.passes)
        for group in round_.groups
    )
    assert converted == sum(map(sum, grid.blocks)) * len(grid.rows)
    for round_, _ in rounds(grid, tiles, split):
        assert sum(round_.passes) <= max(map(max, grid.blocks))


@given(grids(), st.integers(4, 20), st.sampled_from(SPLITS))
def test_products_are_the_same_in_time_and_in_space(grid, tiles, split):
    in_time, in_space = (
        sum(
            n * passes * group.stretches[place].columns * group.depth
            for round_, n in rounds(replace(grid, parallel=parallel), tiles, split)
            for place, passes in enumerate(round_.passes)
            for group in round_.groups
        )
        for parallel in (False, True)
    )
    assert in_time == in_space


@given(grids_on_tiles(), st.sampled_from(SPLITS))
def test_partial_sums_are_carried_over_exactly_the_unfinished_rounds(case, split):
    grid, tiles = case
    waiting = 0
    for round_, count in rounds(grid, tiles, split):
        waiting += count * (round_.carries_out - round_.carries_in)
        assert waiting >= 0
    assert waiting == 0


@pytest.mark.parametrize(
    ("total", "size", "pieces"), [(7, 3, [3, 3, 1]), (6, 3, [3, 3]), (2, 3, [2])]
)
def test_chunks_cover_the_whole(total, size, pieces):
    assert chunks(total, size) == pieces


def test_runs_take_neighbours_together_as_far_as_they_fit():
    assert list(runs([2, 1, 2, 7, 3], 4)) == [slice(0, 2), slice(2, 3), slice(3, 4), slice(4, 5)]
