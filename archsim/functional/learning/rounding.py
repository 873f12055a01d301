"""From counts of any size to whole ones that cost no more than the target."""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
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
    return torch.from_numpy(rounding.counts)


class _Rounding:
    """Counts on their way to the target.

    The best move comes from a heap: thousands of channels may each have to move.
    """

    def __init__(self, counts: Tensor, sensitivity: Tensor, price: Price, bounds: Bounds) -> None:
        self.counts = counts.numpy().copy()
        self._sensitivity, self._price = sensitivity.numpy(), price
        self._least, self._most = bounds.least.numpy(), bounds.most.numpy()
        self._amounts = price.amounts(counts).numpy()
        here = price.each(counts)
        self._changes = {
            by: (price.each(counts + by) - here).numpy() for by in (-1, +1)
        }  # of each amount, by one count alone

    @property
    def _cost(self) -> float:
        return float(self._amounts.prod())

    def move(self, by: int, target: float) -> None:
        """Change counts by one, the best first: down to the target, or up as far as it allows."""
        worths = self._worths(slice(None), by, target).tolist()
        waiting = [(-worth, place) for place, worth in enumerate(worths) if worth > -np.inf]
        heapify(waiting)
        while waiting and (by > 0 or self._cost > target):
            _, place = heappop(waiting)
            now = -float(self._worths(slice(place, place + 1), by, target)[0])
            if now == np.inf:
                continue
            if waiting and (now, place) > waiting[0]:  # other moves have made it worth less
                heappush(waiting, (now, place))
                continue
            self._take(place, by)
            next_ = -float(self._worths(slice(place, place + 1), by, target)[0])
            if next_ < np.inf:
                heappush(waiting, (next_, place))

    def _worths(self, at: slice, by: int, target: float) -> NDArray[Any]:
        """Return what each change is worth: loss for cost; minus infinity where it may not be."""
        counts = self.counts[at]
        moved = counts + by
        allowed = (moved >= self._least[at]) & (moved <= self._most[at])
        cost = (self._amounts[:, None] + self._changes[by][:, at]).prod(0)
        dearer, free = cost - self._cost, _FREE * self._cost
        with np.errstate(divide="ignore", invalid="ignore"):  # a count of 0 is none
            gain = by * self._sensitivity[at] * (1 / counts - 1 / moved)  # loss that changes hands
            if by < 0:
                allowed &= dearer < -free
                worth = -(gain / -dearer)
            else:
                allowed &= (cost <= target) & (gain > 0)
                worth = gain / np.maximum(dearer, free)
        return np.where(allowed, worth, -np.inf)

    def _take(self, place: int, by: int) -> None:
        self._amounts = self._amounts + self._changes[by][:, place]
        self.counts[place] += by
        near = self.counts[place] + torch.tensor([-1.0, 0.0, 1.0], dtype=torch.float64)
        low, here, high = self._price.one(place, near).numpy()
        self._changes[-1][:, place], self._changes[+1][:, place] = low - here, high - here
