"""Figures of saved reports, by name: what ``archsim plot`` draws."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes

from archsim import documents
from archsim.errors import ConfigError
from archsim.hardware.light import optical_energy_per_mac_j
from archsim.report.figures import energy, profiles, rooflines, time, tradeoffs
from archsim.report.figures.frames import NothingToDrawError
from archsim.report.figures.look import style
from archsim.report.figures.names import name_point, plain, shown
from archsim.report.figures.runs import (
    PlanFile,
    judged,
    labelled,
    listed,
    place,
    plan_counts,
    refuse_without_accuracy,
)
from archsim.report.figures.scales import written
from archsim.report.loading import SavedReport

_LONGEST = 24
"""Characters of a name in a title."""


@dataclass(frozen=True)
class Entry:
    """A figure that can be drawn of saved reports.

    Attributes:
        title: What it is of.
        draw: Draws it of a report and of others beside it.
        beside: What others may be: nothing, reports, or reports and plans.
    """

    title: str
    draw: Callable[[SavedReport, Sequence[SavedReport | PlanFile]], Axes]
    beside: tuple[type, ...] = ()


def draw(what: str, report: SavedReport, others: Sequence[SavedReport | PlanFile] = ()) -> Axes:
    """Return one of the figures of a saved report.

    Args:
        what: One of ``FIGURES``.
        report: The report.
        others: What is drawn beside it, where the figure can.

    Raises:
        ConfigError: There is no such figure, or what is beside does not fit.
        NothingToDrawError: The report lacks what the figure is of.
    """
    if what not in FIGURES:
        raise ConfigError(
            f"figure: found {what!r}; expected {', '.join(FIGURES)}"
            f"{documents.closest(what, list(FIGURES))}; name one of them"
        )
    chosen = FIGURES[what]
    _refuse(what, chosen, others)
    ax = chosen.draw(report, others)
    with style():
        _title(ax, chosen.title, report, others)
    return ax


def _refuse(what: str, chosen: Entry, others: Sequence[SavedReport | PlanFile]) -> None:
    wrong = [place(other) for other in others if not isinstance(other, chosen.beside)]
    if wrong and not chosen.beside:
        takes = ", ".join(name for name, entry in FIGURES.items() if entry.beside)
        raise ConfigError(
            f"figure: found others beside the report ({listed(wrong)}); expected none for {what}, "
            f"which is of one run; leave them out, or draw {takes}"
        )
    if wrong:
        raise ConfigError(
            f"figure: found plans beside the report ({listed(wrong)}); expected saved reports for "
            f"{what}; run them with -o first"
        )


def _energy_by_op(report: SavedReport, _: object) -> Axes:
    return energy.energy_by_op(report.frames["energy"], report.frames["ops"])


def _energy_by_component(report: SavedReport, _: object) -> Axes:
    return energy.energy_by_component(report.frames["components"])


def _time_by_op(report: SavedReport, _: object) -> Axes:
    return time.time_by_op(report.frames["ops"])


def _utilization(report: SavedReport, _: object) -> Axes:
    return time.utilization(report.frames["activity"], report.frames["units"])


def _roofline(report: SavedReport, _: object) -> Axes:
    ops, actions = report.frames["ops"], report.frames["actions"]
    points = rooflines.roofline_points(ops, actions, report.headline["batch"])
    return rooflines.roofline(points, rooflines.roofs(report.machine, ops))


def _noise_bits(report: SavedReport, _: object) -> Axes:
    refuse_without_accuracy(report)
    return profiles.noise_bits(report.frames["precision"])


def _repetitions(report: SavedReport, others: Sequence[SavedReport | PlanFile]) -> Axes:
    import pandas as pd  # whoever draws has it

    if report.plan is None:
        raise NothingToDrawError(
            f"{report.folder}: found no products; expected some that are repeated; draw another "
            "figure"
        )
    rows = []
    for label, each in labelled([report, *others]).items():
        if each.plan is None or each.plan["fingerprint"] != report.plan["fingerprint"]:
            raise ConfigError(
                f"{place(each)}: found a plan for another network; expected one for "
                f"{report.headline['workload']}; leave it out"
            )
        if each.plan["counts"].keys() != report.plan["counts"].keys():
            raise ConfigError(
                f"{place(each)}: found counts of other products than {place(report)} has; expected "
                "the same; correct the plan"
            )
        rows.append(plan_counts(label, each.plan["counts"], report.frames["ops"]))
    counts = pd.concat(rows, ignore_index=True)
    return profiles.repetitions(counts, one_j=optical_energy_per_mac_j(report.machine))


def _accuracy(report: SavedReport, others: Sequence[SavedReport | PlanFile]) -> Axes:
    import pandas as pd  # whoever draws has it

    runs = {
        label: run
        for label, run in labelled([report, *others]).items()
        if isinstance(run, SavedReport)
    }
    rows = [{"run": label, **judged(run)} for label, run in runs.items()]
    return tradeoffs.accuracy(pd.DataFrame(rows))


def _pareto(report: SavedReport, others: Sequence[SavedReport | PlanFile]) -> Axes:
    import pandas as pd  # whoever draws has it

    if not others:
        raise NothingToDrawError(
            f"{report.folder}: found one run; expected several to compare; name others by --with"
        )
    columns = ("latency_s", "energy_per_input_j")
    runs = {
        label: [run.headline[name] for name in columns]
        for label, run in labelled([report, *others]).items()
        if isinstance(run, SavedReport)
    }
    points = pd.DataFrame(runs.values(), columns=list(columns))
    ax = tradeoffs.pareto(points, *columns)
    with style():
        for label, (latency_s, energy_j) in runs.items():
            name_point(ax, (latency_s, energy_j), label)
    return ax


def _title(
    ax: Axes, title: str, report: SavedReport, others: Sequence[SavedReport | PlanFile]
) -> None:
    """Write above a figure what it is of: what a run came to, or what several have in common."""
    runs = [each.headline for each in (report, *others) if isinstance(each, SavedReport)]
    names = [list(dict.fromkeys(run[key] for run in runs)) for key in ("workload", "hardware")]
    workloads, machines = (
        shown(found[0], _LONGEST) if len(found) == 1 else f"{len(found)} {kind}"
        for found, kind in zip(names, ("workloads", "machines"), strict=True)
    )
    if not others:
        [run] = runs
        inputs = f"{run['batch']} inputs" if run["batch"] > 1 else "1 input"
        energy, time_ = written(run["energy_j"], "J"), written(run["makespan_s"], "s")
        title = f"{title} ({inputs}, {energy}, {time_})"
    figure = ax.get_figure(root=True)
    if figure is not None:
        text = f"{title}\n{workloads} on {machines}"
        plain(figure.suptitle(text, x=0.01, ha="left", fontsize=10))


_WITH_REPORTS = (SavedReport,)
_WITH_PLANS = (SavedReport, PlanFile)

FIGURES = {
    "energy-by-op": Entry("Energy by op and component", _energy_by_op),
    "energy-by-component": Entry("Energy by component", _energy_by_component),
    "time-by-op": Entry("Time by op and what bounds it", _time_by_op),
    "utilization": Entry("Utilization of units over time", _utilization),
    "roofline": Entry("Roofline", _roofline),
    "noise-bits": Entry("Noise bits and ADC bits by op", _noise_bits),
    "repetitions": Entry("Repetitions by op", _repetitions, _WITH_PLANS),
    "accuracy": Entry("Accuracy against energy per MAC", _accuracy, _WITH_REPORTS),
    "pareto": Entry("Latency against energy", _pareto, _WITH_REPORTS),
}
"""Every figure, in the order in which ``archsim plot DIR all`` draws them."""
