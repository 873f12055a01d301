"""Run a command; turn faults into sentences and exit statuses."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import suppress

import typer

from archsim.cli import (  # each adds its commands
    INTERRUPTED,
    accuracy_commands,  # noqa: F401
    figure_commands,  # noqa: F401
    learning_commands,  # noqa: F401
    page_commands,  # noqa: F401
    sweep_commands,  # noqa: F401
    sweep_reading_commands,  # noqa: F401
)
from archsim.cli.commands import app
from archsim.cli.output import hush, prepare, say
from archsim.errors import ArchsimError

WRONG_INPUT = 2

# Typer ships its own copy of click or depends on it, by version; this is its class either way.
_UsageFault: type[Exception] = next(
    base for base in typer.BadParameter.__mro__ if base.__name__ == "ClickException"
)


def run(arguments: Sequence[str]) -> int:
    """Run the command line and return its exit status."""
    prepare()
    if sys.stdout is None:
        return _end("stdout: found it closed; expected it open; send it somewhere", WRONG_INPUT)
    try:
        status = app(arguments, prog_name="archsim", standalone_mode=False)
        sys.stdout.flush()
    except ArchsimError as fault:
        return _end(str(fault), fault.exit_code)
    except _UsageFault as fault:
        return _end(_usage(fault, arguments), WRONG_INPUT)
    except (KeyboardInterrupt, typer.Abort):
        status = INTERRUPTED
    except (OSError, SystemExit) as fault:
        return _of_output(fault)
    if status == INTERRUPTED:
        return _end("interrupted", INTERRUPTED)
    return status if isinstance(status, int) else 0


def _of_output(fault: OSError | SystemExit) -> int:
    """Return the status for data that could not be written; any other fault is ours."""
    if _is_broken_pipe(fault):
        hush(sys.stdout)  # whoever reads our data has seen enough
        return 0
    if isinstance(fault, SystemExit) or fault.filename is not None:
        raise fault
    hush(sys.stdout)
    return _end(
        f"stdout: cannot be written ({fault.strerror or fault}); expected room for the output; "
        "free some, or send it elsewhere",
        WRONG_INPUT,
    )


def _is_broken_pipe(fault: BaseException) -> bool:
    """Whether nobody reads our data any more; Typer passes that on as an exit."""
    return isinstance(fault, BrokenPipeError) or isinstance(fault.__context__, BrokenPipeError)


def _usage(fault: Exception, arguments: Sequence[str]) -> str:
    context = getattr(fault, "ctx", None)
    command = context.command_path if context else _named(arguments)
    message = str(getattr(fault, "format_message", fault.__str__)())
    message = message.rstrip(".").replace("Value error, ", "")
    return (
        f"{command}: found arguments it cannot take ({message}); expected what '{command} --help' "
        "lists; correct them"
    )


def _named(arguments: Sequence[str]) -> str:
    """Return the command that arguments begin with, for faults that do not know theirs."""
    names = {
        str(each.name or each.callback.__name__)
        for each in app.registered_commands
        if each.callback
    }
    return " ".join(["archsim", *(word for word in arguments[:1] if word in names)])


def _end(text: str, status: int) -> int:
    """Say what went wrong, after the data before it."""
    if sys.stdout is not None:
        with suppress(OSError):
            sys.stdout.flush()
    say(text)
    return status
