"""What runs jobs: some workers, here or elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, Self

from archsim.sweep.points import Job, Result

Done = tuple[int, Result]
"""The ticket of a job, and what came of it."""

ATTEMPTS = 3
"""How often a point may kill its worker before it counts as lost: once may be bad luck."""


class Executor(Protocol):
    """Runs jobs side by side; a job that takes too long, or kills its worker, comes to an end."""

    @property
    def room(self) -> int:
        """How many more jobs it takes now."""

    @property
    def workers(self) -> int:
        """How many jobs run at the same time."""

    def submit(self, ticket: int, job: Job) -> None:
        """Take a job."""

    def wait(self, timeout_s: float) -> Sequence[Done]:
        """Return jobs that are over, as soon as there is one, or nothing after a while."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None:
        """End what is running."""
