"""Read a file, whatever is in it; write one so that it is never half there."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from archsim.documents._json import read_json
from archsim.documents._model import Document
from archsim.documents._yaml import read_yaml
from archsim.errors import ArchsimError, ConfigError

_LARGEST_BYTES = 32 * 1024 * 1024
_READERS = {".yaml": read_yaml, ".yml": read_yaml, ".json": read_json}


def read(path: str | Path, *, error: type[ArchsimError] = ConfigError) -> Document:
    """Read a YAML or JSON file, by its extension, with the position of every value.

    Raises:
        ArchsimError: As ``error``: the file cannot be read or holds no plain data.
    """
    path = Path(path)
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        found = f"the extension {path.suffix!r}" if path.suffix else "no extension"
        raise error(
            f"{path}: found {found}; expected .yaml, .yml or .json; rename the file, or name one"
        )
    text = _text(path, error)
    data, positions = reader(text, str(path), error)
    return Document(path, data, positions, text)


def read_text(text: str, name: str, *, error: type[ArchsimError] = ConfigError) -> Document:
    """Read YAML that is in memory; messages call it ``name``."""
    data, positions = read_yaml(text, name, error)
    return Document(Path(name), data, positions, text)


def _text(path: Path, error: type[ArchsimError]) -> str:
    try:
        _refuse_pipe(path, error)
        with path.open("rb") as file:
            content = file.read(_LARGEST_BYTES + 1)
    except FileNotFoundError:
        raise error(f"{path}: found no such file; expected one; check the path") from None
    except IsADirectoryError:
        raise error(f"{path}: found a folder; expected a file; name the file in it") from None
    except (OSError, ValueError) as fault:
        reason = getattr(fault, "strerror", None) or fault
        raise error(f"{path}: cannot be read ({reason}); check the path and its rights") from None
    if len(content) > _LARGEST_BYTES:
        raise error(
            f"{path}: found more than {_LARGEST_BYTES // 1024**2} MiB; expected a smaller file; "
            "check that it is the right one"
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        line = content.count(b"\n", 0, fault.start) + 1
        column = fault.start - content.rfind(b"\n", 0, fault.start)
        raise error(
            f"{path}:{line}:{column}: found byte 0x{content[fault.start]:02x}, which is not UTF-8; "
            "expected a text file; save it as UTF-8"
        ) from None


def _refuse_pipe(path: Path, error: type[ArchsimError]) -> None:
    """Refuse what may never end, before opening it waits for a writer."""
    if path.exists() and not path.is_file() and not path.is_dir():
        raise error(f"{path}: found a pipe or device; expected a file; copy it into one")


def write_atomically(
    path: str | Path, content: str | bytes, *, error: type[ArchsimError] = ConfigError
) -> None:
    """Write a file so that a reader finds either the old content or all of the new.

    Args:
        path: The file.
        content: Its new content; text is written as UTF-8.
        error: What is raised.

    Raises:
        ArchsimError: As ``error``: the folder is missing or not writable.
    """
    path = Path(path)
    scratch: str | None = None
    try:
        with tempfile.NamedTemporaryFile(
            dir=path.parent, prefix=f".{path.name}.", delete=False
        ) as file:
            scratch = file.name
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        mask = os.umask(0)
        os.umask(mask)
        Path(scratch).chmod(0o666 & ~mask)
        Path(scratch).replace(path)
    except OSError as fault:
        raise error(
            f"{path}: cannot be written ({fault.strerror}); check its folder and your rights there"
        ) from None
    finally:
        if scratch is not None:
            Path(scratch).unlink(missing_ok=True)
