"""Run programs and keep the ledger.

``run`` executes a :class:`~archsim.mapping.program.Program` and returns a :class:`Ledger`: for
each unit and op the busy and stalled ticks, for each op the actions done. It knows nothing of
hardware, energy or seconds; those come in when the report multiplies the ledger with the
machine's costs.

``simpy_engine`` is the specification: each unit is a SimPy process that does what its program
says, one instruction after the other. It is the only engine that serves dynamic ports. ``compiled``
gives every unit a clock of its own and skips periods in which the whole state of a group of units
recurs; it agrees with the specification in every tick, count and stall, and is what ``auto`` means
wherever a program has no dynamic ports. Beyond the architecture's condition for a recurrence, ages
of tokens that are ready and of slots that are free already are all alike, because nobody waits for
them: else a queue that fills slowly would hide a period.

Refused: a program that cannot go on (the error names who waits for what, at which tick), and
one whose makespan could not be held in 62 bits.
"""

from __future__ import annotations

from archsim.engine.ledger import Ledger, Record
from archsim.engine.run import ENGINES, run

__all__ = ["ENGINES", "Ledger", "Record", "run"]
