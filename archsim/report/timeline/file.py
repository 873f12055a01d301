"""The file itself: told of a run, written when it is over, as its events are made."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from archsim.engine import Ledger
from archsim.engine.trace import Rows
from archsim.hardware import Hardware
from archsim.mapping import Compiled, Program
from archsim.report.report import Provenance
from archsim.report.timeline.choice import Choice
from archsim.report.timeline.content import content_of
from archsim.report.timeline.header import BEGINNING, END, Ran
from archsim.report.timeline.history import Recording
from archsim.report.timeline.scale import Scale
from archsim.report.timeline.slices import SEPARATOR
from archsim.report.whole_file import Sort, WholeFile
from archsim.workload import Workload

_SORT = Sort("timeline", (".json", ".json.gz"), BEGINNING)


class TimelineFile(WholeFile):
    """A timeline: told of a run while it is under way, written when it is over."""

    def __init__(
        self,
        path: Path,
        choice: Choice | None = None,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Open it.

        Args:
            path: Where to.
            choice: What to draw.
            say: Told how large it will be, before it is written.

        Raises:
            ConfigError: It cannot be written, or something else is there.
        """
        super().__init__(path, _SORT)
        self._choice, self._say, self._recording = choice or Choice(), say, Recording()

    def begins(self, program: Program) -> None:
        """Take note of what runs.

        Raises:
            ConfigError: Ops are asked for that are not in it.
        """
        self._choice.wanted(program)
        self._recording.begins(program)

    def happened(self, rows: Rows) -> None:
        """Keep what happened."""
        self._recording.happened(rows)

    def ran(
        self,
        hardware: Hardware,
        workload: Workload,
        compiled: Compiled,
        ledger: Ledger,
        provenance: Provenance,
    ) -> None:
        """Write the timeline of a run that is over.

        Raises:
            ConfigError: It would be larger than it may be, or the window is outside the run.
        """
        run = Ran(hardware, workload, compiled, ledger, provenance)
        content = content_of(run, self._recording.history(), self._choice)
        scale = Scale(compiled.tick_s, self._choice.tick_ns)
        self._say(f"{self._path}: {content.described()}; {scale}")
        write, before = self.file.write, ""
        write(content.header)
        for some in content.events():
            if some:
                write(before + SEPARATOR.join(some))
                before = SEPARATOR
        write(END)
