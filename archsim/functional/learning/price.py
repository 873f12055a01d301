"""What repetitions cost: mean photons or repetitions, or what a machine takes for them.

    cost(K) = product over j of (offset_j + sum over p of f_jp(K_p))

with f_jp piecewise linear: a table. One amount j is enough for ``photons`` (f_p = share_p·K_p),
``energy`` and ``latency``; ``edp`` is the product of these two. Tables of a machine come from
whole runs of its engine, one count changed at a time.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from archsim.functional.learning.sharing import Sharing

_EASED = 1e-3
"""ε of machine prices, as a part of the least cost: keeps the logarithm finite where no repetition
costs anything."""


@dataclass(frozen=True)
class Price:
    """A differentiable cost of repetition counts.

    Attributes:
        name: What is paid.
        unit: Of the cost; empty for a plain number.
        counts: Counts at which the tables hold, [tabled], rising.
        tables: f_jp, [amounts, counts of the plan, tabled].
        offsets: What does not depend on counts, [amounts].
        least: Cost at the least counts, C_0; 0 for ``photons``.
        eased: ε, in the unit of the cost.
    """

    name: str
    unit: str
    counts: Tensor
    tables: Tensor
    offsets: Tensor
    least: float = 0.0
    eased: float = 0.0

    @classmethod
    def photons(cls, sharing: Sharing) -> Price:
        """Return the price of the paper: the mean count over all multiply-accumulates."""
        tables = torch.stack([torch.zeros_like(sharing.shares), sharing.shares], 1)
        return cls(
            "photons",
            "",
            torch.tensor([0.0, 1.0], dtype=torch.float64),
            tables[None],
            torch.zeros(1, dtype=torch.float64),
        )

    @classmethod
    def of_machine(
        cls,
        name: str,
        unit: str,
        *,
        counts: Any,
        costs: Sequence[Any],
        here: Sequence[float],
        least: float,
    ) -> Price:
        """Return a price by tables of whole runs.

        Args:
            name: What is paid.
            unit: Of the cost.
            counts: At which counts the tables hold, [tabled].
            costs: For each amount what a whole run takes with one count of the plan changed,
                [counts of the plan, tabled].
            here: For each amount what the run takes with none changed.
            least: Cost at the least counts.
        """
        now = torch.tensor(here, dtype=torch.float64)
        tables = torch.stack([torch.as_tensor(part, dtype=torch.float64) for part in costs])
        return cls(
            name,
            unit,
            torch.as_tensor(counts, dtype=torch.float64),
            tables - now[:, None, None],
            now,
            least,
            _EASED * least,
        )

    def cost(self, repetitions: Tensor) -> Tensor:
        """Return the cost of counts [counts of the plan]."""
        return self.amounts(repetitions).prod()

    def amounts(self, repetitions: Tensor) -> Tensor:
        """Return each amount of the cost, [amounts]."""
        return self.offsets.to(repetitions.device) + self.each(repetitions).sum(1)

    def each(self, repetitions: Tensor) -> Tensor:
        """Return f_jp: what each count adds to each amount, [amounts, counts of the plan].

        Beyond the outer counts of a table its last slope goes on.
        """
        counts, tables = (part.to(repetitions.device) for part in (self.counts, self.tables))
        found = repetitions.detach()
        place = torch.searchsorted(counts, found, right=True) - 1
        place = place.clamp(0, len(counts) - 2)
        at = place.expand(len(tables), 1, -1).transpose(1, 2)
        low, high = (tables.gather(2, at + step)[..., 0] for step in (0, 1))
        slope = (high - low) / (counts[place + 1] - counts[place])
        return low + slope * (repetitions - counts[place])

    def one(self, place: int, count: float) -> list[float]:
        """Return what one of the plan's counts adds to each amount: an entry of :meth:`each`."""
        knots = self.counts.tolist()
        at = min(max(bisect_right(knots, count) - 1, 0), len(knots) - 2)
        share = (count - knots[at]) / (knots[at + 1] - knots[at])
        ends = self.tables[:, place, at : at + 2].tolist()
        return [low + share * (high - low) for low, high in ends]

    def excess(self, repetitions: Tensor, target: float) -> Tensor:
        """Return ln((C - C_0 + ε)/(target - C_0 + ε)): above 0 where counts cost too much.

        Tables hold near a plan: what they say of few repetitions may lie below C_0, and counts as
        C_0.
        """
        above = (self.cost(repetitions) - self.least).clamp(min=0.0) + self.eased
        return (above / (max(target - self.least, 0.0) + self.eased)).log()
