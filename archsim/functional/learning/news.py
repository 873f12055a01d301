"""How far learning is, for whoever watches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from archsim.functional.learning.learner import State


@dataclass(frozen=True, slots=True)
class News:
    """How far learning is.

    Attributes:
        doing: What is being done.
        done: How much of it.
        of: How much there is.
        loss: Of the last step.
        repetitions: Mean count of the plan at hand.
        accuracy: Of the last evaluation, in the metric's unit.
    """

    doing: str
    done: int
    of: int
    loss: float | None = None
    repetitions: float | None = None
    accuracy: float | None = None


class Narrator:
    """Tells what happens, with the last of each figure."""

    def __init__(self, tell: Callable[[News], None] | None) -> None:
        self._tell = tell
        self._accuracy: float | None = None

    def learned(self, state: State, first_step: int, repetitions: float) -> None:
        """Tell of a step."""
        done, steps = state.step - first_step, state.last - first_step
        self._say(News("learning", done, steps, state.loss, repetitions, self._accuracy))

    def judged(self, trial: int, trials: int, repetitions: float, accuracy: float) -> None:
        """Tell of a trial."""
        self._accuracy = accuracy
        self._say(News("judging", trial, trials, None, repetitions, accuracy))

    def priced(self, done: int, of: int) -> None:
        """Tell of runs of which a price is made."""
        self._say(News("pricing", done, of, accuracy=self._accuracy))

    def _say(self, news: News) -> None:
        if self._tell is not None:
            self._tell(news)
