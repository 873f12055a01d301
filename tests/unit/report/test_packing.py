from __future__ import annotations

import pytest

import archsim
from archsim.hardware import load_hardware
from archsim.workload import RepetitionPlan, Workload
from tests.networks import conv, network, relu

ONE_BY_ONE = {"kernel": [1, 1], "padding": [0, 0]}


def simulated(counts, *overrides, name="homodyne", workload=None):
    workload = workload or Workload(**network())
    plan = RepetitionPlan(fingerprint=workload.fingerprint, counts=counts)
    return archsim.simulate(load_hardware(name, overrides), workload, plan)


def overhead(found, name="conv"):
    [row] = [row for row in found.tables.ops if row.op == name]
    return row.packing_overhead


def test_a_tile_does_all_its_columns_as_often_as_the_neediest():
    # Sorted: 7 4 | 2 1, two columns a tile: 7 + 7 + 2 + 2 column passes instead of 14
    found = simulated({"conv": [1, 4, 2, 7]}, "tiles.columns=2")
    assert overhead(found) == pytest.approx(18 / 14 - 1)
    assert found.packing_overhead == overhead(found)


def test_tiles_of_one_column_pack_ideally():
    assert overhead(simulated({"conv": [1, 4, 2, 7]}, "tiles.columns=1")) == 0


def test_one_tile_for_all_takes_the_largest_count_everywhere():
    assert overhead(simulated({"conv": [1, 4, 2, 7]})) == pytest.approx(4 * 7 / 14 - 1)


def test_copies_in_space_are_packed_like_passes_in_time():
    overrides = ("tiles.columns=2", "tiles.repetition=space", "tiles.count=9")
    assert overhead(simulated({"conv": [1, 4, 2, 7]}, *overrides)) == pytest.approx(18 / 14 - 1)


def test_equal_counts_pack_ideally_and_single_ones_are_not_told():
    assert overhead(simulated({"conv": [3, 3, 3, 3]})) == 0
    found = simulated({"conv": 3})
    assert overhead(found) is None
    assert found.packing_overhead is None
    assert (
        archsim.simulate("homodyne", Workload(**network()), repetitions=3).packing_overhead is None
    )


def test_a_network_s_overhead_weighs_ops_by_what_their_cells_do():
    # conv: 27 x 64 vectors, 18 column passes instead of 14; after: 4 x 64, 4 columns twice
    after = conv("after", "relu", in_channels=4, **ONE_BY_ONE)
    workload = Workload(**network(conv(), relu(), after))
    counts = {"conv": [1, 4, 2, 7], "after": 2}
    found = simulated(counts, "tiles.columns=2", workload=workload)
    assert overhead(found, "after") is None
    ideal = 27 * 14 + 4 * 8
    assert found.packing_overhead == pytest.approx((27 * 18 + 4 * 8) / ideal - 1)


def test_ops_of_the_vector_unit_are_not_packed():
    found = simulated({"conv": [1, 4, 2, 7]})
    assert overhead(found, "relu") is None


def test_the_report_and_its_data_tell_it():
    found = simulated({"conv": [1, 4, 2, 7]})
    data = found.to_dict()
    assert data["packing_overhead"] == 1.0
    assert [op["packing_overhead"] for op in data["ops"]] == [None, 1.0, None, None]
    assert list(found.ops["packing_overhead"].dropna()) == [1.0]
