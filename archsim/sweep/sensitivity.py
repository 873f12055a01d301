r"""Which parameter matters: indices of sensitivity, through SALib.

What can be said depends on how the points were chosen:

* ``saltelli``: Sobol indices (Sobol 2001; Saltelli et al. 2010). The *first-order* index of a
  parameter is the part of a figure's variance that it explains alone, Var(E[y|x]) / Var(y); the
  *total* one adds all that it explains together with others. Totals sum to 1 where nothing
  interacts, and to more where something does.
* ``morris``: elementary effects (Morris 1991; Campolongo et al. 2007), in the unit of the figure
  over the whole range of a parameter: the mean of their sizes (``mu_star``), their mean (``mu``),
  and their standard deviation (``sigma``), which is large where the effect depends on the others or
  is no straight line. For few runs; they rank, and are no parts of a variance.
* ``grid``, where every point ran: the same two as of ``saltelli``, exactly, over these points.
* any other: first-order indices alone, estimated from the points that there are. They do not tell
  what parameters do together. Points of a search crowd where it is good, and points that cannot be
  leave holes: then the indices are about these points, not about the ranges.

Parameters are independent and uniform: over a range, over the logarithms of one with ``scale:
log``, or over the values of a list. Those that move in step are one. Indices that are estimated
come with half the width of their 95 % interval, by bootstrap with a fixed seed.

Limits of a sweep play no part where points ran. Points that did not run are never filled in: a
design for indices that lacks some is refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from archsim.errors import ConfigError
from archsim.sweep.designs import MORRIS_LEVELS
from archsim.sweep.file import ADAPTIVE
from archsim.sweep.front import check_columns
from archsim.sweep.given_points import (
    Classes,
    Floats,
    classes_of,
    first_of_grid,
    first_of_points,
    is_grid,
    total_of_grid,
)
from archsim.sweep.points import AGAIN
from archsim.sweep.samples import Samples, kept_samples

if TYPE_CHECKING:
    import pandas as pd

SEED = 1
"""Of the bootstrap; SALib takes 0 for none."""

FEWEST = 100
"""Points that indices are estimated from, at least: with these, intervals are some tenths wide."""

SHOWN_REASONS = 3
SHOWN_CHARACTERS = 160
"""Of reasons that may be many, and of any length."""

_REMEDIES = {
    "outside": "take the limits away that exclude some",
    "invalid": "narrow the ranges of vary to what can be",
    **dict.fromkeys(AGAIN, "run the sweep again with --retry, or with a longer --timeout"),
}

Indices = Mapping[str, float | None]
Row = Mapping[str, str | float | None]


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """Indices of some figures.

    Attributes:
        method: ``sobol``, ``morris``, ``grid`` or ``given`` (points).
        rows: ``figure``, ``parameter`` and the indices; ``…_95`` is half an interval.
        points: How many different points they are from.
        samples: How many samples of a design; of given points as many as there are.
        notes: What to know before quoting them.
    """

    method: str
    rows: tuple[Row, ...]
    points: int
    samples: int
    notes: tuple[str, ...] = ()

    def frame(self) -> pd.DataFrame:
        """Return the indices as a table."""
        import pandas as pd  # whoever asks for a table has it

        return pd.DataFrame(list(self.rows))


def sensitivity(folder: str | Path, figures: Sequence[str]) -> Sensitivity:
    """Return which of a sweep's parameters matter.

    Args:
        folder: A directory of results.
        figures: Columns that depend on the parameters.

    Raises:
        ConfigError: The directory is none, its points do not do for indices, or a figure does not.
    """
    from archsim.sweep.reading import about, load_sweep

    told, frame = about(Path(folder)), load_sweep(folder)
    samples = kept_samples(Path(folder), told["digest"])
    if samples is not None:
        return of_design(frame, samples, figures)
    if "axes" not in told:
        raise ConfigError(
            f"{folder}: found no word of what varies; expected results of this version; run the "
            "sweep again"
        )
    found = of_points(frame, told["axes"], figures)
    if told["method"] not in ADAPTIVE:
        return found
    note = f"{told['method']} chose the points: indices are about these, not about the ranges"
    return Sensitivity(found.method, found.rows, found.points, found.samples, (note, *found.notes))


def of_design(frame: pd.DataFrame, samples: Samples, figures: Sequence[str]) -> Sensitivity:
    """Return Sobol indices of a Saltelli design, or elementary effects of a Morris design.

    Args:
        frame: A row for each point, with ``point``, ``status`` and ``error``.
        samples: The design.
        figures: Columns of the frame.

    Raises:
        ConfigError: Points are missing or not done, or a figure is not there or does not vary.
    """
    needed = np.unique(samples.points)
    rows = frame[frame["point"].isin(needed)].set_index("point", drop=False)
    _check_whole(rows, needed)
    indices = _sobol if samples.method == "saltelli" else _morris
    found: list[Row] = []
    chosen, notes = _figures(rows, figures)
    place = rows.index.get_indexer(samples.points)  # type: ignore[arg-type]
    for name, values in chosen:
        found += _named(name, samples.axes, indices(samples.shares, values[place]))
    method = "sobol" if samples.method == "saltelli" else "morris"
    return Sensitivity(method, tuple(found), len(needed), len(samples.points), tuple(notes))


def of_points(
    frame: pd.DataFrame, axes: Sequence[Sequence[str]], figures: Sequence[str]
) -> Sensitivity:
    """Return first-order indices of given points; of a whole grid also total ones, all exact.

    Args:
        frame: A row for each point; those that are done are taken, if there is a ``status``.
        axes: Columns of the parameters; those that move in step together.
        figures: Columns of the frame.

    Raises:
        ConfigError: There are too few points, nothing that varies, or a figure does not.
    """
    rows = frame[frame["status"] == "done"] if "status" in frame else frame
    classes = {" + ".join(axis): classes_of(rows, axis) for axis in axes} if len(rows) else {}
    constant = [name for name, each in classes.items() if np.ptp(each) == 0]
    moving = {name: each for name, each in classes.items() if name not in constant}
    grid = bool(moving) and is_grid(list(moving.values()))
    if not grid and len(rows) < FEWEST:
        raise ConfigError(
            f"points: found {len(rows)} that are done, and no whole grid; expected {FEWEST} at "
            "least to estimate indices from; run more, or choose search: {method: saltelli, "
            "trials: 64}"
        )
    if not moving:
        raise ConfigError(
            "points: found no parameter with two values; expected one at least; vary some"
        )
    notes = [f"{name} has one value here: it has no index" for name in constant]
    if len(rows) < len(frame):
        text = f"{len(frame) - len(rows)} of {len(frame)} points did not run"
        notes.append(f"{text}: indices are about the others")
    indices = _of_grid if grid else _of_any
    chosen, flat = _figures(rows, figures)
    found = [
        row
        for name, column in chosen
        for row in _named(name, list(moving), indices(list(moving.values()), column))
    ]
    method = "grid" if grid else "given"
    return Sensitivity(method, tuple(found), len(rows), len(rows), (*notes, *flat))


def _of_grid(classes: Sequence[Classes], values: Floats) -> list[Indices]:
    return [
        {
            "first": first_of_grid(classes, values, axis),
            "total": total_of_grid(classes, values, axis),
        }
        for axis in range(len(classes))
    ]


def _of_any(classes: Sequence[Classes], values: Floats) -> list[Indices]:
    found = [first_of_points(each, values) for each in classes]
    return [{"first": first, "first_95": half} for first, half in found]


def _check_whole(rows: pd.DataFrame, needed: NDArray[np.int64]) -> None:
    """Refuse a design that lacks points: pairs of samples would go with them."""
    amiss = rows[rows["status"] != "done"]
    if len(rows) < len(needed):
        raise ConfigError(
            f"points: found {len(rows)} of {len(needed)} finished; expected all, as indices "
            "compare them in pairs; run the same sweep again, which goes on with it"
        )
    if amiss.empty:
        return
    counts = amiss["status"].value_counts()
    counted = ", ".join(f"{count} {status}" for status, count in counts.items())
    reasons = [text for text in amiss["error"].value_counts().index if text][:SHOWN_REASONS]
    told = "; ".join(f'"{_short(text)}"' for text in reasons)
    remedies = dict.fromkeys(_REMEDIES[status] for status in counts.index)
    raise ConfigError(
        f"points: of {len(needed)} found {counted}{f' ({told})' if told else ''}; expected every "
        f"one done, as indices compare them in pairs; {', and '.join(remedies)}"
    )


def _short(text: str) -> str:
    """Return the first line of a reason, and no more of it than can be read."""
    line = " ".join(text[: 2 * SHOWN_CHARACTERS].split())
    return line if len(line) <= SHOWN_CHARACTERS else f"{line[: SHOWN_CHARACTERS - 1]}…"


def _figures(
    rows: pd.DataFrame, names: Sequence[str]
) -> tuple[list[tuple[str, Floats]], list[str]]:
    """Return the values of figures that differ, and what to say of the others."""
    check_columns(rows, names, "figures")
    table = {name: rows[name].to_numpy(dtype=np.float64) for name in names}
    faults = [
        f"figures: {name}: found none at {lacking} points; expected a number at every one; "
        "leave it out"
        for name, values in table.items()
        if (lacking := int((~np.isfinite(values)).sum()))
    ]
    if faults:
        raise ConfigError("\n".join(faults))
    flat = [name for name, values in table.items() if np.ptp(values) == 0]
    if len(flat) == len(table):
        raise ConfigError(
            f"figures: found {', '.join(flat)} with one value at all points; expected values that "
            "differ, as nothing that varies matters otherwise; name other figures"
        )
    notes = [f"{name} has one value at all points: nothing that varies matters" for name in flat]
    return [(name, values) for name, values in table.items() if name not in flat], notes


def _named(figure: str, names: Sequence[str], indices: Sequence[Indices]) -> list[Row]:
    return [
        {"figure": figure, "parameter": name, **its}
        for name, its in zip(names, indices, strict=True)
    ]


def _problem(axes: int) -> dict[str, Any]:
    """Return axes as SALib takes them; their own names might be words of its own."""
    return {
        "num_vars": axes,
        "names": [f"x{n}" for n in range(axes)],
        "bounds": [[0.0, 1.0]] * axes,
    }


def _sobol(shares: Floats, values: Floats) -> list[Indices]:
    from SALib.analyze import sobol  # takes its time to import

    problem = _problem(shares.shape[1])
    found = sobol.analyze(problem, values, calc_second_order=False, seed=SEED)
    return _rows(found, first="S1", first_95="S1_conf", total="ST", total_95="ST_conf")


def _morris(shares: Floats, values: Floats) -> list[Indices]:
    from SALib.analyze import morris  # takes its time to import

    problem = _problem(shares.shape[1])
    found = morris.analyze(problem, shares, values, num_levels=MORRIS_LEVELS, seed=SEED)
    return _rows(found, mu_star="mu_star", mu_star_95="mu_star_conf", mu="mu", sigma="sigma")


def _rows(found: Mapping[str, Any], **columns: str) -> list[Indices]:
    """Return rows of SALib's results; what it could not estimate is None."""
    table = np.column_stack([np.ma.getdata(found[name]).astype(float) for name in columns.values()])
    return [
        {
            name: value if np.isfinite(value) else None
            for name, value in zip(columns, row, strict=True)
        }
        for row in table.tolist()
    ]
