"""The report as plain data: what ``--format json`` prints and ``report.json`` holds."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import Any

from archsim.report.report import FORMAT, Report


def document(report: Report) -> dict[str, Any]:
    """Return a report as plain data; every name that stands for a quantity ends in its unit."""
    data: dict[str, Any] = {"format": FORMAT}
    for column in fields(report):
        if column.name not in ("programming", "provenance", "warnings", "tables"):
            data[column.name] = getattr(report, column.name)
    data["programming"] = asdict(report.programming) if report.programming else None
    data["warnings"] = list(report.warnings)
    data["ops"] = [_named(asdict(row)) for row in report.tables.ops]
    data["components"] = [_named(asdict(row)) for row in report.tables.components]
    data["provenance"] = asdict(report.provenance)
    return data


def _named(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row of which the first column, what it is about, is called ``name``."""
    (_, name), *rest = row.items()
    return {"name": name, **dict(rest)}
