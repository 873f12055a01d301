"""Run a sweep: hand out points, put results together, keep them, tell how it goes.

One coordinator hands out jobs and is the only one who writes. A point counts as finished once its
row is on the disk. A point whose accuracy is asked waits, after its timing, for the evaluation that
it needs; one that other points need too is made once.
"""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Protocol

from archsim.sweep.designs import Design
from archsim.sweep.directory import Directory
from archsim.sweep.executor import Executor
from archsim.sweep.identity import Identity
from archsim.sweep.points import Job, Result
from archsim.sweep.space import Places
from archsim.sweep.table import Row

_WAIT_S = 0.5
_GATHER_S = 0.05
"""Rows that come within this time are forced to the disk together."""


@dataclass(frozen=True, slots=True)
class Point:
    """A point that is to be run: its number in the table, where it is, and what identifies it."""

    number: int
    places: Places
    key: str


class Points(Protocol):
    """Where points come from."""

    @property
    def total(self) -> int:
        """How many there are in all, those that are finished included."""

    @property
    def skip(self) -> bool:
        """Whether points that a limit excludes are left out."""

    def next(self) -> Point | None:
        """Return a point to run; None if there is none now, or none any more."""

    def finished(self, point: Point, row: Row) -> None:
        """Take note of what came of a point."""

    @property
    def over(self) -> bool:
        """Whether all points were given."""


@dataclass
class News:
    """How a sweep goes.

    Attributes:
        total: Points in all.
        kept: Those that were finished before.
        finished: Those that were finished since.
        counts: How many of these became what.
        faults: Why the first of them became so, where there is a reason.
        best: Best value so far of each objective.
        began_s: When it began.
    """

    total: int
    kept: int
    finished: int = 0
    counts: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    faults: dict[str, str] = field(default_factory=dict)
    best: dict[str, float] = field(default_factory=dict)
    began_s: float = field(default_factory=time.monotonic)

    @property
    def rate_per_s(self) -> float:
        """Points a second since it began."""
        return self.finished / max(time.monotonic() - self.began_s, 1e-9)


Tell = Callable[[News], None]


class Listed:
    """The points of a design that are not finished, each once."""

    skip = True

    def __init__(self, design: Design, identity: Identity, directory: Directory) -> None:
        """Take a directory that is open."""
        self._identity, self._directory, self._design = identity, directory, design
        self._seen: set[str] = set()
        self.total = len(design)
        self.over = False
        self._points = self._unfinished()

    def _unfinished(self) -> Iterator[Point]:
        finished, numbers = self._directory.finished, self._directory.numbers
        for number in range(len(self._design)):
            if number in numbers:
                continue
            places = self._design[number]
            key = self._identity.key(places)
            if key not in finished and key not in self._seen:
                self._seen.add(key)
                yield Point(number, places, key)

    def next(self) -> Point | None:
        """Return a point to run; None once all were given."""
        point = next(self._points, None)
        self.over = point is None
        return point

    def finished(self, point: Point, row: Row) -> None:
        """Do nothing: which points there are does not depend on what comes of them."""


class Coordinator:
    """Hands out the points of a sweep until there are no more."""

    def __init__(
        self, points: Points, directory: Directory, executor: Executor, tell: Tell | None = None
    ) -> None:
        """Take everything; nothing runs yet.

        Args:
            points: Where they come from.
            directory: Where results go; open.
            executor: What runs them; started.
            tell: Called now and then with how it goes.
        """
        self._points, self._directory, self._executor = points, directory, executor
        self._tell = tell or (lambda _: None)
        self._objectives = directory.sweep.objectives
        self.news = News(points.total, len(directory.numbers))
        self._tickets = 0
        self._running: dict[int, Point | str] = {}
        self._evaluations: deque[tuple[str, Places]] = deque()
        self._waiting: dict[str, list[tuple[Point, Result]]] = {}
        self._rows: list[tuple[Point, Row]] = []
        self._kept_s = time.monotonic()

    def run(self, stopped: Callable[[], bool] = lambda: False) -> News:
        """Run all points; what is finished is kept, however it ends.

        Args:
            stopped: Whether somebody asked for an end; what runs then is given up.

        Raises:
            ConfigError: Results cannot be written.
            SimulationError: Workers do not start, or the cluster is gone.
        """
        try:
            while not stopped() and self._fill():
                waits = self._running or not self._rows
                for ticket, result in self._executor.wait(_WAIT_S if waits else 0.0):
                    self._over(ticket, result)
                self._keep()
                self._tell(self.news)
        finally:
            self._directory.append([row for _, row in self._rows])
        self._directory.absorb()
        return self.news

    def _fill(self) -> bool:
        """Hand out as much as there is room for; say whether anything is left to wait for."""
        room = self._executor.room
        for _ in range(room):
            if self._evaluations:
                evaluation, places = self._evaluations.popleft()
                self._submit(evaluation, Job("accuracy", places))
            elif (point := self._points.next()) is not None:
                self._submit(point, Job("timing", point.places, skip=self._points.skip))
            else:
                break
        return bool(self._running or self._rows or self._evaluations or not self._points.over)

    def _submit(self, what: Point | str, job: Job) -> None:
        self._tickets += 1
        self._running[self._tickets] = what
        self._executor.submit(self._tickets, job)

    def _over(self, ticket: int, result: Result) -> None:
        what = self._running.pop(ticket)
        if isinstance(what, Point):
            self._timed(what, result)
            return
        if result.status == "done":
            self._directory.keep_accuracy(what, result.figures)
        for point, timed in self._waiting.pop(what):
            self._finish(point, _joined(timed, result))

    def _timed(self, point: Point, result: Result) -> None:
        needs = result.needs
        if not needs:
            self._finish(point, result)
        elif needs in self._directory.accuracies:
            self._finish(point, _joined(result, Result("done", figures=self._known(needs))))
        elif needs in self._waiting:
            self._waiting[needs].append((point, result))
        else:
            self._waiting[needs] = [(point, result)]
            self._evaluations.append((needs, point.places))

    def _known(self, evaluation: str) -> dict[str, object]:
        return self._directory.accuracies[evaluation]

    def _finish(self, point: Point, result: Result) -> None:
        row = self._directory.entry(point.number, point.key, point.places, result)
        self._rows.append((point, row))
        self.news.finished += 1
        self.news.counts[result.status] += 1
        if result.error:
            self.news.faults.setdefault(result.status, result.error)
        if row["inside"]:
            self._compare(result)

    def _compare(self, result: Result) -> None:
        for figure, wanted in self._objectives.items():
            value = result.figures.get(figure)
            if value is not None:
                best = min if wanted == "min" else max
                self.news.best[figure] = best(self.news.best.get(figure, value), value)

    def _keep(self) -> None:
        """Force rows to the disk, those of a short while together; then they are finished."""
        now_s = time.monotonic()
        if self._rows and (now_s - self._kept_s > _GATHER_S or not self._running):
            kept, self._rows, self._kept_s = self._rows, [], now_s
            self._directory.append([row for _, row in kept])
            for point, row in kept:
                self._points.finished(point, row)


def _joined(timed: Result, evaluated: Result) -> Result:
    """Return a point's result from both steps; it is as done as the less done of them."""
    if evaluated.status != "done":
        return replace(timed, status=evaluated.status, error=f"accuracy: {evaluated.error}")
    return replace(timed, figures=timed.figures | evaluated.figures)
