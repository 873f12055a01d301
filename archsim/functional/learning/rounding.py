"""From counts of any size to whole ones that cost no more than the target."""

from __future__ import annotations

import torch
from torch import Tensor

from archsim.functional.learning.learner import Bounds
from archsim.functional.learning.price import Price

_FREE = 1e-12
"""A change of the cost below this part of it counts as none: rounding of sums."""


def whole(
    repetitions: Tensor, sensitivity: Tensor, price: Price, bounds: Bounds, target: float
) -> Tensor:
    """Return whole counts near these that cost the target at most.

    The loss is taken to be Σ s_p/K_p. Counts are rounded; while they cost too much, the one is
    lowered whose loss rises least for what it saves; then, while something is left to spend, the
    one is raised whose loss falls most for what it costs. Of equals the first goes first.

    Args:
        repetitions: Counts, [counts].
        sensitivity: s, [counts].
        price: What they cost.
        bounds: Where they may lie; the least and the most are whole.
        target: Cost allowed, no less than that of the least counts.
    """
    counts = bounds.kept(repetitions.round())
    rounding = _Rounding(counts, sensitivity, price, bounds)
    while rounding.cost > target and rounding.move(-1, target):
        pass
    while rounding.move(+1, target):
        pass
    return rounding.counts


class _Rounding:
    """Counts on their way to the target."""

    def __init__(self, counts: Tensor, sensitivity: Tensor, price: Price, bounds: Bounds) -> None:
        self.counts = counts.clone()
        self._sensitivity, self._price, self._bounds = sensitivity, price, bounds
        self._amounts = price.amounts(self.counts)
        here = price.each(self.counts)
        self._changes = {
            by: price.each(self.counts + by) - here for by in (-1, +1)
        }  # of each amount, by one count alone

    @property
    def cost(self) -> float:
        return float(self._amounts.prod())

    def move(self, by: int, target: float) -> bool:
        """Change the best count by one; return whether there is one."""
        moved = self.counts + by
        allowed = (moved >= self._bounds.least) & (moved <= self._bounds.most)
        cost = (self._amounts[:, None] + self._changes[by]).prod(0)
        dearer = cost - self.cost
        gain = by * self._sensitivity * (1 / self.counts - 1 / moved)  # loss that changes hands
        if by < 0:
            allowed &= dearer < -_FREE * self.cost
            worth = -(gain / -dearer)
        else:
            allowed &= (cost <= target) & (gain > 0)
            worth = gain / dearer.clamp(min=_FREE * self.cost)
        if not bool(allowed.any()):
            return False
        best = int(torch.where(allowed, worth, -torch.inf).argmax())
        self._take(best, by)
        return True

    def _take(self, place: int, by: int) -> None:
        self._amounts = self._amounts + self._changes[by][:, place]
        self.counts[place] += by
        near = self.counts[place] + torch.tensor([-1.0, 0.0, 1.0], dtype=torch.float64)
        low, here, high = self._price.one(place, near)
        self._changes[-1][:, place], self._changes[+1][:, place] = low - here, high - here
