"""Every instruction of a run in a file, for whoever wants to know why a tick is what it is.

Columns: ``unit``; ``instruction`` (``recv``, ``send``, ``work``, ``acquire``, ``release``, or
``skipped``); ``op``; ``on``, the channel or port; ``end_tick``, when it was complete. Rows of one
unit are in order. A row ``skipped`` says that the last ``rows`` rows of the unit, among which there
may be others of the kind, happen ``periods`` times more, each time ``shift_ticks`` later. The SimPy
engine skips nothing.
"""

from __future__ import annotations

import csv
from pathlib import Path

from archsim.engine.trace import SKIPPED, Rows
from archsim.mapping import Program
from archsim.mapping.code import Opcode
from archsim.report.whole_file import Sort, WholeFile

COLUMNS = ("unit", "instruction", "op", "on", "end_tick", "rows", "shift_ticks", "periods")
_ON_CHANNEL, _ON_PORT = {Opcode.RECV, Opcode.SEND}, {Opcode.ACQUIRE, Opcode.RELEASE}


_SORT = Sort("trace", (".csv", ".csv.gz"), ",".join(COLUMNS) + "\n")


class TraceFile(WholeFile):
    """A CSV file of a run."""

    def __init__(self, path: Path) -> None:
        """Open it.

        Raises:
            ConfigError: It cannot be written, or something else is there.
        """
        super().__init__(path, _SORT)
        self._rows = csv.writer(self.file, lineterminator="\n")
        self._rows.writerow(COLUMNS)
        self._units: list[str] = []
        self._lines: list[tuple[str, str, str]] = []

    def begins(self, program: Program) -> None:
        """Look up what each line of code is called."""
        self._units = [unit.name for unit in program.units]
        self._lines = [_names(program, line) for line in range(len(program.code.opcodes))]

    def happened(self, rows: Rows) -> None:
        """Write what is complete, and what happens again."""
        for unit, line, ticks, periods, length in rows.tolist():
            if line == SKIPPED:
                row = (self._units[unit], "skipped", "", "", "", length, ticks, periods)
                self._rows.writerow(row)
            else:
                self._rows.writerow((self._units[unit], *self._lines[line], ticks, "", "", ""))


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
