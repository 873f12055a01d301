"""How often each analog product is repeated: one count per op, or one per output channel.

A plan belongs to one workload, by fingerprint. Counts are relative to the machine's base pass.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from math import isfinite
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, Field, StringConstraints

from archsim.errors import WorkloadError
from archsim.workload.model import Workload, sha256
from archsim.workload.ops import Product
from archsim.workload.ops._base import FROZEN
from archsim.workload.ops._near import meant

Mode = Literal["time", "space", "power"]
Repetitions = int | float
_SHOWN = 3  # wrong numbers that a message lists


def _number(value: object) -> Repetitions:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(  # noqa: TRY004 - what pydantic collects
            f"found {value!r}; expected a number of repetitions"
        )
    if not isfinite(value) or value <= 0:
        raise ValueError(f"found {value!r}; expected a finite number of repetitions above 0")
    return int(value) if value == int(value) else value


def _counts(value: object) -> tuple[Repetitions, ...]:
    if not isinstance(value, list | tuple):
        return (_number(value),)
    if not value:
        raise ValueError("found an empty list; expected one number, or one per output channel")
    return tuple(map(_number, value))


OpCounts = Annotated[tuple[Repetitions, ...], BeforeValidator(_counts)]


class RepetitionPlan(BaseModel):
    """Repetition counts of every GEMM of one workload."""

    model_config = FROZEN

    format: Literal[1] = 1
    """Version of this format."""

    fingerprint: Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]
    """Fingerprint of the workload that the plan is for."""

    counts: Annotated[dict[str, OpCounts], Field(min_length=1)]
    """Op name to one count, or to one count per output channel."""

    provenance: dict[str, str] = {}
    """How the plan came about. Free text, never interpreted."""

    @classmethod
    def uniform(cls, workload: Workload, repetitions: Repetitions) -> RepetitionPlan:
        """Return the plan that repeats every GEMM equally often.

        Raises:
            WorkloadError: The number is not finite and above 0, or there is no GEMM.
        """
        if not workload.gemms:
            raise WorkloadError(
                f"{workload.name}: found no GEMM; expected one at least to repeat; run it unplanned"
            )
        try:
            counts = _counts(repetitions)
        except ValueError as error:
            raise WorkloadError(f"repetitions: {error}; give one such as 4") from None
        return cls(
            fingerprint=workload.fingerprint,
            counts={op.name: counts for op in workload.gemms},
            provenance={"made": f"uniform, {counts[0]} repetitions"},
        )

    @cached_property
    def hash(self) -> str:
        """Return what identifies the counts and what they are for; not their provenance."""
        counts = {name: list(values) for name, values in self.counts.items()}
        return sha256({"fingerprint": self.fingerprint, "counts": counts})

    def of(self, op_name: str) -> tuple[Repetitions, ...]:
        """Return an op's counts: one for all of it, or one per output channel.

        Raises:
            WorkloadError: The plan does not speak of that op.
        """
        if op_name not in self.counts:
            raise WorkloadError(
                f"plan: found no op {op_name!r}; expected an op it gives counts for; "
                + meant(op_name, self.counts)
            )
        return self.counts[op_name]

    def of_columns(self, op: Product) -> tuple[Repetitions, ...]:
        """Return an op's counts: one for all of it, or one per column of its GEMM, group by group.

        The two differ for transposed convolutions only, where a channel is as many columns as the
        kernel has taps.
        """
        counts = self.of(op.name)
        if len(counts) == 1:
            return counts
        per_channel = op.gemm.groups * op.gemm.columns // op.channels
        return tuple(count for count in counts for _ in range(per_channel))

    def check(
        self,
        workload: Workload,
        *,
        mode: Mode | None = None,
        power_limits: tuple[float, float] | None = None,
    ) -> None:
        """Refuse a plan that is not for this workload, or not for this way of repeating.

        Args:
            workload: The workload that is to run.
            mode: How the machine repeats; ``None`` checks only what holds for every machine.
            power_limits: Least and greatest count that the laser allows, for ``power``.

        Raises:
            WorkloadError: Every fault, one a line.
        """
        faults = list(self._structural_faults(workload))
        for name, counts in self.counts.items():
            faults += _mode_faults(name, counts, mode, power_limits)
        if faults:
            raise WorkloadError("\n".join(f"plan: {fault}" for fault in faults))

    def _structural_faults(self, workload: Workload) -> Iterator[str]:
        if self.fingerprint != workload.fingerprint:
            yield (
                f"fingerprint: found {self.fingerprint}; expected {workload.fingerprint} of "
                f"workload {workload.name!r}; use the workload that the plan was made for, or make "
                "a plan for this one"
            )
        gemms = {op.name: op for op in workload.gemms}
        others = {op.name: op.kind for op in workload.ops} | dict.fromkeys(gemms, "")
        for name, counts in self.counts.items():
            if name in gemms:
                yield from _channel_faults(gemms[name], counts)
            elif name in others:
                kind = others[name]
                yield f"counts.{name}: found an op of kind {kind}; expected a GEMM; delete it"
            else:
                yield f"counts.{name}: found no such op; expected a GEMM; {meant(name, gemms)}"
        for name in [name for name in gemms if name not in self.counts]:
            yield f"counts: found nothing for GEMM {name!r}; expected a count; add a line for it"


def _channel_faults(op: Product, counts: tuple[Repetitions, ...]) -> Iterator[str]:
    if len(counts) in (1, op.channels):
        return
    if op.gemm.dynamic:
        expected = "one number: its columns are positions, not channels"
    else:
        expected = f"one number, or {op.channels}, one per output channel"
    yield f"counts.{op.name}: found {len(counts)} numbers; expected {expected}; correct the list"


def _mode_faults(
    name: str,
    counts: tuple[Repetitions, ...],
    mode: Mode | None,
    power_limits: tuple[float, float] | None,
) -> Iterator[str]:
    if mode == "power":
        if len(counts) > 1:
            yield (
                f"counts.{name}: found {len(counts)} numbers; expected one with repetition: power, "
                "because one laser feeds all channels; give the op one number"
            )
        low, high = power_limits or (0.0, float("inf"))
        if wrong := [count for count in counts if not low <= count <= high]:
            yield (
                f"counts.{name}: found {_some(wrong)}; expected {low:g} to {high:g}, the laser's "
                "limits; change the plan or laser.min_power and laser.max_power"
            )
    elif mode is not None and (wrong := [c for c in counts if not isinstance(c, int) or c < 1]):
        yield (
            f"counts.{name}: found {_some(wrong)}; expected whole numbers from 1 up with "
            f"repetition: {mode!s}; round the plan, or repeat by power"
        )


def _some(values: list[Repetitions]) -> str:
    shown = ", ".join(map(str, values[:_SHOWN]))
    return f"{shown}, ... ({len(values)} in all)" if len(values) > _SHOWN else shown


def plan_document(plan: RepetitionPlan) -> dict[str, Any]:
    """Return a plan as its file holds it: a single count without brackets."""
    document = plan.model_dump(mode="json")
    document["counts"] = {
        name: values[0] if len(values) == 1 else list(values)
        for name, values in plan.counts.items()
    }
    return document
