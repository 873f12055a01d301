"""The engines against each other and the per-tick stepper, to the tick, in everything they tell.

Also: nothing but the program decides the ledger. Not the order in which the engine happens to
take the events of one instant, nor that of construction, nor the seed of Python's hashes.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import astuple, replace

import numpy as np
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from archsim.engine import Ledger, compiled, simpy_engine
from archsim.mapping.program import Acquire, Instruction, Program, Recv, Send
from archsim.mapping.schedule import Schedule
from tests.long_programs import balanced, scheduled
from tests.programs import arbitrary_programs, changed, scheduled_programs
from tests.runs import ShuffledClock, completions, ended, every_outcome, outcome
from tests.stepper import Deadlock, Outcome, step_through

SIMPY_STEPS = 15_000
calm = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}  # busy machines
many = settings(max_examples=400, **calm)
fewer = settings(max_examples=150, **calm)


def check_against_stepper(program: Program) -> None:
    expected = step_through(program)
    found = {"simpy": outcome(program)} if program.dynamic else every_outcome(program)
    event("deadlocks" if expected.deadlock else "ends")
    for result in found.values():
        if expected.deadlock:
            assert result == expected.deadlock
        else:
            check_ledger(result, expected)


def check_ledger(found: Ledger | Deadlock, expected: Outcome) -> None:
    assert isinstance(found, Ledger)
    assert found.end_ticks == expected.end_ticks
    assert found.makespan_ticks == max(expected.end_ticks.values())
    assert found.instructions == expected.instructions
    parts = {(r.unit, r.op): r[3:] for r in found.records}
    assert parts == {key: astuple(part) for key, part in expected.parts.items()}
    assert len(parts) == len(found.records)
    counted = {(op, a): n for op, counts in found.actions.items() for a, n in counts.items()}
    assert counted == expected.actions


@many
@given(scheduled_programs())
def test_the_engine_equals_the_stepper_on_scheduled_programs_and_these_always_end(program):
    assert step_through(program).deadlock is None
    check_against_stepper(program)


@many
@given(arbitrary_programs(dynamic=False))
def test_the_engine_equals_the_stepper_on_static_programs_that_may_deadlock(program):
    check_against_stepper(program)


@many
@given(arbitrary_programs(dynamic=True))
def test_the_engine_equals_the_stepper_on_dynamic_programs_that_may_deadlock(program):
    check_against_stepper(program)


SEEDS = 300
"""Programs with long loops for each test here; the slow test runs many times as many."""


@pytest.mark.parametrize("first", [0, 1, 2, 3])
@pytest.mark.parametrize("make", [scheduled, balanced])
def test_engines_agree_on_long_loops(make, first):
    kinds = check_engines(make, range(first * SEEDS, (first + 1) * SEEDS))
    # Else these programs are not what they are meant to be.
    assert min(kinds["skips"], kinds["ends"] - kinds["skips"]) > SEEDS / 40
    assert (kinds["deadlocks"] > SEEDS / 20) == (make is balanced)


@pytest.mark.slow
@pytest.mark.parametrize("make", [scheduled, balanced])
def test_engines_agree_on_very_many_long_loops(make):
    check_engines(make, range(10_000, 60_000))


def check_engines(make: Callable[[int], Program], seeds: Iterable[int]) -> Counter[str]:
    """Compare the engines; SimPy only where that does not take seconds."""
    kinds = Counter()
    for seed in seeds:
        program = make(seed)
        whole = ended(compiled.run, program)
        plain = ended(compiled.run, program, fast_forward=False)
        assert whole == plain, seed
        if program.code.steps < SIMPY_STEPS:
            assert outcome(program) == whole, seed
        if isinstance(whole, Deadlock):
            kinds["deadlocks"] += 1
            continue
        kinds["ends"] += 1
        kinds["skips"] += whole.skipped > 0
        assert plain.skipped == 0
        assert plain.executed == plain.instructions
        assert whole.executed <= whole.instructions
    return kinds


@pytest.mark.parametrize("make", [scheduled, balanced])
def test_every_instruction_completes_at_the_same_tick(make):
    for seed in range(9000, 9000 + SEEDS // 4):
        program = make(seed)
        if program.code.steps < SIMPY_STEPS and isinstance(outcome(program), Ledger):
            expected = completions(simpy_engine.run, program)
            assert completions(compiled.run, program, fast_forward=False) == expected, seed
            assert completions(compiled.run, program) == expected, seed


@pytest.mark.parametrize("make", [scheduled, balanced])
def test_who_works_together_decides_nothing(make, monkeypatch):
    for seed in range(8000, 8000 + SEEDS // 4):
        program = make(seed)
        expected = ended(compiled.run, program)
        dice = np.random.default_rng(seed)
        crews = np.sort(dice.integers(0, 3, len(program.units)))
        members = dice.permutation(len(program.units))
        begins = np.searchsorted(crews, np.arange(4))
        with monkeypatch.context() as patched:
            patched.setattr(compiled, "_crews", lambda *_, b=begins, m=members: (b, m))
            assert ended(compiled.run, program) == expected, seed


@fewer
@given(st.one_of(arbitrary_programs(), scheduled_programs()), st.integers(0, 1 << 32))
def test_the_order_of_events_within_an_instant_changes_nothing(program, seed):
    expected = outcome(program)
    for shuffle in range(4):
        assert outcome(program, ShuffledClock(seed + shuffle)) == expected


@fewer
@given(arbitrary_programs(), st.data())
def test_the_order_of_construction_changes_nothing(program, data):
    program = changed(program, instruction=with_own_priority)
    units = data.draw(st.permutations(program.units))
    names = data.draw(st.permutations([channel.name for channel in program.channels]))
    shuffled = reordered(program, [unit.name for unit in units], names)
    first, second = outcome(program), outcome(shuffled)
    if isinstance(first, Deadlock):
        assert second == first
        return
    assert isinstance(second, Ledger)
    assert second.end_ticks == first.end_ticks
    assert set(second.records) == set(first.records)
    assert second.actions == first.actions


def with_own_priority(unit: int, instruction: Instruction) -> Instruction:
    """Leave no tie to be broken by a unit's place."""
    if isinstance(instruction, Acquire):
        return replace(instruction, priority=unit)
    return instruction


def reordered(program: Program, units: list[str], channels: list[str]) -> Program:
    def renumbered(_: int, instruction: Instruction) -> Instruction:
        if isinstance(instruction, Recv | Send):
            name = program.channels[instruction.channel].name
            return replace(instruction, channel=channels.index(name))
        return instruction

    moved = changed(program, instruction=renumbered)
    return replace(
        program,
        units=tuple(sorted(moved.units, key=lambda unit: units.index(unit.name))),
        channels=tuple(sorted(program.channels, key=lambda c: channels.index(c.name))),
    )


def test_the_seed_of_hashes_changes_nothing():
    schedule = Schedule()
    port = schedule.port("shared")
    clients = [schedule.unit(f"client[{i}]", "client", port=port) for i in range(4)]
    sink = schedule.unit("sink", "sink")
    with schedule.op("first"), schedule.repeat(5):
        for index, client in enumerate(clients):
            client.work(3, {f"read.{index}": 2})
            channel = schedule.channel(f"to sink {index}", 2, index)
            client.send(channel)
            sink.recv(channel)
        sink.work(1, {"write": 1})
    script = (
        "from archsim.engine import run\nfrom archsim.mapping.program import *\n"
        f"print(run({schedule.finish()!r}))"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "2")
    }
    assert len(told) == 1
    assert "makespan_ticks" in told.pop()
