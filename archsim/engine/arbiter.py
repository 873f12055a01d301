"""Shared ports that decide once per instant, all together, in an order the model states.

SimPy grants a resource at the moment of the request, so of two requests at one instant the
process that happens to run first would win. Hardware sees all requests of a cycle before it
grants; so does this. Each instant has one phase: let everything happen that takes no time,
then decide every port by (priority, request tick, unit), let the winners go on, and repeat
until nothing changes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from heapq import heappop, heappush

import simpy
from simpy.events import EventPriority

from archsim.engine.clock import Clock
from archsim.mapping.program import Port

_DECIDE = EventPriority(2)  # after URGENT (0) and NORMAL (1): after all else of the instant

Request = tuple[int, int, int, simpy.Event]  # priority, request tick, unit, grant


@dataclass(slots=True)
class _Shared:
    """A port at work: the units that have a place, and who waits for one."""

    places: int
    holders: list[int] = field(default_factory=list)
    waiting: list[Request] = field(default_factory=list)


class _Decision(simpy.Event):
    """Fires at the end of the present instant; made as SimPy makes its own triggered events."""

    def __init__(self, clock: Clock, decide: Callable[[simpy.Event], None]) -> None:
        super().__init__(clock)
        self.callbacks.append(decide)
        self._ok, self._value = True, None
        clock.schedule(self, priority=_DECIDE)


class Arbiter:
    """All ports of a machine."""

    def __init__(self, clock: Clock, ports: tuple[Port, ...]) -> None:
        self._clock = clock
        self._ports = [_Shared(port.places) for port in ports]
        self._armed = False

    def request(self, port: int, priority: int, unit: int) -> simpy.Event:
        """Return an event that fires when a place of ``port`` is the unit's."""
        grant = self._clock.event()
        heappush(self._ports[port].waiting, (priority, self._clock.now, unit, grant))
        self._arm()
        return grant

    def release(self, port: int, unit: int) -> None:
        """Give the unit's place of ``port`` back."""
        self._ports[port].holders.remove(unit)
        self._arm()

    def holders(self, port: int) -> list[int]:
        """Return the units that have a place of ``port``."""
        return sorted(self._ports[port].holders)

    def _arm(self) -> None:
        if not self._armed:
            self._armed = True
            _Decision(self._clock, self._decide)

    def _decide(self, _decision: simpy.Event) -> None:
        self._armed = False
        for port in self._ports:
            while len(port.holders) < port.places and port.waiting:
                _, _, winner, grant = heappop(port.waiting)
                port.holders.append(winner)
                grant.succeed()
