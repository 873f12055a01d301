"""From counts of any size to whole ones that cost no more than the target."""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from math import prod

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
    rounding = _Rounding(bounds.kept(repetitions.round()), sensitivity, price, bounds)
    rounding.move(-1, target)
    rounding.move(+1, target)
    return torch.tensor(rounding.counts, dtype=torch.float64)


class _Rounding:
    """Counts on their way to the target.

    The best change comes from a heap, in plain numbers: thousands of channels may have to move.
    """

    def __init__(self, counts: Tensor, sensitivity: Tensor, price: Price, bounds: Bounds) -> None:
        self.counts: list[float] = counts.tolist()
        self._sensitivity: list[float] = sensitivity.tolist()
        self._bounds = list(zip(bounds.least.tolist(), bounds.most.tolist(), strict=True))
        self._price = price
        self._amounts: list[float] = price.amounts(counts).tolist()
        self._cost = prod(self._amounts)
        here = price.each(counts)
        self._changes: dict[int, list[list[float]]] = {
            by: (price.each(counts + by) - here).T.tolist() for by in (-1, +1)
        }  # of each amount, by one count alone, [counts, amounts]

    def move(self, by: int, target: float) -> None:
        """Change counts by one, the best first: down to the target, or up as far as it allows."""
        waiting = self._waiting(by, target)
        while waiting and (by > 0 or self._cost > target):
            _, place = heappop(waiting)
            worth = self._worth(place, by, target)
            if worth is None:
                continue
            if not waiting or (-worth, place) <= waiting[0]:  # else: worth less by now
                before = self._cost
                self._take(place, by)
                if by > 0 and self._cost < before * (1 - _FREE):  # others may fit again
                    waiting = self._waiting(by, target)
                    continue
                worth = self._worth(place, by, target)
            if worth is not None:
                heappush(waiting, (-worth, place))

    def _waiting(self, by: int, target: float) -> list[tuple[float, int]]:
        """Return all changes that may be made, as a heap: the one worth most comes first."""
        waiting = [
            (-worth, place)
            for place in range(len(self.counts))
            if (worth := self._worth(place, by, target)) is not None
        ]
        heapify(waiting)
        return waiting

    def _worth(self, place: int, by: int, target: float) -> float | None:
        """Return the loss for the cost of a change; None where it may not be made."""
        count = self.counts[place]
        moved = count + by
        least, most = self._bounds[place]
        if not least <= moved <= most:
            return None
        changes = self._changes[by][place]
        cost = prod(amount + change for amount, change in zip(self._amounts, changes, strict=True))
        dearer, free = cost - self._cost, _FREE * self._cost
        gain = by * self._sensitivity[place] * (1 / count - 1 / moved)  # loss that changes hands
        if by < 0:  # what saves nothing goes last: the next one of the same count may save
            return -gain / max(-dearer, free)
        return gain / max(dearer, free) if cost <= target and gain > 0 else None

    def _take(self, place: int, by: int) -> None:
        changes = self._changes[by][place]
        self._amounts = [a + change for a, change in zip(self._amounts, changes, strict=True)]
        self._cost = prod(self._amounts)
        self.counts[place] += by
        here = self._price.one(place, self.counts[place])
        for step in (-1, +1):
            there = self._price.one(place, self.counts[place] + step)
            self._changes[step][place] = [b - a for a, b in zip(here, there, strict=True)]
