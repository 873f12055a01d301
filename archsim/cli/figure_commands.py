"""The command that draws figures of saved reports; it brings matplotlib and pandas."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from archsim.cli.commands import app
from archsim.cli.output import say
from archsim.errors import ConfigError

ALL = "all"


@app.command()
def plot(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A saved report.")],
    what: Annotated[str, typer.Argument(metavar="WHAT", help="A figure, or all.")],
    *,
    others: Annotated[
        list[Path] | None,
        typer.Option(
            "--with", metavar="PATH", help="A saved report or a plan to draw beside; repeatable."
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            help="A .png, .svg or .pdf; with all, WHAT is put before the dot.",
        ),
    ] = None,
) -> None:
    """Draw figures of a saved report.

    WHAT is energy-by-op, energy-by-component, time-by-op, utilization, roofline, noise-bits,
    repetitions, accuracy, pareto, or all that the report has something for.
    """
    from archsim.documents import closest
    from archsim.report import figures  # brings matplotlib
    from archsim.report.loading import load_report

    known = [*figures.FIGURES, ALL]
    if what not in known:
        raise ConfigError(
            f"WHAT: found {what!r}; expected {', '.join(known)}{closest(what, known)}; name one"
        )
    wanted = list(figures.FIGURES) if what == ALL else [what]
    targets = {each: _target(folder, each, output, alone=what != ALL) for each in wanted}
    for path in targets.values():
        figures.check(path)
    report = load_report(folder)
    beside = [figures.read(path) for path in others or ()]
    for each, path in targets.items():
        fitting = [
            other
            for other in beside
            if what != ALL or isinstance(other, figures.FIGURES[each].beside)
        ]
        try:
            axes = figures.draw(each, report, fitting)
        except figures.NothingToDrawError as fault:
            if what != ALL:
                raise
            say(f"{each}: left out ({fault})")
            continue
        figures.save(axes, path)
        say(f"{path}: {figures.FIGURES[each].title}")


def _target(folder: Path, what: str, output: Path | None, *, alone: bool) -> Path:
    """Return where a figure goes: beside the report, unless a file is named."""
    if output is None:
        place = folder.resolve()
        return place.with_name(f"{place.name}.{what}.png")
    return output if alone else output.with_name(f"{output.stem}.{what}{output.suffix}")
