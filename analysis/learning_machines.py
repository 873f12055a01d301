"""What plans take on whole machines, for the table of learned repetitions.

A plan is run as it is, count by count, on ``homodyne`` with its own laser and on ``crossbar``: what
the whole system takes, and how much of it is light, or the writing of weights into cells. Products
of two activations are digital on ``crossbar``, which refuses to repeat them: there they have one
count, 1. To compare two plans, each is scaled and run, and what it takes is interpolated where each
resample of its crossing lies.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

import numpy as np

from archsim.functional.learning import Crossing, Ratio
from archsim.hardware import Hardware, load_hardware
from archsim.mapping import arithmetic
from archsim.report import simulate
from archsim.report.learning import known
from archsim.workload import RepetitionPlan, Workload, load_workload

MACHINES = ("homodyne", "crossbar")
"""The first is the one whose prices are paid."""

AMOUNTS = ("energy", "latency", "product")
SCALES = tuple(2.0 ** (step / 2) for step in range(-4, 5))
"""Factors on a plan, from a quarter to four times, between which what it takes is interpolated."""


def systems(network: str, plan: RepetitionPlan) -> dict[str, dict[str, float]]:
    """Return what a plan takes on each machine."""
    workload, found = load_workload(network), {}
    for machine in MACHINES:
        hardware = load_hardware(machine)
        report = simulate(hardware, workload, repeated(workload, hardware, plan))
        writes = report.actions.query("action == 'array.write'")["count"].sum()
        found[machine] = {
            "energy_j": report.energy_j,
            "latency_s": report.latency_s,
            "throughput_per_s": report.throughput_per_s,
            "laser_j": laser_j(hardware, report.energy_by_component_j),
            "writing_j": float(writes * hardware.tiles.array.write_energy_j),
        }
    return found


def laser_j(hardware: Hardware, by_component_j: Mapping[str, float]) -> float:
    """Return the energy of the laser; 0 where there is none."""
    return 0.0 if hardware.tiles.laser is None else by_component_j["laser"]


def repeated(workload: Workload, hardware: Hardware, plan: RepetitionPlan) -> RepetitionPlan:
    """Return a plan whose counts are 1 for all that a machine executes digitally."""
    analog = arithmetic(workload, hardware).products
    return plan_of(
        workload, {name: each if name in analog else (1,) for name, each in plan.counts.items()}
    )


@cache
def uneven(network: str) -> dict[str, dict[str, float]]:
    """Return what a plan takes in which neighbours differ, ops as well as channels."""
    workload = load_workload(network)
    counts = {
        op.name: [
            1 + (place + channel) % 7 for channel in range(1 if op.gemm.dynamic else op.channels)
        ]
        for place, op in enumerate(workload.gemms)
    }
    return systems(network, plan_of(workload, counts))


def plan_of(workload: Workload, counts: Mapping[str, Sequence[float]]) -> RepetitionPlan:
    """Return a plan of counts."""
    return RepetitionPlan.model_validate({"fingerprint": workload.fingerprint, "counts": counts})


def bounded(over: Ratio) -> list[float | None]:
    """Return a ratio and its bounds; None for what is not known."""
    return [over.value, known(over.interval.low), known(over.interval.high)]


def scaled_runs(workload: Workload, plan: RepetitionPlan) -> dict[float, dict[str, float]]:
    """Return what a plan takes on the machine whose price is paid, by its mean count, as scaled."""
    runs = {}
    for factor in SCALES:
        other = scaled(workload, plan, factor)
        report = simulate(MACHINES[0], workload, other)
        taken = {"energy": report.energy_j, "latency": report.latency_s}
        taken["product"] = report.energy_j * report.latency_s
        runs[mean_count(workload, other)] = taken
    return runs


def scaled(workload: Workload, plan: RepetitionPlan, factor: float) -> RepetitionPlan:
    """Return a plan with all counts times a factor, rounded, 1 at least."""
    return plan_of(
        workload,
        {
            name: [max(1, round(factor * count)) for count in each]
            for name, each in plan.counts.items()
        },
    )


def mean_count(workload: Workload, plan: RepetitionPlan) -> float:
    """Return the mean count over all multiply-accumulates."""
    macs = np.array([op.gemm.macs for op in workload.gemms])
    return float(macs @ [np.mean(plan.counts[op.name]) for op in workload.gemms] / macs.sum())


def in_amount(
    amount: str, crossing: Crossing, runs: Mapping[float, Mapping[str, float]]
) -> Crossing:
    """Return a crossing by an amount instead of the mean count, interpolated between runs."""
    means = sorted(runs)
    return crossing.paid(means, [runs[mean][amount] for mean in means])
