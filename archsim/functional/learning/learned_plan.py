"""What comes of learning: a plan, what it costs and how accurate it is."""

from __future__ import annotations

from dataclasses import dataclass

from archsim.functional.accuracy import Estimate
from archsim.functional.learning.crossing import Crossing, Ratio
from archsim.functional.learning.sharing import Granularity
from archsim.workload import RepetitionPlan


@dataclass(frozen=True)
class PointOfCurve:
    """A plan that was tried on the way to the least cost, and what it loses."""

    repetitions: float
    drop: Estimate


@dataclass(frozen=True)
class Uniform:
    """Uniform counts, to compare a plan with.

    Attributes:
        plan: As many repetitions everywhere.
        repetitions: How many.
        noisy: With noise: mean over trials.
        drop: What noise takes away.
        ratio: Of the learned crossing to the uniform one, by what is paid; None with a target.
    """

    plan: RepetitionPlan
    repetitions: float
    noisy: Estimate
    drop: Estimate
    ratio: Ratio | None = None


@dataclass(frozen=True)
class LearnedPlan:
    """A plan, what it costs and how accurate it is.

    Attributes:
        task: Network and data.
        hardware: Machine.
        granularity: What has a count of its own.
        plan: The repetition counts, with their provenance.
        repetitions: Mean count over all multiply-accumulates on analog arrays.
        energy_per_mac_j: Detected light of one of these; None where no level is stated.
        price: What was paid while learning.
        cost: What the plan costs in it.
        unit: Of the cost; empty for mean repetitions.
        converged: Whether learning met its target but for a last scaling.
        steps: Steps of learning.
        metric: What is measured.
        metric_unit: Its unit.
        examples: How many were tested.
        trials: How often, with new noise.
        seed: Of all random numbers.
        quantised: Without noise.
        noisy: With noise: mean over trials.
        drop: What noise takes away.
        crossing: Where the drop is what was allowed, and how surely; None with a target.
        curve: Plans of this shape that were tried for it.
        uniform: Uniform counts that lose about as much, or the target; None if not asked.
        notes: What to know before quoting a number.
    """

    task: str
    hardware: str
    granularity: Granularity
    plan: RepetitionPlan
    repetitions: float
    energy_per_mac_j: float | None
    price: str
    cost: float
    unit: str
    converged: bool
    steps: int
    metric: str
    metric_unit: str
    examples: int
    trials: int
    seed: int
    quantised: float
    noisy: Estimate
    drop: Estimate
    crossing: Crossing | None
    curve: tuple[PointOfCurve, ...]
    uniform: Uniform | None
    notes: tuple[str, ...]
