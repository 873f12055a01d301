"""Every instruction of a run in a file, for whoever wants to know why a tick is what it is.

Columns: ``unit``; ``instruction`` (``recv``, ``send``, ``work``, ``acquire``, ``release``, or
``skipped``); ``op``; ``on``, the channel or port; ``end_tick``, when it was complete. Rows of one
unit are in order. A row ``skipped`` says that the last ``rows`` rows of the unit, among which there
may be others of the kind, happen ``periods`` times more, each time ``shift_ticks`` later. The SimPy
engine skips nothing.
"""

from __future__ import annotations

import csv
import gzip
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from archsim.errors import ConfigError
from archsim.mapping import Program
from archsim.mapping.code import Opcode

COLUMNS = ("unit", "instruction", "op", "on", "end_tick", "rows", "shift_ticks", "periods")
_ON_CHANNEL, _ON_PORT = {Opcode.RECV, Opcode.SEND}, {Opcode.ACQUIRE, Opcode.RELEASE}


class TraceFile:
    """A CSV file, compressed if its name ends in ``.gz``, that is there once all of it is."""

    def __init__(self, path: Path) -> None:
        """Open it.

        Raises:
            ConfigError: It cannot be written, or something else is there.
        """
        self._path = path
        if not path.name.endswith((".csv", ".csv.gz")):
            raise ConfigError(
                f"{path}: found {path.suffix or 'no extension'}; expected .csv or .csv.gz; choose "
                "one of them"
            )
        opened = gzip.open if path.suffix == ".gz" else open
        try:
            if (path.exists() or path.is_symlink()) and not _is_trace(path, opened):
                raise ConfigError(
                    f"{path}: found something that is no trace; expected an earlier trace, or "
                    "nothing; choose another name, so that nothing is lost"
                )
            self._scratch = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
        except OSError as fault:
            raise self._refused(fault) from None
        self._file: Any = opened(self._scratch / path.name, "wt", encoding="utf-8", newline="")
        self._rows = csv.writer(self._file, lineterminator="\n")
        self._rows.writerow(COLUMNS)
        self._units: list[str] = []
        self._lines: list[tuple[str, str, str]] = []

    def begins(self, program: Program) -> None:
        """Look up what each line of code is called."""
        self._units = [unit.name for unit in program.units]
        self._lines = [_names(program, line) for line in range(len(program.code.opcodes))]

    def done(self, unit: int, line: int, tick: int) -> None:
        """Write that an instruction is complete."""
        self._rows.writerow((self._units[unit], *self._lines[line], tick, "", "", ""))

    def skipped(self, unit: int, length: int, shift_ticks: int, periods: int) -> None:
        """Write that a unit's last rows happen again."""
        row = (self._units[unit], "skipped", "", "", "", length, shift_ticks, periods)
        self._rows.writerow(row)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None
    ) -> None:
        try:
            self._file.close()
            if kind is None:
                (self._scratch / self._path.name).replace(self._path)
        except OSError as fault:
            raise self._refused(fault) from None
        finally:
            (self._scratch / self._path.name).unlink(missing_ok=True)
            self._scratch.rmdir()

    def _refused(self, fault: OSError) -> ConfigError:
        return ConfigError(
            f"{self._path}: cannot be written ({fault.strerror or fault}); expected a file that "
            "can; check its folder and your rights there"
        )


def _is_trace(path: Path, opened: Callable[..., Any]) -> bool:
    if path.is_symlink() or not path.is_file():
        return False
    try:
        with opened(path, "rt", encoding="utf-8") as file:
            return bool(file.readline() == ",".join(COLUMNS) + "\n")
    except (UnicodeDecodeError, gzip.BadGzipFile, EOFError):
        return False


def _names(program: Program, line: int) -> tuple[str, str, str]:
    code = program.code
    opcode, first = Opcode(code.opcodes[line]), code.first[line]
    on = ""
    if opcode in _ON_CHANNEL:
        on = program.channels[first].name
    elif opcode in _ON_PORT:
        on = program.ports[first].name
    op = program.ops[code.ops[line]] if code.ops[line] >= 0 else ""
    return opcode.name.lower(), op, on
