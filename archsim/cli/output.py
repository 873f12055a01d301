"""Where a command's data and words go: stdout and stderr."""

from __future__ import annotations

import codecs
import csv
import json
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout, suppress
from dataclasses import asdict
from enum import StrEnum
from io import StringIO, TextIOWrapper
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from archsim.errors import WorkloadError
from archsim.report.report import Report

if TYPE_CHECKING:
    from rich.console import Console

    from archsim.workload import Workload

PIPE_WIDTH = 100
"""Columns of tables that do not go to a terminal."""

PRECISION_COLUMNS = ("photons_per_mac", "snr_db", "noise_bits", "enob")
"""What the CSV of a run's ops gains with accuracy."""

PLAIN = {"─": "-", "²": "2", "µ": "u", "×": "x", "·": "*", "…": "...", "“": '"', "”": '"'}
"""How what we print ourselves is spelt where the encoding of a terminal lacks it."""


class Format(StrEnum):
    """How data is printed."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


def prepare() -> None:
    """Make stdout and stderr take every character, and give words somewhere to go."""
    codecs.register_error("archsim.plain", _spelt)
    if sys.stderr is None:
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - to the end
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="archsim.plain")


def _spelt(fault: UnicodeError) -> tuple[str, int]:
    """Spell what an encoding lacks: a codec's error handler."""
    if not isinstance(fault, UnicodeEncodeError):
        raise fault
    text = fault.object[fault.start : fault.end]
    spelt = (PLAIN.get(c) or c.encode("ascii", "backslashreplace").decode() for c in text)
    return "".join(spelt), fault.end


def hush(stream: IO[str]) -> None:
    """Let what is still to be written to a stream vanish, so that nothing fails twice."""
    with suppress(OSError):  # in memory, it has no descriptor and nothing can fail
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def say(text: str) -> None:
    """Write words to stderr; that nobody can read them is no fault."""
    try:
        sys.stderr.write(f"{printable(text)}\n")
        sys.stderr.flush()
    except OSError:
        hush(sys.stderr)


@contextmanager
def resumable(where: Path | None) -> Iterator[None]:
    """Say of an interrupted run, where something is kept of it, that it can go on."""
    try:
        yield
    except KeyboardInterrupt:
        if where is not None:
            say(f"{where}: what is finished is kept; the same command goes on")
        raise


@contextmanager
def users_code(name: str) -> Iterator[None]:
    """Run code of the user's: what it prints is no data of ours, and it may not exit.

    Raises:
        WorkloadError: It exits.
    """
    try:
        with redirect_stdout(sys.stderr):
            yield
    except SystemExit as fault:
        raise WorkloadError(
            f"{name}: found code that exits ({fault.code}); expected a callable that returns a "
            "model, a task or data; guard what is a script by if __name__ == '__main__'"
        ) from None


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
        write_csv(list(_op_rows(report)))
    else:
        from archsim.report.short_text import print_screen  # needs rich

        with console() as page:
            print_screen(report, page, all_ops=all_ops)
    warn(report.warnings)


def _op_rows(report: Report) -> Iterator[dict[str, Any]]:
    """Yield the rows of the table of ops, each with its precision where accuracy was asked."""
    precise = {row.op: row for row in report.rows("precision")}
    for op in report.tables.ops:
        row = asdict(op)
        for column in PRECISION_COLUMNS if report.accuracy else ():
            row[column] = getattr(precise.get(op.op), column, None)
        yield row


def warn(warnings: Iterable[str]) -> None:
    """Print warnings to stderr, after the data they are about."""
    sys.stdout.flush()
    for text in warnings:
        say(f"warning: {text}")


def printable(text: str) -> str:
    """Return text without what would move a terminal's cursor; lines stay lines."""
    return "".join(c if c.isprintable() or c == "\n" else "?" for c in text)


def write_json(data: Any) -> None:
    """Print plain data as JSON."""
    json.dump(data, _data_out(), indent=2, ensure_ascii=False, allow_nan=False)
    sys.stdout.write("\n")


def write_csv(rows: Sequence[Mapping[str, Any]], columns: Sequence[str] | None = None) -> None:
    """Print rows as CSV, with a header; columns are those of the first row if not given."""
    writer = csv.DictWriter(_data_out(), columns or list(rows[0]), lineterminator="\n")
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
        _data_out().write(path.read_text(encoding="utf-8"))


def _data_out() -> IO[str]:
    """Return stdout for what programs read: UTF-8, whatever a terminal would want."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="strict")
    return sys.stdout
