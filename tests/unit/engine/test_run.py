"""What the engine refuses before it starts, and which engine it says has run."""

from __future__ import annotations

from dataclasses import replace

import pytest

from archsim.engine import run, simpy_engine
from archsim.errors import ConfigError, SimulationError
from archsim.mapping.program import Acquire, Port, Program, Release, Repeat, Unit, Work
from tests.runs import Completions


def work(ticks: int) -> Program:
    return Program(("op",), (Unit("u", "unit", (Work(0, ticks),)),), ())


def test_an_unknown_engine_is_refused_with_those_there_are():
    with pytest.raises(ConfigError, match=r"^engine: found 'warp'; expected one of auto, .*simpy"):
        run(work(1), engine="warp")


@pytest.mark.parametrize("engine", ["auto", "compiled", "simpy"])
def test_the_ledger_says_how_long_the_run_took_and_which_engine_ran(engine):
    ledger = run(work(3), engine=engine)
    assert ledger.makespan_ticks == 3
    assert ledger.engine != "auto"


def test_more_instructions_than_can_be_counted_are_refused():
    many = Repeat(1 << 31, (Repeat(1 << 31, (Work(0, 0),)),))
    with pytest.raises(SimulationError, match=r"^instructions: .* of 4611686018427387904"):
        run(Program(("op",), (Unit("u", "unit", (many,)),), ()))


def test_time_that_62_bits_cannot_hold_is_refused():
    with pytest.raises(SimulationError, match=r"^time: .* 4611686018427387904 ticks; .* clocks"):
        run(work(1 << 62))


def test_the_longest_time_that_62_bits_hold_is_run():
    assert run(work((1 << 62) - 1)).makespan_ticks == (1 << 62) - 1


DYNAMIC = Program(
    ("op",), (Unit("u", "unit", (Acquire(0, 0), Work(0, 2), Release(0, 0))),), (), (Port("dram"),)
)


def test_what_can_be_compiled_is_and_the_ledger_says_why_not_where_it_cannot():
    assert (run(work(1)).engine, run(work(1)).reason) == ("compiled", "")
    ledger = run(DYNAMIC)
    assert ledger.engine == "simpy"
    assert ledger.reason == "dram is arbitrated while the program runs"


@pytest.mark.parametrize("asked", [{"engine": "compiled"}, {"verify": True}])
def test_what_only_one_engine_can_run_is_refused_where_both_or_the_other_are_asked_for(asked):
    with pytest.raises(ConfigError, match=r"found that dram is arbitrated .*, or set dram.arb"):
        run(DYNAMIC, **asked)


@pytest.mark.parametrize("engine", ["auto", "simpy"])
def test_engines_that_agree_are_verified(engine):
    assert not run(work(3), engine).verified
    assert run(work(3), engine, verify=True).verified


def test_engines_that_differ_are_told_with_where(monkeypatch):
    later = replace(simpy_engine.run(work(3)), end_ticks={"u": 4}, makespan_ticks=4)
    monkeypatch.setattr(simpy_engine, "run", lambda *_: later)
    with pytest.raises(SimulationError, match=r"^engines: found u ending at 3 and 4 \(comp"):
        run(work(3), verify=True)


def test_a_trace_is_told_of_the_program_first():
    trace = Completions()
    run(work(3), trace=trace)
    assert trace.of == {0: [(0, 3)]}
