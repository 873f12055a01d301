"""Pipelines small enough to be timed by hand, on every engine."""

from __future__ import annotations

from functools import partial
from itertools import accumulate

import pytest

from archsim.engine import compiled, simpy_engine
from archsim.errors import SimulationError
from archsim.mapping.program import (
    Acquire,
    Channel,
    Instruction,
    Port,
    Program,
    Recv,
    Release,
    Repeat,
    Send,
    Unit,
    Work,
)
from tests.stepper import step_through


def program(
    units: dict[str, list[Instruction]],
    channels: tuple[Channel, ...] = (),
    ports: tuple[Port, ...] = (),
) -> Program:
    made = tuple(Unit(name, "unit", tuple(body)) for name, body in units.items())
    return Program(("op", "other"), made, channels, ports)


def pipeline(ticks: tuple[int, ...], passes: int, capacity: int = 1, latency: int = 0) -> Program:
    """Chain stages s0, s1, ...; each takes a token, works, passes it on, for each pass."""
    units = {}
    for stage, duration in enumerate(ticks):
        body: list[Instruction] = [Recv(stage - 1, 0)] if stage else []
        body.append(Work(0, duration))
        if stage < len(ticks) - 1:
            body.append(Send(stage, 0))
        units[f"s{stage}"] = [Repeat(passes, tuple(body))]
    links = (Channel(f"c{i}", capacity, latency) for i in range(len(ticks) - 1))
    return program(units, tuple(links))


@pytest.fixture(params=[simpy_engine.run, compiled.run], ids=["simpy", "compiled"])
def engine(request):
    return request.param


def records(ledger):
    return {(r.unit, r.op): r for r in ledger.records}


def test_a_program_of_nothing_takes_no_time(engine):
    ledger = engine(program({"idle": []}))
    assert ledger.makespan_ticks == 0
    assert ledger.end_ticks == {"idle": 0}
    assert ledger.records == ()


@pytest.mark.parametrize("ticks", [(2, 5, 3), (5, 2, 3), (2, 3, 5), (4, 4, 4)])
@pytest.mark.parametrize("passes", [1, 2, 7])
def test_a_pipeline_takes_its_fill_and_then_its_slowest_stage_for_each_pass(engine, ticks, passes):
    ledger = engine(pipeline(ticks, passes, capacity=2))
    assert ledger.makespan_ticks == sum(ticks) + (passes - 1) * max(ticks)


@pytest.mark.parametrize("latency", [0, 1, 4])
def test_latency_only_delays_the_fill_when_the_channels_hold_what_is_under_way(engine, latency):
    ledger = engine(pipeline((2, 5, 3), 6, capacity=8, latency=latency))
    assert ledger.makespan_ticks == 10 + 2 * latency + 5 * 5


def test_one_slot_and_a_latency_make_a_round_trip_of_each_token(engine):
    # A token holds its slot for 4 ticks, and the next is made (1 tick) meanwhile: one each 4.
    ledger = engine(pipeline((1, 0), 5, capacity=1, latency=4))
    assert ledger.end_ticks == {"s0": 1 + 4 * 4, "s1": 1 + 5 * 4}


def test_one_slot_holds_the_sender_back_until_its_reader_takes(engine):
    # Sent at 1; taken at 1. Sent at 2; taken at 1 + 10. Third: made at 3, sent at 11; taken at 21.
    ledger = engine(pipeline((1, 10), 3, capacity=1))
    assert ledger.end_ticks == {"s0": 11, "s1": 31}
    assert records(ledger)["s0", "op"].stall_ticks == 11 - 3
    assert records(ledger)["s1", "op"].stall_ticks == 1


def test_a_larger_channel_lets_the_sender_run_ahead(engine):
    ledger = engine(pipeline((1, 10), 3, capacity=2))
    assert ledger.end_ticks == {"s0": 3, "s1": 31}
    assert records(ledger)["s0", "op"].stall_ticks == 0


def test_unequal_rates_meet_in_the_slower(engine):
    # Four tokens of 3 ticks each are taken two at a time for 5 ticks: 6 + 5 and 12 + 5.
    made = program(
        {
            "fast": [Repeat(4, (Work(0, 3), Send(0, 0)))],
            "slow": [Repeat(2, (Recv(0, 0), Recv(0, 0), Work(0, 5)))],
        },
        (Channel("c", 4),),
    )
    assert engine(made).end_ticks == {"fast": 12, "slow": 17}


def test_a_record_tells_first_start_first_end_and_last_end_of_each_op(engine):
    made = program({"u": [Work(0, 2), Work(1, 3), Repeat(2, (Work(0, 4),)), Work(1, 0)]})
    ledger = engine(made)
    first, second = ledger.records
    assert (first.op, first.start_tick, first.first_end_tick, first.end_tick) == ("op", 0, 2, 13)
    assert (second.op, second.start_tick, second.first_end_tick, second.end_tick) == (
        "other", 2, 5, 13,
    )  # fmt: skip
    assert (first.busy_ticks, second.busy_ticks) == (10, 3)
    assert ledger.instructions == 5


def test_a_unit_that_only_passes_tokens_on_has_no_start(engine):
    made = program(
        {"a": [Work(0, 3), Send(0, 0)], "b": [Recv(0, 1)]},
        (Channel("c", 1),),
    )
    passed = records(engine(made))["b", "other"]
    assert (passed.start_tick, passed.first_end_tick, passed.end_tick) == (None, None, None)
    assert (passed.busy_ticks, passed.stall_ticks) == (0, 3)


def test_a_stall_belongs_to_the_op_that_waits(engine):
    made = program(
        {"a": [Work(0, 3), Send(0, 0), Work(0, 4), Send(0, 1)], "b": [Recv(0, 0), Recv(0, 1)]},
        (Channel("c", 1),),
    )
    found = records(engine(made))
    assert found["b", "op"].stall_ticks == 3
    assert found["b", "other"].stall_ticks == 4


def test_actions_are_counted_for_each_op_through_nested_loops(engine):
    body = (Work(0, 1, (("adc.convert", 8),)), Repeat(3, (Work(1, 0, (("adc.convert", 2),)),)))
    ledger = engine(program({"a": [Repeat(5, body)], "b": [Work(0, 1, (("x", 1),))]}))
    assert ledger.actions == {"op": {"adc.convert": 40, "x": 1}, "other": {"adc.convert": 30}}


def test_a_loop_of_no_rounds_does_and_counts_nothing(engine):
    ledger = engine(program({"a": [Repeat(0, (Work(0, 9, (("x", 1),)),)), Work(0, 1)]}))
    assert ledger.end_ticks == {"a": 1}
    assert ledger.actions == {"op": {}, "other": {}}


def test_time_far_beyond_floats_stays_exact(engine):
    huge = (1 << 60) + 1
    ledger = engine(program({"a": [Work(0, huge), Send(0, 0)], "b": [Recv(0, 0)]},
                                      (Channel("c", 1, 1),)))  # fmt: skip
    assert ledger.makespan_ticks == huge + 1
    assert isinstance(ledger.makespan_ticks, int)


@pytest.mark.parametrize("engine", [simpy_engine.run, partial(compiled.run, fast_forward=False)])
def test_progress_is_told_as_it_goes_and_at_the_end(engine, monkeypatch):
    monkeypatch.setattr(compiled, "_STEPS_PER_CALL", 20_000)
    told, passes = [], 20_000
    engine(pipeline((1, 1), passes), lambda *of: told.append(of))
    assert len(told) > 2
    assert told == sorted(told)
    assert {works for _, works in told} == {2 * passes}
    assert told[-1] == (2 * passes, 2 * passes)


def test_a_deadlock_names_who_waits_for_what_since_when_and_what_to_do(engine):
    made = program(
        {
            "adc": [Work(0, 7), Send(0, 0), Send(0, 0), Send(1, 0)],
            "sum": [Recv(1, 0), Recv(0, 0), Recv(0, 0)],
            "free": [Work(0, 9)],
        },
        (Channel("sums", 1), Channel("done", 1)),
    )
    with pytest.raises(SimulationError) as error:
        engine(made)
    assert str(error.value) == (
        "deadlock at tick 9: adc waits to send on sums (full, 1 of 1; read by sum); "
        "sum waits for done (empty; sent by adc). No unit can go on before another does: make the "
        "full channels larger or change the order in which the units take and give; if archsim "
        "mapped this program, please report the machine and the workload."
    )


def test_a_deadlock_over_ports_names_who_holds_them():
    made = program(
        {
            "a": [Acquire(0, 0), Work(0, 1), Acquire(1, 0), Release(1, 0), Release(0, 0)],
            "b": [Acquire(1, 0), Work(0, 2), Acquire(0, 0), Release(0, 0), Release(1, 0)],
        },
        ports=(Port("left"), Port("right")),
    )
    told = r"tick 2: a waits for port right \(held by b\); b waits for port left \(held by a\)\. "
    with pytest.raises(SimulationError, match=told):
        simpy_engine.run(made)


def test_the_stepper_is_right_about_a_pipeline_too():
    ticks = (2, 5, 3)
    ends = step_through(pipeline(ticks, 4, capacity=2)).end_ticks
    assert list(ends.values())[1:] == [t + 3 * 5 for t in list(accumulate(ticks))[1:]]
