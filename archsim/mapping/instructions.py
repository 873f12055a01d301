"""The instruction set: what a hardware unit can be told to do.

Adding an instruction means one class here and its line of ``code``, plus one arm in each engine.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from archsim.mapping.durations import Duration

Actions = tuple[tuple[str, int], ...]
"""Pairs of a dotted action name, such as ``adc.convert``, and how often one execution does it."""


@dataclass(frozen=True, slots=True)
class Recv:
    """Take one token from ``channel`` on behalf of ``op``; block while there is none."""

    channel: int
    op: int


@dataclass(frozen=True, slots=True)
class Send:
    """Put one token into ``channel`` on behalf of ``op``; block while it is full."""

    channel: int
    op: int


@dataclass(frozen=True, slots=True)
class Work:
    """Be busy with ``op`` for ``ticks`` and count ``actions``; ticks may depend on the machine."""

    op: int
    ticks: int | Duration
    actions: Actions = ()


@dataclass(frozen=True, slots=True)
class Acquire:
    """Wait for one of ``port``'s places; lower ``priority`` goes first, then first come."""

    port: int
    op: int
    priority: int = 0


@dataclass(frozen=True, slots=True)
class Release:
    """Give the place of ``port`` back."""

    port: int
    op: int


@dataclass(frozen=True, slots=True)
class Repeat:
    """Do ``body`` ``count`` times."""

    count: int
    body: tuple[Instruction, ...]


Step = Recv | Send | Work | Acquire | Release
Instruction = Step | Repeat


def executions(body: tuple[Instruction, ...], times: int = 1) -> Iterator[tuple[Step, int]]:
    """Yield every instruction other than loops with how often it is executed in all."""
    for instruction in body:
        if isinstance(instruction, Repeat):
            yield from executions(instruction.body, times * instruction.count)
        else:
            yield instruction, times
