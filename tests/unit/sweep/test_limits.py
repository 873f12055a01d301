"""Limits on figures."""

from __future__ import annotations

import pytest

from archsim.sweep.limits import Limit, inside, limit_of


def test_a_limit_is_read_in_the_unit_of_its_figure():
    assert limit_of("area_m2", "<= 100 mm^2") == Limit("area_m2", "<=", 1e-4)
    assert limit_of("energy_j", ">2.5uJ") == Limit("energy_j", ">", 2.5e-6)
    assert limit_of("throughput_per_s", ">= 1e6") == Limit("throughput_per_s", ">=", 1e6)
    assert limit_of("drop", "< -0.5") == Limit("drop", "<", -0.5)
    assert limit_of("makespan_ticks", "<= 10") == Limit("makespan_ticks", "<=", 10)


@pytest.mark.parametrize(
    ("figure", "text", "said"),
    [
        ("area_m2", "100 mm^2", '"<= 25 um^2"'),
        ("area_m2", "== 100 mm^2", "expected <=, >=, < or > and a bound"),
        ("area_m2", "<= 100", "found '100'; expected a quantity in m^2"),
        ("area_m2", "<= 100 J", "found '100 J'; expected a quantity in m^2"),
        ("area_m2", "<=", 'write such as "<= 25 um^2"'),
        ("utilization", "<= 50 %", "found '50 %' as bound of utilization, which has no unit"),
        ("utilization", "<= nan", 'expected a number; write such as "<= 10"'),
        ("utilization", "<= inf", "expected a number"),
        ("utilization", "<= 1e999", "expected a number"),
    ],
)
def test_what_is_no_limit_is_refused(figure, text, said):
    with pytest.raises(ValueError, match=r"found .*; expected .*; write ") as refused:
        limit_of(figure, text)
    assert said in str(refused.value)


@pytest.mark.parametrize(("sign", "held"), [("<", [1]), ("<=", [1, 2]), (">", [3]), (">=", [2, 3])])
def test_a_bound_is_part_of_a_limit_where_its_sign_says_so(sign, held):
    limit = Limit("x", sign, 2.0)
    assert [value for value in (1, 2, 3) if limit.holds(value)] == held


def test_a_figure_that_is_not_there_is_beyond_every_limit():
    limits = (Limit("x", "<", 2.0), Limit("y", ">", 0.0))
    assert inside(limits, {"x": 1, "y": 1})
    assert not inside(limits, {"x": 1})
    assert not inside(limits, {"x": 1, "y": None})


def test_the_excess_is_relative_to_the_bound_and_positive_beyond_it():
    assert Limit("x", "<=", 4.0).excess(6.0) == 0.5
    assert Limit("x", ">=", 4.0).excess(6.0) == -0.5
    assert Limit("x", ">=", -4.0).excess(-6.0) == 0.5
    assert Limit("x", "<", 0.0).excess(3.0) == 3.0


def test_only_the_area_is_known_before_a_point_runs():
    assert Limit("area_m2", "<", 1.0).known_before
    assert not Limit("latency_s", "<", 1.0).known_before
