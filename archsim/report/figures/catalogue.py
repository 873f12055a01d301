"""Figures of saved reports, by name: what ``archsim plot`` draws."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from matplotlib.axes import Axes

from archsim import documents
from archsim.errors import ConfigError
from archsim.hardware.light import optical_energy_per_mac_j
from archsim.report.figures import energy, profiles, rooflines, time, tradeoffs
from archsim.report.figures.frames import NothingToDrawError
from archsim.report.figures.look import style
from archsim.report.figures.names import name_point, plain, shown
from archsim.report.figures.scales import written
from archsim.report.loading import SavedReport, load_report
from archsim.workload import RepetitionPlan
from archsim.workload.plan import plan_document

if TYPE_CHECKING:
    import pandas as pd

_LONGEST = 60
"""Characters of a name in a title."""


@dataclass(frozen=True)
class PlanFile:
    """A plan that has not run."""

    path: Path
    plan: dict[str, Any]


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


def read(path: Path) -> SavedReport | PlanFile:
    """Return what is at a path: a saved report if it is a folder, else a plan.

    Raises:
        ConfigError: It is neither.
    """
    if path.is_dir() or not path.exists():
        return load_report(path)
    plan = documents.parse(RepetitionPlan, documents.read(path))
    return PlanFile(path, plan_document(plan))


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
        plain(ax.set_title(f"{chosen.title}\n{_subject(report, others)}"))
    return ax


def _refuse(what: str, chosen: Entry, others: Sequence[SavedReport | PlanFile]) -> None:
    wrong = [_place(other) for other in others if not isinstance(other, chosen.beside)]
    if wrong and not chosen.beside:
        takes = ", ".join(name for name, entry in FIGURES.items() if entry.beside)
        raise ConfigError(
            f"figure: found others beside the report ({_listed(wrong)}); expected none for {what}, "
            f"which is of one run; leave them out, or draw {takes}"
        )
    if wrong:
        raise ConfigError(
            f"figure: found plans beside the report ({_listed(wrong)}); expected saved reports for "
            f"{what}; run them with -o first"
        )


def _energy_by_op(report: SavedReport, _: object) -> Axes:
    return energy.energy_by_op(report.frames["energy"])


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
    _refuse_without_accuracy(report)
    return profiles.noise_bits(report.frames["precision"])


def _repetitions(report: SavedReport, others: Sequence[SavedReport | PlanFile]) -> Axes:
    import pandas as pd  # whoever draws has it

    if report.plan is None:
        raise NothingToDrawError(
            f"{report.folder}: found no products; expected some that are repeated; draw another "
            "figure"
        )
    rows = []
    for label, each in _labelled([report, *others]).items():
        if each.plan is None or each.plan["fingerprint"] != report.plan["fingerprint"]:
            raise ConfigError(
                f"{_place(each)}: found a plan for another network; expected one for "
                f"{report.headline['workload']}; leave it out"
            )
        rows.append(plan_counts(label, each.plan["counts"], report.frames["ops"]))
    counts = pd.concat(rows, ignore_index=True)
    return profiles.repetitions(counts, one_j=optical_energy_per_mac_j(report.machine))


def plan_counts(label: str, counts: Mapping[str, Any], ops: pd.DataFrame) -> pd.DataFrame:
    """Return the repetitions of a plan as :func:`profiles.repetitions` takes them.

    Products that do not run on analog arrays are left out: nothing repeats them.

    Args:
        label: What to call the plan.
        counts: Op name to its count, or to one for each channel.
        ops: The ``ops`` of a report of the network.
    """
    import pandas as pd  # whoever draws has it

    on_arrays = ops[(ops.place == "array") & ops.op.isin(list(counts))]
    frames = [
        pd.DataFrame({"repetitions": counts[op]}, index=range(_channels(counts[op]))).assign(
            plan=label, op=op, macs=macs
        )
        for op, macs in zip(on_arrays.op, on_arrays.macs, strict=True)
    ]
    columns = ["plan", "op", "repetitions", "macs"]
    if not frames:
        return pd.DataFrame(columns=columns)
    return pd.concat(frames, ignore_index=True)[columns]


def _channels(counts: Any) -> int:
    return len(counts) if isinstance(counts, list) else 1


def _accuracy(report: SavedReport, others: Sequence[SavedReport | PlanFile]) -> Axes:
    import pandas as pd  # whoever draws has it

    runs = {
        label: run
        for label, run in _labelled([report, *others]).items()
        if isinstance(run, SavedReport)
    }
    for run in runs.values():
        _refuse_without_accuracy(run)
    rows = [{"run": label, **_judged(run)} for label, run in runs.items()]
    return tradeoffs.accuracy(pd.DataFrame(rows))


def _judged(run: SavedReport) -> dict[str, Any]:
    headline = run.headline
    try:
        found = headline["accuracy"]
        noisy = found["noisy"]
        examples, seeds = noisy["over_examples"], noisy["over_seeds"] or {}
        return {
            "energy_per_mac_j": headline["energy_per_input_j"] / headline["macs"],
            "metric": found["metric"],
            "unit": found["unit"],
            "accuracy": noisy["value"],
            "quantised": found["quantised"],
            "examples_low": examples["low"],
            "examples_high": examples["high"],
            "seeds_low": seeds.get("low"),
            "seeds_high": seeds.get("high"),
        }
    except (AttributeError, KeyError, TypeError) as fault:
        raise ConfigError(
            f"{run.folder}: found an accuracy that archsim did not write ({fault}); expected one "
            "that it did; run it again with --accuracy and -o"
        ) from None


def _pareto(report: SavedReport, others: Sequence[SavedReport | PlanFile]) -> Axes:
    import pandas as pd  # whoever draws has it

    if not others:
        raise NothingToDrawError(
            f"{report.folder}: found one run; expected several to compare; name others by --with"
        )
    columns = ("latency_s", "energy_per_input_j")
    runs = {
        label: [run.headline[name] for name in columns]
        for label, run in _labelled([report, *others]).items()
        if isinstance(run, SavedReport)
    }
    points = pd.DataFrame(runs.values(), columns=list(columns))
    ax = tradeoffs.pareto(points, *columns)
    with style():
        for label, (latency_s, energy_j) in runs.items():
            name_point(ax, (latency_s, energy_j), label)
    return ax


def _refuse_without_accuracy(report: SavedReport) -> None:
    if "accuracy" not in report.headline:
        raise NothingToDrawError(
            f"{report.folder}: found no accuracy; expected it for this figure; run it again with "
            "--accuracy and -o"
        )


def _labelled(
    all_: Sequence[SavedReport | PlanFile],
) -> dict[str, SavedReport | PlanFile]:
    """Return each by a short name of its own: that of its folder or file, if no other has it."""
    names = [_place(each).resolve().name for each in all_]
    labels = [
        name if names.count(name) == 1 else str(_place(each))
        for name, each in zip(names, all_, strict=True)
    ]
    twice = sorted({label for label in labels if labels.count(label) > 1})
    if twice:
        raise ConfigError(
            f"figure: found {_listed(map(Path, twice))} twice; expected each once; leave one out"
        )
    return dict(zip(labels, all_, strict=True))


def _place(each: SavedReport | PlanFile) -> Path:
    return each.folder if isinstance(each, SavedReport) else each.path


def _listed(paths: Any) -> str:
    return ", ".join(map(str, paths))


def _subject(report: SavedReport, others: Sequence[SavedReport | PlanFile]) -> str:
    """Return what a figure is of: what a run came to, or what several have in common."""
    headline = report.headline
    if others:
        runs = [each.headline for each in (report, *others) if isinstance(each, SavedReport)]
        names = [list(dict.fromkeys(run[key] for run in runs)) for key in ("workload", "hardware")]
        workloads, machines = (
            shown(found[0], _LONGEST) if len(found) == 1 else f"{len(found)} {kind}"
            for found, kind in zip(names, ("workloads", "machines"), strict=True)
        )
        return f"{workloads} on {machines}"
    inputs = f"{headline['batch']} inputs" if headline["batch"] > 1 else "1 input"
    return (
        f"{shown(headline['workload'], _LONGEST)} on {shown(headline['hardware'], _LONGEST)}, "
        f"{inputs}: {written(headline['energy_j'], 'J')}, {written(headline['makespan_s'], 's')}"
    )


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
