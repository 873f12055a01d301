"""Cutting GEMMs onto tiles: hand-counted layouts, and conservation over random ones."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archsim.mapping.tiling import Active, Grid, chunks, rounds

SPLITS = ("contraction", "columns", "rows")


def grid(blocks=((1,) * 64,), rows=(256,), width=256, copies=1, packed=None):
    return Grid(tuple(blocks), tuple(rows), width, copies, packed)


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
    assert round_.groups[0].stretches == (Active(2, 4, 4), Active(1, 2, 2), Active(1, 2, 1))


def test_repetition_in_space_takes_tiles():
    [(round_, _)] = rounds(grid(copies=3), tiles=8, split="contraction")
    assert (round_.replicas, round_.tiles, round_.groups[0].stretches[0].tiles) == (2, 6, 3)


@st.composite
def grids(draw):
    counts = draw(st.lists(st.integers(1, 4), min_size=1, max_size=12))
    blocks = [tuple(sorted(counts, reverse=True))] * draw(st.integers(1, 4))
    fan_in, height = draw(st.integers(1, 40)), draw(st.integers(1, 12))
    return grid(blocks, chunks(fan_in, height), draw(st.integers(1, 6)))


@given(grids(), st.integers(1, 20), st.sampled_from(SPLITS))
def test_every_weight_is_held_once_in_each_replica(grid, tiles, split):
    found = rounds(grid, tiles, split)
    cells = sum(n * group.columns * group.depth for r, n in found for group in r.groups)
    assert cells == sum(map(len, grid.blocks)) * sum(grid.rows)
    assert all(round_.tiles <= tiles for round_, _ in found)


@given(grids(), st.integers(1, 20), st.sampled_from(SPLITS))
def test_conversions_follow_the_plan_and_passes_the_largest_count(grid, tiles, split):
    converted = sum(
        n * passes * group.stretches[place].converting
        for round_, n in rounds(grid, tiles, split)
        for place, passes in enumerate(round_.passes)
        for group in round_.groups
    )
    assert converted == sum(map(sum, grid.blocks)) * len(grid.rows)
    for round_, _ in rounds(grid, tiles, split):
        assert sum(round_.passes) <= max(map(max, grid.blocks))


@given(grids(), st.integers(1, 20), st.sampled_from(SPLITS))
def test_partial_sums_are_carried_over_exactly_the_unfinished_rounds(grid, tiles, split):
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
