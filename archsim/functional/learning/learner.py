"""Learn repetition counts by gradient: the loss they leave against what they cost.

    minimise  loss(K) + λ·max(0, ln((C(K) - C_0 + ε)/(C_target - C_0 + ε)))   over ln K

by Adam, with counts kept within their bounds after every step (S. Garg et al., IEEE JSTQE 29(2),
2023, doi 10.1109/JSTQE.2022.3218019, for C the mean count, C_0 = ε = 0). Nothing here knows of
networks: a loss is any differentiable function of counts and the number of the step. Losses take
all that is random from that number, so a run that is resumed goes on bit by bit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from math import isfinite, nextafter
from numbers import Integral

import torch
from torch import Tensor

from archsim.errors import ConfigError
from archsim.functional.learning.price import Price

Loss = Callable[[Tensor, int], Tensor]
"""From counts and the number of a step to a loss."""

WATCHED = 100
"""Last steps over which gradients are averaged, to say what each count is worth."""

_MISSED = 1.02
"""Cost over target that counts as met: what is left is for the final scaling."""

_RAISED = 2.0
"""Factor on λ where the target is missed."""

_MORE_STEPS, _MOST_RAISES = 300, 5

REFRESHED = 250
"""Steps after which the price is asked for anew, as at the end: tables hold near a plan."""

_REACH, _BISECTIONS = 60.0, 100
"""Powers of 2 between which a factor on counts is sought, and steps to it."""


@dataclass(frozen=True, slots=True)
class Rules:
    """How counts are learned.

    Attributes:
        steps: Steps of Adam.
        batch: Examples of a step.
        rate: Learning rate, of ln K.
        weight: λ: what exceeding the target by a factor e costs, in units of the loss.
        start: Cost at which counts start, over the target.

    Raises:
        ConfigError: Everything that is out of its bounds.
    """

    steps: int = 1500
    batch: int = 32
    rate: float = 0.01
    weight: float = 2.0
    start: float = 4.0

    def __post_init__(self) -> None:
        faults = [
            f"{name}: found {value!r}; expected a whole number, 1 at least; correct it"
            for name in ("steps", "batch")
            if not _is_count(value := getattr(self, name))
        ]
        faults += [
            f"{name}: found {value!r}; expected a number {above}; correct it"
            for name, least, above in (
                ("rate", 0.0, "above 0"),
                ("weight", 0.0, "above 0, since with none counts only grow"),
                ("start", nextafter(1.0, 0.0), "1 at least, since learning comes from above"),
            )
            if not is_above(value := getattr(self, name), least)
        ]
        if faults:
            raise ConfigError("\n".join(faults))

    @property
    def more_steps(self) -> int:
        """Return the steps that learning goes on by."""
        return min(_MORE_STEPS, self.steps)


@dataclass(frozen=True)
class State:
    """All that a run of learning is at: what a checkpoint holds.

    Attributes:
        log_counts: ln K, [counts].
        priced_at: Counts near which the price was asked for last, [counts].
        adam: State of the optimiser: moments and steps.
        step: Steps done.
        last: Step at which this run ends, unless it is prolonged.
        weight: λ by now.
        raises: How often λ was raised.
        gradients: Sum of ∂loss/∂ln K over the last steps, [counts].
        watched: Over how many.
        loss: Of the last step.
        met: Whether the target was met at the end.
    """

    log_counts: Tensor
    priced_at: Tensor
    adam: dict[str, Tensor]
    step: int
    last: int
    weight: float
    raises: int
    gradients: Tensor
    watched: int
    loss: float
    met: bool

    @property
    def repetitions(self) -> Tensor:
        """Return the counts."""
        return self.log_counts.exp()

    @property
    def sensitivity(self) -> Tensor:
        """Return s_p = -K_p·∂loss/∂ln K_p, with which the loss is about Σ s_p/K_p; 0 at least."""
        return (-self.repetitions * self.gradients / max(1, self.watched)).clamp(min=0.0)


@dataclass(frozen=True)
class Bounds:
    """Between which counts may lie, [counts] each."""

    least: Tensor
    most: Tensor

    def kept(self, repetitions: Tensor) -> Tensor:
        """Return counts within the bounds."""
        return torch.minimum(torch.maximum(repetitions, self.least), self.most)

    def scaled(self, repetitions: Tensor, price: Price, target: float) -> Tensor:
        """Return counts times the factor with which they cost the target, as near as bounds allow.

        Counts that reach a bound stay there.
        """
        low, high = -_REACH, _REACH
        for _ in range(_BISECTIONS):
            middle = (low + high) / 2
            cost = float(price.cost(self.kept(repetitions * 2.0**middle)))
            low, high = (middle, high) if cost <= target else (low, middle)
        return self.kept(repetitions * 2.0**low)


@dataclass(frozen=True)
class Learner:
    """A loss, its price and the rules.

    Attributes:
        loss: What counts leave.
        price_near: What they cost, near some counts.
        bounds: Where they may lie.
        rules: How they are learned.
    """

    loss: Loss
    price_near: Callable[[Tensor], Price]
    bounds: Bounds
    rules: Rules

    def begin(self, repetitions: Tensor, target: float, first_step: int = 0) -> State:
        """Return the state before the first step: counts of this shape at the cost to start from.

        Args:
            repetitions: Relative counts.
            target: Cost to be met.
            first_step: Number of the first step, on which random numbers depend.
        """
        price = self.price_near(self.bounds.kept(repetitions))
        above = price.least + self.rules.start * (target - price.least)
        start = self.bounds.scaled(repetitions.double(), price, above).log()
        return State(
            log_counts=start,
            priced_at=start.exp(),
            adam={},
            step=first_step,
            last=first_step + self.rules.steps,
            weight=self.rules.weight,
            raises=0,
            gradients=torch.zeros_like(start),
            watched=0,
            loss=float("nan"),
            met=False,
        )

    def run(self, state: State, target: float) -> Iterator[State]:
        """Yield the state after each step, to the last.

        Where the target is missed then, λ is raised and learning goes on, some times at most.

        Raises:
            ConfigError: The loss became NaN or infinite.
        """
        price = self.price_near(state.priced_at)
        log_counts = state.log_counts.clone().requires_grad_()
        adam = torch.optim.Adam([log_counts], lr=self.rules.rate)
        adam.state[log_counts] = {name: each.clone() for name, each in state.adam.items()}
        while state.step < state.last:
            of_loss, loss = self._backward(log_counts, price, state, target)
            adam.step()
            with torch.no_grad():
                kept = self.bounds.kept(log_counts.exp())
                # a count beyond its bound is put there, any other is left as it came
                log_counts.copy_(torch.where(kept == log_counts.exp(), log_counts, kept.log()))
            watching = state.step >= state.last - WATCHED
            state = replace(
                state,
                log_counts=log_counts.detach().clone(),
                adam={name: each.clone() for name, each in adam.state[log_counts].items()},
                step=state.step + 1,
                gradients=state.gradients + of_loss if watching else state.gradients,
                watched=state.watched + watching,
                loss=loss,
            )
            if state.step % REFRESHED == 0 or state.step == state.last:
                state = replace(state, priced_at=state.repetitions)
                price = self.price_near(state.priced_at)
            if state.step == state.last:
                met = meets(state, price, target)
                state = replace(state, met=True) if met else self._prolonged(state)
            yield state

    def _backward(
        self, log_counts: Tensor, price: Price, state: State, target: float
    ) -> tuple[Tensor, float]:
        """Set the gradient of loss and penalty; return that of the loss alone, and the loss."""
        loss = self.loss(log_counts.exp(), state.step)
        value = float(loss.detach())
        if not isfinite(value):
            raise ConfigError(
                f"learning: found a loss of {value} in step {state.step}; expected a number; check "
                "weights and data"
            )
        (of_loss,) = torch.autograd.grad(loss, log_counts)
        penalty = price.excess(log_counts.exp(), target).clamp(min=0.0)
        (of_price,) = torch.autograd.grad(penalty, log_counts)
        log_counts.grad = of_loss + state.weight * of_price
        return of_loss, value

    def _prolonged(self, state: State) -> State:
        if state.raises == _MOST_RAISES:
            return state
        return replace(
            state,
            last=state.last + self.rules.more_steps,
            weight=_RAISED * state.weight,
            raises=state.raises + 1,
            gradients=torch.zeros_like(state.gradients),
            watched=0,
        )


def meets(state: State, price: Price, target: float) -> bool:
    """Return whether counts cost the target, but for what a last scaling mends."""
    return float(price.cost(state.repetitions)) - price.least <= _MISSED * (target - price.least)


def _is_count(value: object) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= 1


def is_above(value: object, least: float) -> bool:
    """Return whether a value is a finite number above another one."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and least < value < float("inf")  # type: ignore[operator]
