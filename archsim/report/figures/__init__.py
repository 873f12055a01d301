"""Figures of reports, with matplotlib: each a function from frames to axes.

>>> from archsim.report import figures
>>> ax = figures.energy_by_op(report.energy)  # doctest: +SKIP
>>> figures.save(ax, "energy.svg")  # doctest: +SKIP

Rules that all of them keep:

* What is plotted is what the frame holds, in SI units; prefixes stand only at the axes. Where small
  rows stand together as "N others", their sum is kept.
* A component has one colour in every figure. Colours differ for every kind of colour vision, and
  what shares one differs in pattern or marker.
* A new figure belongs to nobody: none of matplotlib's global state is used or changed, and a user's
  settings change nothing. Drawn on a user's ``ax``, a figure brings its look, not its size.
* The same frame gives the same file, byte by byte: the font is the one that travels with
  matplotlib, and files carry no date.
* Names are text, whatever is in them; see ``names``.

Refused: frames of something else, frames without what the figure is of, and to write over a file
that is no figure of ours.
"""

from __future__ import annotations

from archsim.report.figures.catalogue import FIGURES, draw
from archsim.report.figures.energy import energy_by_component, energy_by_op
from archsim.report.figures.frames import NothingToDrawError
from archsim.report.figures.profiles import noise_bits, repetitions
from archsim.report.figures.rooflines import roofline, roofline_points, roofs
from archsim.report.figures.runs import PlanFile, plan_counts, read
from archsim.report.figures.saving import check, save
from archsim.report.figures.time import busy_shares, time_by_op, utilization
from archsim.report.figures.tradeoffs import accuracy, on_front, pareto

__all__ = [
    "FIGURES", "NothingToDrawError", "PlanFile", "accuracy", "busy_shares", "check", "draw",
    "energy_by_component", "energy_by_op", "noise_bits", "on_front", "pareto", "plan_counts",
    "read", "repetitions", "roofline", "roofline_points", "roofs", "save", "time_by_op",
    "utilization",
]  # fmt: skip
