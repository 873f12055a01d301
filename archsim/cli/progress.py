"""How far long work is, on stderr: a bar on a terminal, elsewhere a line a minute at most."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Self

from archsim.cli.output import say

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

PATIENCE_S = 1.0
"""Work that takes longer than this shows its progress on a terminal."""

LINE_EVERY_S = 60.0
"""How often it is told where stderr is no terminal."""


class ProgressBar:
    """Shows how far work is that takes its time."""

    def __init__(self, doing: str = "simulating") -> None:
        self._doing = doing
        self._began_s = self._told_s = time.monotonic()
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def __call__(
        self, done: int, total: int, *, doing: str | None = None, figures: str = ""
    ) -> None:
        """Take note that so much of all was done.

        Args:
            done: How much is done.
            total: How much there is.
            doing: What is being done from now on, if that is something else.
            figures: What to show beside.
        """
        changed = doing is not None and doing != self._doing
        self._doing = doing or self._doing
        if not sys.stderr.isatty():
            self._tell(done, total, figures)
            return
        if self._bar is None and time.monotonic() - self._began_s > PATIENCE_S:
            self._start()
        if self._bar is None or self._task is None:
            return
        if changed:
            self._bar.reset(self._task, description=self._doing)
        self._bar.update(self._task, completed=done, total=total, figures=figures)

    def _tell(self, done: int, total: int, figures: str) -> None:
        now_s = time.monotonic()
        if now_s - self._told_s >= LINE_EVERY_S:
            self._told_s = now_s
            say(", ".join(filter(None, (f"{self._doing}: {done:,} of {total:,}", figures))))

    def _start(self) -> None:
        from rich.console import Console  # most runs are over before
        from rich.progress import Progress, TextColumn

        columns = (
            *Progress.get_default_columns(),
            TextColumn("{task.fields[figures]}", markup=False),
        )
        self._bar = Progress(*columns, console=Console(stderr=True), transient=True)
        self._task = self._bar.add_task(self._doing, total=None, figures="")
        self._bar.start()
