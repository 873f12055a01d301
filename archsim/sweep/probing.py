"""A sweep made into one for indices of sensitivity: the same ranges, other points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import log2
from pathlib import Path

from archsim.documents import closest
from archsim.errors import ConfigError
from archsim.sweep.designs import moving
from archsim.sweep.figures import BY_NAME
from archsim.sweep.file import MOST_POINTS, Search
from archsim.sweep.loading import load_sweep_file
from archsim.sweep.sweep import Sweep

USUAL = ("energy_j", "latency_s")
"""Figures that are analysed where neither the user nor the sweep names any."""

SAMPLES = {"sobol": 128, "morris": 16}
"""Methods, each with its base samples, or paths through the space, where the user does not say."""

_LEAST = 2


def figures_of(written: Sequence[str], objectives: Sequence[str]) -> tuple[str, ...]:
    """Return the figures to analyse: what was written, else the objectives, else the usual ones."""
    return tuple(dict.fromkeys(written or objectives or USUAL))


def probing(
    file: str | Path,
    figures: Sequence[str] = (),
    *,
    method: str = "sobol",
    samples: int | None = None,
) -> tuple[Sweep, list[str]]:
    """Return a file's sweep with a design for indices of some figures, and what was left out.

    Limits are left out, since indices are about all that the ranges hold; accuracy, where no figure
    needs it, since it may take most of the time.

    Args:
        file: A sweep file, whatever it says of the search.
        figures: What is to be analysed; see :func:`figures_of`.
        method: ``sobol`` or ``morris``.
        samples: Base samples (a power of two), or paths; the usual number by default.

    Raises:
        ConfigError: What is wrong with the file, a figure, the method or the number.
    """
    sweep = load_sweep_file(file, search=_search(method, samples))
    wanted = figures_of(figures, list(sweep.objectives))
    needed = any(BY_NAME[name].of_accuracy for name in wanted if name in BY_NAME)
    faults = _unknown(wanted)
    if needed and sweep.accuracy is None:
        faults.append(
            f"figures: found accuracy, which {sweep.name} does not ask for; expected accuracy: "
            "true there; add it"
        )
    trials = sweep.search.trials or 0
    runs = trials * (len(moving(sweep.space)) + (2 if method == "sobol" else 1))
    if runs > MOST_POINTS:
        faults.append(
            f"--samples: found {trials:,}, which make {runs:,} points; expected at most "
            f"{MOST_POINTS:,}; lower it"
        )
    if faults:
        raise ConfigError("\n".join(faults))
    notes = []
    if sweep.limits:
        told = ", ".join(map(str, sweep.limits))
        notes.append(f"limits are left out ({told}): indices are about all that the ranges hold")
    if sweep.accuracy is not None and not needed:
        notes.append("accuracy is left out: none of the figures needs it")
    accuracy = sweep.accuracy if needed else None
    return replace(sweep, limits=(), accuracy=accuracy, ops=False), notes


def _search(method: str, samples: int | None) -> Search:
    """Return a design for indices.

    Raises:
        ConfigError: There is no such method, or it takes no such number of samples.
    """
    if method not in SAMPLES:
        raise ConfigError(
            f"--method: found {method!r}; expected {' or '.join(SAMPLES)}"
            f"{closest(method, list(SAMPLES))}; choose one of them"
        )
    count = SAMPLES[method] if samples is None else samples
    if count < _LEAST:
        raise ConfigError(f"--samples: found {count}; expected {_LEAST} at least; raise it")
    if method == "sobol" and not log2(count).is_integer():
        above = 1 << count.bit_length()
        raise ConfigError(
            f"--samples: found {count}; expected a power of two, for which Sobol' points are even; "
            f"give {above // 2} or {above}"
        )
    if count > MOST_POINTS:
        raise ConfigError(f"--samples: found {count:,}; expected at most {MOST_POINTS:,}; lower it")
    return Search(method="saltelli" if method == "sobol" else "morris", trials=count)


def _unknown(figures: Sequence[str]) -> list[str]:
    known = [each.name for each in BY_NAME.values() if each.kind != "text"]
    return [
        f"figures: found {name!r}, which is no figure of a point; expected one of "
        f"{', '.join(known)}{closest(name, known) or '; name one'}"
        for name in figures
        if name not in known
    ]
