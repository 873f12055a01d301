from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from archsim.errors import ConfigError
from archsim.report.figures import busy_shares, time_by_op, utilization
from archsim.report.figures.time import INTERVALS
from tests.unit.report.figures.frames import ops, widths

UNITS = pd.DataFrame(
    {
        "unit": ["dram", "tiles.array"],
        "role": ["dram", "array"],
        "busy_s": [2e-6, 6e-6],
        "stall_s": [3e-6, 1e-6],
        "idle_s": [3e-6, 1e-6],
    }
)
ACTIVITY = pd.DataFrame(
    {
        "unit": ["dram", "tiles.array", "tiles.array", "dram"],
        "start_s": [0.0, 2e-6, 4e-6, np.nan],
        "end_s": [4e-6, 4e-6, 8e-6, np.nan],
        "busy_s": [2e-6, 2e-6, 4e-6, 0.0],
    }
)


def test_time_by_op_draws_every_op_with_time_of_its_own_by_what_bounds_it():
    ax = time_by_op(ops())
    assert widths(ax) == {
        "array": {"(input)": 0, "a": 4e-6, "b": 0},
        "buffer fill port": {"(input)": 0, "a": 0, "b": 2e-6},
        "DRAM": {"(input)": 1e-6, "a": 0, "b": 0},
    }
    label, note = ax.get_xlabel().split("\n")
    assert label == "duration [µs]"
    assert note == "left out: 1 applied to others' results on their way"


def test_ops_that_never_ran_have_no_bar():
    table = ops()
    table.loc[3, ["duration_s", "bound_by"]] = None
    assert "b" not in widths(time_by_op(table))["array"]
    with pytest.raises(ConfigError, match="found no ops that took time"):
        time_by_op(table.iloc[3:])


def test_utilization_shows_the_mean_over_each_window():
    ax = utilization(ACTIVITY, UNITS)
    [image] = ax.images
    shares = image.get_array()
    half, quarter = INTERVALS // 2, INTERVALS // 4
    assert shares.shape == (2, INTERVALS)
    np.testing.assert_allclose(shares[0, :half], 0.5)
    np.testing.assert_allclose(shares[0, half:], 0.0, atol=1e-12)
    np.testing.assert_allclose(shares[1, :quarter], 0.0, atol=1e-12)
    np.testing.assert_allclose(shares[1, quarter:], 1.0)
    assert image.get_extent()[:2] == pytest.approx((0, 8e-6))
    assert [text.get_text() for text in ax.texts] == ["25%", "75%"]
    assert ax.get_xlabel() == "time [µs]"


def test_no_busy_time_is_lost_between_intervals():
    shares = busy_shares(ACTIVITY, UNITS, 8e-6)
    np.testing.assert_allclose(shares.sum(axis=1) * 8e-6 / INTERVALS, UNITS.busy_s)


def test_windows_that_overlap_add_up_and_the_scale_says_so():
    twice = pd.concat([ACTIVITY, ACTIVITY])
    [image] = utilization(twice, UNITS).images
    assert image.get_array().max() == pytest.approx(2.0)
    assert image.get_clim() == pytest.approx((0, 2))


def test_of_many_units_the_mean_of_each_kind_is_shown():
    some = [UNITS.assign(unit=[f"dram{n}", f"array{n}"]) for n in range(20)]
    units = pd.concat(some, ignore_index=True)
    busy = ACTIVITY.assign(unit=["dram0", "array0", "array0", "dram0"])
    ax = utilization(busy, units)
    names = [label.get_text() for label in ax.get_yticklabels()]
    assert names == ["DRAM, mean of 20", "array, mean of 20"]
    assert ax.images[0].get_array().max() == pytest.approx(1 / 20)
