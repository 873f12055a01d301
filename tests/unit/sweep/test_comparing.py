from __future__ import annotations

import pandas as pd
import pytest

from archsim.errors import ConfigError
from archsim.sweep.comparing import compare, parameters


def table(rows, **columns):
    """Rows of a sweep over tiles: tiles, latency, accuracy."""
    frame = pd.DataFrame(rows, columns=["tiles.count", "latency_s", "accuracy"])
    frame.insert(0, "point", range(len(rows)))
    frame.insert(1, "status", "done")
    frame.insert(2, "error", "")
    frame.insert(3, "hardware", "homodyne")
    return frame.assign(**columns, key="0")


BEFORE = table([(1, 8.0, 90.0), (2, 4.0, 90.0), (4, 2.0, 90.0), (8, 1.0, 90.0)])


def test_parameters_are_what_is_no_figure():
    assert parameters(BEFORE) == ["hardware", "tiles.count"]


def test_rows_are_matched_by_their_parameters_whatever_their_order():
    after = table([(8, 1.0, 90.0), (4, 1.0, 91.0), (2, 8.0, 90.0), (16, 1.0, 90.0)])
    found = compare(BEFORE, after)
    assert (len(found.points), found.only) == (3, (1, 1))
    latency, accuracy = found.figures
    assert latency == {
        "figure": "latency_s", "change": "ratio", "points": 3, "same": 1, "without": 0,
        "least": 0.5, "median": 1.0, "most": 2.0,
    }  # fmt: skip
    assert (accuracy["change"], accuracy["least"], accuracy["most"]) == ("difference", 0.0, 1.0)
    assert [(row["point_first"], row["point_second"]) for row in found.points] == [
        (1, 2), (2, 1), (3, 0),
    ]  # fmt: skip


def test_points_that_changed_most_come_first_whether_up_or_down():
    after = table([(1, 8.0, 90.0), (2, 5.0, 90.0), (4, 0.5, 90.0), (8, 1.0, 80.0)])
    assert [row["tiles.count"] for row in compare(BEFORE, after).changed] == [4, 2, 8]


def test_what_is_the_same_did_not_change():
    found = compare(BEFORE, BEFORE)
    assert found.changed == ()
    assert [row["same"] for row in found.figures] == [4, 4]


def test_points_that_did_not_run_in_both_have_a_status_and_no_change():
    after = BEFORE.copy()
    after.loc[1, "status"] = "invalid"
    after.loc[1, "latency_s"] = None
    found = compare(BEFORE, after)
    assert found.statuses == {("done", "done"): 3, ("done", "invalid"): 1}
    assert found.points[1]["latency_s_ratio"] is None
    assert found.figures[0]["points"] == 3


def test_a_figure_that_is_nothing_in_one_sweep_alone_has_no_ratio():
    before = table([(1, 0.0, 1.0), (2, 0.0, 1.0)])
    after = table([(1, 1.0, 1.0), (2, 0.0, 1.0)])
    latency = compare(before, after).figures[0]
    assert (latency["points"], latency["same"], latency["without"]) == (1, 1, 1)


def test_whole_numbers_and_missing_values_match_whatever_the_column_is():
    before = table([(1, 8.0, 90.0), (2, 4.0, 90.0)])
    after = table([(1.0, 4.0, 90.0), (2.0, 4.0, 90.0), (None, 4.0, 90.0)])
    found = compare(before, after)
    assert (len(found.points), found.only) == (2, (0, 1))
    assert len(compare(after, after).points) == 3


def test_a_parameter_of_one_sweep_alone_is_told_where_it_has_one_value():
    after = BEFORE.assign(batch=2)
    found = compare(BEFORE, after, ("a", "b"))
    assert found.notes == ("batch is varied in b only",)
    assert len(found.points) == 4


def test_a_parameter_of_one_sweep_alone_that_makes_points_alike_is_refused():
    after = pd.concat([BEFORE.assign(batch=2), BEFORE.assign(batch=4)])
    with pytest.raises(ConfigError) as refused:
        compare(BEFORE, after, ("a", "b"))
    assert str(refused.value) == (
        "b: found points that are the same in all that both sweeps vary (hardware, tiles.count); "
        "expected each once; compare with a sweep that varies batch too, or one value of it"
    )


def test_nothing_in_common_is_no_fault():
    found = compare(BEFORE, table([(3, 1.0, 1.0)]))
    assert (found.points, found.only, found.changed) == ((), (4, 1), ())
    assert found.figures[0]["median"] is None
