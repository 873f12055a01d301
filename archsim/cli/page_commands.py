"""The commands that read saved reports: a page of one, and two beside each other."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from archsim import documents
from archsim.cli.commands import app
from archsim.cli.options import AllOps
from archsim.cli.output import console, say
from archsim.cli.targets import Kind, check_target

Saved = Annotated[Path, typer.Argument(metavar="DIR", help="What run -o or sweep -o saved.")]


@app.command()
def report(
    folder: Saved,
    *,
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FILE.html", help="The page; one file.")
    ],
) -> None:
    """Make a page of a saved report, or of the results of a sweep: charts, tables, sources."""
    from archsim.report.saving import SWEEP  # other commands do without

    _check_page(output)
    if (folder / SWEEP).exists():
        from archsim.sweep.page import page_of  # brings pandas and Jinja

        _write(output, page_of(folder))
        return
    from archsim.report.loading import load_report  # brings pandas, and pages Jinja
    from archsim.report.page import run_page

    _write(output, run_page(load_report(folder)))


@app.command()
def compare(
    one: Annotated[Path, typer.Argument(metavar="A", help="What run -o saved.")],
    other: Annotated[Path, typer.Argument(metavar="B", help="Another; ratios are to A.")],
    *,
    all_ops: AllOps = False,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE.html", help="A page instead of tables."),
    ] = None,
) -> None:
    """Compare two saved reports: figures, energy and time by op, machines, plans."""
    if output is not None:
        _check_page(output)
    from archsim.report.comparing import compare as compared  # brings pandas
    from archsim.report.loading import load_report

    found = compared(load_report(one), load_report(other))
    if output is not None:
        from archsim.report.page import difference_page  # brings Jinja

        _write(output, difference_page(found))
        return
    from archsim.report.comparing_text import print_comparison  # needs rich

    with console() as page:
        print_comparison(found, page, all_ops=all_ops)


def _check_page(output: Path) -> None:
    """Refuse a place that a page must not be written to."""
    from archsim.report.page.rendering import OPENING  # brings Jinja

    check_target(output, Kind("page of archsim", (".html",), opening=OPENING))


def _write(output: Path, page: str) -> None:
    documents.write_atomically(output, page)
    say(f"{output}: {len(page.encode()):,} bytes; open it in a browser")
