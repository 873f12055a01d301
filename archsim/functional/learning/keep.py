"""What learning keeps in a folder, so that a run that was killed goes on where it was.

Results never depend on when something was kept: a run that is resumed ends bit by bit where an
unbroken one does, on as many threads.
"""

from __future__ import annotations

import hashlib
import io
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, fields
from pathlib import Path
from types import TracebackType
from typing import Self

import torch

from archsim import documents
from archsim.errors import ConfigError
from archsim.functional.learning.learner import State
from archsim.functional.store import EVERY_S

_MARK = "learning.json"
_RESULTS, _RUNS = "results.json", "runs.json"
_OWN = (
    *("*.state", ".*.state.*"),
    *(pattern for name in (_RESULTS, _RUNS, _MARK) for pattern in (name, f".{name}.*")),
)
"""What is kept, and what is left of it where a run was killed while it wrote."""
_DIGEST_BYTES = hashlib.sha256().digest_size


class AimError(ConfigError):
    """An aim that cannot be met, seen before anything was learned."""


class Keep:
    """States of learning by name, and a place for results; nothing is kept without a folder."""

    def __init__(self, folder: Path | str | None, key: Mapping[str, str]) -> None:
        """Open or begin it.

        Args:
            folder: Where; it is made if its own folder is there.
            key: What everything depends on.

        Raises:
            ConfigError: It is something else, or of another run.
        """
        self._folder = None if folder is None else Path(folder)
        self._written_s, self._made = 0.0, False
        self._of = dict(key)
        text = json.dumps(self._of, sort_keys=True)
        self._key = hashlib.sha256(text.encode()).hexdigest()
        if self._folder is not None:
            with _told(self._folder):
                self._open(self._folder)

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave nothing behind of a run that was refused before it began to learn."""
        if self._made and isinstance(error, AimError):
            discard(self._folder)

    @property
    def results(self) -> Path | None:
        """The file for results of evaluations."""
        return None if self._folder is None else self._folder / _RESULTS

    @property
    def runs(self) -> Path | None:
        """The file for what runs of the whole machine take."""
        return None if self._folder is None else self._folder / _RUNS

    def state(self, name: str) -> State | None:
        """Return a state that was kept.

        Raises:
            ConfigError: It is damaged, or of another version of archsim.
        """
        if self._folder is None or not (path := self._folder / f"{name}.state").exists():
            return None
        content = path.read_bytes()
        digest, content = content[:_DIGEST_BYTES], content[_DIGEST_BYTES:]
        if digest != hashlib.sha256(content).digest():  # torch reads damaged numbers as they are
            raise ConfigError(
                f"{path}: found a damaged state; expected one that was written whole; remove it, "
                "and that part is learned anew"
            )
        found = torch.load(io.BytesIO(content), weights_only=True)
        if others := sorted(found.keys() ^ {field.name for field in fields(State)}):
            raise ConfigError(
                f"{path}: found a state with other fields: {', '.join(others)}; expected one of "
                "this version of archsim; remove it, and that part is learned anew"
            )
        return State(**found)

    def put(self, name: str, state: State, *, now: bool) -> None:
        """Keep a state: now, or if the last one was kept some time ago."""
        if self._folder is None:
            return
        if not now and time.monotonic() - self._written_s < EVERY_S:
            return
        buffer = io.BytesIO()
        torch.save(asdict(state), buffer)
        content = buffer.getvalue()
        digest = hashlib.sha256(content).digest()
        documents.write_atomically(self._folder / f"{name}.state", digest + content)
        self._written_s = time.monotonic()

    def _open(self, folder: Path) -> None:
        mark = folder / _MARK
        begun = folder.is_dir() and all(
            path.name.startswith(f".{_MARK}.") for path in folder.iterdir()
        )
        if begun or not folder.exists():  # killed before its mark was there, it is empty
            if not folder.absolute().parent.is_dir():
                raise ConfigError(
                    f"{folder}: found no folder {folder.parent}; expected one to write to; make it "
                    "first"
                )
            self._made = True
            folder.mkdir(exist_ok=True)
            documents.write_atomically(mark, json.dumps({"key": self._key, "of": self._of}) + "\n")
            return
        try:
            found = json.loads(mark.read_text(encoding="utf-8"))
            key, of = str(found["key"]), dict(found.get("of", {}))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            raise ConfigError(
                f"{folder}: found something else than a checkpoint of learning; expected one, or "
                "nothing; choose another name, so that nothing is lost"
            ) from None
        if key != self._key:
            names = sorted(of.keys() | self._of.keys()) if of else []
            others = [name for name in names if of.get(name) != self._of.get(name)]
            differing = f", with other {', '.join(others)}" if others else ""
            raise ConfigError(
                f"{folder}: found a checkpoint of another run{differing}; expected this one's; "
                "choose another name, or remove it"
            )


def discard(folder: Path | str | None) -> None:
    """Remove what a checkpoint of learning keeps, if there is one, and its folder if it is empty.

    Raises:
        ConfigError: It cannot be removed.
    """
    if folder is None or not (Path(folder) / _MARK).is_file():
        return
    with _told(Path(folder)):
        own = [path for pattern in _OWN for path in Path(folder).glob(pattern)]
        for path in own:
            path.unlink()
        if not any(Path(folder).iterdir()) and Path(folder).resolve() != Path.cwd():
            Path(folder).rmdir()


@contextmanager
def _told(folder: Path) -> Iterator[None]:
    """Turn what the system refuses into a sentence."""
    try:
        yield
    except OSError as fault:
        raise ConfigError(
            f"{folder}: cannot be used as a checkpoint ({fault.strerror}); check the folder and "
            "your rights there, or choose another one"
        ) from None
