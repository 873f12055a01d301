"""Who may write a directory of results: one coordinator at a time."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from archsim.errors import ConfigError

LOCK = "_lock"
HOLDER = "_holder.json"


@contextmanager
def hold(folder: Path, mark: str, own: Sequence[str]) -> Iterator[None]:
    """Hold a directory, made if there is nothing.

    Args:
        folder: The directory.
        mark: File that a directory of results has.
        own: How the names begin of what may be in one that has no mark yet.

    Raises:
        ConfigError: Somebody else holds it, something else is in it, or it cannot be written.
    """
    if folder.exists() and not (folder / mark).exists() and _foreign(folder, own):
        raise ConfigError(
            f"{folder}: found something else than results of a sweep; expected these, an empty "
            "folder or nothing; choose another folder, so that nothing is lost"
        )
    with ExitStack() as held:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            held.enter_context(FileLock(folder / LOCK).acquire(timeout=0))
            holder = {"process": os.getpid(), "host": socket.gethostname()}
            (folder / HOLDER).write_text(json.dumps(holder), encoding="utf-8")
        except Timeout:
            raise ConfigError(
                f"{folder}: found {_holder(folder)} at work in it; expected nobody; wait for it, "
                "stop it, or choose another folder"
            ) from None
        except OSError as fault:
            raise ConfigError(
                f"{folder}: cannot be written ({fault.strerror or fault}); expected a folder for "
                "results; check the path and your rights there"
            ) from None
        yield


def _holder(folder: Path) -> str:
    """Return who holds a directory, as far as that is known."""
    try:
        found = json.loads((folder / HOLDER).read_text(encoding="utf-8"))
        return f"process {found['process']} on {found['host']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "another sweep"


def _foreign(folder: Path, own: Sequence[str]) -> bool:
    return not folder.is_dir() or any(
        not path.name.startswith(tuple(own)) for path in folder.iterdir()
    )
