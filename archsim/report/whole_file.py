"""A text file that is there once all of it is, in place of an earlier one of its kind only."""

from __future__ import annotations

import gzip
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from archsim.errors import ConfigError

_LEVEL = 5
"""Of gzip: 6 takes half as long again for files that are 4 % smaller."""


@dataclass(frozen=True, slots=True)
class Sort:
    """A sort of file: what it is called, its extensions, and how every one of them begins."""

    name: str
    extensions: tuple[str, ...]
    beginning: str


class WholeFile:
    """A file being written beside its place, compressed if its name ends in ``.gz``."""

    def __init__(self, path: Path, sort: Sort) -> None:
        """Open it.

        Raises:
            ConfigError: It cannot be written, or something else is there.
        """
        self._path, self._sort = path, sort
        if not path.name.endswith(sort.extensions):
            listed = " or ".join(sort.extensions)
            raise ConfigError(
                f"{path}: found {path.suffix or 'no extension'}; expected {listed}; choose one of "
                "them"
            )
        try:
            if (path.exists() or path.is_symlink()) and not self._is_one():
                raise ConfigError(
                    f"{path}: found something that is no {sort.name}; expected an earlier "
                    f"{sort.name}, or nothing; choose another name, so that nothing is lost"
                )
            self._scratch = Path(tempfile.mkdtemp(prefix=".archsim.", dir=path.parent))
        except OSError as fault:
            raise self._refused(fault) from None
        self._open = ExitStack()
        self.file: IO[str] = self._opened(self._scratch / "file")
        """What to write to."""

    def _opened(self, path: Path) -> IO[str]:
        if self._path.suffix != ".gz":
            return self._open.enter_context(path.open("w", encoding="utf-8", newline=""))
        raw = self._open.enter_context(path.open("wb"))
        # Neither its name nor the time: equal runs leave equal files.
        packed = gzip.GzipFile("", "wb", _LEVEL, raw, mtime=0)
        return self._open.enter_context(TextIOWrapper(packed, encoding="utf-8", newline=""))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _: type[BaseException] | None, fault: BaseException | None, __: TracebackType | None
    ) -> None:
        try:
            self._open.close()
            if isinstance(fault, OSError) and fault.filename is None:  # of writing, say
                raise fault
            if fault is None:
                (self._scratch / "file").replace(self._path)
        except OSError as found:
            raise self._refused(found) from None
        finally:
            (self._scratch / "file").unlink(missing_ok=True)
            self._scratch.rmdir()

    def _is_one(self) -> bool:
        if self._path.is_symlink() or not self._path.is_file():
            return False
        opened = gzip.open if self._path.suffix == ".gz" else open
        try:
            with opened(self._path, "rt", encoding="utf-8", newline="") as file:
                return bool(file.read(len(self._sort.beginning)) == self._sort.beginning)
        except (UnicodeDecodeError, gzip.BadGzipFile, EOFError):
            return False

    def _refused(self, fault: OSError) -> ConfigError:
        return ConfigError(
            f"{self._path}: cannot be written ({fault.strerror or fault}); expected a file that "
            "can; check its folder and your rights there"
        )
