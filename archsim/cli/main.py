"""The entry point: run a command, turn faults into sentences and exit statuses."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import NoReturn

import typer

from archsim.cli.commands import app
from archsim.cli.output import printable
from archsim.errors import ArchsimError

WRONG_INPUT, INTERRUPTED = 2, 130

# Typer ships its own copy of click or depends on it, by version; this is its class either way.
_UsageFault: type[Exception] = next(
    base for base in typer.BadParameter.__mro__ if base.__name__ == "ClickException"
)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit.

    Args:
        arguments: What stands after ``archsim``; those of this process by default.
    """
    found = list(sys.argv[1:] if arguments is None else arguments)
    sys.exit(_status(found or ["--help"]))


def _status(arguments: Sequence[str]) -> int:
    try:
        status = app(arguments, prog_name="archsim", standalone_mode=False)
        sys.stdout.flush()
    except ArchsimError as fault:
        return _say(str(fault), fault.exit_code)
    except _UsageFault as fault:
        return _say(_usage(fault), WRONG_INPUT)
    except (KeyboardInterrupt, typer.Abort):
        status = INTERRUPTED
    except (BrokenPipeError, SystemExit) as fault:
        if not _is_broken_pipe(fault):
            raise
        status = _leave()
    if status == INTERRUPTED:
        _say("interrupted", INTERRUPTED)
    return status if isinstance(status, int) else 0


def _is_broken_pipe(fault: BaseException) -> bool:
    """Whether nobody reads our data any more; Typer passes that on as an exit."""
    return isinstance(fault, BrokenPipeError) or isinstance(fault.__context__, BrokenPipeError)


def _leave() -> int:
    """End quietly: whoever reads our data has seen enough."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # stdout
    return 0


def _usage(fault: Exception) -> str:
    context = getattr(fault, "ctx", None)
    command = context.command_path if context else "archsim"
    message = str(getattr(fault, "format_message", fault.__str__)())
    message = message.rstrip(".").replace("Value error, ", "")
    return (
        f"{command}: found arguments it cannot take ({message}); expected what '{command} --help' "
        "lists; correct them"
    )


def _say(text: str, status: int) -> int:
    sys.stdout.flush()
    sys.stderr.write(f"{printable(text)}\n")
    return status
