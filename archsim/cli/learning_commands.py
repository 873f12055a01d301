"""The command that learns repetition plans; it brings torch."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from archsim.cli.aims import OF_AIM, PHOTONS, aim_and_rules, as_typed, check_options, renamed
from archsim.cli.commands import app
from archsim.cli.grouping import grouped, typed
from archsim.cli.options import (
    AllOps,
    AsFormat,
    BitOptions,
    JudgingOptions,
    LearningOptions,
    Machine,
    Model,
    Overrides,
    RepetitionOptions,
)
from archsim.cli.output import (
    Format,
    console,
    resumable,
    say,
    users_code,
    warn,
    write_csv,
    write_json,
)
from archsim.cli.progress import ProgressBar
from archsim.cli.targets import Kind, check_target
from archsim.errors import ArchsimError, ConfigError
from archsim.units import format_si

if TYPE_CHECKING:
    from archsim.cli.evaluating import Evaluation, Subject
    from archsim.functional.learning import Aim, LearnedPlan, News, Pricer, Rules
    from archsim.hardware import Hardware
    from archsim.report.learning import CountsRow, PlanRow
    from archsim.workload import Workload

PLAN = Kind("plan", (".yaml", ".yml", ".json"), frozenset({"format", "fingerprint", "counts"}))

_TIMES = frozenset({"trials", "seed", "checkpoint", "batch"})


@dataclass(frozen=True)
class _Chosen:
    """A machine and everything that was chosen about learning on it."""

    hardware: Hardware
    aim: Aim
    rules: Rules
    cost: str
    compare: bool
    checkpoint: Path | None


@dataclass(frozen=True)
class _Tables:
    """What is shown beside the plan."""

    counts: Sequence[CountsRow]
    plans: Sequence[PlanRow]


@app.command()
@grouped
def learn(  # noqa: PLR0913 - one parameter for each option
    hardware: Machine,
    model: Model,
    *,
    learning: LearningOptions,
    overrides: Overrides = None,
    bits: BitOptions,
    how: JudgingOptions,
    format_: AsFormat = Format.TABLE,
    all_ops: AllOps = False,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="Save the plan; else nothing is kept."),
    ] = None,
) -> None:
    """Learn how often each product has to be repeated; weights stay as they are."""
    from archsim.hardware import load_hardware  # other commands do without

    check_options(learning)
    checkpoint = _checkpoint(output, how.checkpoint)
    machine = load_hardware(hardware, overrides or ())
    from archsim.cli.evaluating import Evaluation  # brings torch
    from archsim.functional.learning import discard
    from archsim.report.learning import counts_rows, plan_rows

    chosen = _Chosen(
        machine, *aim_and_rules(machine, learning), learning.cost, learning.compare, checkpoint
    )
    evaluation = Evaluation(machine, RepetitionOptions(), bits, how)
    subject = evaluation.subject_of(model)
    found = _learned(evaluation, subject, chosen)
    if output is not None:
        from archsim.workload import save_plan

        save_plan(found.plan, output)
        discard(checkpoint)
    rows = counts_rows(found.plan, subject.workload, machine)
    notes = [*(renamed(note, OF_AIM) for note in found.notes), *_notes(subject, learning, machine)]
    try:
        plans = plan_rows(found, subject.workload, machine)
    except ArchsimError as fault:
        plans, notes = (), [*notes, f"energy, latency: {fault}"]
    _show(found, _Tables(rows, plans), notes, format_, changed=evaluation.changed, all_ops=all_ops)
    if output is not None:
        options = typed(bits, how, leave_out=_TIMES)
        sets = shlex.join(word for each in overrides or () for word in ("--set", each))
        used = " ".join(filter(None, (options, sets)))
        _say_use(shlex.join((hardware, model)), used, found, output, how.batch)


def _checkpoint(output: Path | None, checkpoint: Path | None) -> Path | None:
    """Return where to keep what was learned, after a look at where the plan is to go."""
    if output is None:
        return checkpoint
    if checkpoint is not None and checkpoint.absolute() == output.absolute():
        raise ConfigError(
            f"{output}: found it as --output and as --checkpoint; expected a file and a folder; "
            "rename one"
        )
    check_target(output, PLAN)
    if checkpoint is not None and checkpoint.resolve() in output.resolve().parents:
        raise ConfigError(
            f"{output}: found it in the folder of --checkpoint; expected it elsewhere, since that "
            "is emptied at the end; choose another folder"
        )
    return checkpoint or output.with_name(f"{output.name}.learning")


def _learned(evaluation: Evaluation, subject: Subject, chosen: _Chosen) -> LearnedPlan:
    """Return what learning finds; a machine that cannot tell its price is refused before."""
    from archsim.functional.learning import learn as find
    from archsim.functional.metrics import METRICS
    from archsim.hardware.light import optical_energy_per_mac_j

    hardware, task = chosen.hardware, subject.task
    price = None
    if chosen.cost != PHOTONS:
        price = _price(hardware, subject.workload, chosen.cost)
    kept = chosen.checkpoint
    with (
        resumable(kept),
        ProgressBar("learning") as bar,
        users_code(task.name),
        as_typed(OF_AIM),
    ):
        return find(
            task,
            hardware,
            chosen.aim,
            evaluation.conditions,
            rules=chosen.rules,
            price=price,
            network=subject.network,
            checkpoint=kept,
            compare=chosen.compare,
            tell=_teller(bar, METRICS[task.metric].unit, optical_energy_per_mac_j(hardware)),
        )


def _price(hardware: Hardware, workload: Workload, cost: str) -> Pricer:
    """Return a price of the machine, which was asked once whether it can run the network."""
    from archsim.report.machine_price import MachinePrice
    from archsim.report.pricing import marginal
    from archsim.workload import RepetitionPlan

    marginal(
        hardware, workload, lambda k: RepetitionPlan.uniform(workload, k[0]), (1,), counts=(1,)
    )
    return MachinePrice(hardware, workload, cost)


def _teller(bar: ProgressBar, unit: str, one_j: float | None) -> Callable[[News], None]:
    """Return what shows how far learning is: loss, accuracy and mean energy."""

    def tell(news: News) -> None:
        figures = []
        if news.loss is not None:
            figures.append(f"loss {news.loss:.3f}")
        if news.accuracy is not None:
            figures.append(f"accuracy {news.accuracy:.4g}{unit}")
        if news.repetitions is not None:
            paid = f"K {news.repetitions:.4g}"
            figures.append(paid if one_j is None else format_si(one_j * news.repetitions, "J/MAC"))
        bar(news.done, news.of, doing=news.doing, figures=", ".join(figures))

    return tell


def _notes(subject: Subject, learning: LearningOptions, hardware: Hardware) -> list[str]:
    """Return what to know before quoting a number."""
    from archsim.functional.splitting import in_test  # brings torch

    notes = list(subject.notes)
    priced = learning.granularity == "channel" and learning.cost != PHOTONS
    if priced and _by_op(subject.workload, hardware):
        notes.append(
            f"--cost: found {learning.cost}, for which columns that a tile holds together share "
            "one count; a tile of this machine holds all channels of each op, so this plan is by op"
        )
    task = subject.task
    if task.learning is not None and (common := in_test(task.learning, task.inputs)):
        notes.append(
            f"learning: found {common:,} of {len(task.learning.targets):,} examples among those "
            "that are tested, which biases the result; expected others; remove them from one of "
            "the two"
        )
    return notes


def _by_op(workload: Workload, hardware: Hardware) -> bool:
    """Return whether a tile holds all channels of each op."""
    from archsim.mapping import arithmetic

    products = arithmetic(workload, hardware).products
    return all(
        products[op.name].together >= op.channels for op in workload.gemms if op.name in products
    )


def _show(
    found: LearnedPlan,
    tables: _Tables,
    notes: Sequence[str],
    format_: Format,
    *,
    changed: Sequence[str],
    all_ops: bool,
) -> None:
    """Print what was found, and to stderr what to know before quoting it."""
    if format_ is Format.TABLE:
        from archsim.report.learning_text import print_learned  # needs rich

        with console() as page:
            print_learned(
                found, tables.counts, tables.plans, page, changed=changed, all_ops=all_ops
            )
    else:
        from archsim.report.learning import learning_document  # others do without

        document = learning_document(found, tables.counts, tables.plans)
        if format_ is Format.JSON:
            write_json(document | {"warnings": list(notes)})
        else:
            write_csv(document["counts"])
    warn(notes)


def _say_use(what: str, options: str, found: LearnedPlan, output: Path, batch: int | None) -> None:
    """Say what was written, and the commands that use it."""
    plan = f"--plan {shlex.quote(str(output))}"
    times = f"--trials {found.trials} --seed {found.seed}"
    alone, beside = ("", "")
    if batch is not None:
        alone, beside = f"--batch {batch}", f"--accuracy-batch {batch}"
    words = ("archsim accuracy", what, plan, times, alone, options)
    also = ("archsim run", what, plan, "--accuracy", times, beside, options)
    say(
        f"{output}: {len(found.plan.counts)} products, mean repetitions {found.repetitions:.4g}; "
        "to use it:"
    )
    for command in (also, words):
        say(f"  {' '.join(filter(None, command))}")
