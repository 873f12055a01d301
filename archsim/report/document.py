"""The report as plain data: what ``--format json`` prints and ``report.json`` holds."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

from archsim.report.precision import precision_rows
from archsim.report.report import FORMAT, Report

if TYPE_CHECKING:
    from archsim.functional import Accuracy

_APART = ("programming", "provenance", "warnings", "machine", "plan", "tables", "accuracy")


def document(report: Report) -> dict[str, Any]:
    """Return a report as plain data; every name that stands for a quantity ends in its unit."""
    data: dict[str, Any] = {"format": FORMAT}
    for column in fields(report):
        if column.name not in _APART:
            data[column.name] = getattr(report, column.name)
    data["programming"] = asdict(report.programming) if report.programming else None
    data["warnings"] = list(report.warnings)
    data["ops"] = [_named(asdict(row)) for row in report.tables.ops]
    data["components"] = [_named(asdict(row)) for row in report.tables.components]
    if report.accuracy is not None:
        found = accuracy_document(report.accuracy)
        data["precision"] = found.pop("precision")
        data["accuracy"] = found
    data["simulation"] = asdict(report.simulation)
    data["provenance"] = asdict(report.provenance)
    return data


def accuracy_document(accuracy: Accuracy) -> dict[str, Any]:
    """Return an accuracy as plain data, its products under ``precision``."""
    data = asdict(accuracy)
    data["precision"] = [_named(asdict(row)) for row in precision_rows(accuracy)]
    data |= {"values": list(accuracy.values), "noise": list(accuracy.noise)}
    del data["ops"]
    return data


def _named(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row of which the first column, what it is about, is called ``name``."""
    (_, name), *rest = row.items()
    return {"name": name, **dict(rest)}
