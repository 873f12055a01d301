"""The commands: each reads its options, calls the public API, prints what comes back."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from archsim.cli.grouping import grouped
from archsim.cli.options import (
    AccuracyOptions,
    AllOps,
    AsFormat,
    BitOptions,
    EngineOptions,
    Machine,
    Overrides,
    RepetitionOptions,
    refuse_without_accuracy,
)
from archsim.cli.output import (
    Format,
    console,
    say,
    show,
    users_code,
    warn,
    write_csv,
    write_json,
    write_list,
    write_workload,
)
from archsim.cli.progress import ProgressBar
from archsim.cli.targets import check_target
from archsim.cli.timeline_options import TimelineOptions
from archsim.errors import ArchsimError, ConfigError

if TYPE_CHECKING:
    from archsim.report import Report
    from archsim.report.trace_file import TraceFile
    from archsim.workload import Workload

app = typer.Typer(name="archsim", add_completion=False, pretty_exceptions_enable=False)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version  # rarely asked for

        sys.stdout.write(f"archsim {version('archsim')}\n")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Latency, throughput, energy, area and accuracy of networks on analog accelerators."""


@app.command()
@grouped
def run(  # noqa: PLR0913 - one parameter for each option
    hardware: Machine,
    workload: Annotated[str, typer.Argument(metavar="WORKLOAD", help="A file or a name.")],
    *,
    repeated: RepetitionOptions,
    batch: Annotated[int, typer.Option(metavar="N", help="Inputs of the network.")] = 1,
    schedule: Annotated[
        str, typer.Option(help="serial: op after op; pipelined: ops overlap on a stream.")
    ] = "serial",
    engines: EngineOptions,
    drawing: TimelineOptions,
    overrides: Overrides = None,
    bits: BitOptions,
    accuracy: Annotated[
        bool,
        typer.Option("--accuracy", help="Report accuracy, too: of a task, or of module:callable."),
    ] = False,
    how: AccuracyOptions,
    format_: AsFormat = Format.TABLE,
    all_ops: AllOps = False,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="DIR", help="Save the report and its tables."),
    ] = None,
) -> None:
    """Run a workload on a machine and report time, energy and area, and accuracy if asked."""
    from archsim.hardware import load_hardware  # other commands do without
    from archsim.report import saving, simulate
    from archsim.workload import load_workload

    if output is not None:
        saving.check(output)
    machine = load_hardware(hardware, overrides or ())

    def simulated(network: Workload, plan: Any, repetitions: float | None) -> Report:
        with (
            drawing.drawn() as timeline,
            _traced(engines.trace_engine) as trace,
            ProgressBar() as progress,
        ):
            return simulate(
                machine,
                network,
                plan,
                repetitions=repetitions,
                batch=batch,
                schedule=schedule,
                engine=engines.engine,
                progress=progress,
                trace=trace,
                verify_engine=engines.verify_engine,
                timeline=timeline,
            )

    if accuracy:
        from archsim.cli.evaluating import Evaluation  # brings torch

        evaluation = Evaluation(machine, repeated, bits, how)
        report = evaluation.beside(evaluation.subject_of_run(workload), simulated)
    else:
        refuse_without_accuracy(how)
        network = load_workload(workload).with_bits(*bits.pair())
        report = simulated(network, repeated.plan, repeated.repetitions)
    if output is not None:
        report.save(output)
    show(report, format_, all_ops=all_ops)


def _traced(path: Path | None) -> AbstractContextManager[TraceFile | None]:
    if path is None:
        return nullcontext()
    from archsim.report.trace_file import TraceFile  # rarely asked for

    return TraceFile(path)


@app.command()
def check(
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="Files or names.")],
    overrides: Overrides = None,
) -> None:
    """Validate machines and print what follows from their numbers."""
    from archsim.hardware import load_hardware  # other commands do without
    from archsim.hardware.check import facts
    from archsim.report.facts_text import print_facts

    faults: dict[str, list[str]] = {}
    for index, file in enumerate(files):
        try:
            found = facts(load_hardware(file, overrides or ()))
        except ArchsimError as fault:
            for line in str(fault).splitlines():
                faults.setdefault(line, []).append(file)
            continue
        if index:
            sys.stdout.write("\n")
        with console() as page:
            print_facts(found, page)
        warn(f"{found.name}: {text}" for text in found.warnings)
    if faults:
        raise ConfigError("\n".join(_placed(faults, len(files))))


@app.command()
def schema(
    of: Annotated[str, typer.Argument(metavar="machine|sweep", help="Kind of file.")] = "machine",
) -> None:
    """Print the JSON Schema of machine or sweep files, for editors."""
    if of == "sweep":
        from archsim.sweep.file import schema as of_sweeps  # other commands do without

        write_json(of_sweeps())
        return
    if of != "machine":
        raise ConfigError(f"schema: found {of!r}; expected machine or sweep; choose one")
    from archsim.hardware import schema as of_machines  # other commands do without

    write_json(of_machines())


@app.command()
def components(
    format_: AsFormat = Format.TABLE,
) -> None:
    """List what a machine can be made of: kinds, keys, units, meanings."""
    from archsim.hardware import catalogue  # other commands do without
    from archsim.report.facts_text import print_catalogue

    entries = catalogue()
    if format_ is Format.JSON:
        write_json([asdict(entry) for entry in entries])
    elif format_ is Format.CSV:
        write_csv([asdict(entry) for entry in entries])
    else:
        with console() as page:
            print_catalogue(entries, page)


@app.command()
def trace(  # noqa: PLR0913 - one parameter for each option
    model: Annotated[str, typer.Argument(metavar="MODULE:CALLABLE", help="What makes the model.")],
    *,
    inputs: Annotated[
        list[str] | None,
        typer.Option("--input", metavar="SHAPE", help="1x3x224x224 or 1x128:int64; repeatable."),
    ] = None,
    kwargs: Annotated[
        str | None, typer.Option(metavar="JSON", help="Arguments of the callable.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Name of the workload.")] = None,
    device: Annotated[str, typer.Option(help="meta needs no memory for weights; or cpu.")] = "meta",
    fixed_batch: Annotated[
        bool, typer.Option("--fixed-batch", help="The model takes no other batch size.")
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="Where to; stdout by default."),
    ] = None,
) -> None:
    """Turn a PyTorch model into a workload file."""
    if output is not None:
        check_target(output)
    from archsim import frontend  # torch takes seconds to import

    with users_code(model):
        workload = frontend.trace(
            model, inputs or (), kwargs=kwargs, name=name, device=device, fixed_batch=fixed_batch
        )
    if output is None:
        write_workload(workload)
        return
    from archsim.workload import save_workload

    save_workload(workload, output)
    say(f"{output}: {workload.name}, {len(workload.ops):,} ops, {workload.macs:,} MACs")


@app.command()
def machines() -> None:
    """List the machines that come with archsim."""
    from archsim.hardware import shipped  # other commands do without

    write_list(shipped())


@app.command()
def workloads() -> None:
    """List the workloads that come with archsim."""
    from archsim.workload import shipped  # other commands do without

    write_list(shipped())


def _placed(faults: Mapping[str, Sequence[str]], files: int) -> Iterator[str]:
    """Yield each line of several files' faults once, overrides with the files they do not fit."""
    for line, found in faults.items():
        if files > 1 and line.startswith("--set"):
            yield f"{', '.join(dict.fromkeys(found))}: {line}"
        else:
            yield line
