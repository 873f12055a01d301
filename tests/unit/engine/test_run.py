"""What the engine refuses before it starts, and which engine it says has run."""

from __future__ import annotations

import pytest

from archsim.engine import run
from archsim.errors import ConfigError, SimulationError
from archsim.mapping.program import Program, Unit, Work


def work(ticks: int) -> Program:
    return Program(("op",), (Unit("u", "unit", (Work(0, ticks),)),), ())


def test_an_unknown_engine_is_refused_with_those_there_are():
    with pytest.raises(ConfigError, match=r"^engine: found 'warp'; expected one of auto, .*simpy"):
        run(work(1), engine="warp")


@pytest.mark.parametrize("engine", ["auto", "simpy"])
def test_the_ledger_says_how_long_the_run_took_and_which_engine_ran(engine):
    ledger = run(work(3), engine=engine)
    assert ledger.makespan_ticks == 3
    assert ledger.engine != "auto"


def test_time_that_62_bits_cannot_hold_is_refused():
    with pytest.raises(SimulationError, match=r"^time: .* 4611686018427387904 ticks; .* clocks"):
        run(work(1 << 62))


def test_the_longest_time_that_62_bits_hold_is_run():
    assert run(work((1 << 62) - 1)).makespan_ticks == (1 << 62) - 1
