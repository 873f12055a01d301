from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from archsim.errors import ConfigError
from archsim.sweep.figures import BY_NAME
from archsim.sweep.front import front
from archsim.sweep.objectives import DIRECTIONS, bounds_of, directions

BOTH = {"energy_j": "min", "latency_s": "min"}


def frame(*points, **columns):
    """Rows with an energy and a latency each."""
    table = pd.DataFrame(points, columns=["energy_j", "latency_s"], dtype=float)
    table.insert(0, "point", range(len(points)))
    table.insert(1, "status", "done")
    return table.assign(**columns)


def members(found):
    return list(found.members["point"])


def test_the_front_is_what_nothing_dominates_in_order_of_the_first_objective():
    found = front(frame((3, 1), (1, 3), (2, 2), (3, 3), (2, 4)), BOTH)
    assert members(found) == [1, 2, 0]
    assert list(found.dominated["point"]) == [3, 4]


def test_what_is_wanted_large_is_best_first_and_beats_what_is_smaller():
    table = frame((3, 1), (1, 3), (2, 2), (1, 1))
    found = front(table, {"latency_s": "max", "energy_j": "min"})
    assert members(found) == [1]
    found = front(table, {"energy_j": "max", "latency_s": "max"})
    assert members(found) == [0, 2, 1]


def test_equal_points_are_on_the_front_together():
    assert members(front(frame((1, 2), (2, 1), (1, 2), (2, 2)), BOTH)) == [0, 2, 1]


def test_the_hypervolume_is_the_part_of_the_box_that_the_front_dominates():
    # the box is 4 by 10; the point (1, 5) of it dominates 3 x 5, (2, 0) another 2 x 5
    found = front(frame((1, 5), (2, 0), (0, 10), (4, 9)), BOTH)
    assert (found.ideal, found.reference) == (
        {"energy_j": 0, "latency_s": 0},
        {"energy_j": 4, "latency_s": 10},
    )
    assert found.hypervolume == pytest.approx((3 * 5 + 2 * 5) / 40)


def test_units_do_not_change_the_hypervolume():
    rng = np.random.default_rng(5)
    points = rng.random((60, 2))
    plain, tiny = front(frame(*points), BOTH), front(frame(*points * [1e-15, 1e9]), BOTH)
    assert plain.hypervolume == pytest.approx(tiny.hypervolume)
    turned = front(frame(*points * [1, -1]), {"energy_j": "min", "latency_s": "max"})
    assert plain.hypervolume == pytest.approx(turned.hypervolume)


def test_a_reference_moves_the_end_of_the_box():
    found = front(frame((1, 5), (2, 0), (0, 10), (4, 9)), BOTH, reference={"latency_s": 20})
    # 80 in all: (0, 10) dominates 4 x 10, (1, 5) another 3 x 5, (2, 0) another 2 x 5
    assert found.hypervolume == pytest.approx((40 + 15 + 10) / 80)
    assert found.reference == {"energy_j": 4, "latency_s": 20}


def test_points_beyond_a_reference_add_nothing():
    found = front(frame((1, 5), (2, 0), (0, 10)), BOTH, reference={"latency_s": 5, "energy_j": 4})
    assert found.hypervolume == pytest.approx(2 * 5 / 20)  # of (2, 0) alone


def test_one_box_makes_two_sweeps_comparable():
    box = {"reference": {"energy_j": 4, "latency_s": 4}, "ideal": {"energy_j": 0, "latency_s": 0}}
    assert front(frame((1, 1)), BOTH, **box).hypervolume == pytest.approx(9 / 16)
    assert front(frame((2, 2), (3, 1)), BOTH, **box).hypervolume == pytest.approx(5 / 16)


def test_two_ends_alone_have_no_hypervolume_against_the_worst_found():
    assert front(frame((0, 1), (1, 0)), BOTH).hypervolume == 0


@pytest.mark.parametrize("points", [[(1, 2)], [(1, 2), (1, 2)], [(1, 2), (1, 3)]])
def test_a_box_without_size_has_a_front_and_no_hypervolume(points):
    found = front(frame(*points), BOTH)
    assert found.hypervolume is None
    assert 0 in members(found)
    given = front(frame(*points), BOTH, reference={"energy_j": 2, "latency_s": 4})
    assert given.hypervolume == pytest.approx(1)


def test_three_objectives():
    table = frame((0, 2), (2, 0), (1, 1), (2, 2), area_m2=[2.0, 2.0, 0.0, 3.0])
    found = front(table, {**BOTH, "area_m2": "min"})
    # only (1, 1, 0) is inside the box of 2 x 2 x 3; the others touch its faces
    assert members(found) == [0, 2, 1]
    assert found.hypervolume == pytest.approx(1 / 4)


def test_only_points_that_are_done_within_limits_and_have_all_figures_are_compared():
    table = frame((1, 1), (2, 2), (3, 3), (np.nan, 4), (5, 5), (0, np.inf))
    table["status"] = ["failed", "done", "done", "done", "outside", "done"]
    table["inside"] = [False, False, True, True, False, True]
    found = front(table, BOTH)
    assert members(found) == [2]
    assert found.left_out == {
        "not done": 2, "beyond a limit": 1, "without energy_j": 1, "without latency_s": 1,
    }  # fmt: skip


def test_nothing_to_compare_is_refused_with_the_reasons():
    table = frame((1, 1), (2, 2))
    table["status"] = ["failed", "outside"]
    with pytest.raises(ConfigError, match=r"points: found none to compare \(2 not done\); expect"):
        front(table, BOTH)


@pytest.mark.parametrize(
    ("objectives", "message"),
    [
        ({}, "objectives: found none; expected two at least"),
        ({"energy_j": "min"}, "objectives: found energy_j; expected two at least, as one alone"),
        (
            {"energy_j": "min", "latency": "min"},
            "objectives: found 'latency', which is no column of numbers in these results; expected "
            "one of energy_j, latency_s; did you mean 'latency_s'?",
        ),
        ({"energy_j": "min", "status": "min"}, "found 'status', which is no column of numbers"),
        ({"energy_j": "min", "accuracy": "max"}, "set accuracy: true in the sweep file"),
    ],
)
def test_objectives_that_are_none_are_refused(objectives, message):
    with pytest.raises(ConfigError) as refused:
        front(frame((1, 1), (2, 2)), objectives)
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("box", "message"),
    [
        (
            {"reference": {"energy_j": 1}},
            "reference: energy_j: found 1, not worse than the best value, 1; expected one above it",
        ),
        ({"reference": {"area_m2": 1}}, "reference: found area_m2, not among the objectives"),
        (
            {"ideal": {"latency_s": 1.5}},
            "ideal: latency_s: found 1.5, worse than the best point, 1; expected one not above",
        ),
    ],
)
def test_boxes_that_are_none_are_refused(box, message):
    with pytest.raises(ConfigError) as refused:
        front(frame((1, 2), (2, 1)), BOTH, **box)
    assert message in str(refused.value)


def test_a_direction_is_what_is_written_then_what_the_sweep_says_then_what_is_usual():
    assert directions(["energy_j", "accuracy", "tiles.count:max"], {}) == {
        "energy_j": "min", "accuracy": "max", "tiles.count": "max",
    }  # fmt: skip
    assert directions([], {"energy_j": "max"}) == {"energy_j": "max"}
    assert directions(["energy_j"], {"energy_j": "max"}) == {"energy_j": "max"}
    assert directions(["energy_j:min"], {"energy_j": "max"}) == {"energy_j": "min"}


def test_directions_that_nobody_knows_are_refused_all_at_once():
    with pytest.raises(ConfigError) as refused:
        directions(["macs", "energy_j:least", "drop", "drop"], {})
    lines = str(refused.value).splitlines()
    assert len(lines) == 3
    assert "found 'macs', which is not known to be better small or large" in lines[0]
    assert "energy_j: found 'least'; expected min or max" in lines[1]
    assert "found drop twice; expected it once" in lines[2]
    with pytest.raises(ConfigError, match="found none, neither here nor in the sweep file"):
        directions([], {})


def test_known_directions_are_of_figures():
    assert set(DIRECTIONS) <= set(BY_NAME)


def test_bounds_are_written_with_their_units():
    assert bounds_of(["energy_j=1 mJ", "area_m2 = 2 mm^2", "accuracy=90"]) == {
        "energy_j": 1e-3, "area_m2": 2e-6, "accuracy": 90,
    }  # fmt: skip


def test_bounds_that_are_none_are_refused_all_at_once():
    with pytest.raises(ConfigError) as refused:
        bounds_of(["energy_j=3", "latency_s", "accuracy=much", "drop=1", "drop=2", "drop_low=nan"])
    lines = str(refused.value).splitlines()
    assert [line.split(";")[0] for line in lines] == [
        "reference: energy_j: found '3'",
        "reference: found 'latency_s'",
        "reference: accuracy: found 'much'",
        "reference: found drop again",
        "reference: drop_low: found 'nan'",
    ]
