"""The commands that read results of sweeps: what is best, what matters, what changed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from archsim.cli.commands import app
from archsim.cli.options import AsFormat
from archsim.cli.output import (
    Format,
    console,
    resumable,
    say,
    warn,
    write_csv,
    write_json,
)
from archsim.cli.progress import ProgressBar
from archsim.errors import ConfigError

if TYPE_CHECKING:
    from archsim.sweep.front import Front
    from archsim.sweep.sensitivity import Sensitivity
    from archsim.sweep.sweep import Sweep

__all__ = ["app", "compare"]


@app.command()
def pareto(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Results of a sweep.")],
    *,
    objectives: Annotated[
        str | None,
        typer.Option(metavar="A,B", help="energy_j,accuracy:max; those of the sweep by default."),
    ] = None,
    reference: Annotated[
        str | None,
        typer.Option(
            metavar="A=VALUE", help="Where the hypervolume ends: energy_j=1 mJ,latency_s=1 ms."
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="Draw it: .png, .svg or .pdf."),
    ] = None,
    format_: AsFormat = Format.TABLE,
) -> None:
    """List the points of a sweep that no other point beats, and their hypervolume."""
    from archsim.sweep.front import front
    from archsim.sweep.objectives import bounds_of, directions
    from archsim.sweep.reading import about, load_sweep

    if output is not None:
        from archsim.report import figures  # brings matplotlib
        from archsim.sweep.drawing import check_objectives, draw_front

        figures.check(output)
    chosen = directions(_names(objectives), about(folder).get("objectives", {}))
    if output is not None:
        check_objectives(len(chosen))
    found = front(load_sweep(folder), chosen, reference=bounds_of(_names(reference)))
    if output is not None:
        draw_front(found, output)
    _show_front(found, str(folder), format_)
    if output is not None:
        say(f"{output}: Pareto front")


@app.command()
def sensitivity(  # noqa: PLR0913 - one parameter for each option
    target: Annotated[
        Path, typer.Argument(metavar="DIR|FILE", help="Results of a sweep, or a sweep to run.")
    ],
    *,
    figures: Annotated[
        str | None,
        typer.Option(metavar="A,B", help="Figures; the sweep's objectives by default."),
    ] = None,
    method: Annotated[
        str | None, typer.Option(metavar="sobol|morris", help="Of a FILE; sobol by default.")
    ] = None,
    samples: Annotated[
        int | None,
        typer.Option(metavar="N", help="Of a FILE; 128 (sobol) or 16 (morris) by default."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="DIR", help="Of a FILE: where its results go."),
    ] = None,
    jobs: Annotated[
        int | None, typer.Option(metavar="N", help="Of a FILE: processes; one on each core.")
    ] = None,
    format_: AsFormat = Format.TABLE,
) -> None:
    """Tell which parameters matter, from results or by running a design made for it."""
    from archsim.sweep.probing import figures_of, probing
    from archsim.sweep.reading import about
    from archsim.sweep.sensitivity import sensitivity as indices

    options = {"--method": method, "--samples": samples, "--output": output, "--jobs": jobs}
    given = [name for name, value in options.items() if value is not None]
    folder, wanted = target, _names(figures)
    if not target.exists():
        raise ConfigError(
            f"{target}: found no such file or folder; expected a sweep file, or the folder that "
            "archsim sweep wrote; check the path"
        )
    if not target.is_dir():
        kind = method or "sobol"
        made, notes = probing(target, wanted, method=kind, samples=samples)
        folder = output or Path(f"{target.stem}.{kind}")
        _run(made, folder, jobs, notes)
        warn(notes)
    elif given:
        raise ConfigError(
            f"{', '.join(given)}: found it beside {target}, results that are there already; "
            "expected a sweep file with it; leave it out, or name the file"
        )
    chosen = figures_of(wanted, list(about(folder).get("objectives", {})))
    _show_sensitivity(indices(folder, chosen), str(folder), format_)


def compare(first: Path, second: Path, format_: Format) -> None:
    """Print how the results of two sweeps differ.

    Raises:
        ConfigError: One of them is none, or they cannot be compared.
    """
    from archsim.sweep.comparing import compare_folders

    found = compare_folders(first, second)
    if format_ is Format.JSON:
        write_json(found.to_dict())
    elif format_ is Format.CSV:
        write_csv(found.points, found.columns)
    else:
        from archsim.sweep.text import print_comparison  # needs rich

        with console() as page:
            print_comparison(found, page)


def _run(made: Sweep, folder: Path, jobs: int | None, notes: list[str]) -> None:
    """Run a sweep that was made for indices."""
    from archsim.sweep import run_sweep
    from archsim.sweep.starting import Running

    with resumable(folder), ProgressBar("sweeping") as bar:
        run_sweep(
            made,
            folder,
            Running(jobs=jobs),
            tell=lambda news: bar(news.kept + news.finished, news.total),
            note=notes,
        )


def _names(text: str | None) -> list[str]:
    return [] if text is None else [name.strip() for name in text.split(",")]


def _show_front(found: Front, name: str, format_: Format) -> None:
    from archsim.report.quantities import records

    if format_ is Format.JSON:
        write_json(
            {
                "objectives": found.objectives,
                "ideal": found.ideal,
                "reference": found.reference,
                "hypervolume": found.hypervolume,
                "compared": len(found.members) + len(found.dominated),
                "left_out": found.left_out,
                "front": list(records(found.members)),
            }
        )
    elif format_ is Format.CSV:
        write_csv(list(records(found.members)), list(found.members.columns))
    else:
        from archsim.sweep.text import print_front  # needs rich

        with console() as page:
            print_front(found, name, page)


def _show_sensitivity(found: Sensitivity, name: str, format_: Format) -> None:
    if format_ is Format.JSON:
        write_json(
            {
                "method": found.method,
                "points": found.points,
                "samples": found.samples,
                "notes": list(found.notes),
                "indices": [dict(row) for row in found.rows],
            }
        )
    elif format_ is Format.CSV:
        write_csv(found.rows)
    else:
        from archsim.sweep.text import print_sensitivity  # needs rich

        with console() as page:
            print_sensitivity(found, name, page)
    warn(found.notes)
