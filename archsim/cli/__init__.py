"""The command line: thin commands over the public API.

Data goes to stdout, words (progress, warnings, faults) to stderr. Exit status: 0 done, 1 a fault of
this program, 2 wrong input or a place that cannot be written, 3 a workload that cannot run on the
machine, 130 interrupted. Faults of the input are sentences, never tracebacks; a traceback means a
fault of this program. A reader of stdout that leaves early is no fault, words that nobody can read
neither: they change no status.

JSON, CSV and workload files are UTF-8 wherever they go. Tables and words take the encoding of the
terminal, and spell out what it lacks.

A package rather than one module, because commands (``commands``), printing (``output``), progress
(``progress``) and what becomes of faults (``entry``) are four things. Each command imports what it
needs when it runs: ``archsim run`` on a saved workload must not wait for torch or pandas.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import NoReturn

__all__ = ["main"]

INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit.

    Args:
        arguments: What stands after ``archsim``; those of this process by default.
    """
    found = list(sys.argv[1:] if arguments is None else arguments)
    try:
        from archsim.cli.entry import run  # so that an interrupt of the imports is quiet, too

        status = run(found or ["--help"])
    except KeyboardInterrupt:
        status = INTERRUPTED
        with suppress(OSError, AttributeError):  # nobody reads words any more, or there is no one
            sys.stderr.write("interrupted\n")
        exec("")  # else Python ends by the signal if it came in an exec, as dataclasses use it
    sys.exit(status)
