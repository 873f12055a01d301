from __future__ import annotations

import pytest

from archsim.errors import SimulationError
from archsim.report.windows import Window, active_ticks, output_ticks, windows
from tests.unit.report.tiny import STREAM, ledger, record


def test_an_op_lasts_from_its_first_work_to_its_last_without_what_was_loaded_ahead():
    found = windows(ledger())
    assert {op: (w.start_tick, w.end_tick) for op, w in found.items()} == {
        "(input)": (0, 10),
        "a": (10, 30),
        "r": (20, 28),
        "b": (38, 50),
        "(output)": (50, 60),
    }


def test_a_stall_is_what_the_busiest_array_did_not_work():
    found = windows(ledger())
    assert found["a"].stall_ticks == 20 - 15
    assert found["b"].stall_ticks == 12 - 10
    assert found["r"].stall_ticks == 0


def test_an_op_is_bound_by_the_unit_that_is_busiest_inside_its_time():
    assert windows(ledger())["a"].bound_by == "array"


def test_work_ahead_of_an_op_does_not_bind_it():
    ahead = record("dram", "dram", "x (weights)", start=0, end=100)
    array = record("tiles.array", "array", "x", start=100, end=110)
    assert windows(ledger(records=(ahead, array)))["x"] == Window(100, 110, 0, "array")


def test_loading_that_reaches_into_an_op_can_bind_it():
    ahead = record("dram", "dram", "x (weights)", start=0, end=108)
    array = record("tiles.array", "array", "x", start=100, end=110, busy=3)
    assert windows(ledger(records=(ahead, array)))["x"].bound_by == "dram"


def test_of_two_equally_busy_units_the_array_binds():
    both = (
        record("tiles.adc", "adc", "x", start=0, end=5),
        record("tiles.array", "array", "x", start=0, end=5),
    )
    assert windows(ledger(records=both))["x"].bound_by == "array"
    assert windows(ledger(records=both[::-1]))["x"].bound_by == "array"


def test_an_array_that_waits_for_slow_drivers_is_still_an_array():
    slow = record("tiles.array", "driver", "x", start=0, end=20, busy=12)
    assert windows(ledger(records=(slow,)))["x"] == Window(0, 20, 8, "driver")


def test_an_op_that_did_no_work_has_no_window():
    idle = record("vector_unit", "vector_unit", "x", stall=4)
    assert windows(ledger(records=(idle,))) == {}


def test_outputs_are_complete_when_dram_has_them():
    assert output_ticks(ledger()) == (60, 60)
    assert output_ticks(ledger(records=STREAM)) == (55, 60)


def test_a_run_without_output_is_refused():
    with pytest.raises(SimulationError, match="found no output stored in DRAM; expected one"):
        output_ticks(ledger(records=()))


def test_active_spans_are_counted_from_each_change_on():
    assert active_ticks([(0, 10), (5, 15), (10, 12), (3, 3)]) == {0: 1, 5: 2, 10: 2, 12: 1, 15: 0}
