from __future__ import annotations

from fractions import Fraction

import pytest

from archsim.errors import SimulationError
from archsim.report import energy
from archsim.report.windows import Window, windows
from tests.unit.report.tiny import ACTIONS, compiled, ledger, machine, record

NANO, PICO = Fraction(1, 10**9), Fraction(1, 10**12)


@pytest.fixture(scope="module")
def spent():
    run = ledger()
    return energy.of_run(machine(), compiled(), run, windows(run))


def cost(spent, op, component):
    [entry] = [e for e in spent.entries if (e.op, e.component) == (op, component)]
    return float(entry.dynamic_j), float(entry.static_j)


def test_actions_cost_their_count_times_their_energy(spent):
    assert cost(spent, "a", "adc") == pytest.approx((100 * 2e-12, 0))
    assert cost(spent, "(input)", "dram") == pytest.approx((10 * 5e-12, 0))
    assert cost(spent, "a", "buffer")[0] == pytest.approx(1000 * 1e-12)
    assert cost(spent, "b", "buffer")[0] == pytest.approx(50 * 2e-12)


def test_the_laser_is_on_for_the_tiles_of_an_op_and_brighter_with_repetition(spent):
    assert cost(spent, "a", "laser") == pytest.approx((0, 3 * (2 * 2 * 2.0) * 20e-9))
    assert cost(spent, "b", "laser") == pytest.approx((0, (1 * 2 * 2.0) * 12e-9))


def test_repetition_in_time_leaves_the_laser_as_it_is():
    run, slow = ledger(), machine("tiles.repetition=time")
    spent = energy.of_run(slow, compiled(), run, windows(run))
    assert cost(spent, "a", "laser") == pytest.approx((0, (2 * 2 * 2.0) * 20e-9))


def test_shared_instances_are_on_while_any_op_uses_them(spent):
    assert cost(spent, "a", "dac") == pytest.approx((0, 4 * 1e-3 * 20e-9))
    assert cost(spent, "b", "dac") == pytest.approx((0, 4 * 1e-3 * 12e-9))


def test_a_memory_is_on_while_an_op_has_actions_on_it(spent):
    assert cost(spent, "a", "buffer")[1] == pytest.approx(3 * 20e-9)
    assert cost(spent, "b", "buffer")[1] == pytest.approx(3 * 12e-9)
    assert "(input)" not in {e.op for e in spent.entries if e.component == "buffer"}


def test_two_ops_that_use_a_memory_at_once_pay_for_it_once():
    both = {"x": Window(0, 10, 0, "array"), "y": Window(5, 15, 0, "array")}
    run = ledger(actions={"x": {"buffer.read_bit": 1}, "y": {"buffer.read_bit": 1}})
    spent = energy.of_run(machine(), compiled(placements={}), run, both)
    assert cost(spent, "x", "buffer")[1] == pytest.approx(3 * 7.5e-9)
    assert cost(spent, "y", "buffer")[1] == pytest.approx(3 * 7.5e-9)


def test_what_is_always_on_is_shared_equally_and_idle_time_pays_for_itself(spent):
    always_j = {e.op: e.static_j for e in spent.entries if e.component == "accumulator"}
    half = Fraction(8, 2)  # a and r are both under way for 8 ns
    assert always_j == {
        "(input)": 2 * 10 * NANO,
        "a": 2 * (12 + half) * NANO,
        "r": 2 * half * NANO,
        "b": 2 * 12 * NANO,
        "(output)": 2 * 10 * NANO,
        "(idle)": 2 * 8 * NANO,
    }


def test_all_of_it_together(spent):
    dynamic_j = (110 * 2 + 1000 + 50 * 2 + 30 * 5) * 1e-12
    static_j = (480 + 48 + 60 + 36 + 120 + 0.004 * 32) * 1e-9
    assert float(spent.total_j) == pytest.approx(dynamic_j + static_j, rel=1e-12)


def test_sums_by_op_by_component_and_in_all_are_the_same_number(spent):
    assert sum(spent.by_op_j().values()) == sum(spent.by_component_j().values()) == spent.total_j


def loading():
    """Op ``a``, on 2 tiles, is loaded in ticks 0 to 40, ``b``, on 1 tile, in ticks 30 to 60."""
    return ledger(
        records=[
            record("dram", "dram", "a (weights)", start=0, end=10),
            record("dram", "dram", "b (weights)", start=30, end=35),
            record("a.writer", "writer", "a (weights)", start=5, end=40),
            record("b.writer", "writer", "b (weights)", start=33, end=60),
            record("a.array", "array", "a", stall=40),
        ],
        actions={"a (weights)": {"dram.read_bit": 20}, "b (weights)": {"dram.read_bit": 10}},
    )


def test_programming_costs_actions_and_what_is_always_on():
    # drivers, light and an idle buffer are off: 30 bits of DRAM, 2 W of accumulators
    total_j = energy.of_programming(machine(), compiled(), loading())
    assert float(total_j) == pytest.approx(30 * 5e-12 + 2 * 60e-9, rel=1e-12)


def test_programming_has_the_arrays_on_that_are_being_loaded_and_the_memories_in_use():
    lit = machine("tiles.array.static_power=0.1 W", "dram.static_power=7 W")
    run = loading()
    arrays_j = 0.1 * 2 * (2 * 40e-9 + 1 * 30e-9)  # two cores a tile
    total_j = energy.of_programming(lit, compiled(tick_s=NANO / 256), run)
    assert float(total_j) == pytest.approx(30 * 5e-12 + 2 * 60e-9 + arrays_j + 7 * 60e-9, rel=1e-12)


def test_a_memory_that_an_op_only_loads_weights_from_is_on():
    once = {"x": Window(0, 10, 0, "array")}
    run = ledger(actions={"x (weights)": {"buffer.write_bit": 1}})
    spent = energy.of_run(machine(), compiled(placements={}), run, once)
    assert cost(spent, "x", "buffer")[1] == pytest.approx(3 * 10e-9)


def test_an_action_that_nothing_costs_is_refused():
    run = ledger(actions=ACTIONS | {"b": {"adc.dream": 3, "tia.read": 1}})
    with pytest.raises(SimulationError, match=r"actions without a cost \(adc.dream, tia.read\)"):
        energy.of_run(machine(), compiled(), run, windows(run))


def test_every_instant_is_shared_by_the_ops_under_way():
    spans = {"x": Window(0, 12, 0, "array"), "y": Window(3, 9, 0, "array")}
    spans |= {"z": Window(6, 9, 0, "array"), "none": Window(4, 4, 0, "array")}
    assert energy.split_ticks(spans) == {
        "x": 3 + Fraction(3, 2) + 1 + 3,
        "y": Fraction(3, 2) + 1,
        "z": 1,
        "none": 0,
    }
