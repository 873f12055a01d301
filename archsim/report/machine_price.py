"""Prices of a machine as learning takes them: a run of a plan, and tables of runs around it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from math import prod
from typing import TYPE_CHECKING, Any

from archsim.errors import ConfigError
from archsim.hardware import Hardware
from archsim.physics.repetition import Repetition
from archsim.report.pricing import Outlay, grid, marginal, outlay
from archsim.workload import RepetitionPlan, Workload

if TYPE_CHECKING:
    from archsim.functional.learning import Bounds, Price
    from archsim.functional.learning.search import LookUp, PlanOf, Taken

PRICES = {
    "energy": ("J", ("energy_j",)),
    "latency": ("s", ("latency_s",)),
    "edp": ("J s", ("energy_j", "latency_s")),
}
"""Unit and amounts of each price, which is the product of its amounts."""


@dataclass(frozen=True)
class MachinePrice:
    """What plans of a network cost on a machine.

    Attributes:
        hardware: The machine.
        workload: The network, as it runs there.
        name: ``energy``, ``latency`` or ``edp``.
        look_up: Where runs are looked up before they are made; each is made if not given.
        tell: Told how many of the runs for a table are there.

    Raises:
        ConfigError: There is no such price.
    """

    hardware: Hardware
    workload: Workload
    name: str
    look_up: LookUp | None = field(default=None, repr=False, compare=False)
    tell: Callable[[int, int], None] | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.name not in PRICES:
            raise ConfigError(
                f"cost: found {self.name!r}; expected photons, {', '.join(PRICES)}; choose one"
            )

    @property
    def identity(self) -> str:
        """Return hashes of machine and network."""
        return f"machine {self.hardware.hash}, workload {self.workload.fingerprint}"

    def cost(self, plan: RepetitionPlan) -> float:
        """Return what a run of a plan costs."""
        return self._of(self._run(plan))

    def kept(self, look_up: LookUp, tell: Callable[[int, int], None]) -> MachinePrice:
        """Return this price with runs that are looked up, and told of: how many of how many."""
        return replace(self, look_up=look_up, tell=tell)

    def near(self, plan_of: PlanOf, at: Any, bounds: Bounds) -> Price:
        """Return the price near some counts, from tables.

        Args:
            plan_of: Makes plans of counts.
            at: The counts.
            bounds: Between which they may lie.

        Raises:
            ArchsimError: The machine cannot run such plans, or its prices cannot be taken apart.
        """
        from archsim.functional.learning import Price  # brings torch

        hardware, (unit, amounts) = self.hardware, PRICES[self.name]
        least, most = float(bounds.least.min()), float(bounds.most.max())
        by_power = hardware.tiles.repetition is Repetition.POWER
        counts = (least, most) if by_power else grid(int(least), int(most))
        tables = marginal(
            hardware,
            self.workload,
            plan_of,
            at.tolist(),
            counts=counts,
            run=self._run,
            tell=self.tell,
        )
        return Price.of_machine(
            self.name,
            unit,
            counts=tables.knots,
            costs=[tables.table(amount) for amount in amounts],
            here=[getattr(tables.here, amount) for amount in amounts],
            least=self._of(tables.least),
        )

    def _run(self, plan: RepetitionPlan) -> Outlay:
        def run() -> Taken:
            took = outlay(self.hardware, self.workload, plan)
            return took.energy_j, took.latency_s

        return Outlay(*(run() if self.look_up is None else self.look_up(plan.hash, run)))

    def _of(self, took: Outlay) -> float:
        amounts: list[float] = [getattr(took, amount) for amount in PRICES[self.name][1]]
        return prod(amounts)
