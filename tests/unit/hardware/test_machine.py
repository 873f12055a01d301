from fractions import Fraction
from math import gcd, lcm

from hypothesis import given
from hypothesis import strategies as st

from archsim.hardware import load_hardware
from archsim.hardware.machine import common_tick_s


def test_the_tick_of_three_clocks_is_exact():
    # 5, 1 and 97 GHz: the periods are 97, 485 and 5 times 1/485 ns.
    assert common_tick_s([5 * 10**9, 10**9, 97 * 10**9]) == Fraction(1, 485 * 10**9)


@given(
    st.lists(st.fractions(Fraction(1, 1000), 1000, max_denominator=1000), min_size=1, max_size=5)
)
def test_every_clock_edge_is_a_whole_number_of_ticks(clocks_hz):
    tick_s = common_tick_s(clocks_hz)
    counts = [1 / hz / tick_s for hz in clocks_hz]
    assert all(count.denominator == 1 for count in counts)
    assert gcd(*(int(count) for count in counts)) == 1  # and no longer tick would do


def test_ticks_are_exact_and_times_are_rounded_up_to_cycles():
    hardware = load_hardware("homodyne", ["clocks.odd=97 GHz"])
    assert hardware.tick_s == Fraction(1, lcm(5, 97) * 10**9)
    assert hardware.ticks("digital", 3) == 3 * 485
    assert hardware.ticks("odd", 97) == hardware.ticks("digital", 1)
    assert hardware.ticks_of_time("digital", Fraction(1, 10**8)) == 10 * 485
    assert hardware.ticks_of_time("digital", Fraction(1, 10**8) + Fraction(1, 10**30)) == 11 * 485
    assert hardware.ticks_of_time("digital", Fraction(0)) == 0


def test_a_rate_is_rounded_up_to_whole_cycles():
    adc = load_hardware("homodyne", ["tiles.adc.rate=0.3 GHz"]).tiles.adc
    assert adc.cycles(Fraction(10**9)) == 4
    assert adc.cycles(Fraction(3 * 10**8)) == 1
    assert adc.cycles(Fraction(10**8)) == 1


def test_instances_follow_the_sharing_rules():
    parts = load_hardware("dota_b").parts()
    # 2 cores of 12 x 12 lines share inputs over 4 tiles; 8 cores have their own weight side.
    assert parts["modulator"].per_machine == 2 * 144 + 8 * 144 == 1440
    assert parts["dac"].per_machine == 288
    assert parts["weight_dac"].per_machine == 1152
    assert parts["adc"].per_machine == parts["tia"].per_machine == 576
    assert parts["detector"].per_machine == 2304
    assert parts["laser"].per_machine == parts["array"].per_machine == 8
    assert parts["comb"].per_machine == 4
    assert parts["accumulator"].per_machine == 576
    assert parts["buffer"].per_machine == parts["dram"].per_machine == 1


def test_parts_that_serve_some_tiles_include_what_all_share():
    parts = load_hardware("dota_b").parts()
    assert parts["modulator"].instances(1) == 288 + 288
    assert parts["modulator"].instances(0) == 0
    assert parts["buffer"].instances(1) == parts["buffer"].instances(4) == 1
    assert parts["adc"].instances(3) == 432


def test_unshared_parts_multiply():
    overrides = ["tiles.inputs_shared_by=none", "tiles.adc_shared_by=none"]
    parts = load_hardware("dota_b", overrides).parts()
    assert parts["dac"].per_machine == parts["weight_dac"].per_machine == 8 * 144
    assert parts["modulator"].per_machine == 16 * 144
    assert parts["adc"].per_machine == parts["tia"].per_machine == 8 * 144


def test_a_shadow_copy_of_the_weights_costs_the_array_twice():
    one = load_hardware("digital_int8", ["tiles.weight_buffers=1"]).parts()["array"]
    two = load_hardware("digital_int8").parts()["array"]
    assert two.area_m2 == 2 * one.area_m2
    assert two.static_w == 2 * one.static_w


def test_slots_come_in_a_fixed_order_and_absent_ones_not_at_all():
    assert list(load_hardware("dota_b").parts()) == [
        "laser", "comb", "modulator", "dac", "weight_dac", "detector", "tia", "adc", "array",
        "accumulator", "buffer", "dram", "vector_unit",
    ]  # fmt: skip
    assert list(load_hardware("digital_int8").parts()) == [
        "array", "accumulator", "buffer", "dram", "vector_unit",
    ]  # fmt: skip
