"""A run, a sweep or two runs beside each other as one HTML file: no network, nothing to install.

Each page is made of the saved tables and nothing else, so its figures are the tables' figures; no
rule that decides a number lives here. The same input gives the same bytes: no time stamps, no
paths, no random ids.

Three decisions:

* Everything is written out here: bars, plots and tables are plain HTML and SVG that can be read,
  printed and searched without a script. The one script (``assets/page.js``) filters, sorts, shows
  exact values and moves the focus; it takes every figure from the page and computes shares only.
* Names are somebody else's text. Templates escape all they are given, nothing is ever put into a
  script or a style, and the page forbids itself, by its content security policy, any script or
  style but its own and any request. Characters that show nothing or move others (control
  characters, directions) are spelt out.
* Bars, and no colour alone: every bar has its figure beside it, each one can be reached with the
  keyboard, and what a part of a bar stands for is said in words.
"""

from __future__ import annotations

from archsim.report.page.difference_page import difference_page
from archsim.report.page.rendering import OPENING
from archsim.report.page.run_page import run_page
from archsim.report.page.sweep_page import Direction, Sweep, sweep_page

__all__ = ["OPENING", "Direction", "Sweep", "difference_page", "run_page", "sweep_page"]
