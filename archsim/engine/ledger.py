"""What a run leaves behind: who was busy with what, when, and how often each action was done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from archsim.errors import SimulationError
from archsim.mapping.code import Code
from archsim.mapping.program import Program


class Record(NamedTuple):
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
    """The result of a run; equal ledgers mean equal runs, whichever engine ran them.

    Args:
        engine: The engine that ran.
        makespan_ticks: From start to the last token.
        end_ticks: When each unit finished its program.
        records: One for each unit and op that met.
        actions: For each op, how often each action was done.
        instructions: How many instructions the run consists of.
        executed: How many of them the engine executed one by one.
        skipped: How many periods of recurring states it took at once instead.
        verified: Whether another engine left an equal ledger.
        reason: Why this engine ran, if the usual one could not.
    """

    engine: str = field(compare=False)
    makespan_ticks: int
    end_ticks: Mapping[str, int]
    records: tuple[Record, ...]
    actions: Mapping[str, Mapping[str, int]]
    instructions: int
    executed: int = field(default=0, compare=False)
    skipped: int = field(default=0, compare=False)
    verified: bool = field(default=False, compare=False)
    reason: str = field(default="", compare=False)


class Times(NamedTuple):
    """When things happened; ``None`` where nothing did.

    ``end_ticks`` are by unit, all else by part of ``Code.pairs``; ``works`` is how many were done.
    """

    works: Sequence[int]
    end_ticks: Sequence[int]
    stall_ticks: Sequence[int]
    start_ticks: Sequence[int | None]
    first_end_ticks: Sequence[int | None]
    last_end_ticks: Sequence[int | None]


def ledger_of(
    engine: str, program: Program, times: Times, executed: int, skipped: int = 0
) -> Ledger:
    """Return the ledger of a run that is over.

    What was done is a property of the program, because control does not depend on data; only when
    it was done comes from the engine.

    Raises:
        SimulationError: The engine did not do what the program says.
    """
    code, lines = program.code, program.lines
    works, busy_ticks = _work(code)
    if list(times.works) != works:
        raise SimulationError(
            f"{engine}: found {sum(times.works):,} works executed; expected {sum(works):,}, each "
            "in its place; this is a fault of archsim; please report the machine and the workload"
        )
    named = [(unit.name, unit.role) for unit in program.units]
    measured = list(
        zip(
            busy_ticks,
            times.stall_ticks,
            times.start_ticks,
            times.first_end_ticks,
            times.last_end_ticks,
            strict=True,
        )
    )
    records = [
        (*named[unit], program.ops[op], *measured[part])
        for part in lines.met
        for unit, op in (lines.pairs[part],)
    ]
    return Ledger(
        engine=engine,
        makespan_ticks=max(times.end_ticks, default=0),
        end_ticks={name: ticks for (name, _), ticks in zip(named, times.end_ticks, strict=True)},
        records=tuple(map(Record._make, records)),
        actions=counted_actions(program),
        instructions=lines.steps,
        executed=executed,
        skipped=skipped,
    )


def _work(code: Code) -> tuple[list[int], list[int]]:
    """Return how many works each part is, and how long they take in all."""
    parts = len(code.lines.pairs)
    works, busy_ticks = [0] * parts, [0] * parts
    for (part, duration), times in code.lines.works.items():
        works[part] += times
        busy_ticks[part] += times * code.ticks[duration]
    return works, busy_ticks


def counted_actions(program: Program) -> dict[str, dict[str, int]]:
    """Return, for each op, how often each action is done in one run of the program."""
    counted = program.lines.counted
    return {op: dict(counted.get(index, {})) for index, op in enumerate(program.ops)}
