r"""First-order and total indices of points that were not chosen for indices.

Of a whole grid both are exact: with classes of equal values,

    first = Var(E[y | x]) / Var(y),    total = E[Var(y | all but x)] / Var(y).

Of other points the first-order index is estimated: for a parameter of few values by the same ratio,
less what chance alone would give (Kelley 1935, doi:10.1073/pnas.21.9.554, epsilon squared), for
others by RBD-FAST (Tarantola et al. 2006; Tissot and Prieur 2012; SALib). Half widths of 95 %
intervals are bootstrapped.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

SEED = 1
"""Of the bootstrap."""

FEW_VALUES = 25
FEWEST_OF_EACH = 5
"""A parameter of so few values, with so many points of each on average, is taken value by value."""

RESAMPLES = 200
HALF_WIDTH = 1.959963984540054
"""Of a 95 % interval, in standard deviations of a normal distribution."""

Floats = NDArray[np.float64]
Classes = NDArray[np.int64]


def classes_of(rows: pd.DataFrame, axis: Sequence[str]) -> Classes:
    """Return the number of each point's value on an axis, in the order of the values.

    Args:
        rows: The points.
        axis: Columns of parameters that move in step.
    """
    column = max((rows[name] for name in axis), key=_distinct)
    if column.dtype.kind not in "biuf":
        column = column.map(repr)
    ranks = column.rank(method="dense", na_option="bottom").to_numpy()
    return (ranks - 1).astype(np.int64)


def is_grid(classes: Sequence[Classes]) -> bool:
    """Return whether points are every combination of the values of their axes, once."""
    together = np.column_stack(classes)
    sizes = [len(np.unique(each)) for each in classes]
    return len(together) == prod(sizes) == len(np.unique(together, axis=0))


def first_of_grid(classes: Sequence[Classes], values: Floats, axis: int) -> float:
    """Return the first-order index of an axis of a whole grid."""
    return _between(classes[axis], values) / _spread(values)


def total_of_grid(classes: Sequence[Classes], values: Floats, axis: int) -> float:
    """Return the total index of an axis of a whole grid."""
    others = [each for place, each in enumerate(classes) if place != axis]
    if not others:
        return 1.0
    rest = np.unique(np.column_stack(others), axis=0, return_inverse=True)[1]
    return 1.0 - _between(rest.reshape(-1), values) / _spread(values)


def first_of_points(classes: Classes, values: Floats) -> tuple[float, float]:
    """Return an estimate of a first-order index, and half its 95 % interval."""
    kinds = len(np.unique(classes))
    if kinds <= FEW_VALUES and len(values) >= FEWEST_OF_EACH * kinds:
        rng, count = np.random.default_rng(SEED), len(values)
        drawn = (rng.integers(count, size=count) for _ in range(RESAMPLES))
        again = [_beyond_chance(classes[each], values[each]) for each in drawn]
        return _beyond_chance(classes, values), HALF_WIDTH * float(np.std(again, ddof=1))
    from SALib.analyze import rbd_fast  # takes its time to import

    problem = {"num_vars": 1, "names": ["x"], "bounds": [[0.0, 1.0]]}
    mixed = np.random.default_rng(SEED).permutation(len(values))  # equal values in no order
    places = classes[mixed].astype(float).reshape(-1, 1)
    found = rbd_fast.analyze(problem, places, values[mixed], num_resamples=RESAMPLES, seed=SEED)
    return float(found["S1"][0]), float(found["S1_conf"][0])


def _beyond_chance(classes: Classes, values: Floats) -> float:
    """Return the part of the spread between classes, less what classes of no meaning would have."""
    whole, between = _spread(values), _between(classes, values)
    if whole == 0.0:
        return 0.0  # a resample of equal values
    kinds = len(np.unique(classes))
    within = (whole - between) / (len(values) - kinds)
    return (between - (kinds - 1) * within) / whole


def _between(classes: Classes, values: Floats) -> float:
    """Return the sum of squares between classes."""
    counts = np.bincount(classes)
    means = np.bincount(classes, values - values.mean()) / np.maximum(counts, 1)
    return float((counts * means**2).sum())


def _spread(values: Floats) -> float:
    return float(((values - values.mean()) ** 2).sum())


def _distinct(column: pd.Series[Any]) -> int:
    return int(column.nunique(dropna=False))
