"""A plan that was learned, as rows of a table and as plain data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from math import isfinite
from typing import TYPE_CHECKING, Any

from archsim.hardware import Hardware
from archsim.mapping import arithmetic
from archsim.report.report import FORMAT
from archsim.workload import RepetitionPlan, Workload
from archsim.workload.plan import plan_document

if TYPE_CHECKING:
    from archsim.functional import Interval
    from archsim.functional.learning import Crossing, LearnedPlan, Ratio
    from archsim.functional.learning.learned_plan import Uniform

_APART = ("plan", "notes", "crossing", "curve", "uniform", "price", "cost", "unit")


@dataclass(frozen=True, slots=True)
class CountsRow:
    """How often one product on analog arrays is repeated.

    ``counts`` says how many it has: one, or one for each of its output channels. ``repetitions`` is
    the mean over these, between ``least`` and ``most``. Shares are of the multiply-accumulates of
    all such products, and of the same times their repetitions.
    """

    op: str
    macs: int
    channels: int
    counts: int
    repetitions: float
    least: int | float
    most: int | float
    macs_share: float
    repeated_macs_share: float


@dataclass(frozen=True, slots=True)
class PlanRow:
    """What a plan takes for one input, and how accurate it leaves the network.

    Energy and latency are those of a whole run on the machine.
    """

    counts: str
    repetitions: float
    accuracy: float
    drop: float
    energy_j: float
    latency_s: float


def plan_rows(found: LearnedPlan, workload: Workload, hardware: Hardware) -> tuple[PlanRow, ...]:
    """Return a row for uniform counts, where they were judged, and one for the plan.

    Raises:
        ArchsimError: The machine cannot run the network.
    """
    from archsim.report.pricing import outlay  # brings numpy

    own = (str(found.granularity), found.plan, found.repetitions, found.noisy, found.drop)
    plans = [own]
    if (even := found.uniform) is not None:
        plans.insert(0, ("uniform", even.plan, even.repetitions, even.noisy, even.drop))
    rows = []
    for counts, plan, repetitions, noisy, drop in plans:
        took = outlay(hardware, workload, plan)
        rows.append(
            PlanRow(counts, repetitions, noisy.value, drop.value, took.energy_j, took.latency_s)
        )
    return tuple(rows)


def counts_rows(
    plan: RepetitionPlan, workload: Workload, hardware: Hardware
) -> tuple[CountsRow, ...]:
    """Return a row for each product on analog arrays, in the order of the network."""
    analog = arithmetic(workload, hardware, plan).products
    ops = [op for op in workload.gemms if op.name in analog]
    counts = {op.name: plan.counts[op.name] for op in ops}
    means = {name: sum(each) / len(each) for name, each in counts.items()}
    macs = sum(op.gemm.macs for op in ops)
    repeated_macs = sum(op.gemm.macs * means[op.name] for op in ops)
    return tuple(
        CountsRow(
            op=op.name,
            macs=op.gemm.macs,
            channels=op.channels,
            counts=len(counts[op.name]),
            repetitions=means[op.name],
            least=min(counts[op.name]),
            most=max(counts[op.name]),
            macs_share=op.gemm.macs / macs,
            repeated_macs_share=op.gemm.macs * means[op.name] / repeated_macs,
        )
        for op in ops
    )


def learning_document(
    found: LearnedPlan, rows: Sequence[CountsRow], plans: Sequence[PlanRow]
) -> dict[str, Any]:
    """Return a learned plan as plain data, its products under ``counts``; what is unknown is None.

    ``unit`` is that of the metric; the cost has its own beside it.
    """
    data: dict[str, Any] = {"format": FORMAT}
    data |= {
        column.name: getattr(found, column.name)
        for column in fields(found)
        if column.name not in _APART
    }
    data["granularity"] = str(found.granularity)
    data["unit"] = data.pop("metric_unit")
    data["cost"] = {"name": found.price, "value": found.cost, "unit": found.unit}
    data["noisy"], data["drop"] = asdict(found.noisy), asdict(found.drop)
    data["crossing"] = _crossing(found.crossing) if found.crossing else None
    data["uniform"] = _uniform(found.uniform) if found.uniform else None
    data["plans"] = [asdict(row) for row in plans]
    data["curve"] = [asdict(point) for point in found.curve]
    plain = [asdict(row) for row in rows]
    data["counts"] = [{"name": row.pop("op"), **row} for row in plain]
    data["plan"] = plan_document(found.plan)
    return data


def known(bound: float) -> float | None:
    """Return a bound above 0; None where it is not known, which 0 and ∞ stand for."""
    return bound if isfinite(bound) and bound > 0 else None


def _uniform(uniform: Uniform) -> dict[str, Any]:
    return {
        "repetitions": uniform.repetitions,
        "noisy": asdict(uniform.noisy),
        "drop": asdict(uniform.drop),
        "ratio": _ratio(uniform.ratio) if uniform.ratio else None,
        "plan": plan_document(uniform.plan),
    }


def _ratio(found: Ratio) -> dict[str, Any]:
    return {
        "value": found.value,
        "interval": _bounds(found.interval),
        "resolved": found.value is not None and found.resolved,
    }


def _crossing(crossing: Crossing) -> dict[str, Any]:
    return {
        "drop": crossing.drop,
        "repetitions": known(crossing.repetitions),
        "bracket": _bounds(crossing.bracket),
        "interval": _bounds(crossing.interval),
        "tried": _bounds(crossing.tried),
        "censored_low": crossing.censored_low,
        "censored_high": crossing.censored_high,
        "resamples": crossing.resampling.resamples,
    }


def _bounds(interval: Interval) -> dict[str, float | None]:
    return {"low": known(interval.low), "high": known(interval.high)}
