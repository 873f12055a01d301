"""Why a run cannot go on: who waits for what."""

from __future__ import annotations

from collections.abc import Iterable

from archsim.errors import SimulationError
from archsim.mapping.code import Opcode
from archsim.mapping.program import Program


def deadlock(
    program: Program,
    tick: int,
    waiting: Iterable[tuple[int, int]],
    holders: Iterable[Iterable[int]] = (),
) -> SimulationError:
    """Return the error of a run that is stuck.

    Args:
        program: What was run.
        tick: The last one at which anything happened.
        waiting: Every unit that has not ended, and the line that it is stuck at.
        holders: The units that have a place of each port.
    """
    held = [", ".join(program.units[unit].name for unit in units) for units in holders]
    waits = [
        f"{program.units[unit].name} waits {_awaited(program, line, held)}"
        for unit, line in waiting
    ]
    return SimulationError(
        f"deadlock at tick {tick}: {'; '.join(waits)}. No unit can go on before another does: "
        "make the full channels larger or change the order in which the units take and give; if "
        "archsim mapped this program, please report the machine and the workload."
    )


def _awaited(program: Program, line: int, held: list[str]) -> str:
    opcode, target = program.code.opcodes[line], program.code.first[line]
    if opcode == Opcode.ACQUIRE:
        return f"for port {program.ports[target].name} (held by {held[target]})"
    channel = program.channels[target]
    if opcode == Opcode.RECV:
        sender = program.units[program.senders[target]].name
        return f"for {channel.name} (empty; sent by {sender})"
    receiver = program.units[program.receivers[target]].name
    full = f"full, {channel.capacity} of {channel.capacity}"
    return f"to send on {channel.name} ({full}; read by {receiver})"
