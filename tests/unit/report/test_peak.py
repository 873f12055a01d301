from __future__ import annotations

import pytest

from archsim import hardware
from archsim.hardware.check import facts
from archsim.mapping import Placement
from archsim.report.peak import peak_macs_per_s
from tests.unit.report.tiny import machine


def test_every_array_does_a_product_a_cell_and_symbol():
    assert peak_macs_per_s(machine(), Placement("x", "conv", "array")) == 4 * 2 * 2 * 3 * 10**9


def test_slices_of_both_operands_take_passes_of_an_output_stationary_machine():
    sliced = Placement("x", "conv", "array", input_slices=2, weight_slices=3)
    assert peak_macs_per_s(machine(), sliced) == 4 * 2 * 2 * 3 * 10**9 / 6


def test_the_vector_unit_does_a_product_a_lane_and_cycle():
    assert peak_macs_per_s(machine(), Placement("x", "matmul", "vector_unit")) == 16 * 500 * 10**6


def test_weight_slices_take_columns_of_a_weight_stationary_machine():
    crossbar = hardware.load_hardware("crossbar", ["tiles.columns=130"])
    tiles = crossbar.tiles
    sliced = Placement("x", "conv", "array", input_slices=8, weight_slices=4)
    passes_hz = float(crossbar.clocks[tiles.clock] / tiles.array.pass_cycles) / 8
    expected = tiles.count * tiles.cores * tiles.rows * 32 * passes_hz  # 2 of 130 columns are idle
    assert float(peak_macs_per_s(crossbar, sliced)) == pytest.approx(expected)


def test_differential_cells_take_two_columns_in_the_report_and_in_check_alike():
    single = hardware.load_hardware("crossbar", ["tiles.array.differential=false"])
    double = hardware.load_hardware("crossbar", ["tiles.array.differential=true"])
    sliced = Placement("x", "conv", "array", input_slices=8, weight_slices=4)
    assert peak_macs_per_s(single, sliced) == 2 * peak_macs_per_s(double, sliced)
    assert facts(single).macs_per_s == 2 * facts(double).macs_per_s
    assert facts(double).macs_per_s == float(peak_macs_per_s(double, sliced))
    assert facts(single).native_macs_per_s == 2 * facts(double).native_macs_per_s
