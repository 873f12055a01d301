"""Counts that were learned, and those of the same shape."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from archsim.functional.learning.learner import Bounds
from archsim.functional.learning.price import Price
from archsim.functional.learning.rounding import whole
from archsim.functional.learning.sharing import Sharing


@dataclass(frozen=True)
class Learned:
    """Counts that were learned.

    Attributes:
        sharing: Which channels share them.
        bounds: Between which they may lie.
        whole: Whether a plan's have to be whole.
        repetitions: The counts, of any size.
        sensitivity: What each is worth: the loss is about Σ s_p/K_p.
        price: What they cost, near them.
        converged: Whether the target was met but for the last scaling.
        steps: Steps so far, of all runs.
        moved: By which part the mean count moved when it was last scaled to a drop, up or down.
        rose: By which part counts that were learned on from these cost more at the drop, if much.
    """

    sharing: Sharing
    bounds: Bounds
    whole: bool
    repetitions: Tensor
    sensitivity: Tensor
    price: Price
    converged: bool = True
    steps: int = 0
    moved: float = 0.0
    rose: float = 0.0

    def times(self, factor: float) -> Tensor:
        """Return these counts times a factor, within bounds and of any size."""
        return self.bounds.kept(self.repetitions * factor)

    def rounded(self, repetitions: Tensor) -> Tensor:
        """Return counts that cost no more, whole where they have to be."""
        if not self.whole:
            return repetitions
        target = float(self.price.cost(repetitions))
        return whole(repetitions, self.sensitivity, self.price, self.bounds, target)
