"""One global schedule becomes one program per unit."""

from __future__ import annotations

from fractions import Fraction

import pytest

from archsim.engine import run
from archsim.errors import MappingError
from archsim.mapping.program import Acquire, Recv, Release, Repeat, Send, Work
from archsim.mapping.schedule import Schedule


@pytest.fixture
def schedule():
    return Schedule()


def programs(schedule):
    return {unit.name: unit.instructions for unit in schedule.finish().units}


def test_each_unit_gets_its_part_of_the_one_order(schedule):
    driver, array = schedule.unit("driver", "dac"), schedule.unit("array", "array")
    inputs = schedule.channel("inputs", capacity=2, latency_ticks=3)
    with schedule.op("conv"), schedule.repeat(4):
        driver.work(1, {"dac.convert": 9})
        driver.send(inputs)
        array.recv(inputs)
        array.work(2, {"array.pass": 1})
    assert programs(schedule) == {
        "driver": (Repeat(4, (Work(0, 1, (("dac.convert", 9),)), Send(0, 0))),),
        "array": (Repeat(4, (Recv(0, 0), Work(0, 2, (("array.pass", 1),)))),),
    }
    assert schedule.finish().channels[0].latency_ticks == 3
    assert [unit.role for unit in schedule.finish().units] == ["dac", "array"]


def test_a_unit_outside_a_loop_does_not_get_the_loop(schedule):
    inner, outer = schedule.unit("inner", "x"), schedule.unit("outer", "x")
    with schedule.op("conv"), schedule.repeat(2):
        outer.work(1)
        with schedule.repeat(3):
            inner.work(5)
    assert programs(schedule) == {"inner": (Work(0, 30),), "outer": (Work(0, 2),)}


def test_nested_loops_of_nothing_else_become_one(schedule):
    unit, sink, link = schedule.unit("u", "x"), schedule.unit("v", "x"), schedule.channel("c")
    with schedule.op("conv"), schedule.repeat(2), schedule.repeat(3):
        unit.send(link)
        sink.recv(link)
    assert programs(schedule) == {
        "u": (Repeat(6, (Send(0, 0),)),),
        "v": (Repeat(6, (Recv(0, 0),)),),
    }


def test_neighbouring_work_of_one_op_is_joined_with_its_actions(schedule):
    unit = schedule.unit("u", "x")
    with schedule.op("conv"):
        unit.work(2, {"read": 1, "add": 4})
        with schedule.repeat(3):
            unit.work(1, {"read": 2})
    with schedule.op("next"):
        unit.work(7)
    assert programs(schedule)["u"] == (Work(0, 5, (("read", 7), ("add", 4))), Work(1, 7))


def test_work_of_no_time_and_no_actions_is_no_instruction(schedule):
    unit = schedule.unit("u", "x")
    with schedule.op("conv"):
        unit.work(0, {"read": 0})
    assert programs(schedule) == {"u": ()}


def test_a_loop_of_no_rounds_leaves_nothing(schedule):
    unit = schedule.unit("u", "x")
    with schedule.op("conv"), schedule.repeat(0):
        unit.work(3)
    assert programs(schedule) == {"u": ()}


def test_ops_nest_and_the_outer_one_goes_on(schedule):
    unit = schedule.unit("u", "x")
    with schedule.op("outer"):
        unit.work(1)
        with schedule.op("inner"):
            unit.work(2)
        unit.work(3)
    assert programs(schedule)["u"] == (Work(0, 1), Work(1, 2), Work(0, 3))
    assert schedule.finish().ops == ("outer", "inner")


def test_a_unit_with_a_port_acquires_it_for_each_work(schedule):
    schedule.unit("other", "x")
    unit = schedule.unit("u", "x", port=schedule.port("bus"))
    with schedule.op("conv"), schedule.repeat(2):
        unit.work(3)
    body = (Acquire(0, 0, priority=0), Work(0, 3), Release(0, 0))
    assert programs(schedule)["u"] == (Repeat(2, body),)
    assert schedule.finish().dynamic


def test_a_share_of_a_resource_takes_as_much_longer_in_whole_ticks(schedule):
    unit = schedule.unit("u", "x", share=Fraction(2, 3))
    with schedule.op("conv"):
        unit.work(5)
    assert programs(schedule)["u"] == (Work(0, 8),)


def test_the_same_name_is_the_same_unit_channel_and_port(schedule):
    assert schedule.unit("u", "x").index == schedule.unit("u", "x").index
    assert schedule.channel("c") == schedule.channel("c")
    assert schedule.port("p") == schedule.port("p")


def test_receiving_from_an_empty_channel_is_refused(schedule):
    link = schedule.channel("sums")
    with pytest.raises(MappingError, match=r"^sums: the schedule leaves -1 tokens .* capacity 1,"):
        schedule.unit("u", "x").recv(link)


def test_sending_to_a_full_channel_is_refused(schedule):
    unit, link = schedule.unit("u", "x"), schedule.channel("sums", capacity=2)
    unit.send(link)
    unit.send(link)
    assert schedule.tokens("sums") == 2
    with pytest.raises(MappingError, match=r"^sums: the schedule leaves 3 tokens .* capacity 2,"):
        unit.send(link)


def test_a_loop_that_leaves_tokens_behind_is_refused(schedule):
    unit, link = schedule.unit("u", "x"), schedule.channel("sums", capacity=9)
    with (
        pytest.raises(MappingError, match=r"^sums: a loop finds 0 tokens and leaves 1\. "),
        schedule.op("conv"),
        schedule.repeat(2),
    ):
        unit.send(link)


def test_a_loop_of_one_round_may_leave_tokens_behind(schedule):
    unit, sink, link = schedule.unit("u", "x"), schedule.unit("v", "x"), schedule.channel("c")
    with schedule.op("conv"):
        with schedule.repeat(1):
            unit.send(link)
        sink.recv(link)
    assert programs(schedule) == {"u": (Send(0, 0),), "v": (Recv(0, 0),)}


def test_tokens_left_at_the_end_are_refused(schedule):
    unit, sink, link = schedule.unit("u", "x"), schedule.unit("v", "x"), schedule.channel("c", 2)
    with schedule.op("conv"):
        unit.send(link)
        unit.send(link)
        sink.recv(link)
    with pytest.raises(MappingError, match=r"^c: 2 tokens are sent and 1 received;"):
        schedule.finish()


def test_work_under_no_op_is_refused(schedule):
    schedule.unit("u", "x").work(3)
    with pytest.raises(MappingError, match=r"^u: op -1 is not one of the 0 ops;"):
        schedule.finish()


def test_a_memory_reads_ahead_of_its_writes_as_far_as_its_channel_holds(schedule):
    # Reading takes 1 tick and 20 more to arrive; the array takes 2; writing takes 1.
    memory, array = schedule.unit("memory", "dram", 4), schedule.unit("array", "array")
    down, up = schedule.channel("down", 4, latency_ticks=20), schedule.channel("up")
    with schedule.op("conv"), schedule.repeat(8):
        memory.work(1)
        memory.send(down)
        array.recv(down)
        array.work(2)
        array.send(up)
        memory.recv(up)
        memory.work(1)
    read, write = (Work(0, 1), Send(down, 0)), (Recv(up, 0), Work(0, 1))
    assert programs(schedule)["memory"] == (
        Repeat(4, read),
        Repeat(4, (*read, *write)),
        Repeat(4, write),
    )
    # Two batches of four: 1 + 20 + 2 + 1 ticks each at least, not eight times 24.
    assert run(schedule.finish()).makespan_ticks < 3 * 24


def rounds(schedule, *counts, ticks=2):
    """Write a unit's equal rounds, so many each time, beside a unit that does something else."""
    unit, other = schedule.unit("u", "x"), schedule.unit("v", "x")
    link = schedule.channel("c")
    for place, count in enumerate(counts):
        with schedule.section(count):
            unit.work(ticks)
            unit.send(link)
            other.recv(link)
            other.work(1 + place)


def test_equal_rounds_of_one_unit_become_one_loop_whatever_others_do(schedule):
    with schedule.op("conv"):
        rounds(schedule, 2, 1, 1, 3)
    assert programs(schedule) == {
        "u": (Repeat(7, (Work(0, 2), Send(0, 0))),),
        "v": (
            Repeat(2, (Recv(0, 0), Work(0, 1))),
            *(Recv(0, 0), Work(0, 2)),
            *(Recv(0, 0), Work(0, 3)),
            Repeat(3, (Recv(0, 0), Work(0, 4))),
        ),
    }


def test_work_that_follows_equal_rounds_is_joined_with_the_last_of_them(schedule):
    unit, source, link = schedule.unit("u", "x"), schedule.unit("s", "x"), schedule.channel("c")
    with schedule.op("conv"):
        for _ in range(3):
            with schedule.section():
                source.send(link)
                unit.recv(link)
                unit.work(2)
        unit.work(5)
    once = (Recv(0, 0), Work(0, 2))
    assert programs(schedule)["u"] == (Repeat(2, once), Recv(0, 0), Work(0, 7))


def test_rounds_whose_ends_are_joined_are_not_rolled_up(schedule):
    unit, sink, link = schedule.unit("u", "x"), schedule.unit("v", "x"), schedule.channel("c")
    with schedule.op("conv"):
        for _ in range(2):
            with schedule.section():
                unit.work(1)
                unit.send(link)
                sink.recv(link)
                unit.work(2)
    joined = (Work(0, 1), Send(0, 0), Work(0, 3), Send(0, 0), Work(0, 2))
    assert programs(schedule)["u"] == joined


def test_a_section_can_be_written_again_under_other_ops(schedule):
    unit, sink, link = schedule.unit("u", "x"), schedule.unit("v", "x"), schedule.channel("c")
    with schedule.op("first"), schedule.section() as section, schedule.repeat(3):
        unit.send(link)
        sink.recv(link)
        sink.work(4, {"read": 1})
    section.rebooked({schedule.op_index("first"): schedule.op_index("second")}).again(2)
    assert schedule.finish().ops == ("first", "second")
    assert programs(schedule) == {
        "u": (Repeat(3, (Send(0, 0),)), Repeat(6, (Send(0, 1),))),
        "v": (
            Repeat(3, (Recv(0, 0), Work(0, 4, (("read", 1),)))),
            Repeat(6, (Recv(0, 1), Work(1, 4, (("read", 1),)))),
        ),
    }


def test_a_section_that_leaves_tokens_behind_is_refused(schedule):
    unit, link = schedule.unit("u", "x"), schedule.channel("sums", capacity=9)
    with (
        pytest.raises(MappingError, match=r"^sums: a loop finds 0 tokens and leaves 1\. "),
        schedule.op("conv"),
        schedule.section(),
    ):
        unit.send(link)


def test_a_section_is_written_again_only_where_it_finds_the_same_tokens(schedule):
    unit, sink, link = schedule.unit("u", "x"), schedule.unit("v", "x"), schedule.channel("c")
    with schedule.op("conv"):
        with schedule.section() as section:
            unit.send(link)
            sink.recv(link)
        unit.send(link)
        with pytest.raises(MappingError, match=r"^c: a loop finds 0 tokens and leaves 1\. "):
            section.again()
