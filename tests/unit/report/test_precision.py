from __future__ import annotations

from dataclasses import replace
from math import log2

import pytest

from archsim.report.precision import precision_rows
from tests.unit.report.tiny_accuracy import A, accuracy


def test_range_and_enob_are_those_of_the_noise_bits():
    row, _ = precision_rows(accuracy())
    # 3 bits are 7 steps; the noise is a step over sqrt(12)
    assert row.range == pytest.approx(7 * 0.1 * 12**0.5)
    assert row.enob == pytest.approx(log2(7))
    assert (row.repetitions, row.adc_bits, row.photons_per_mac) == (4, 8, 12.5)


def test_where_there_is_no_noise_there_are_no_figures():
    _, row = precision_rows(accuracy())
    assert (row.range, row.snr_db, row.noise_bits, row.enob, row.adc_bits) == (None,) * 5
    assert row.repetitions == 2.5


def test_results_that_are_all_equal_have_no_range_and_no_enob():
    flat = replace(A, noise_bits=0.0, snr_db=float("-inf"))
    [row] = precision_rows(accuracy(ops=(flat,)))
    assert (row.range, row.enob, row.snr_db) == (0.0, None, None)
