"""Run programs for tests: any engine, any order of ties, deadlocks as values, completions."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from archsim.engine import Ledger, compiled, simpy_engine
from archsim.engine.clock import Clock
from archsim.engine.trace import SKIPPED, Rows
from archsim.errors import SimulationError
from archsim.mapping.program import Program
from tests.stepper import Deadlock

Told = list[tuple[int, int]]
"""Lines and ticks that a row of a trace stands for."""


class ShuffledClock(Clock):
    """Events of one instant and priority happen in a seeded random order."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        dice, serial = random.Random(seed), count()
        self._eid = iter(lambda: (dice.random(), next(serial)), None)


@dataclass
class Completions:
    """A trace: for each unit, the line and the tick of every instruction, in order."""

    of: dict[int, list[tuple[int, int]]] = field(default_factory=dict)
    told: dict[int, list[Told]] = field(default_factory=dict)
    skips: int = 0

    def begins(self, program: Program) -> None:
        self.of = {unit: [] for unit in range(len(program.units))}
        self.told = {unit: [] for unit in range(len(program.units))}

    def happened(self, rows: Rows) -> None:
        for unit, line, ticks, periods, length in rows.tolist():
            if line == SKIPPED:
                self.skipped(unit, length, ticks, periods)
            else:
                self.of[unit].append((line, ticks))
                self.told[unit].append([(line, ticks)])

    def skipped(self, unit: int, length: int, shift_ticks: int, periods: int) -> None:
        """Write out what recurs."""
        self.skips += 1
        period = [step for told in self.told[unit][-length:] for step in told]
        times = range(1, periods + 1)
        again = [(line, tick + n * shift_ticks) for n in times for line, tick in period]
        self.of[unit] += again
        self.told[unit].append(again)


def outcome(program: Program, clock: Clock | None = None) -> Ledger | Deadlock:
    """Return the ledger of the SimPy engine, or what the message of the deadlock says."""
    return ended(simpy_engine.run, program, clock=clock)


def every_outcome(program: Program) -> dict[str, Ledger | Deadlock]:
    """Return what each engine makes of a program without ports."""
    return {
        "simpy": ended(simpy_engine.run, program),
        "compiled": ended(compiled.run, program),
        "compiled, nothing skipped": ended(compiled.run, program, fast_forward=False),
    }


def completions(
    engine: Callable[..., Ledger], program: Program, **options: Any
) -> dict[int, list[tuple[int, int]]]:
    """Return when every instruction of a program completes that ends."""
    trace = Completions()
    trace.begins(program)
    engine(program, trace=trace, **options)
    return trace.of


def ended(engine: Callable[..., Ledger], program: Program, **options: Any) -> Ledger | Deadlock:
    """Return the ledger, or what the message of the deadlock says."""
    try:
        return engine(program, **options)
    except SimulationError as error:
        return _read_back(str(error))


def _read_back(message: str) -> Deadlock:
    """Parse who waits for what; units are named u0, u1, ..., channels c0, ... and ports p0, ..."""
    found = re.match(r"deadlock at tick (\d+): ", message)
    assert found, message
    waits = re.findall(r"(u\d+) waits (?:for port|for|to send on) ([cp]\d+) \(", message)
    return Deadlock(int(found[1]), frozenset(waits))
