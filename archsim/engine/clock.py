"""Simulated time in whole ticks."""

from __future__ import annotations

import simpy


class Clock(simpy.Environment):
    """A SimPy environment whose time is an integer, as every delay in a program is."""

    @property
    def now(self) -> int:
        """The current tick."""
        return self._now  # type: ignore[return-value]  # SimPy allows fractions; no delay has one
