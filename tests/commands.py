"""Run the command line inside the test's process: status, data, words."""

from __future__ import annotations

import io
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass

from archsim.cli import main


@dataclass(frozen=True)
class Outcome:
    status: int
    out: str
    err: str


def archsim(*arguments: str) -> Outcome:
    """Return what ``archsim`` with these arguments says and how it exits."""
    out, err = io.StringIO(), io.StringIO()
    status = -1
    with redirect_stdout(out), redirect_stderr(err):
        try:
            main([str(argument) for argument in arguments])
        except SystemExit as exit_:
            status = exit_.code
    return Outcome(status, out.getvalue(), err.getvalue())
