"""Choose an engine and run a program on it."""

from __future__ import annotations

from archsim.engine import simpy_engine
from archsim.engine.ledger import Ledger
from archsim.errors import ConfigError, SimulationError
from archsim.mapping.program import Program

ENGINES = ("auto", "simpy")
_LIMIT_TICKS = 1 << 62


def run(
    program: Program, engine: str = "auto", progress: simpy_engine.Progress | None = None
) -> Ledger:
    """Run a program to its end.

    Args:
        program: One instruction stream per unit.
        engine: ``simpy``, or ``auto`` for the fastest engine that can run the program exactly.
        progress: Called now and then with how many instructions of how many were executed.

    Raises:
        ConfigError: No such engine.
        SimulationError: The program deadlocks, or its time could overflow 62 bits.
    """
    if engine not in ENGINES:
        raise ConfigError(
            f"engine: found {engine!r}; expected one of {', '.join(ENGINES)}; choose one"
        )
    if (bound_ticks := program.serial_ticks) >= _LIMIT_TICKS:
        raise SimulationError(
            f"time: the run could take {bound_ticks} ticks; 2^62 can be held. Choose clocks "
            "whose periods have a larger common divisor, or run fewer inputs."
        )
    return simpy_engine.run(program, progress)
