"""A saved report, read back: what a folder of ``archsim run -o`` holds, checked as one thing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from math import isclose
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from archsim import documents
from archsim.errors import ArchsimError, ConfigError
from archsim.hardware import Hardware, load_hardware
from archsim.report.report import FORMAT, ROW_TYPES, Report, dtypes
from archsim.report.saving import HEADLINE, MACHINE, PLAN, SWEEP
from archsim.workload import RepetitionPlan
from archsim.workload.plan import plan_document

if TYPE_CHECKING:
    import pandas as pd

T = TypeVar("T")

_TYPES = {"str": str, "int": int, "float": int | float, "dict[str, float]": dict}
_APART = ("warnings", "ops", "components", "simulation", "provenance")
_SAME = 1e-9
"""How far, relatively, a sum of rounded figures may be from the rounded sum."""


@dataclass(frozen=True, eq=False)
class SavedReport:
    """What a run came to, as it was saved.

    Attributes:
        folder: Where it is.
        headline: What ``report.json`` holds.
        frames: The tables; ``precision`` has no rows where accuracy was not asked.
        machine: What the run was of.
        plan: How often each product was repeated, as a plan's file holds it; None where the
            workload has none.
    """

    folder: Path
    headline: dict[str, Any]
    frames: Mapping[str, pd.DataFrame]
    machine: Hardware
    plan: dict[str, Any] | None


def load_report(folder: str | Path) -> SavedReport:
    """Read a report that was saved.

    Raises:
        ConfigError: The folder holds none, or parts are missing, damaged or of another run: all
            that is wrong, a line each.
    """
    folder = Path(folder)
    headline = _headline(folder)
    faults: list[str] = []

    def kept(read: Callable[..., T], *of: Any) -> T | None:
        try:
            return read(folder, headline, *of)
        except ArchsimError as fault:
            faults.append(str(fault))
            return None

    machine = kept(_machine)
    plan = kept(_plan)
    frames = {table: kept(_frame, table) for table in ROW_TYPES}
    sound = {table: frame for table, frame in frames.items() if frame is not None}
    if not faults:
        faults += _strangers(folder, headline, sound)
    if faults or machine is None:
        raise ConfigError("\n".join(faults))
    document = None if plan is None else plan_document(plan)
    return SavedReport(folder, headline, sound, machine, document)


def _headline(folder: Path) -> dict[str, Any]:
    """Return what ``report.json`` holds, as far as it tells that it is a report."""
    if not folder.is_dir():
        found = "a file" if folder.exists() else "no such folder"
        raise ConfigError(
            f"{folder}: found {found}; expected the folder of a saved report; name one that "
            "archsim run MACHINE WORKLOAD -o DIR wrote"
        )
    if (folder / SWEEP).exists():
        raise ConfigError(
            f"{folder}: found the results of a sweep; expected the folder of a saved report; "
            "archsim report makes a page of a sweep, archsim pareto -o draws its front, and "
            "archsim sweep --compare sets two beside each other"
        )
    if not (folder / HEADLINE).exists():
        raise ConfigError(
            f"{folder}: found no {HEADLINE}; expected the folder of a saved report; name one that "
            "archsim run MACHINE WORKLOAD -o DIR wrote"
        )
    data = documents.read(folder / HEADLINE).data
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        found = repr(data.get("format")) if isinstance(data, dict) else "no keys"
        raise ConfigError(
            f"{folder / HEADLINE}: format: found {found}; expected {FORMAT}; read it with the "
            "archsim that wrote it, or run it again with -o"
        )
    if wrong := list(_wrong(data)):
        raise ConfigError("\n".join(_again(folder / HEADLINE, *each) for each in wrong))
    return data


def _wrong(data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what is not as a report has it: what was found, and what was expected."""
    expected: dict[str, Any] = {
        column.name: _TYPES[str(column.type)]
        for column in fields(Report)
        if str(column.type) in _TYPES
    }
    expected |= dict.fromkeys(_APART[:3], list) | dict.fromkeys(_APART[3:], dict)
    for key, kind in expected.items():
        value = data.get(key)
        if key not in data:
            yield f"no {key}", "it"
        elif not isinstance(value, kind) or isinstance(value, bool):
            yield f"{key} {value!r:.60}", "what archsim writes there"
    for key in ("ops", "components"):
        rows = data.get(key)
        if isinstance(rows, list) and not all(isinstance(r, dict) and "name" in r for r in rows):
            yield f"{key} without names", "a name in each"


def _machine(folder: Path, headline: Mapping[str, Any]) -> Hardware:
    path = folder / MACHINE
    if not path.exists():
        raise ConfigError(_again(path, "no such file, as earlier versions left it out", "it"))
    machine = load_hardware(path)
    said = headline["provenance"].get("hardware_hash")
    if machine.hash != said:
        raise ConfigError(_again(path, f"the machine {machine.hash}", f"{said}, which ran"))
    return machine


def _plan(folder: Path, headline: Mapping[str, Any]) -> RepetitionPlan | None:
    path, said = folder / PLAN, headline["provenance"].get("plan_hash")
    if said is None and not path.exists():
        return None
    if not path.exists():
        raise ConfigError(_again(path, "no such file, as earlier versions left it out", "it"))
    plan = documents.parse(RepetitionPlan, documents.read(path))
    if plan.hash != said:
        raise ConfigError(_again(path, f"the plan {plan.hash}", f"{said}, which ran"))
    return plan


def _frame(folder: Path, headline: Mapping[str, Any], table: str) -> pd.DataFrame:
    import pandas as pd  # only who asks for a frame pays for it
    from pyarrow.lib import ArrowException

    path, columns = folder / f"{table}.parquet", dtypes(table)
    if table == "precision" and "accuracy" not in headline:
        return pd.DataFrame(columns=list(columns)).astype(columns)
    try:
        frame = pd.read_parquet(path)
        if list(frame.columns) == list(columns):
            return frame.astype(columns)
    except FileNotFoundError:
        raise ConfigError(_again(path, "no such file", "it")) from None
    except (ArrowException, OSError, ValueError, TypeError) as fault:
        raise ConfigError(_again(path, f"no table ({_one_line(fault)})", "one")) from None
    raise ConfigError(
        _again(path, f"the columns {', '.join(map(str, frame.columns))}", ", ".join(columns))
    )


def _strangers(
    folder: Path, headline: Mapping[str, Any], frames: Mapping[str, pd.DataFrame]
) -> Iterator[str]:
    """Yield the tables that are of another run than the headline."""
    for table, column in (("ops", "op"), ("components", "component")):
        if list(frames[table][column]) != [row["name"] for row in headline[table]]:
            yield _again(folder / f"{table}.parquet", f"other {table} than {HEADLINE}", "the same")
    for table in ("components", "energy"):
        total_j = float(frames[table].energy_j.sum())
        if not isclose(total_j, headline["energy_j"], rel_tol=_SAME):
            yield _again(
                folder / f"{table}.parquet", f"{total_j} J in all", f"{headline['energy_j']} J"
            )


def _again(path: Path, found: str, expected: str) -> str:
    return f"{path}: found {found}; expected {expected}; run it again with -o {path.parent}"


def _one_line(fault: Exception) -> str:
    return " ".join(str(fault).split())
