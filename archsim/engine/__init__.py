"""Run programs and keep the ledger.

``run`` executes a :class:`~archsim.mapping.program.Program` and returns a :class:`Ledger`: for
each unit and op the busy and stalled ticks, for each op the actions done. It knows nothing of
hardware, energy or seconds; those come in when the report multiplies the ledger with the
machine's costs.

``simpy_engine`` is the specification: each unit is a SimPy process that does what its program
says, one instruction after the other. It is the only engine that serves dynamic ports, and the
one that every other engine has to agree with to the tick.

Refused: a program that cannot go on (the error names who waits for what, at which tick), and
one whose makespan could not be held in 62 bits.
"""

from __future__ import annotations

from archsim.engine.ledger import Ledger, Record
from archsim.engine.run import ENGINES, run

__all__ = ["ENGINES", "Ledger", "Record", "run"]
