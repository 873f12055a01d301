"""The plan of a run: how often each product was repeated."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from archsim.report.comparing import Counts, counts_of
from archsim.report.page.grids import Column, Grid, grid
from archsim.report.quantities import Figure, figure

_FEW = 8
"""Different counts of one op that are listed; of more only how many there are."""


@dataclass(frozen=True, slots=True)
class PlanView:
    """What the page says about a plan."""

    says: str
    made: tuple[tuple[str, str], ...]
    counts: Grid


def plan_view(plan: Mapping[str, Any]) -> PlanView:
    """Return a plan: every product's counts, and how they came about."""
    counts = counts_of(plan)
    every = sorted({count for of_op in counts.values() for count in of_op})
    if len(every) == 1:
        says = f"Every product is done {_times(every[0])}."
    else:
        says = f"Products are done {every[0]:g} to {every[-1]:g} times."
    columns = (
        Column("op", figures=False),
        Column("least K"),
        Column("mean K", "over its output channels"),
        Column("most K"),
        Column("counts", "1: one for all of it; else one for each output channel"),
        Column("channels by count", figures=False),
    )
    rows = [_row(op, of_op) for op, of_op in counts.items()]
    return PlanView(
        says,
        tuple(sorted((str(k), str(v)) for k, v in plan.get("provenance", {}).items())),
        grid("plan", f"Repetitions ({len(rows)})", columns, rows),
    )


def _row(op: str, counts: Counts) -> tuple[str | Figure, ...]:
    return (
        op,
        figure("least", min(counts)),
        figure("mean", sum(counts) / len(counts)),
        figure("most", max(counts)),
        figure("counts", len(counts)),
        _spread(counts) if len(counts) > 1 else "",
    )


def _spread(counts: Iterable[int | float]) -> str:
    """Return how many channels have which count."""
    found: dict[int | float, int] = {}
    for count in counts:
        found[count] = found.get(count, 0) + 1
    if len(found) > _FEW:
        return f"{len(found)} different counts"
    return ", ".join(f"{times} × K {count:g}" for count, times in sorted(found.items()))


def _times(count: int | float) -> str:
    return "once" if count == 1 else f"{count:g} times"
