"""Search for the best points with Optuna: many objectives, limits, and a stop at any moment.

Points are asked for in rounds, the size of which is part of the sweep: a whole generation of
NSGA-II (Deb et al., 2002), or so many suggestions of TPE (Bergstra et al., 2011). All of a round
are asked before any of it is told, and told in order. The sampler of each suggestion is seeded by
the search's seed and the trial's number. So what is tried depends neither on the number of workers
nor on where a search was stopped; a stopped one first finishes its round.

Ordered values are suggested by their number, spans by where on them, others as categories. Limits
are constraints: by how much a figure is beyond its bound, relative to it. A point that cannot be,
or that failed, is a failed trial, from which samplers learn nothing.

A storage that others share, named by ``search.storage``, lets several coordinators search together,
each with a directory of its own; then only what each one has asked for itself is in its table.
"""

from __future__ import annotations

import hashlib
import math
import socket
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.samplers import BaseSampler, NSGAIISampler, TPESampler
from optuna.trial import FrozenTrial, TrialState

from archsim.sweep.designs import moving
from archsim.sweep.directory import Directory
from archsim.sweep.identity import Identity
from archsim.sweep.points import Result
from archsim.sweep.running import Point
from archsim.sweep.space import Axis, Places, Space
from archsim.sweep.study import quiet, rounds_of
from archsim.sweep.sweep import Sweep
from archsim.sweep.table import Row

ROUND = {"nsga2": 50, "tpe": 10}
"""Points of a round, where the sweep file does not say."""

OWNER, EXCESS = "archsim_directory", "archsim_excess"
"""Attributes of trials: who asked for it, and by how much it is beyond each limit."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """A trial that is under way: its number, and the point that answers it."""

    number: int
    point: Point


class Searched:
    """Points that a search asks for."""

    skip = False  # a point beyond a limit tells by how much

    def __init__(self, identity: Identity, directory: Directory) -> None:
        """Begin a search, or go on with one.

        Args:
            identity: What is searched.
            directory: Where results are; open.

        Raises:
            ConfigError: The storage cannot be opened.
        """
        self._identity, self._directory = identity, directory
        self._sweep = sweep = identity.sweep
        self._axes = moving(sweep.space)
        self._owner = f"{socket.gethostname()}:{directory.folder.resolve()}"
        self._rounds = rounds_of(sweep, identity.digest, directory.journal)
        self._study = self._rounds.study
        self._known = {
            entry["key"]: _answer(entry)
            for entry in directory.known()
            if entry["status"] != "outside"  # here such points are run
        }
        self._queue: deque[Point] = deque()
        self._round: list[_Asked] = []
        self._answers: dict[str, Result] = {}
        self.total = sweep.search.trials or 0
        self.over = False
        self._begin(self._left())

    def next(self) -> Point | None:
        """Return a point to run; None while a round waits for its last ones."""
        while not self._queue and not self._round and not self.over:
            self._begin(self._ask())
        return self._queue.popleft() if self._queue else None

    def finished(self, point: Point, row: Row) -> None:
        """Take an answer; tell a round of which all are there."""
        self._known[point.key] = _answer(row)
        self._answer(point.key)

    def _ask(self) -> list[FrozenTrial]:
        """Return the trials of a new round; none if there were enough."""
        search = self._sweep.search
        done = len(self._study.get_trials(deepcopy=False))
        count = min(search.population or ROUND[search.method], self.total - done)
        self.over = count <= 0
        if self.over:
            return []
        asked = []
        with self._rounds.asking():
            for number in range(done, done + count):
                with quiet():
                    self._study.sampler = _sampler(self._sweep, number)
                    trial = self._study.ask(_distributions(self._axes))
                trial.set_user_attr(OWNER, self._owner)
                asked.append(self._study.get_trials(deepcopy=False)[trial.number])
        return asked

    def _left(self) -> list[FrozenTrial]:
        """Return the trials that this directory asked for, and did not tell before it was stopped.

        One that was not asked to its end, in a storage that others share, is a failed one.
        """
        names = {_name(axis) for axis in self._axes}
        found = []
        for trial in self._study.get_trials(states=(TrialState.RUNNING,)):
            if self._rounds.journal is None and trial.user_attrs.get(OWNER) != self._owner:
                continue
            if trial.params.keys() == names:
                found.append(trial)
            else:
                self._study.tell(trial.number, state=TrialState.FAIL)
        return found

    def _begin(self, trials: Sequence[FrozenTrial]) -> None:
        """Take a round; what is known already needs no run."""
        for trial in sorted(trials, key=lambda each: each.number):
            places = _places(self._sweep.space, self._axes, trial.params)
            point = Point(trial.number, places, self._identity.key(places))
            first = all(point.key != asked.point.key for asked in self._round)
            self._round.append(_Asked(trial.number, point))
            if point.key not in self._known and first:
                self._queue.append(point)
        for asked in list(self._round):
            if asked.point.key in self._known:
                self._show(asked.point)
                self._answer(asked.point.key)

    def _show(self, point: Point) -> None:
        """Give a point of an earlier sweep its row in this one's table."""
        if point.key not in self._directory.finished:
            result = self._known[point.key]
            self._directory.append(
                [self._directory.entry(point.number, point.key, point.places, result)]
            )

    def _answer(self, key: str) -> None:
        self._answers[key] = self._known[key]
        if any(asked.point.key not in self._answers for asked in self._round):
            return
        for asked in self._round:
            self._tell(asked.number, self._answers[asked.point.key])
        self._round, self._answers = [], {}

    def _tell(self, number: int, result: Result) -> None:
        values = [result.figures.get(figure, math.nan) for figure in self._sweep.objectives]
        excess = [
            limit.excess(result.figures.get(limit.figure, math.nan)) for limit in self._sweep.limits
        ]
        sound = all(value is not None and math.isfinite(value) for value in (*values, *excess))
        with quiet():
            self._study.sampler = _sampler(self._sweep, number)
            if result.status != "done" or not sound:
                self._study.tell(number, state=TrialState.FAIL)
                return
            trial = self._study.get_trials(deepcopy=False)[number]
            storage = self._study._storage  # noqa: SLF001 - a trial that another process asked for
            storage.set_trial_user_attr(trial._trial_id, EXCESS, excess)  # noqa: SLF001
            self._study.tell(number, values)


def _sampler(sweep: Sweep, number: int) -> BaseSampler:
    """Return what suggests one trial: the same for the same number, in whatever process."""
    search = sweep.search
    text = f"{search.seed} {number}"
    seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:4])
    limited = _excess if sweep.limits else None
    if search.method == "nsga2":
        population = search.population or ROUND["nsga2"]
        return NSGAIISampler(population_size=population, seed=seed, constraints_func=limited)
    return TPESampler(seed=seed, multivariate=True, constraints_func=limited)


def _excess(trial: FrozenTrial) -> Sequence[float]:
    found: Sequence[float] = trial.user_attrs.get(EXCESS, ())
    return found


def _distributions(axes: Sequence[Axis]) -> dict[str, BaseDistribution]:
    return {_name(axis): _distribution(axis) for axis in axes}


def _distribution(axis: Axis) -> BaseDistribution:
    if axis.size is None:
        return FloatDistribution(0.0, 1.0)
    if axis.ordered:
        return IntDistribution(0, axis.size - 1)
    return CategoricalDistribution(tuple(range(axis.size)))


def _name(axis: Axis) -> str:
    return " + ".join(parameter.name for parameter in axis.parameters)


def _places(space: Space, axes: Sequence[Axis], params: Mapping[str, Any]) -> Places:
    """Return the places of a trial; axes with one value stay where they are."""
    return tuple(params[_name(axis)] if axis in axes else 0 for axis in space.axes)


def _answer(entry: Row) -> Result:
    return Result(entry["status"], entry["error"], entry["figures"])
