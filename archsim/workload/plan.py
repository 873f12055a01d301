"""How often each analog product is repeated: one count per op, or one per output channel.

A plan belongs to one workload, by fingerprint. Counts are relative to the machine's base pass.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from math import isfinite
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field

from archsim.documents import Fault, dotted
from archsim.errors import WorkloadError
from archsim.workload.model import Workload, sha256
from archsim.workload.ops import Product
from archsim.workload.ops._base import FROZEN
from archsim.workload.ops._near import meant

Mode = Literal["time", "space", "power"]
Repetitions = int | float
_FINGERPRINT = re.compile("sha256:[0-9a-f]{64}")
_SHOWN = 3  # wrong numbers that a message lists


def _number(value: object) -> Repetitions:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(  # noqa: TRY004 - what pydantic collects
            f"found {value!r}; expected a number of repetitions; give one such as 4"
        )
    if not isfinite(value) or value <= 0:
        raise ValueError(
            f"found {value!r}; expected a finite number of repetitions above 0; give one such as 4"
        )
    return int(value) if value == int(value) else value


def _counts(value: object) -> tuple[Repetitions, ...]:
    if not isinstance(value, list | tuple):
        return (_number(value),)
    if not value:
        raise ValueError(
            "found an empty list; expected one number, or one per output channel; give one such as "
            "4"
        )
    return tuple(map(_number, value))


def _fingerprint(text: str) -> str:
    if not _FINGERPRINT.fullmatch(text):
        raise ValueError(
            f"found {text!r}; expected sha256: and 64 hexadecimal digits; copy it from the workload"
        )
    return text


OpCounts = Annotated[tuple[Repetitions, ...], BeforeValidator(_counts)]


class RepetitionPlan(BaseModel):
    """Repetition counts of every GEMM of one workload."""

    model_config = FROZEN

    format: Literal[1] = 1
    """Version of this format."""

    fingerprint: Annotated[str, AfterValidator(_fingerprint)]
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
            raise WorkloadError(f"repetitions: {error}") from None
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
        faults = list(self.faults(workload, mode=mode, power_limits=power_limits))
        if faults:
            raise WorkloadError("\n".join(f"plan: {dotted(f.loc)}: {f.message}" for f in faults))

    def faults(
        self,
        workload: Workload,
        *,
        mode: Mode | None = None,
        power_limits: tuple[float, float] | None = None,
    ) -> Iterator[Fault]:
        """Yield what :meth:`check` refuses, each fault with its place in the plan."""
        yield from self._structural_faults(workload)
        for name, counts in self.counts.items():
            for message in _mode_faults(counts, mode, power_limits):
                yield Fault(("counts", name), message)

    def _structural_faults(self, workload: Workload) -> Iterator[Fault]:
        gemms = {op.name: op for op in workload.gemms}
        if self.fingerprint != workload.fingerprint:
            learned = self.provenance.get("workload") == self.fingerprint
            made_for = f" of {self.provenance.get('task', 'another')!r}" if learned else ""
            yield Fault(
                ("fingerprint",),
                f"found {self.fingerprint}{made_for}; expected {workload.fingerprint} of "
                f"workload {workload.name!r}; use the workload that the plan was made for, or make "
                "a plan for this one",
            )
            if learned:
                return  # that its ops are others, too, follows
        others = {op.name: op.kind for op in workload.ops} | dict.fromkeys(gemms, "")
        for name, counts in self.counts.items():
            loc = ("counts", name)
            if name in gemms:
                for message in _channel_faults(gemms[name], counts):
                    yield Fault(loc, message)
            elif name in others:
                kind = others[name]
                yield Fault(loc, f"found an op of kind {kind}; expected a GEMM; delete it")
            else:
                yield Fault(loc, f"found no such op; expected a GEMM; {meant(name, gemms)}")
        for name in [name for name in gemms if name not in self.counts]:
            message = f"found nothing for GEMM {name!r}; expected a count; add a line for it"
            yield Fault(("counts",), message)


def _channel_faults(op: Product, counts: tuple[Repetitions, ...]) -> Iterator[str]:
    if len(counts) in (1, op.channels):
        return
    if op.gemm.dynamic:
        expected = "one number: its columns are positions, not channels"
    else:
        expected = f"one number, or {op.channels}, one per output channel"
    yield f"found {len(counts)} numbers; expected {expected}; correct the list"


def _mode_faults(
    counts: tuple[Repetitions, ...],
    mode: Mode | None,
    power_limits: tuple[float, float] | None,
) -> Iterator[str]:
    if mode == "power":
        if len(counts) > 1:
            yield (
                f"found {len(counts)} numbers; expected one with repetition: power, because one "
                "laser feeds all channels; give the op one number"
            )
        low, high = power_limits or (0.0, float("inf"))
        if wrong := [count for count in counts if not low <= count <= high]:
            yield (
                f"found {_some(wrong)}; expected {low:g} to {high:g}, the laser's "
                "limits; change the plan or laser.min_power and laser.max_power"
            )
    elif mode is not None and (wrong := [c for c in counts if not isinstance(c, int) or c < 1]):
        yield (
            f"found {_some(wrong)}; expected whole numbers from 1 up with "
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
