"""Laws of time on random programs.

Without ports the units are a Kahn network, so the time of every completion is a (max, +)
expression of work and latencies: monotone in both, and never later with more capacity. With
ports these need not hold (a request that comes later may be overtaken), the others do.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from archsim.engine import Ledger
from archsim.mapping.program import Channel, Instruction, Program, Work
from tests.programs import arbitrary_programs, changed, scheduled_programs
from tests.runs import outcome
from tests.stepper import Deadlock

calm = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}  # busy machines
often = settings(max_examples=150, **calm)
all_programs = st.one_of(scheduled_programs(), arbitrary_programs())
static_programs = st.one_of(scheduled_programs(dynamic=False), arbitrary_programs(dynamic=False))


def ledger(program: Program) -> Ledger:
    found = outcome(program)
    assume(isinstance(found, Ledger))
    return found


def scaled(program: Program, factor: int) -> Program:
    """Return the program with all its work and all its latencies so many times as long."""

    def longer(_: int, instruction: Instruction) -> Instruction:
        if isinstance(instruction, Work):
            return replace(instruction, ticks=factor * instruction.ticks)
        return instruction

    def slower(channel: Channel) -> Channel:
        return replace(channel, latency_ticks=factor * channel.latency_ticks)

    return changed(program, instruction=longer, channel=slower)


def with_longer_work(program: Program, draw: st.DrawFn) -> Program:
    def longer(_: int, instruction: Instruction) -> Instruction:
        if isinstance(instruction, Work):
            return replace(instruction, ticks=instruction.ticks + draw(st.integers(0, 4)))
        return instruction

    return changed(program, instruction=longer)


def with_longer_latencies(program: Program, draw: st.DrawFn) -> Program:
    def slower(channel: Channel) -> Channel:
        return replace(channel, latency_ticks=channel.latency_ticks + draw(st.integers(0, 4)))

    return changed(program, channel=slower)


def with_more_capacity(program: Program, draw: st.DrawFn) -> Program:
    def larger(channel: Channel) -> Channel:
        return replace(channel, capacity=channel.capacity + draw(st.integers(0, 3)))

    return changed(program, channel=larger)


@often
@given(all_programs)
def test_the_makespan_lies_between_the_busiest_unit_and_the_serial_sum(program):
    found = ledger(program)
    busy: Counter[str] = Counter()
    for record in found.records:
        busy[record.unit] += record.busy_ticks
    assert max(busy.values(), default=0) <= found.makespan_ticks <= program.serial_ticks


@often
@given(all_programs)
def test_until_its_end_a_unit_is_either_busy_or_stalled(program):
    found = ledger(program)
    spent = Counter(dict.fromkeys(found.end_ticks, 0))
    for record in found.records:
        spent[record.unit] += record.busy_ticks + record.stall_ticks
    assert dict(spent) == found.end_ticks


@often
@given(all_programs)
def test_an_op_lies_within_the_run_and_its_first_work_within_it(program):
    found = ledger(program)
    for record in found.records:
        if record.start_tick is None:
            assert record.busy_ticks == 0
            assert record.first_end_tick is record.end_tick is None
            continue
        assert 0 <= record.start_tick <= record.first_end_tick <= record.end_tick
        assert record.busy_ticks <= record.end_tick - record.start_tick
        assert record.end_tick <= found.end_ticks[record.unit]


@often
@given(all_programs, st.integers(2, 5))
def test_all_work_and_latencies_times_a_factor_make_every_end_that_much_later(program, factor):
    first, second = outcome(program), outcome(scaled(program, factor))
    if isinstance(first, Deadlock):
        assert second == replace(first, tick=factor * first.tick)
        return
    assert isinstance(second, Ledger)
    assert second.end_ticks == {unit: factor * end for unit, end in first.end_ticks.items()}
    assert second.actions == first.actions


@often
@given(static_programs, st.data())
def test_more_capacity_never_delays_a_unit(program, data):
    before, after = ledger(program), outcome(with_more_capacity(program, data.draw))
    assert isinstance(after, Ledger)
    assert all(after.end_ticks[unit] <= end for unit, end in before.end_ticks.items())


@often
@given(static_programs, st.data(), st.sampled_from([with_longer_work, with_longer_latencies]))
def test_longer_work_or_latency_never_lets_a_unit_end_earlier(program, data, slow):
    before, after = outcome(program), outcome(slow(program, data.draw))
    if isinstance(before, Deadlock):  # who waits for what does not depend on time, only when
        assert isinstance(after, Deadlock)
        assert after.waits == before.waits
        assert after.tick >= before.tick
        return
    assert isinstance(after, Ledger)
    assert all(after.end_ticks[unit] >= end for unit, end in before.end_ticks.items())
