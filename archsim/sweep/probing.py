"""A sweep made into one for indices of sensitivity: the same ranges, other points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import log2

from archsim.errors import ConfigError
from archsim.sweep.designs import moving
from archsim.sweep.figures import BY_NAME
from archsim.sweep.file import MOST_POINTS, Search
from archsim.sweep.sweep import Sweep

USUAL = ("energy_j", "latency_s")
"""Figures that are analysed where neither the user nor the sweep names any."""

METHODS = ("sobol", "morris")

SAMPLES = {"sobol": 128, "morris": 16}
"""Base samples, or paths through the space, where the user does not say."""


def figures_of(written: Sequence[str], objectives: Sequence[str]) -> tuple[str, ...]:
    """Return the figures to analyse: what was written, else the objectives, else the usual ones."""
    return tuple(dict.fromkeys(written or objectives or USUAL))


def probing(
    sweep: Sweep,
    method: str,
    samples: int | None,
    figures: Sequence[str],
) -> tuple[Sweep, list[str]]:
    """Return the sweep for indices of some figures, and what was left out for it.

    Limits are left out, since indices are about all that the ranges hold; accuracy, where no figure
    needs it, since it may take most of the time.

    Args:
        sweep: What varies.
        method: Whose indices: one of ``METHODS``.
        samples: Base samples (a power of two), or paths; the usual number by default.
        figures: What is to be analysed.

    Raises:
        ConfigError: A number of samples that does not do, or a figure that no point has.
    """
    count = SAMPLES[method] if samples is None else samples
    accuracy = any(BY_NAME[name].of_accuracy for name in figures if name in BY_NAME)
    faults = [*_unknown(figures), *_uneven(method, count)]
    if accuracy and sweep.accuracy is None:
        faults.append(
            f"figures: found accuracy, which {sweep.name} does not ask for; expected accuracy: "
            "true there; add it"
        )
    runs = count * (len(moving(sweep.space)) + (2 if method == "sobol" else 1))
    if runs > MOST_POINTS:
        faults.append(
            f"samples: found {count:,}, which make {runs:,} points; expected at most "
            f"{MOST_POINTS:,}; lower it"
        )
    if not moving(sweep.space):
        faults.append(f"vary: found nothing that varies in {sweep.name}; expected some keys; add")
    if faults:
        raise ConfigError("\n".join(faults))
    notes = []
    if sweep.limits:
        told = ", ".join(map(str, sweep.limits))
        notes.append(f"limits are left out ({told}): indices are about all that the ranges hold")
    if sweep.accuracy is not None and not accuracy:
        notes.append("accuracy is left out: none of the figures needs it")
    made = replace(
        sweep,
        search=Search(
            method="saltelli" if method == "sobol" else "morris",
            trials=count,
            seed=sweep.search.seed,
        ),
        limits=(),
        accuracy=sweep.accuracy if accuracy else None,
        ops=False,
    )
    return made, notes


def _unknown(figures: Sequence[str]) -> list[str]:
    known = [each.name for each in BY_NAME.values() if each.kind != "text"]
    return [
        f"figures: found {name!r}, which is no figure of a point; expected one of "
        f"{', '.join(known)}; name one"
        for name in figures
        if name not in known
    ]


def _uneven(method: str, count: int) -> list[str]:
    if method == "morris":
        least = 2
        return [] if count >= least else [f"samples: found {count}; expected 2 at least; raise it"]
    if count >= 2 and log2(count).is_integer():  # noqa: PLR2004
        return []
    above = 1 << max(count, 1).bit_length()
    near = f"{above // 2} or {above}" if count > 2 else "2"  # noqa: PLR2004
    return [
        f"samples: found {count}; expected a power of two, for which Sobol' points are even; give "
        f"{near}"
    ]
