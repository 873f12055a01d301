"""Prices of a machine as learning takes them: tables of whole runs around a plan."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from archsim.errors import ConfigError
from archsim.hardware import Hardware
from archsim.physics.repetition import Repetition
from archsim.report.pricing import Floats, Marginal, grid, marginal
from archsim.workload import Workload

if TYPE_CHECKING:
    from archsim.functional.learning import Bounds, Price, Pricer
    from archsim.functional.learning.search import PlanOf

PRICES = {
    "energy": ("J", ("energy_j",)),
    "latency": ("s", ("latency_s",)),
    "edp": ("J s", ("energy_j", "latency_s")),
}
"""Unit and amounts of each price, which is the product of its amounts."""


def pricer(hardware: Hardware, workload: Workload, name: str) -> Pricer:
    """Return what gives a price of a machine near some counts.

    Args:
        hardware: The machine.
        workload: The network, as it runs there.
        name: ``energy``, ``latency`` or ``edp``.

    Raises:
        ConfigError: There is no such price.
    """
    from archsim.functional.learning import Price  # brings torch

    if name not in PRICES:
        raise ConfigError(
            f"cost: found {name!r}; expected photons, {', '.join(PRICES)}; choose one"
        )
    unit, amounts = PRICES[name]

    def priced(plan_of: PlanOf, at: Any, bounds: Bounds) -> Price:
        least, most = float(bounds.least.min()), float(bounds.most.max())
        by_power = hardware.tiles.repetition is Repetition.POWER
        counts = (least, most) if by_power else grid(int(least), int(most))
        tables = marginal(hardware, workload, plan_of, at.tolist(), counts=counts)
        if not np.isfinite(tables.energy_j).all():
            raise ConfigError(
                f"{hardware.name}: found counts that it cannot repeat, of up to {most:g} that may "
                "be tried; expected it to run them all; raise tiles.count"
            )
        knots = np.unique(np.concatenate([tables.counts, tables.at]))
        least_cost = [getattr(tables.least, amount) for amount in amounts]
        return Price.of_machine(
            name,
            unit,
            counts=knots,
            costs=[_costs(tables, place, knots) for place in map(_PLACES.index, amounts)],
            here=[getattr(tables.here, amount) for amount in amounts],
            least=float(np.prod(least_cost)),
        )

    return priced


_PLACES = ("energy_j", "latency_s")


def _costs(tables: Marginal, place: int, knots: Floats) -> Floats:
    """Return one amount of all tables at the same counts, which hold all of theirs."""
    rows = []
    for parameter in range(len(tables.at)):
        counts, *costs = tables.knots(parameter)
        rows.append(np.interp(knots, counts, costs[place]))
    return np.array(rows)
