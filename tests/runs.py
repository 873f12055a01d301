"""Run a program on the SimPy engine for tests: any order of ties, deadlocks as values."""

from __future__ import annotations

import random
import re
from itertools import count

from archsim.engine import Ledger, simpy_engine
from archsim.engine.clock import Clock
from archsim.errors import SimulationError
from archsim.mapping.program import Program
from tests.stepper import Deadlock


class ShuffledClock(Clock):
    """Events of one instant and priority happen in a seeded random order."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        dice, serial = random.Random(seed), count()
        self._eid = iter(lambda: (dice.random(), next(serial)), None)


def outcome(program: Program, clock: Clock | None = None) -> Ledger | Deadlock:
    """Return the ledger, or what the message of the deadlock says."""
    try:
        return simpy_engine.run(program, clock=clock)
    except SimulationError as error:
        return _read_back(str(error))


def _read_back(message: str) -> Deadlock:
    """Parse who waits for what; units are named u0, u1, ..., channels c0, ... and ports p0, ..."""
    found = re.match(r"deadlock at tick (\d+): ", message)
    assert found, message
    waits = re.findall(r"(u\d+) waits (?:for port|for|to send on) ([cp]\d+) \(", message)
    return Deadlock(int(found[1]), frozenset(waits))
