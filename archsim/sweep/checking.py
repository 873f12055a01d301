"""What is wrong with a sweep file beside its keys: figures, limits, the choice of points."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from archsim.documents import Fault, Loc, closest
from archsim.sweep.designs import moving, points_of
from archsim.sweep.figures import BY_NAME, FIGURES
from archsim.sweep.file import ADAPTIVE, MOST_POINTS, SweepFile
from archsim.sweep.limits import Limit, limit_of
from archsim.sweep.space import Axis, Space


def limits_of(file: SweepFile) -> tuple[tuple[Limit, ...], list[Fault]]:
    """Return the limits of a sweep file, and what is wrong with them."""
    found: list[Limit] = []
    faults: list[Fault] = []
    for figure, text in file.where.items():
        loc: Loc = ("where", figure)
        if not _is_figure(figure):
            faults.append(Fault(loc, _unknown_figure(figure)))
            continue
        try:
            found.append(limit_of(figure, text))
        except ValueError as refused:
            faults.append(Fault(loc, str(refused)))
    return tuple(found), faults


def unknown_objectives(file: SweepFile) -> Iterator[Fault]:
    """Yield objectives that are no figures."""
    for figure in file.objectives:
        if not _is_figure(figure):
            yield Fault(("objectives", figure), _unknown_figure(figure))


def _is_figure(name: str) -> bool:
    return name in BY_NAME and BY_NAME[name].kind != "text"


def _unknown_figure(name: str) -> str:
    known = [figure.name for figure in FIGURES if figure.kind != "text"]
    return (
        f"found {name!r}, which is no figure of a point; expected one of {', '.join(known)}"
        f"{closest(name, known) or '; name one'}"
    )


def unfit_search(file: SweepFile, axes: Sequence[Axis]) -> Iterator[Fault]:
    """Yield what does not fit the way in which points are chosen."""
    search, method = file.search, file.search.method
    if method == "grid":
        yield from _unfit_grid(file, axes)
    elif search.trials is None:
        yield Fault(
            ("search",),
            f"found no trials with method: {method}; expected how many points to try; add such as "
            "trials: 200",
        )
    if method in ADAPTIVE and not file.objectives:
        yield Fault(
            ("search", "method"),
            f"found {method} without objectives; expected what to search for; add such as "
            "objectives: {energy_j: min}",
        )
    for name in () if method in ADAPTIVE else ("population", "storage"):
        if getattr(search, name) is not None:
            yield Fault(
                ("search", name),
                f"found it with method: {method}; expected it with {' or '.join(ADAPTIVE)} only; "
                "remove it",
            )
    if method == "saltelli" and search.trials is not None and search.trials.bit_count() != 1:
        above = 1 << search.trials.bit_length()
        yield Fault(
            ("search", "trials"),
            f"found {search.trials} with method: saltelli; expected a power of two, for which "
            f"Sobol' points are even; write {above // 2} or {above}",
        )


def _unfit_grid(file: SweepFile, axes: Sequence[Axis]) -> Iterator[Fault]:
    for axis in axes:
        if axis.size is None:
            yield Fault(
                ("vary", axis.parameters[0].name),
                "found a range without a number of points in a grid; expected points or step; add "
                "one, or choose another search.method",
            )
    if file.search.trials is not None:
        text = "found it with method: grid, which takes every point; expected none; remove it"
        yield Fault(("search", "trials"), text)


def no_choice(file: SweepFile, space: Space) -> Iterator[Fault]:
    """Yield that points are to be chosen where there is one only."""
    method = file.search.method
    if method != "grid" and not moving(space):
        text = f"found nothing to choose from; expected some keys with method: {method}; add one"
        yield Fault(("vary",), text)


def too_many(file: SweepFile, space: Space) -> Iterator[Fault]:
    """Yield that there are too many points."""
    method = file.search.method
    points = points_of(space, method, file.search.trials)
    if points <= MOST_POINTS:
        return
    if method == "grid":
        counted = " x ".join(str(axis.size) for axis in space.axes if axis.size != 1)
        yield Fault(
            ("vary",),
            f"found {points:,} points ({counted}); expected at most {MOST_POINTS:,}; take fewer "
            "values, move some together, or search: {method: sobol, trials: 1000}",
        )
    else:
        yield Fault(
            ("search", "trials"),
            f"found {points:,} points; expected at most {MOST_POINTS:,}; lower it",
        )
