"""The commands that ask how accurate and how precise a network is; they bring torch."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from archsim import documents
from archsim.cli.commands import app
from archsim.cli.grouping import grouped
from archsim.cli.options import (
    AllOps,
    AsFormat,
    BitOptions,
    EvaluationOptions,
    Machine,
    Model,
    Overrides,
    RepetitionOptions,
)
from archsim.cli.output import Format, console, warn, write_csv, write_json
from archsim.cli.targets import ACCURACY, Kind, check_target
from archsim.errors import ConfigError

if TYPE_CHECKING:
    from archsim.functional import Accuracy, Precision, StandIn

PRECISION = Kind(
    "precision report",
    (".json",),
    frozenset({"format", "task", "hardware", "noise", "precision"}),
)

Output = Annotated[
    Path | None, typer.Option("-o", "--output", metavar="FILE.json", help="Save as JSON.")
]


@app.command()
@grouped
def accuracy(  # noqa: PLR0913 - one parameter for each option
    hardware: Machine,
    model: Model,
    *,
    repeated: RepetitionOptions,
    overrides: Overrides = None,
    bits: BitOptions,
    how: EvaluationOptions,
    format_: AsFormat = Format.TABLE,
    all_ops: AllOps = False,
    output: Output = None,
) -> None:
    """Say how accurate a network is on a machine, and what noise does to its products."""
    from archsim.hardware import load_hardware  # other commands do without

    _check_output(output, how.checkpoint, ACCURACY)
    machine = load_hardware(hardware, overrides or ())
    from archsim.cli.evaluating import Evaluation  # brings torch

    evaluation = Evaluation(machine, repeated, bits, how)
    subject = evaluation.subject_of(model)
    found = evaluation.accuracy(subject)
    document = _accuracy_document(found, subject.notes)
    _save(document, output)
    if format_ is Format.TABLE:
        from archsim.report.accuracy_text import print_accuracy  # needs rich

        with console() as page:
            print_accuracy(found, page, changed=evaluation.changed, all_ops=all_ops)
    else:
        _write(document, format_)
    warn(subject.notes)


@app.command()
@grouped
def precision(  # noqa: PLR0913 - one parameter for each option
    hardware: Machine,
    model: Model,
    *,
    check: Annotated[
        bool,
        typer.Option(
            "--check", help="Round to noise bits instead of noise: as accurate? All examples."
        ),
    ] = False,
    repeated: RepetitionOptions,
    overrides: Overrides = None,
    bits: BitOptions,
    how: EvaluationOptions,
    format_: AsFormat = Format.TABLE,
    all_ops: AllOps = False,
    output: Output = None,
) -> None:
    """Say how many bits noise leaves each product, beside those of the converters."""
    from archsim.hardware import load_hardware  # other commands do without

    _check_output(output, how.checkpoint, PRECISION)
    _check_trials(how, check=check)
    machine = load_hardware(hardware, overrides or ())
    from archsim.cli.evaluating import Evaluation  # brings torch
    from archsim.functional.passes import RECORDED

    evaluation = Evaluation(machine, repeated, bits, how)
    subject = evaluation.subject_of(model, looked_at=None if check else RECORDED)
    found = evaluation.precision(subject)
    stand_in = evaluation.stand_in(subject) if check else None
    document = _precision_document(found, subject.notes, stand_in)
    _save(document, output)
    if format_ is Format.TABLE:
        from archsim.report.accuracy_text import print_precision, print_stand_in  # needs rich

        with console() as page:
            print_precision(found, machine, page, changed=evaluation.changed, all_ops=all_ops)
            if stand_in is not None:
                print_stand_in(stand_in, page)
    else:
        _write(document, format_)
    warn(subject.notes)


@app.command()
def tasks(format_: AsFormat = Format.TABLE) -> None:
    """List the tasks that come with archsim: metric, and whether their data is there."""
    from archsim.functional.targets import shipped_tasks  # brings torch

    rows: list[dict[str, Any]] = [
        {
            "task": name,
            "about": task.about,
            "metric": task.metric,
            "examples": task.examples,
            "missing": task.missing,
        }
        for name, task in shipped_tasks().items()
    ]
    if format_ is Format.JSON:
        write_json(rows)
    elif format_ is Format.CSV:
        write_csv(rows)
    else:
        _print_tasks(rows)


def _print_tasks(rows: Sequence[dict[str, Any]]) -> None:
    from archsim.report.tables import print_table  # needs rich

    columns = ["task", "metric", "examples", "data", "about"]
    cells = [
        (
            row["task"],
            row["metric"],
            f"{row['examples']:,}",
            "missing" if row["missing"] else "there",
            row["about"],
        )
        for row in rows
    ]
    with console() as page:
        print_table(page, f"Tasks ({len(rows)})", columns, cells, left=len(columns))
    missing = [line for row in rows if row["missing"] for line in row["missing"].splitlines()]
    warn(dict.fromkeys(missing))


def _check_output(output: Path | None, checkpoint: Path | None, kind: Kind) -> None:
    """Refuse places that must not be written, before long work."""
    if output is None:
        return
    if checkpoint is not None and checkpoint.absolute() == output.absolute():
        raise ConfigError(
            f"{output}: found it as --output and as --checkpoint; expected two files; rename one"
        )
    check_target(output, kind)


def _check_trials(how: EvaluationOptions, *, check: bool) -> None:
    """Refuse what has no effect on precision."""
    if how.checkpoint is not None:
        raise ConfigError(
            "--checkpoint: found it; expected it for accuracy only; leave it out, as precision is "
            "quick"
        )
    if how.trials is not None and not check:
        raise ConfigError(
            "--trials: found it without --check; expected it there only, since the noise of a "
            "product is reckoned and not sampled; add --check, or leave it out"
        )


def _accuracy_document(accuracy: Accuracy, notes: Sequence[str]) -> dict[str, Any]:
    from archsim.report.document import accuracy_document  # other commands do without
    from archsim.report.report import FORMAT

    return {"format": FORMAT, **accuracy_document(accuracy), "warnings": list(notes)}


def _precision_document(
    precision: Precision, notes: Sequence[str], stand_in: StandIn | None
) -> dict[str, Any]:
    from archsim.report.precision import precision_document  # other commands do without
    from archsim.report.report import FORMAT

    found = {"format": FORMAT, **precision_document(precision), "warnings": list(notes)}
    return found | ({} if stand_in is None else {"noise_bits_check": asdict(stand_in)})


def _save(document: dict[str, Any], output: Path | None) -> None:
    if output is not None:
        text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)
        documents.write_atomically(output, text + "\n")


def _write(document: dict[str, Any], format_: Format) -> None:
    if format_ is Format.JSON:
        write_json(document)
        return
    from archsim.report.precision import PrecisionRow  # other commands do without

    columns = ["name", *(column.name for column in fields(PrecisionRow)[1:])]
    write_csv(document["precision"], columns)
