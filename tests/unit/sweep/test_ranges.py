"""From a range to its values."""

from __future__ import annotations

import pytest

from archsim.documents import Faults
from archsim.hardware import load_hardware
from archsim.hardware.keys import key_at
from archsim.sweep.file import Range
from archsim.sweep.ranges import ranged
from archsim.sweep.settable import SETTABLE
from archsim.sweep.values import Span

HOMODYNE = load_hardware("homodyne")


def values(path, first, last, **options):
    key = SETTABLE.get(path) or key_at(HOMODYNE, path)
    return ranged(key, Range(first=first, last=last, **options))


def shown(*args, **options):
    return [value.shown for value in values(*args, **options)]


def faults(*args, **options):
    with pytest.raises(Faults) as refused:
        values(*args, **options)
    return {fault.loc: fault.message for fault in refused.value.faults}


def test_a_range_of_whole_numbers_has_every_one_of_them():
    assert shown("tiles.rows", 3, 6) == [3, 4, 5, 6]


def test_doubling_begins_at_any_number():
    assert shown("tiles.rows", 3, 24, scale="log2") == [3, 6, 12, 24]
    assert shown("dram.bandwidth", "64 GB/s", "0.256 TB/s", scale="log2") == [64e9, 128e9, 256e9]
    assert shown("repetitions", 1, 16, scale="log2") == [1, 2, 4, 8, 16]


def test_steps_are_exact_on_real_keys():
    assert shown("tiles.adc.enob", 1.1, 1.7, step=0.1) == [1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7]


def test_steps_are_exact_on_exact_keys():
    found = values("clocks.symbol", "1/3 GHz", "1 GHz", step="1/3 GHz")
    assert [v.plain for v in found] == ["1000000000/3 Hz", "2000000000/3 Hz", "1000000000 Hz"]


def test_points_have_equal_distances_or_equal_ratios():
    assert shown("tiles.laser.power", "1 mW", "5 mW", points=3) == [0.001, 0.003, 0.005]
    assert shown("tiles.laser.power", "1 mW", "100 mW", points=3, scale="log") == [1e-3, 1e-2, 0.1]
    assert shown("tiles.rows", 1, 10, points=4) == [1, 4, 7, 10]


def test_points_of_an_exact_key_are_short_in_between():
    found = values("clocks.symbol", "1 GHz", "10 GHz", points=4, scale="log")
    assert [v.plain for v in found] == [
        "1000000000 Hz",
        "2150000000 Hz",  # 10^(1/3) = 2.154
        "4640000000 Hz",
        "10000000000 Hz",
    ]


def test_linear_points_of_an_exact_key_stay_exact_where_they_are_short_decimals():
    found = values("clocks.symbol", "1 GHz", "1.0004 GHz", points=3)
    assert [v.plain for v in found] == ["1000000000 Hz", "1000200000 Hz", "1000400000 Hz"]


def test_without_points_a_real_key_has_a_span():
    assert isinstance(values("tiles.laser.power", "1 mW", "1 W", scale="log"), Span)


def test_very_many_whole_numbers_are_a_span():
    assert isinstance(values("batch", 1, 100_000), Span)


def test_a_quantity_that_has_other_forms_keeps_its_form():
    first, *_ = values("tiles.adc.energy", "1 pJ", "2 pJ", points=2)
    assert first.plain == {"fixed": "1e-12 J"}


def test_a_range_says_what_is_wrong_with_its_ends():
    assert faults("tiles.rows", 0, "x") == {
        ("from",): "found 0; expected at least 1; change it",
        ("to",): 'found "x"; expected a whole number; change it',
    }
    assert "expected a quantity in W" in faults("tiles.laser.power", "1 mJ", "1 W")["from",]
    assert (
        "expected a number; write one, or a list"
        in faults("schedule", "serial", "pipelined")["from",]
    )


def test_an_empty_range_is_refused():
    assert faults("tiles.rows", 8, 8) == {
        ("to",): "found 8, not above 8; expected a range with values in it; raise it, or write "
        "a list"
    }


def test_doubling_has_to_reach_the_end():
    assert faults("tiles.rows", 16, 100, scale="log2") == {
        ("to",): "found 100, which no doubling of 16 reaches; expected 4 or 8 times it; change it"
    }


def test_a_step_has_to_reach_the_end_and_to_be_there():
    assert (
        "does not lead from 1 to 10 in whole steps" in faults("tiles.rows", 1, 10, step=4)["step",]
    )
    assert "expected more than 0" in faults("tiles.rows", 1, 10, step=0)["step",]
    assert "expected a whole number" in faults("tiles.rows", 1, 2, step=0.25)["step",]
    assert "expected points" in faults("tiles.rows", 1, 2, step=1, scale="log")["step",]
    assert (
        "expected a quantity in W" in faults("tiles.laser.power", "1 W", "2 W", step="1")["step",]
    )
    assert "1,000,000,001 values" in faults("batch", 1, 10**9 + 1, step=1)["step",]


def test_step_and_points_exclude_each_other():
    assert "beside points" in faults("tiles.rows", 1, 10, step=1, points=10)["step",]
    assert "which doubles" in faults("tiles.rows", 1, 8, scale="log2", points=4)["points",]


def test_a_ratio_needs_a_beginning_above_zero():
    assert faults("tiles.tia.static_power", "0 W", "1 W", scale="log") == {
        ("from",): "found '0 W' with scale: log; expected more than 0; raise it"
    }


def test_more_points_than_values_are_refused():
    assert faults("tiles.rows", 1, 4, points=10) == {
        ("points",): "found 10, which rounding makes 4 different values of; expected fewer; lower "
        "it, or write a list"
    }
