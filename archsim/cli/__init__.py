"""The command line: thin commands over the public API.

Data goes to stdout, words (progress, warnings, faults) to stderr. Exit status: 0 done, 1 a fault of
this program, 2 wrong input, 3 a workload that cannot run on the machine, 130 interrupted. Faults of
the input are sentences, never tracebacks; a traceback means a fault of this program.

A package rather than one module, because commands (``commands``), printing (``output``) and what
becomes of faults (``main``) are three things. Each command imports what it needs when it runs:
``archsim run`` on a saved workload must not wait for torch or pandas.
"""

from __future__ import annotations

from archsim.cli.main import main

__all__ = ["main"]
