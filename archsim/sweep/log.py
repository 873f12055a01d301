"""A log of finished things: what is in it is never lost, whatever happens to the computer.

One JSON object a line. Lines are appended and forced to the disk before anything counts as
finished; a line that was cut short by a crash is cut off. A log that has grown is rolled: its lines
move into a numbered, compressed file beside it, which is never changed again. Everything else in a
results directory can be made anew from these files. A line that was damaged later is passed by, and
told of: its point is run again.
"""

from __future__ import annotations

import gzip
import json
import os
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from archsim import documents
from archsim.errors import ConfigError

Entry = Mapping[str, Any]


class Log:
    """Entries in a file, appended and forced to the disk.

    Attributes:
        entries: How many were not rolled yet.
        damaged: Files in which something was found that is no entry.
    """

    def __init__(self, path: Path) -> None:
        """Open or begin it, without a line that was cut short.

        Raises:
            ConfigError: It cannot be written.
        """
        self._path = path
        self.damaged: set[Path] = set()
        try:
            path.touch()
            self._end = cut_last_line(path)
            self._file = path.open("ab", buffering=0)
        except OSError as fault:
            raise self._refused(fault) from None
        self.entries = sum(1 for _ in self.live())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def append(self, entries: Iterable[Entry]) -> None:
        """Add entries; when it returns they are on the disk.

        Raises:
            ConfigError: The disk is full, or broken; none of the entries is in the log.
        """
        lines = [_line(entry) for entry in entries]
        if not lines:
            return
        content = b"".join(lines)
        try:
            rest = memoryview(content)
            while rest:  # a disk that gets full takes a part
                rest = rest[self._file.write(rest) :]
            os.fsync(self._file.fileno())
        except OSError as fault:
            self._undo()
            raise self._refused(fault) from None
        except BaseException:  # such as a Ctrl-C
            self._undo()
            raise
        self._end += len(content)
        self.entries += len(lines)

    def live(self) -> Iterator[dict[str, Any]]:
        """Yield the entries that were not rolled yet."""
        with self._path.open("rb") as file:
            yield from self._read(file, self._path)

    def rolled(self) -> Iterator[dict[str, Any]]:
        """Yield the entries of rolled files; of one whose packing is damaged those before that."""
        for path in self._segments():
            with gzip.open(path, "rb") as file:
                yield from self._read(file, path)

    def roll(self) -> None:
        """Move all entries into a compressed file of their own.

        Raises:
            ConfigError: It cannot be written; the entries stay where they are.
        """
        segments = self._segments()
        number = int(segments[-1].name.split("-")[-1].split(".")[0]) + 1 if segments else 1
        target = self._path.with_name(f"{self._path.stem}-{number:05}.jsonl.gz")
        content = gzip.compress(self._path.read_bytes(), compresslevel=6, mtime=0)
        documents.write_atomically(target, content)
        self._file.truncate(0)
        os.fsync(self._file.fileno())
        self._end, self.entries = 0, 0

    def _segments(self) -> list[Path]:
        return sorted(self._path.parent.glob(f"{self._path.stem}-*.jsonl.gz"))

    def _undo(self) -> None:
        """Cut off what a failed write may have left."""
        with suppress(OSError):  # a broken disk; the next one who opens the log cuts it off
            self._file.truncate(self._end)

    def _read(self, file: Any, path: Path) -> Iterator[dict[str, Any]]:
        """Yield the entries of a file; remember it if there is something else in it."""
        try:
            for line in file:
                entry = _parsed(line)
                if entry is None:
                    self.damaged.add(path)
                else:
                    yield entry
        except (EOFError, OSError, zlib.error):
            self.damaged.add(path)

    def _refused(self, fault: OSError) -> ConfigError:
        return ConfigError(
            f"{self._path}: cannot be written ({fault.strerror or fault}); expected room for "
            "results; free some, and run again: what is finished is kept"
        )


def read_live(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the entries of a log that were not rolled yet, while another may write it."""
    if not path.exists():
        return
    with path.open("rb") as file:
        yield from (entry for entry in map(_parsed, file) if entry is not None)


def _line(entry: Entry) -> bytes:
    return (
        json.dumps(entry, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode(
            errors="surrogatepass"
        )
        + b"\n"
    )


def cut_last_line(path: Path) -> int:
    """Cut off a last line that has no end; return how many bytes are left."""
    end = 0
    with path.open("r+b") as file:
        for line in file:
            if line.endswith(b"\n"):
                end += len(line)
        file.truncate(end)
    return end


def _parsed(line: bytes) -> dict[str, Any] | None:
    """Return the entry of a line; None if it is damaged."""
    if not line.endswith(b"\n"):
        return None
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    return entry if isinstance(entry, dict) else None
