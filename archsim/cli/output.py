"""Where a command's data and words go: stdout, stderr, and a progress bar on a terminal."""

from __future__ import annotations

import csv
import json
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from enum import StrEnum
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from archsim.report.report import Report

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, TaskID

    from archsim.workload import Workload

PIPE_WIDTH = 100
"""Columns of tables that do not go to a terminal."""

PATIENCE_S = 1.0
"""A run that takes longer than this shows its progress."""


class Format(StrEnum):
    """How data is printed."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


@contextmanager
def console() -> Iterator[Console]:
    """Give where tables go: stdout, every name as it is, no blanks at the ends of lines."""
    from rich.console import Console  # JSON and CSV do without

    if sys.stdout.isatty():
        yield Console(markup=False, highlight=False, emoji=False)
        return
    page = StringIO()
    yield Console(file=page, width=PIPE_WIDTH, markup=False, highlight=False, emoji=False)
    sys.stdout.writelines(f"{line.rstrip()}\n" for line in page.getvalue().splitlines())


def show(report: Report, format_: Format, *, all_ops: bool) -> None:
    """Print a report, and to stderr what to know before quoting it."""
    if format_ is Format.JSON:
        write_json(report.to_dict())
    elif format_ is Format.CSV:
        write_csv([asdict(row) for row in report.tables.ops])
    else:
        from archsim.report.text import print_report  # needs rich

        with console() as page:
            print_report(report, page, all_ops=all_ops)
    warn(report.warnings)


def warn(warnings: Iterable[str]) -> None:
    """Print warnings to stderr, after the data they are about."""
    sys.stdout.flush()
    for text in warnings:
        sys.stderr.write(f"warning: {printable(text)}\n")


def printable(text: str) -> str:
    """Return text without what would move a terminal's cursor; lines stay lines."""
    return "".join(c if c.isprintable() or c == "\n" else "?" for c in text)


def write_json(data: Any) -> None:
    """Print plain data as JSON."""
    json.dump(data, sys.stdout, indent=2, ensure_ascii=False, allow_nan=False)
    sys.stdout.write("\n")


def write_csv(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print rows as CSV, with a header."""
    writer = csv.DictWriter(sys.stdout, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)


def write_list(paths: Mapping[str, Path]) -> None:
    """Print names and where they are, a line each."""
    longest = max(map(len, paths), default=0)
    for name, path in paths.items():
        sys.stdout.write(f"{name:{longest}}  {path}\n")


def write_workload(workload: Workload) -> None:
    """Print a workload as the file that would hold it."""
    from archsim.workload import save_workload  # only to trace

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "workload.yaml"
        save_workload(workload, path)
        sys.stdout.write(path.read_text(encoding="utf-8"))


class ProgressBar:
    """Shows how far a run is, on stderr, if that is a terminal and the run takes its time."""

    def __init__(self) -> None:
        self._began_s = time.monotonic()
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, executed: int, total: int) -> None:
        """Take note that so many of all instructions were executed."""
        if self._bar is None and time.monotonic() - self._began_s > PATIENCE_S:
            self._start()
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=executed, total=total)

    def _start(self) -> None:
        from rich.console import Console  # most runs are over before
        from rich.progress import Progress

        screen = Console(stderr=True)
        self._bar = Progress(console=screen, transient=True, disable=not screen.is_terminal)
        self._task = self._bar.add_task("simulating", total=None)
        self._bar.start()
