"""Options of ``archsim run`` for drawing it."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from archsim.cli.output import say
from archsim.errors import ConfigError

if TYPE_CHECKING:
    from archsim.report.timeline import TimelineFile

_TIMELINE = "Timeline"


@dataclass(frozen=True)
class TimelineOptions:
    """A picture of the run, for Perfetto."""

    timeline: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Draw what units do into a .json or .json.gz for Perfetto.",
            rich_help_panel=_TIMELINE,
        ),
    ] = None
    ops: Annotated[
        list[str] | None,
        typer.Option(metavar="GLOB", help="Only these ops; repeatable.", rich_help_panel=_TIMELINE),
    ] = None
    window: Annotated[
        str | None,
        typer.Option(
            metavar="START:END",
            help="Only this time: ticks, or '1 us:20 us'.",
            rich_help_panel=_TIMELINE,
        ),
    ] = None
    timeline_limit: Annotated[
        str | None,
        typer.Option(
            metavar="SIZE",
            help="Most that it may take before compression; 100 MB by default.",
            rich_help_panel=_TIMELINE,
        ),
    ] = None
    timeline_tick: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="How long a tick is shown; 1 us by default.",
            rich_help_panel=_TIMELINE,
        ),
    ] = None

    def drawn(self) -> AbstractContextManager[TimelineFile | None]:
        """Return where the run is drawn, if it is.

        Raises:
            ConfigError: What is to be drawn is wrong, or is given without a file.
        """
        if self.timeline is None:
            given = [f.name for f in fields(self) if getattr(self, f.name) not in (None, [])]
            if given:
                names = ", ".join(f"--{name.replace('_', '-')}" for name in given)
                raise ConfigError(
                    f"{names}: found without --timeline; expected a file to draw into; add "
                    "--timeline out.json.gz"
                )
            return nullcontext()
        from archsim.report.timeline import Choice, TimelineFile  # rarely asked for

        choice = Choice.of_texts(
            self.ops or (), self.window, self.timeline_limit, self.timeline_tick
        )
        return TimelineFile(self.timeline, choice, say)
