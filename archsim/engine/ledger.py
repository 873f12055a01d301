"""What a run leaves behind: who was busy with what, when, and how often each action was done."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from archsim.mapping.program import Program, Work, executions


@dataclass(frozen=True, slots=True)
class Record:
    """One unit's part in one op.

    ``start_tick`` and ``first_end_tick`` are the beginning and the end of its first work,
    ``end_tick`` is the end of its last; they are None where it only passed tokens on.
    ``stall_ticks`` counts the ticks it was blocked before sends, receives and grants that
    went through.
    """

    unit: str
    role: str
    op: str
    busy_ticks: int
    stall_ticks: int
    start_tick: int | None
    first_end_tick: int | None
    end_tick: int | None


@dataclass(frozen=True, slots=True)
class Ledger:
    """The result of a run; equal ledgers mean equal runs.

    Args:
        engine: The engine that ran.
        makespan_ticks: From start to the last token.
        end_ticks: When each unit finished its program.
        records: One for each unit and op that met.
        actions: For each op, how often each action was done.
        instructions: How many instructions were executed.
    """

    engine: str
    makespan_ticks: int
    end_ticks: Mapping[str, int]
    records: tuple[Record, ...]
    actions: Mapping[str, Mapping[str, int]]
    instructions: int


def counted_actions(program: Program) -> dict[str, dict[str, int]]:
    """Return, for each op, how often each action is done in one run of the program.

    Control does not depend on data, so this is a property of the program, not of its timing.
    """
    totals: dict[str, dict[str, int]] = {name: defaultdict(int) for name in program.ops}
    for unit in program.units:
        for instruction, times in executions(unit.instructions):
            if isinstance(instruction, Work) and times:
                for action, n in instruction.actions:
                    totals[program.ops[instruction.op]][action] += times * n
    return {op: dict(counts) for op, counts in totals.items()}
