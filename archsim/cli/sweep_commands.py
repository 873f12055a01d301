"""The command that goes through a design space."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from archsim.cli.commands import app
from archsim.cli.options import AsFormat
from archsim.cli.output import Format, console, resumable, warn
from archsim.cli.progress import ProgressBar
from archsim.cli.sweep_reading_commands import compare as compared
from archsim.errors import ConfigError
from archsim.report.quantities import figure
from archsim.units import format_si

if TYPE_CHECKING:
    from archsim.sweep.running import News
    from archsim.sweep.sweep import Sweep

_REASONS = 10
"""Reasons for which points cannot be that a rehearsal shows."""


@app.command()
def sweep(  # noqa: PLR0913 - one parameter for each option
    file: Annotated[Path | None, typer.Argument(metavar="FILE", help="What varies.")] = None,
    *,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="DIR", help="Results; NAME.sweep by default."),
    ] = None,
    jobs: Annotated[
        int | None, typer.Option(metavar="N", help="Processes; one on each core by default.")
    ] = None,
    dask: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="A Dask scheduler with workers instead.")
    ] = None,
    timeout: Annotated[
        float | None, typer.Option(metavar="S", help="Seconds that a point may take.")
    ] = None,
    retry: Annotated[
        bool, typer.Option("--retry", help="Run again what failed, was late or was lost.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what it would be, and run a sample only.")
    ] = False,
    compare: Annotated[
        tuple[Path, Path] | None,
        typer.Option(metavar="DIR DIR", help="Compare the results of two sweeps instead."),
    ] = None,
    format_: AsFormat = Format.TABLE,
) -> None:
    """Run every point that a file describes; what is there already is kept."""
    if compare is not None:
        given = {
            f"{file}": file,
            "--output": output,
            "--jobs": jobs,
            "--dask": dask,
            "--timeout": timeout,
            "--retry": retry or None,
            "--dry-run": dry_run or None,
        }
        _refuse_beside_comparison([name for name, value in given.items() if value is not None])
        compared(*compare, format_)
        return
    if format_ is not Format.TABLE:
        raise ConfigError(
            f"--format: found {format_.value} without --compare; expected it there, as a sweep "
            "writes its results to a folder; leave it out, and read them with pandas or archsim "
            "pareto --format"
        )
    if file is None:
        raise ConfigError("sweep: found no FILE; expected a sweep file; name one")
    from archsim.sweep import load_sweep_file, run_sweep  # other commands do without
    from archsim.sweep.starting import Running

    how = Running(jobs=jobs, dask=dask, timeout_s=timeout, retry=retry)
    read = load_sweep_file(file)
    folder = output or Path(f"{file.stem}.sweep")
    if dry_run:
        _rehearse(read, how.workers)
        return
    notes: list[str] = []
    with resumable(folder), ProgressBar("sweeping") as bar:
        news = run_sweep(read, folder, how, tell=_teller(bar), note=notes)
    _conclude(read, folder, news)
    warn(notes)
    if not news.counts["done"]:
        _refuse_without_results(folder)


def _refuse_without_results(folder: Path) -> None:
    """Refuse a sweep of which no point could be run, by whomever and whenever."""
    from archsim.sweep import load_sweep  # brings pandas

    rows = load_sweep(folder)
    wrong = rows[~rows.status.isin(["done", "outside"])]
    if len(rows) and len(wrong) == len(rows):
        raise ConfigError(
            f"{folder}: found no point that could be run ({wrong.error.iloc[0]}); expected some; "
            "correct the sweep file"
        )


def _refuse_beside_comparison(given: Sequence[str]) -> None:
    """Refuse what a comparison, which runs nothing, would have to ignore."""
    if given:
        raise ConfigError(
            f"--compare: found it beside {', '.join(given)}; expected two folders of results, "
            "which it only reads; leave one out"
        )


def _teller(bar: ProgressBar) -> Callable[[News], None]:
    """Return what shows how a sweep goes."""

    def tell(news: News) -> None:
        figures = [f"{news.rate_per_s:.1f} points/s"]
        figures += [f"{count} {status}" for status, count in _amiss(news)]
        figures += [f"{name} {figure(name, value).text}" for name, value in news.best.items()]
        bar(news.kept + news.finished, news.total, figures=", ".join(figures))

    return tell


def _amiss(news: News) -> Iterator[tuple[str, int]]:
    return ((status, count) for status, count in news.counts.items() if status != "done")


def _conclude(sweep: Sweep, folder: Path, news: News) -> None:
    """Print what became of the points."""
    from archsim.report.tables import print_lines  # needs rich

    lines = [("points", f"{news.total:,}", "in all")]
    if news.kept:
        lines.append(("kept", f"{news.kept:,}", "finished before"))
    meanings = {
        "done": "ran",
        "outside": "excluded by a limit before they ran",
        "invalid": "no such machine, or it cannot run this",
        "failed": "raised; run again with --retry",
        "timeout": "took too long; run again with --retry",
        "lost": "killed their worker; run again with --retry",
    }
    if again := news.total - news.kept - news.finished:
        lines.append(("repeated", f"{again:,}", "the same as others, run once"))
    lines += [
        (status, f"{news.counts[status]:,}", meaning)
        for status, meaning in meanings.items()
        if news.counts.get(status)
    ]
    lines += [
        (f"best {name}", figure(name, value).text, f"{sweep.objectives[name]}, of these")
        for name, value in news.best.items()
    ]
    with console() as page:
        page.print(f"{sweep.name}: {folder}", style="bold", soft_wrap=True)
        print_lines(page, lines)
    warn(
        f"{status}, the first of {news.counts[status]:,}: {why}"
        for status, why in news.faults.items()
    )


def _rehearse(sweep: Sweep, workers: int) -> None:
    """Print what a sweep would be."""
    from archsim.report.tables import print_lines, print_table  # needs rich
    from archsim.sweep.rehearsal import rehearse

    with ProgressBar("checking") as bar:
        found = rehearse(sweep, bar)
    amiss = sum(misfit.points for misfit in found.misfits)
    checked = "all" if found.checked == found.points else f"{found.checked:,}"
    lines = [
        ("points", f"{found.points:,}", f"{sweep.search.method}"),
        ("invalid", f"{amiss:,}", f"of {checked} that were looked at"),
        ("excluded", f"{found.excluded:,}", f"of {checked}, by a limit known before they run"),
    ]
    if found.timing_s is not None:
        lines.append(("timing", format_si(found.timing_s, "s"), "a point"))
    if found.evaluating_s is not None:
        meaning = f"an evaluation; {found.evaluations} for {found.sampled} points of a sample"
        lines.append(("accuracy", format_si(found.evaluating_s, "s"), meaning))
    if (expected := found.expected_s(workers)) is not None:
        least, most = (_duration(seconds) for seconds in expected)
        text = least if least == most else f"{least} to {most}"
        lines.append(("expected", text, f"on {workers} workers"))
    with console() as page:
        page.print(sweep.name, style="bold", soft_wrap=True)
        print_lines(page, lines)
        if found.misfits:
            rows = [(f"{m.points:,}", m.reason, m.examples[0]) for m in found.misfits[:_REASONS]]
            more = len(found.misfits) - len(rows)
            title = "Points that cannot be" + (f" (and {more} more reasons)" if more else "")
            print_table(page, title, ["points", "why", "first"], rows, left=3)


def _duration(seconds: float) -> str:
    """Return a time to wait, for people."""
    if seconds < 1:
        return "under 1 s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
