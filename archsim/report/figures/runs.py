"""Saved reports and plans as rows of what figures of several of them take."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archsim import documents
from archsim.errors import ConfigError
from archsim.report.figures.frames import NothingToDrawError
from archsim.report.loading import SavedReport, load_report
from archsim.workload import RepetitionPlan
from archsim.workload.plan import plan_document

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class PlanFile:
    """A plan that has not run."""

    path: Path
    plan: dict[str, Any]


def read(path: Path) -> SavedReport | PlanFile:
    """Return what is at a path: a saved report if it is a folder, else a plan.

    Raises:
        ConfigError: It is neither.
    """
    if path.is_dir() or not path.exists():
        return load_report(path)
    plan = documents.parse(RepetitionPlan, documents.read(path))
    return PlanFile(path, plan_document(plan))


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
        pd.DataFrame({"repetitions": _each(counts[op])}).assign(plan=label, op=op, macs=macs)
        for op, macs in zip(on_arrays.op, on_arrays.macs, strict=True)
    ]
    columns = ["plan", "op", "repetitions", "macs"]
    if not frames:
        return pd.DataFrame(columns=columns)
    return pd.concat(frames, ignore_index=True)[columns]


def _each(counts: Any) -> list[Any]:
    """Return the counts of an op as a list, one of them where all channels share it."""
    return list(counts) if isinstance(counts, list | tuple) else [counts]


def judged(run: SavedReport) -> dict[str, Any]:
    """Return what a run is in a figure of accuracy: a row of what :func:`tradeoffs.accuracy` takes.

    Raises:
        NothingToDrawError: Accuracy was not asked, or the network has no products.
        ConfigError: The accuracy is damaged.
    """
    refuse_without_accuracy(run)
    headline = run.headline
    if not headline["macs"]:
        raise NothingToDrawError(
            f"{run.folder}: found no multiply-accumulates; expected some, whose energy the figure "
            "is of; draw another figure"
        )
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


def refuse_without_accuracy(report: SavedReport) -> None:
    """Refuse a report of a run that accuracy was not asked of.

    Raises:
        NothingToDrawError: It has none.
    """
    if "accuracy" not in report.headline:
        raise NothingToDrawError(
            f"{report.folder}: found no accuracy; expected it for this figure; run it again with "
            "--accuracy and -o"
        )


def labelled(
    all_: Sequence[SavedReport | PlanFile],
) -> dict[str, SavedReport | PlanFile]:
    """Return each by a short name of its own: that of its folder or file, if no other has it."""
    names = [place(each).resolve().name for each in all_]
    labels = [
        name if names.count(name) == 1 else str(place(each))
        for name, each in zip(names, all_, strict=True)
    ]
    twice = sorted({label for label in labels if labels.count(label) > 1})
    if twice:
        raise ConfigError(
            f"figure: found {listed(map(Path, twice))} twice; expected each once; leave one out"
        )
    return dict(zip(labels, all_, strict=True))


def place(each: SavedReport | PlanFile) -> Path:
    """Return where a report or a plan is."""
    return each.folder if isinstance(each, SavedReport) else each.path


def listed(paths: Iterable[Path]) -> str:
    """Return paths as an error names them."""
    return ", ".join(map(str, paths))
