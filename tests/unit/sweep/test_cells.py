from __future__ import annotations

import pytest

from archsim.sweep.cells import cell, heading, headings


@pytest.mark.parametrize(
    ("column", "value", "name", "shown"),
    [
        ("energy_j", 2.5e-12, "energy", "2.5 pJ"),
        ("area_m2", 2e-6, "area", "2 mm²"),
        ("throughput_per_s", 37945.19, "throughput", "37,945 /s"),
        ("throughput_per_s", 3.79451, "throughput", "3.795 /s"),
        ("dram.bandwidth_byte_per_s", 2.56e11, "dram.bandwidth", "256 GB/s"),
        ("dram.read_energy_j_per_bit", 6e-12, "dram.read_energy", "6 pJ/bit"),
        ("buffer.size_bits", 2**24, "buffer.size", "2 MiB"),
        ("weight_bits", 8, "weight_bits", "8"),
        ("tiles.adc.bits", 8, "tiles.adc.bits", "8"),
        ("tiles.modulator.loss_db", 0.01, "tiles.modulator.loss", "0.01 dB"),
        ("macs", 1234567, "macs", "1,234,567"),
        ("utilization", 0.123, "utilization", "12.30%"),
        ("accuracy", 91.2345, "accuracy", "91.23"),
        ("dram.line", True, "dram.line", "true"),
        ("hardware", "homodyne", "hardware", "homodyne"),
        ("accuracy", None, "accuracy", "-"),
        ("accuracy", float("nan"), "accuracy", "-"),
    ],
)
def test_a_cell_has_the_unit_and_its_heading_none(column, value, name, shown):
    assert (heading(column), cell(column, value)) == (name, shown)


def test_headings_are_no_longer_than_tells_them_apart():
    columns = ["energy_j", "tiles.laser.power_w", "tiles.adc.bits", "tiles.dac.bits", "tiles.count"]
    assert headings(columns) == ["energy", "laser.power", "adc.bits", "dac.bits", "tiles.count"]
    assert headings(["a.b.c", "x.b.c", "b.c"]) == ["a.b.c", "x.b.c", "b.c"]
