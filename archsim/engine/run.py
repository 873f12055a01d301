"""Choose an engine and run a program on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from archsim.engine import simpy_engine
from archsim.engine.ledger import Ledger
from archsim.engine.trace import Progress, Trace
from archsim.errors import ConfigError, SimulationError
from archsim.mapping.program import Program

ENGINES = ("auto", "compiled", "simpy")
_LIMIT = 1 << 62
_TOLD = 5
"""Differences between two engines that the message tells."""


def run(
    program: Program,
    engine: str = "auto",
    progress: Progress | None = None,
    trace: Trace | None = None,
    *,
    verify: bool = False,
) -> Ledger:
    """Run a program to its end.

    Args:
        program: One instruction stream per unit.
        engine: ``compiled``, ``simpy``, or ``auto`` for the fastest that can run the program.
        progress: Called now and then with how many works of how many are done.
        trace: Told of every instruction.
        verify: Whether to run on the other engine too, and to fail on any difference.

    Raises:
        ConfigError: No such engine, or it cannot run the program.
        SimulationError: The program deadlocks, its time could overflow 62 bits, or the engines
            differ.
    """
    if engine not in ENGINES:
        raise ConfigError(
            f"engine: found {engine!r}; expected one of {', '.join(ENGINES)}; choose one"
        )
    if (bound_ticks := program.serial_ticks) >= _LIMIT:
        raise SimulationError(
            f"time: the run could take {bound_ticks} ticks; 2^62 can be held. Choose clocks "
            "whose periods have a larger common divisor, or run fewer inputs."
        )
    if (steps := program.code.steps) >= _LIMIT:
        raise SimulationError(
            f"instructions: the run consists of {steps}; 2^62 can be counted. Run fewer inputs, or "
            "repeat less."
        )
    reason = f"{_listed(program)} arbitrated while the program runs" if program.dynamic else ""
    if reason and (verify or engine == "compiled"):
        asked = "--verify-engine" if verify else "--engine compiled"
        units = " and ".join(f"{port.name}.arbitration=static" for port in program.ports)
        raise ConfigError(
            f"{asked}: found that {reason}; expected orders that are decided before, as the "
            f"compiled engine needs them; leave it out, or set {units}"
        )
    if trace is not None:
        trace.begins(program)
    if reason or engine == "simpy":
        ledger = simpy_engine.run(program, progress, trace)
        return _verified(ledger, _compiled(program)) if verify else replace(ledger, reason=reason)
    ledger = _compiled(program, progress, trace)
    return _verified(ledger, simpy_engine.run(program, progress)) if verify else ledger


def _listed(program: Program) -> str:
    names = [port.name for port in program.ports]
    return ", ".join(names) + (" is" if len(names) == 1 else " are")


def _compiled(
    program: Program, progress: Progress | None = None, trace: Trace | None = None
) -> Ledger:
    from archsim.engine import compiled  # the compiler takes its time to import

    return compiled.run(program, progress, trace)


def _verified(ledger: Ledger, other: Ledger) -> Ledger:
    """Return the ledger if the other one is equal.

    Raises:
        SimulationError: It is not.
    """
    found = list(_differences(ledger, other))
    if found:
        more = f"; and {len(found) - _TOLD} more" if len(found) > _TOLD else ""
        raise SimulationError(
            f"engines: found {'; '.join(found[:_TOLD])}{more}; expected {ledger.engine} and "
            f"{other.engine} to agree in everything; please report the machine and the workload"
        )
    return replace(ledger, verified=True)


def _differences(one: Ledger, other: Ledger) -> Iterator[str]:
    names = f"({one.engine}, {other.engine})"
    for unit in one.end_ticks:
        ends = one.end_ticks[unit], other.end_ticks.get(unit)
        if ends[0] != ends[1]:
            yield f"{unit} ending at {ends[0]} and {ends[1]} {names}"
    records = {(record.unit, record.op): record for record in other.records}
    for record in one.records:
        its = records.pop((record.unit, record.op), None)
        if its != record:
            yield f"{record.unit} in {record.op}: {record} and {its} {names}"
    yield from (f"{unit} in {op} only once {names}" for unit, op in records)
    if one != other and one.records == other.records and one.end_ticks == other.end_ticks:
        yield f"other totals {names}"
