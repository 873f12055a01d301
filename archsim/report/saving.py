"""A report on disk: one folder, there as a whole or not at all."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

from archsim.errors import ConfigError
from archsim.hardware import save_hardware
from archsim.report.report import ROW_TYPES, Report
from archsim.workload import save_plan

HEADLINE = "report.json"
SWEEP = "_sweep.json"
"""What every directory of a sweep's results has, which is no report."""

MACHINE = "machine.yaml"
PLAN = "plan.json"
FILES = frozenset(
    {HEADLINE, MACHINE, PLAN}
    | {f"{table}.{kind}" for table in ROW_TYPES for kind in ("csv", "parquet")}
)
"""Everything that a saved report may consist of.

``precision`` is there only where it has accuracy, the plan only where there are products.
"""


def save(report: Report, folder: Path) -> None:
    """Write a report into a folder; replace it only if it holds a report and nothing else.

    Raises:
        ConfigError: The folder holds something else, or cannot be written.
    """
    check(folder)
    scratch: Path | None = None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        scratch.chmod(0o755)
        _write(report, scratch)
        if folder.exists():
            retired = scratch.with_name(f"{scratch.name}.old")
            folder.rename(retired)
            scratch.rename(folder)
            _remove(retired)
        else:
            scratch.rename(folder)
    except OSError as fault:
        raise ConfigError(
            f"{folder}: cannot be written ({fault.strerror or fault}); expected a folder that can; "
            "check the path and your rights there"
        ) from None
    finally:
        if scratch is not None:
            shutil.rmtree(scratch, ignore_errors=True)


def check(folder: Path) -> None:
    """Refuse a folder that a report must not replace; ask before a long run, not after it.

    Raises:
        ConfigError: It is a file or a link, or holds anything that is not part of a report.
    """
    if not folder.name:
        raise ConfigError(f"{folder}: found no name; expected a new folder; name one")
    if folder.is_symlink():
        raise ConfigError(
            f"{folder}: found a link; expected a folder, or nothing; name the folder itself"
        )
    try:
        there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
        if not there.is_dir():
            raise ConfigError(
                f"{there}: found a file; expected a folder, or nothing; choose another name"
            )
        foreign = _foreign(folder) if there == folder else None
    except OSError as fault:
        raise ConfigError(
            f"{folder}: cannot be read ({fault.strerror or fault}); expected a folder; check the "
            "path and your rights there"
        ) from None
    if foreign is not None:
        raise ConfigError(
            f"{folder}: found {foreign!r}, which is not part of a report; expected an earlier "
            "report, an empty folder or nothing; choose another folder, so that nothing is lost"
        )


def _foreign(folder: Path) -> str | None:
    """Return a name in a folder that shows that it is no report; tables alone are none either."""
    found = sorted(folder.iterdir())
    for path in found:
        if path.name not in FILES or path.is_symlink() or not path.is_file():
            return path.name
    return found[0].name if found and not (folder / HEADLINE).exists() else None


def _remove(report: Path) -> None:
    """Remove an earlier report, and nothing that came into its folder meanwhile."""
    for name in FILES:
        (report / name).unlink(missing_ok=True)
    report.rmdir()


def _write(report: Report, folder: Path) -> None:
    text = json.dumps(report.to_dict(), indent=2, ensure_ascii=False, allow_nan=False)
    (folder / HEADLINE).write_text(text + "\n", encoding="utf-8")
    save_hardware(report.machine, folder / MACHINE)
    if report.plan is not None:
        save_plan(report.plan, folder / PLAN)
    for table in ROW_TYPES:
        if table == "precision" and report.accuracy is None:
            continue
        frame = report.frame(table)
        frame.to_csv(folder / f"{table}.csv", index=False)
        frame.to_parquet(folder / f"{table}.parquet", index=False)
