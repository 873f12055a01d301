"""A directory of results: who may write it, what is finished, the tables that readers open.

``points.parquet`` is what ``pandas.read_parquet`` finds in it. Everything else begins with an
underscore, which readers of Parquet folders pass by: the log (``_log.jsonl`` and its rolled files),
evaluations of accuracy (``_accuracy.jsonl``), the sweep that the table is a view of
(``_sweep.json``), the lock, a search's journal.

Where sweep and table no longer belong together (the file was changed, a machine was, the program
is another version, the table was damaged), the table is made anew from the log: points that are
still part of the sweep are in it, others wait in the log until they are again. A finished point is
never computed twice.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path
from typing import Any, Self

from archsim import documents
from archsim.report.saving import SWEEP
from archsim.sweep.designs import Design, moving, numbers
from archsim.sweep.holding import HOLDER, LOCK, hold
from archsim.sweep.identity import Identity
from archsim.sweep.limits import inside
from archsim.sweep.log import Log
from archsim.sweep.points import AGAIN, Result
from archsim.sweep.space import Places
from archsim.sweep.sweep import Sweep
from archsim.sweep.table import OPS, POINTS, Row, Table, schema_of, schema_of_ops

"""Written last: what else is in a directory without it is what a killed process began."""

LOG = "_log.jsonl"
ACCURACY = "_accuracy.jsonl"
JOURNAL = "_optuna"

ROLL = 2_000
"""Entries of the log before the table takes them in, at least."""

GROWTH = 0.2
"""Part of the table that the log may be before it takes it in: copying stays a small factor."""


_OWN = (LOCK, HOLDER, "_log", ACCURACY, POINTS, OPS, f"_{POINTS}", JOURNAL, f".{SWEEP}", "._log")
"""How names begin of what is here before ``_sweep.json`` is."""


class Directory:
    """A directory of results, held by one coordinator.

    Attributes:
        finished: Keys of the points that are done with.
        numbers: Their numbers.
        accuracies: Figures of accuracy, by evaluation.
        notes: What whoever started the sweep should know.
    """

    def __init__(self, folder: Path, identity: Identity, design: Design | None) -> None:
        """Say what is to be in it.

        Args:
            folder: Where it is; made if there is nothing.
            identity: The sweep that its table shows, and what tells its points apart.
            design: Its points; None where a search chooses them as it goes.
        """
        self._folder, self._identity, self._design = folder, identity, design
        self._sweep, self._digest = identity.sweep, identity.digest
        sweep, digest = self._sweep, self._digest
        self._provenance = {"archsim": version("archsim"), "sweep": sweep.name, "digest": digest}
        self._table = Table(folder / POINTS, schema_of(sweep, self._provenance))
        self._ops = Table(folder / OPS, schema_of_ops(self._provenance)) if sweep.ops else None
        self._held = ExitStack()
        self._rows = 0
        self._numbers: Mapping[str, int] = {}
        self.finished: set[str] = set()
        self.numbers: set[int] = set()
        self.accuracies: dict[str, dict[str, Any]] = {}
        self.notes: list[str] = []

    def open(self, *, retry: bool = False) -> None:
        """Take hold of the directory, and learn what is finished.

        Args:
            retry: Whether points that failed are to be run again.

        Raises:
            ConfigError: Another coordinator holds it, or it is no directory of results.
        """
        self._held.enter_context(hold(self._folder, SWEEP, _OWN))
        self._log = self._held.enter_context(Log(self._folder / LOG))
        self._evaluations = self._held.enter_context(Log(self._folder / ACCURACY))
        self.accuracies = {e["evaluation"]: e["figures"] for e in self._evaluations.live()}
        same = self._known() == self._digest
        sound = self._table.sound and (self._ops is None or self._ops.sound)
        if not (same and sound) or retry:
            self._say_why(same=same)
            self._rebuild(retry=retry)
        self.notes += [
            f"{path}: found something that is no result; what could be read is kept, and points "
            "that are missing are run again"
            for path in sorted(self._log.damaged | self._evaluations.damaged)
        ]
        self.finished = set(self._table.column("key"))
        self._rows = len(self.finished)
        self.numbers = set(self._table.column("point"))
        for entry in self._log.live():
            self._note(entry)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Give the directory back."""
        self._held.close()

    def append(self, entries: Sequence[Row]) -> None:
        """Keep finished points; when it returns they are on the disk.

        Raises:
            ConfigError: They cannot be written.
        """
        self._log.append(entries)
        for entry in entries:
            self._note(entry)
        if self._log.entries > max(ROLL, GROWTH * self._rows):
            self.absorb()

    def keep_accuracy(self, evaluation: str, figures: Mapping[str, Any]) -> None:
        """Keep the figures of an evaluation; when it returns they are on the disk."""
        self._evaluations.append([{"evaluation": evaluation, "figures": dict(figures)}])
        self.accuracies[evaluation] = dict(figures)

    def absorb(self) -> None:
        """Let the table take in what the log has.

        Raises:
            ConfigError: It cannot be written; the log keeps it.
        """
        live = {entry["key"] for entry in self._log.live()}
        if self._ops is not None:
            there = self._ops.holds(live)
            self._ops.extend(row for entry in self._fresh(there) for row in op_rows_of(entry))
        there = self._table.holds(live)
        if live - there:
            self._table.extend(map(row_of, self._fresh(there)))
            self._rows += len(live - there)
        if self._log.entries:
            self._log.roll()

    def _fresh(self, there: Set[str]) -> Iterator[Row]:
        """Yield entries of the log, each key once, that a table does not have."""
        seen = set(there)
        for entry in self._log.live():
            if entry["key"] not in seen:
                seen.add(entry["key"])
                yield entry

    def entry(self, number: int, key: str, places: Places, result: Result) -> Row:
        """Return what the log keeps of a finished point."""
        return {
            "key": key,
            "sweep": self._digest,
            "point": number,
            "status": result.status,
            "error": result.error,
            "parameters": self._sweep.space.shown(places),
            "inside": self._inside(result.status, result.figures),
            "figures": result.figures,
            "ops": list(result.ops),
        }

    def known(self) -> Iterator[Row]:
        """Yield all entries that the directory has, oldest first."""
        yield from self._log.rolled()
        yield from self._log.live()

    @property
    def folder(self) -> Path:
        """Where it is."""
        return self._folder

    @property
    def sweep(self) -> Sweep:
        """The sweep that the table shows."""
        return self._sweep

    @property
    def journal(self) -> Path:
        """Where the sweep's search keeps what it tried."""
        return self._folder / f"{JOURNAL}-{self._digest[:16]}.log"

    def _note(self, entry: Row) -> None:
        self.finished.add(entry["key"])
        self.numbers.add(entry["point"])

    def _inside(self, status: str, figures: Mapping[str, Any]) -> bool:
        return status == "done" and inside(self._sweep.limits, figures)

    def _known(self) -> str | None:
        """Return what identifies the sweep that the table shows; None for a new directory."""
        path = self._folder / SWEEP
        if not path.exists():
            return None
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            return str(found["digest"])
        except (ValueError, KeyError, TypeError):
            return ""

    def _say_why(self, *, same: bool) -> None:
        if not (self._folder / SWEEP).exists():
            return
        if not same:
            self.notes.append(
                f"{self._folder}: the sweep, a machine or archsim is another than when these "
                "results were made; points that are the same are kept, others wait in the log"
            )
        elif not self._table.sound:
            self.notes.append(
                f"{self._folder / POINTS}: found it missing or damaged; it was made anew from the "
                "log"
            )

    def _rebuild(self, *, retry: bool) -> None:
        """Make the table anew from the log, for the sweep as it is now."""
        if self._log.entries:
            self._log.roll()
        if self._design is not None:
            self._numbers = numbers(self._design, self._identity.key)
        last: dict[str, int] = {}
        for place, entry in enumerate(self._log.rolled()):
            if self._wanted(entry, retry=retry):
                last[entry["key"]] = place

        def entries() -> Iterator[Row]:
            for place, entry in enumerate(self._log.rolled()):
                if last.get(entry["key"]) == place:
                    yield self._now(entry)

        self._table.rebuild(map(row_of, entries()))
        if self._ops is not None:
            self._ops.rebuild(row for entry in entries() for row in op_rows_of(entry))
        sweep = self._sweep
        about = {
            "format": 1,
            **self._provenance,
            "objectives": dict(sweep.objectives),
            "method": sweep.search.method,
            "axes": [[p.column for p in axis.parameters] for axis in moving(sweep.space)],
        }
        documents.write_atomically(self._folder / SWEEP, json.dumps(about, indent=2) + "\n")

    def _wanted(self, entry: Row, *, retry: bool) -> bool:
        """Whether an entry belongs into the table; limits that excluded a point may have gone."""
        if retry and entry["status"] in AGAIN:
            return False
        if self._design is None or entry["sweep"] == self._digest:
            return bool(entry["sweep"] == self._digest)
        return entry["key"] in self._numbers and entry["status"] != "outside"

    def _now(self, entry: Row) -> Row:
        """Return an entry as this sweep shows it: its number, parameters and limits."""
        if self._design is None or entry["sweep"] == self._digest:
            return entry
        number = self._numbers[entry["key"]]
        return {
            **entry,
            "point": number,
            "parameters": self._sweep.space.shown(self._design[number]),
            "inside": self._inside(entry["status"], entry["figures"]),
        }


def row_of(entry: Row) -> Row:
    """Return the row of the table for an entry of the log."""
    named = {name: entry[name] for name in ("point", "key", "status", "error", "inside")}
    return {**named, **entry["parameters"], **entry["figures"]}


def op_rows_of(entry: Row) -> Iterator[Row]:
    """Yield the rows of the table of ops for an entry of the log."""
    for row in entry["ops"]:
        yield {"point": entry["point"], "key": entry["key"], **row}
