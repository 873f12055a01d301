"""Results in a file as they come, so that a run that was interrupted goes on where it was."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from archsim import documents
from archsim.errors import ConfigError

Results = NDArray[np.float64]
FORMAT = 1
_KEYS = {"format", "key", "results"}

EVERY_S = 10.0
"""How often what came since is written; a killed run loses no more, or what one batch or one step
of learning takes."""


class Store:
    """Results by name; in a file, if one is given, that only this very run may go on with.

    Use it within ``contextlib.closing``: whatever ends the run but the death of the process, what
    is there is written.
    """

    def __init__(self, path: Path | str | None, key: Mapping[str, str], examples: int) -> None:
        """Open or begin it.

        Args:
            path: A JSON file; None keeps nothing.
            key: What the results depend on.
            examples: How many results each name has: one for each example that is tested.

        Raises:
            ConfigError: The file is no checkpoint, one of another run, or one that was damaged.
        """
        self._path = None if path is None else Path(path)
        self._key = hashlib.sha256(json.dumps(dict(key), sort_keys=True).encode()).hexdigest()
        self._examples = examples
        self._found: dict[str, Results] = {}
        self._unwritten, self._written_s = False, time.monotonic()
        if self._path is not None and self._path.exists():
            self._found = self._read(self._path)

    def close(self) -> None:
        """Write what is there."""
        if self._unwritten:
            self._write()

    def get(self, name: str, rest: Callable[[int], Iterable[Results]]) -> Results:
        """Return results by name; those that are missing are computed, and kept as they come.

        Args:
            name: Of the results.
            rest: Yields those of the examples from a given one on, some at a time.
        """
        if name not in self:
            found = self._found.get(name, np.empty(0))
            for more in rest(len(found)):
                found = self._found[name] = np.concatenate([found, more])
                self._unwritten = True
                if time.monotonic() - self._written_s >= EVERY_S:
                    self._write()
        return self._found[name]

    def __contains__(self, name: str) -> bool:
        """Return whether all results of a name are there already."""
        return len(self._found.get(name, ())) == self._examples

    def _read(self, path: Path) -> dict[str, Results]:
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            found = None
        if not _is_checkpoint(found):
            raise ConfigError(
                f"{path}: found no checkpoint; expected one, or nothing; choose another name, or "
                "remove it if nothing is lost by that"
            )
        if found["key"] != self._key:
            raise ConfigError(
                f"{path}: found results of another run; expected this one's: network, weights, "
                "data, machine, plan, seed, batch, device and settings; choose another name, or "
                "remove it"
            )
        results = {
            name: np.array(values, dtype=np.float64) for name, values in found["results"].items()
        }
        faults = [
            f"{path}: found {_described(values)} in {name!r}; expected {self._examples} finite "
            "ones at most, one for each example; remove the file, so that all are computed anew"
            for name, values in results.items()
            if len(values) > self._examples or not np.isfinite(values).all()
        ]
        if faults:
            raise ConfigError("\n".join(faults))
        return results

    def _write(self) -> None:
        self._unwritten, self._written_s = False, time.monotonic()
        if self._path is None:
            return
        results = {name: values.tolist() for name, values in self._found.items()}
        text = json.dumps({"format": FORMAT, "key": self._key, "results": results})
        documents.write_atomically(self._path, text + "\n")


def _described(values: Results) -> str:
    wrong = int((~np.isfinite(values)).sum())
    return f"{len(values)} results" + (f", {wrong} of them NaN or infinite," if wrong else "")


def _is_checkpoint(found: object) -> bool:
    """Return whether a document has the form of one; results are lists of numbers by name."""
    if not isinstance(found, dict) or found.keys() != _KEYS or found["format"] != FORMAT:
        return False
    results = found["results"]
    return isinstance(results, dict) and all(
        isinstance(values, list) and all(isinstance(value, float) for value in values)
        for values in results.values()
    )
