from __future__ import annotations

import itertools

import numpy as np
import pytest

from archsim.errors import ConfigError
from archsim.hardware import load_hardware
from archsim.report.figures import roofline, roofline_points, roofs
from tests.unit.report.figures.frames import actions, ops


@pytest.fixture(scope="module")
def machine():
    """4 x 4 outputs of 12 wavelengths on each of 2 tiles, one pass a cycle of 5 GHz."""
    return load_hardware(
        "dota_b",
        [
            "tiles.count=2", "tiles.cores=1", "tiles.rows=4", "tiles.columns=4",
            "dram.bandwidth=100 GB/s", "buffer.width=80 bit", "buffer.ports.read=3",
        ],
    )  # fmt: skip


def test_points_are_macs_over_bytes_and_over_time():
    points = roofline_points(ops(), actions(), 3).set_index(["op", "memory"])
    assert sorted(points.index) == [("a", "DRAM"), ("a", "buffer"), ("b", "buffer")]
    # a: 3 x 8000 MACs; 300 + 500 (weights) + 800 bits of DRAM; 640 read from the buffer; 4 us
    assert points.macs_per_byte["a", "DRAM"] == pytest.approx(24000 / 200)
    assert points.macs_per_byte["a", "buffer"] == pytest.approx(24000 / 80)
    assert points.macs_per_byte["b", "buffer"] == pytest.approx(6000 / 200)
    assert points.macs_per_s["a", "DRAM"] == pytest.approx(24000 / 4e-6)
    assert points.macs_per_s["b", "buffer"] == pytest.approx(6000 / 2e-6)


def test_roofs_are_the_machine_at_the_slices_in_use(machine):
    found = roofs(machine, ops()).set_index("roof")
    peak = 2 * 4 * 4 * 12 * 5e9
    assert found.macs_per_s["arrays"] == pytest.approx(peak)
    assert found.macs_per_s["arrays, 2 × 3 slices"] == pytest.approx(peak / 6)
    assert found.byte_per_s["DRAM"] == pytest.approx(100e9)
    clock = float(machine.clocks[machine.buffer.clock])
    assert found.byte_per_s["buffer"] == pytest.approx(3 * 80 / 8 * clock)


def test_products_on_the_vector_unit_have_its_roof(machine):
    there = ops().assign(place="vector_unit")
    unit = machine.vector_unit
    expected = unit.lanes * float(machine.clocks[unit.clock])
    assert roofs(machine, there).set_index("roof").macs_per_s["vector unit"] == expected


def test_the_figure_draws_points_and_roofs(machine):
    points, bounds = roofline_points(ops(), actions(), 1), roofs(machine, ops())
    ax = roofline(points, bounds)
    for dots, memory in zip(ax.collections, ("DRAM", "buffer"), strict=True):
        some = points[points.memory == memory]
        np.testing.assert_array_equal(dots.get_offsets(), some[["macs_per_byte", "macs_per_s"]])
    flat = [line.get_ydata()[0] for line in ax.lines[:2]]
    assert flat == pytest.approx(list(bounds.macs_per_s[:2]))
    for line, byte_per_s in zip(ax.lines[2:], bounds.byte_per_s[2:], strict=True):
        np.testing.assert_allclose(line.get_ydata() / line.get_xdata(), byte_per_s)
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    assert ax.get_xlabel() == "multiply-accumulates per byte moved [MAC/B]"
    assert ax.get_ylabel() == "rate [MAC/s]"


def test_points_above_a_roof_are_said_to_be_loaded_ahead(machine):
    # a: 6 GMAC/s at 120 MACs per byte of DRAM, which takes 50 MB/s
    slow = roofs(machine, ops()).replace(100e9, 49e6)
    ax = roofline(roofline_points(ops(), actions(), 3), slow)
    assert "above a memory's roof: 1 with weights loaded ahead of time" in ax.get_xlabel()


def test_names_of_points_do_not_meet(machine):
    names = [f"encoder.{i}.{'dense' * 4}" for i in range(8)]
    points = roofline_points(ops(), actions(), 1).iloc[[0] * 8]
    points = points.assign(op=names, macs_per_byte=np.geomspace(4, 130, 8))
    bounds = roofs(machine, ops())
    shares = [0.95] * 7 + [0.001]
    ax = roofline(points.assign(macs_per_s=bounds.macs_per_s.max() * np.array(shares)), bounds)
    ax.figure.canvas.draw()
    boxes = [text.get_window_extent() for text in ax.texts]
    assert len(boxes) > 2
    assert not any(a.overlaps(b) for a, b in itertools.combinations(boxes, 2))


def test_a_run_without_products_has_no_roofline(machine):
    points = roofline_points(ops().assign(macs=0), actions(), 1)
    with pytest.raises(ConfigError, match="found no products that took time"):
        roofline(points, roofs(machine, ops()))
