"""The Pareto front of a sweep: the points that no other beats, and how much they reach.

A point *dominates* another if it is no worse in any objective and better in one. The front is what
nothing dominates; points that are equal in all objectives are on it together.

The *hypervolume* is measured in a box: 0 is the best value found of each objective, 1 the worst one
found among all points that are compared, or a reference that is given. It is the part of the box
that the front dominates, from 0 to 1, and more is better. A point at the reference or beyond it in
any objective adds nothing, so a front of its two ends alone has 0 against the worst values found.
Where an objective has one value everywhere the box has no size: there is a front, and no
hypervolume, until a reference is given. Hypervolumes of two sweeps compare only in the same box:
give both the same ``reference`` and ``ideal``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from archsim.documents import closest
from archsim.errors import ConfigError
from archsim.sweep.figures import BY_NAME
from archsim.sweep.objectives import Best

if TYPE_CHECKING:
    import pandas as pd

Bounds = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Front:
    """What no other point beats.

    Attributes:
        objectives: What points are compared by, and whether little or much of it is wanted.
        members: Rows on the front, best first by the first objective.
        dominated: Rows that some member dominates.
        left_out: How many rows were not compared, by the reason.
        ideal: Where the box begins: the best values found, unless others were given.
        reference: Where it ends: the worst values found, unless others were given.
        hypervolume: Part of the box that the front dominates; None for a box without size.
    """

    objectives: Mapping[str, Best]
    members: pd.DataFrame
    dominated: pd.DataFrame
    left_out: Mapping[str, int]
    ideal: Bounds
    reference: Bounds
    hypervolume: float | None


def front(
    frame: pd.DataFrame,
    objectives: Mapping[str, Best],
    *,
    reference: Bounds | None = None,
    ideal: Bounds | None = None,
) -> Front:
    """Return the front of a sweep's points.

    Points are compared that are done, within the sweep's limits and have all objectives.

    Args:
        frame: A row for each point, as ``load_sweep`` returns them.
        objectives: Columns, each with ``min`` or ``max``.
        reference: For some objectives where the box of the hypervolume ends.
        ideal: For some objectives where it begins.

    Raises:
        ConfigError: Fewer than two objectives, columns that hold no numbers, nothing to compare, or
            a box that is none.
    """
    import moocore  # brings pandas

    _check(frame, objectives)
    compared, left_out = _compared(frame, objectives)
    signs = np.array([1.0 if best == "min" else -1.0 for best in objectives.values()])
    costs = compared[list(objectives)].to_numpy(dtype=float) * signs
    on_it: NDArray[np.bool_] = moocore.is_nondominated(costs, keep_weakly=True)
    names = list(objectives)
    members = compared[on_it].sort_values(
        names, ascending=[best == "min" for best in objectives.values()], kind="stable"
    )
    box = np.array(
        [
            _bounds(costs.min(axis=0), signs, names, ideal or {}, "ideal"),
            _bounds(costs.max(axis=0), signs, names, reference or {}, "reference"),
        ]
    )
    given = {*(ideal or {}), *(reference or {})}
    _check_box(box * signs, names, given, costs.min(axis=0) * signs, objectives)
    low, high = box
    volume = None
    if (high > low).all():
        volume = float(moocore.hypervolume((costs[on_it] - low) / (high - low), ref=1.0))
    return Front(
        objectives=dict(objectives),
        members=members,
        dominated=compared[~on_it],
        left_out=left_out,
        ideal=dict(zip(names, (low * signs).tolist(), strict=True)),
        reference=dict(zip(names, (high * signs).tolist(), strict=True)),
        hypervolume=volume,
    )


def numeric(frame: pd.DataFrame, name: str) -> bool:
    """Return whether a column holds numbers."""
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    return is_numeric_dtype(frame[name]) and not is_bool_dtype(frame[name])


def check_columns(frame: pd.DataFrame, names: Sequence[str], what: str) -> None:
    """Refuse names that are no columns of numbers.

    Raises:
        ConfigError: With all of them.
    """
    known = [each for each in frame.columns if each != "point" and numeric(frame, each)]
    faults = [
        f"{what}: found {name!r}, which is no column of numbers in these results; expected one of "
        f"{', '.join(known)}{closest(name, known) or _why_not(name)}"
        for name in names
        if name not in known
    ]
    if faults:
        raise ConfigError("\n".join(faults))


def _why_not(name: str) -> str:
    figure = BY_NAME.get(name)
    if figure is not None and figure.of_accuracy:
        return "; set accuracy: true in the sweep file, and run it again"
    return "; name one of them"


def _check(frame: pd.DataFrame, objectives: Mapping[str, Best]) -> None:
    if len(objectives) < 2:  # noqa: PLR2004 - a trade is between two
        raise ConfigError(
            f"objectives: found {', '.join(objectives) or 'none'}; expected two at least, as one "
            "alone has a best point and no front; add another"
        )
    check_columns(frame, list(objectives), "objectives")


def _compared(
    frame: pd.DataFrame, objectives: Mapping[str, Best]
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Return the rows to compare, and how many are left out for which reason."""
    left_out: dict[str, int] = {}
    for reason, every in _conditions(frame, objectives):
        wanted = every.reindex(frame.index)
        if not wanted.all():
            left_out[reason] = int((~wanted).sum())
            frame = frame[wanted]
    if frame.empty:
        counted = ", ".join(f"{count} {reason}" for reason, count in left_out.items())
        raise ConfigError(
            f"points: found none to compare ({counted or 'no rows'}); expected one at least; run "
            "the sweep further, or widen its limits"
        )
    return frame, left_out


def _conditions(
    frame: pd.DataFrame, objectives: Mapping[str, Best]
) -> Iterator[tuple[str, pd.Series[bool]]]:
    if "status" in frame:
        yield "not done", frame["status"] == "done"
    if "inside" in frame:
        yield "beyond a limit", frame["inside"].eq(True)
    for name in objectives:
        yield f"without {name}", frame[name].astype(float).abs() < inf


def _bounds(
    costs: NDArray[np.float64],
    signs: NDArray[np.float64],
    names: Sequence[str],
    given: Bounds,
    what: str,
) -> list[float]:
    """Return one end of the box as costs: what was found, or what was given."""
    unknown = [name for name in given if name not in names]
    if unknown:
        raise ConfigError(
            f"{what}: found {', '.join(unknown)}, not among the objectives ({', '.join(names)}); "
            "expected some of these; remove the others"
        )
    return [
        given[name] * sign if name in given else cost
        for name, sign, cost in zip(names, signs.tolist(), costs.tolist(), strict=True)
    ]


def _check_box(
    box: NDArray[np.float64],
    names: Sequence[str],
    given: set[str],
    best: NDArray[np.float64],
    objectives: Mapping[str, Best],
) -> None:
    """Refuse a box that was given and has no size, or does not begin before the best point."""
    faults = []
    for name, low, high, found in zip(names, *box.tolist(), best.tolist(), strict=True):
        sign = 1 if objectives[name] == "min" else -1
        more, less = ("above", "below") if sign > 0 else ("below", "above")
        if name in given and sign * (high - low) <= 0:
            faults.append(
                f"reference: {name}: found {high:g}, not worse than the best value, {low:g}; "
                f"expected one {more} it; change it"
            )
        if sign * (found - low) < 0:
            faults.append(
                f"ideal: {name}: found {low:g}, worse than the best point, {found:g}; expected "
                f"one not {more} that; move it {less}"
            )
    if faults:
        raise ConfigError("\n".join(faults))
