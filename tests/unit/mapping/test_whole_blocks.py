"""Products of activations, cut into blocks that cores take in turn."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from archsim.mapping.whole_blocks import Cores, rounds
from archsim.workload import Gemm

CORES = Cores(rows=2, columns=3, count=2, tiles=2, copies=1, passes=1, reads_each=False)


def product(groups, rows=4, columns=9):
    return Gemm(groups, rows, 5, columns, dynamic=True)


def unrolled(gemm, inputs=1, *, streamed=False):
    """Return every wave, in order, apart from what is new to it."""
    [(round_, once)] = rounds(gemm, inputs, CORES, streamed=streamed)
    assert once == 1
    waves = [
        replace(round_.kinds[kind], new_rows=Fraction(0), new_columns=Fraction(0))
        for times, stretch in round_.order
        for _ in range(times)
        for count, kind in stretch
        for _ in range(count)
    ]
    assert len(waves) == round_.waves
    return waves


def test_waves_recur_when_one_begins_with_a_product():
    # 2 x 3 blocks of a product, 4 cores: three waves are two products.
    [(round_, _)] = rounds(product(groups=7), 1, CORES, streamed=False)
    assert [times for times, _ in round_.order] == [3, 1]
    assert [sum(n for n, _ in stretch) for _, stretch in round_.order] == [3, 2]
    assert [wave.results for wave in unrolled(product(groups=7))] == [24] * 10 + [12]


def test_a_batch_makes_more_rounds_of_a_loop_and_not_a_longer_program():
    [(one, _)] = rounds(product(groups=4), 1, CORES, streamed=False)
    [(many, _)] = rounds(product(groups=4), 64, CORES, streamed=False)
    assert many.kinds == one.kinds
    assert [(times // 64, stretch) for times, stretch in many.order] == list(one.order)


def test_waves_that_recur_within_a_product_become_a_loop_unless_operands_are_streamed():
    # Rows of 6 blocks, 4 cores: of three waves the one between reads the inputs of two rows.
    gemm = product(groups=1, rows=24, columns=18)
    [(round_, _)] = rounds(gemm, 1, CORES, streamed=False)
    assert [wave.input_reads for wave in round_.kinds] == [2, 4]
    one_row, two_rows = 0, 1
    assert round_.order == (
        (1, ((1, one_row),)),
        (5, ((1, two_rows), (2, one_row))),
        (1, ((1, two_rows), (1, one_row))),
    )
    [(streamed, _)] = rounds(gemm, 1, CORES, streamed=True)
    assert [times for times, _ in streamed.order] == [1]


@pytest.mark.parametrize("groups", [1, 2, 3, 7, 12])
@pytest.mark.parametrize(("rows", "columns"), [(4, 9), (5, 10), (2, 3), (3, 20), (24, 18)])
def test_waves_are_the_same_one_by_one_as_in_loops(groups, rows, columns):
    gemm = product(groups, rows, columns)
    assert unrolled(gemm) == unrolled(gemm, streamed=True)
    assert sum(wave.results for wave in unrolled(gemm)) == groups * rows * columns
