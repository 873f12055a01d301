"""Which points a sweep has, where they are chosen beforehand.

``grid`` takes every combination. The others choose shares of each axis, which the axes turn into
values: ``random`` (uniform, NumPy's PCG64), ``sobol`` (scrambled, SciPy), and the two that indices
of sensitivity are found from, ``saltelli`` and ``morris`` (SALib). Axes with one value are no part
of the choice. A point is told by its number: the same sweep has the same points in every process.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import ceil, log2
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from archsim.sweep.file import ADAPTIVE
from archsim.sweep.space import Axis, Places, Space
from archsim.sweep.sweep import Sweep

MORRIS_LEVELS = 4
"""Levels of each axis in a Morris design, as Morris (1991) suggests."""


class Design(Protocol):
    """Points by number."""

    def __len__(self) -> int: ...

    def __getitem__(self, number: int) -> Places: ...


class Grid:
    """Every combination of values; the last axis moves fastest."""

    def __init__(self, space: Space) -> None:
        """Take a space whose axes all have values."""
        self._space = space

    def __len__(self) -> int:
        return self._space.size or 0

    def __getitem__(self, number: int) -> Places:
        return self._space.places(number)


class Sample:
    """Points at chosen shares of the axes.

    Attributes:
        shares: A row for each point, a column for each axis that moves.
    """

    def __init__(self, space: Space, shares: NDArray[np.float64]) -> None:
        """Take the space and the shares."""
        self._space, self.shares = space, shares
        self._moving = [axis.size != 1 for axis in space.axes]

    def __len__(self) -> int:
        return len(self.shares)

    def __getitem__(self, number: int) -> Places:
        row = iter(self.shares[number].tolist())
        return self._space.at_shares([next(row) if moves else 0.0 for moves in self._moving])


def design_of(sweep: Sweep) -> Design:
    """Return the points of a sweep; of a search, which chooses its own, a random sample."""
    search, space = sweep.search, sweep.space
    if search.method == "grid":
        return Grid(space)
    return Sample(space, _SHARES[search.method](moving(space), search.trials or 1, search.seed))


def points_of(space: Space, method: str, trials: int | None) -> int:
    """Return how many points a method takes, without choosing them."""
    axes = len(moving(space))
    each = {"grid": space.size or 0, "saltelli": axes + 2, "morris": axes + 1}
    return each[method] if method == "grid" else each.get(method, 1) * (trials or 0)


def moving(space: Space) -> tuple[Axis, ...]:
    """Return the axes that have more than one value."""
    return tuple(axis for axis in space.axes if axis.size != 1)


def problem(axes: tuple[Axis, ...]) -> dict[str, Any]:
    """Return the axes as SALib takes them: each from 0 to 1."""
    names = [" + ".join(p.column for p in axis.parameters) for axis in axes]
    return {"num_vars": len(axes), "names": names, "bounds": [[0.0, 1.0]] * len(axes)}


def _random(axes: tuple[Axis, ...], trials: int, seed: int) -> NDArray[np.float64]:
    return np.random.default_rng(seed).random((trials, len(axes)))


def _sobol(axes: tuple[Axis, ...], trials: int, seed: int) -> NDArray[np.float64]:
    from scipy.stats import qmc  # takes its time to import

    sampler = qmc.Sobol(len(axes), rng=np.random.default_rng(seed))
    whole = sampler.random_base2(ceil(log2(trials)) if trials > 1 else 0)
    return np.asarray(whole[:trials])


def _saltelli(axes: tuple[Axis, ...], trials: int, seed: int) -> NDArray[np.float64]:
    from SALib.sample import sobol  # takes its time to import

    return np.asarray(sobol.sample(problem(axes), trials, calc_second_order=False, seed=seed))


def _morris(axes: tuple[Axis, ...], trials: int, seed: int) -> NDArray[np.float64]:
    from SALib.sample import morris  # takes its time to import

    return np.asarray(morris.sample(problem(axes), trials, num_levels=MORRIS_LEVELS, seed=seed))


_SHARES = {
    "random": _random,
    "sobol": _sobol,
    "saltelli": _saltelli,
    "morris": _morris,
    **dict.fromkeys(ADAPTIVE, _random),
}


def keys(design: Design, key_of: Any) -> Iterator[tuple[int, str]]:
    """Yield the number and the key of every point."""
    for number in range(len(design)):
        yield number, key_of(design[number])


def numbers(design: Design, key_of: Any) -> Mapping[str, int]:
    """Return the first number of every key: points of a sample may be equal."""
    found: dict[str, int] = {}
    for number, key in keys(design, key_of):
        found.setdefault(key, number)
    return found
