"""Workloads and plans as files: YAML or JSON by extension, one op a line."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from archsim import documents
from archsim.errors import WorkloadError
from archsim.workload.model import Workload
from archsim.workload.ops import Product
from archsim.workload.plan import Mode, RepetitionPlan, plan_document

_NETWORKS = documents.Shipped("workloads", "workload", WorkloadError)
_INLINE = 10**9  # a width that keeps a flow-style value on its line
_MODEL = re.compile(r"[\w.]+:[\w.]+")
_LONGEST_KEY = 1024  # characters of a key that is not announced, by YAML's rules


def shipped() -> dict[str, Path]:
    """Return the workloads that travel with the program, by bare name."""
    return _NETWORKS.files()


def load_workload(path_or_name: str | Path) -> Workload:
    """Return the workload in a file, or a shipped one by its bare name, checked throughout.

    Raises:
        WorkloadError: Every fault of the file, each with its line and column; a model.
    """
    if _MODEL.fullmatch(str(path_or_name)):
        raise WorkloadError(
            f"{path_or_name}: found a model; expected a workload, a file or a shipped one; make it "
            "with archsim trace, or run the model with --accuracy, which needs its weights and data"
        )
    document = documents.read(_NETWORKS.find(path_or_name), error=WorkloadError)
    return documents.parse(Workload, document, error=WorkloadError)


def save_workload(workload: Workload, path: str | Path) -> None:
    """Write a workload, whole or not at all.

    Raises:
        WorkloadError: The extension is neither YAML's nor JSON's, or the file cannot be written.
    """
    header: dict[str, Any] = {
        "format": workload.format,
        "name": workload.name,
        "source": workload.source,
        "activation_bits": workload.activation_bits,
        "weight_bits": workload.weight_bits,
        "macs": workload.macs,
        "fingerprint": workload.fingerprint,
    }
    header["inputs"] = [item.model_dump(mode="json", exclude_none=True) for item in workload.inputs]
    header["ops"] = [_op_document(op) for op in workload.ops]
    header["outputs"] = list(workload.outputs)
    _write(header, Path(path))


def load_plan(
    path: str | Path,
    workload: Workload,
    *,
    mode: Mode | None = None,
    power_limits: tuple[float, float] | None = None,
) -> RepetitionPlan:
    """Return the plan in a file, checked against its workload and, if given, way of repeating.

    Args:
        path: A YAML or JSON file.
        workload: The workload that the plan is for.
        mode: How the machine repeats; ``None`` checks only what holds for every machine.
        power_limits: Least and greatest count that the laser allows, for ``power``.

    Raises:
        WorkloadError: Every fault of the file, or of the plan for this workload.
    """
    document = documents.read(path, error=WorkloadError)
    plan = documents.parse(RepetitionPlan, document, error=WorkloadError)
    faults = list(plan.faults(workload, mode=mode, power_limits=power_limits))
    if faults:
        raise WorkloadError("\n".join(documents.located(document, faults)))
    return plan


def save_plan(plan: RepetitionPlan, path: str | Path) -> None:
    """Write a plan, whole or not at all.

    Raises:
        WorkloadError: The extension is neither YAML's nor JSON's, or the file cannot be written.
    """
    _write(plan_document(plan), Path(path))


def _op_document(op: Any) -> dict[str, Any]:
    document: dict[str, Any] = op.model_dump(mode="json", exclude_defaults=True)
    ordered = {"name": op.name, "kind": op.kind} | document
    return ordered | {"macs": op.macs} if isinstance(op, Product) else ordered


def _write(document: dict[str, Any], path: Path) -> None:
    renderers: dict[str, Callable[[dict[str, Any]], Iterator[str]]] = {
        ".yaml": _yaml_lines,
        ".yml": _yaml_lines,
        ".json": _json_lines,
    }
    if path.suffix not in renderers:
        raise WorkloadError(
            f"{path}: found extension {path.suffix!r}; expected .yaml, .yml or .json; rename it"
        )
    text = "\n".join(renderers[path.suffix](document)) + "\n"
    documents.write_atomically(path, text, error=WorkloadError)


def _yaml_lines(document: dict[str, Any]) -> Iterator[str]:
    for key, value in document.items():
        if not value and value != 0:
            yield f"{key}: {_inline(value)}"
        elif isinstance(value, dict):
            yield f"{key}:"
            yield from (f"  {_entry(name, item)}" for name, item in value.items())
        elif isinstance(value, list) and isinstance(value[0], dict):
            yield f"{key}:"
            yield from (f"  - {_inline(item)}" for item in value)
        else:
            yield f"{key}: {_inline(value)}"


def _entry(name: str, item: Any) -> str:
    """Return one entry of a mapping; YAML takes a long key, or one of many lines, only if asked."""
    key, value = _inline(name), _inline(item)
    plain = len(key) <= _LONGEST_KEY and "\n" not in key
    return f"{key}: {value}" if plain else f"? {key}\n  : {value}"


def _inline(value: Any) -> str:
    """Return a value as YAML on one line."""
    text = documents.write_yaml(value, default_flow_style=True, width=_INLINE)
    return text.removesuffix("\n").removesuffix("\n...")


def _json_lines(document: dict[str, Any]) -> Iterator[str]:
    def many(items: list[str]) -> Iterator[str]:
        yield from (f"    {item}," for item in items[:-1])
        yield f"    {items[-1]}"

    yield "{"
    for number, (key, value) in enumerate(document.items(), start=1):
        comma = "," if number < len(document) else ""
        if value and isinstance(value, dict):
            yield f"  {json.dumps(key)}: {{"
            yield from many([f"{json.dumps(k)}: {json.dumps(v)}" for k, v in value.items()])
            yield f"  }}{comma}"
        elif value and isinstance(value, list) and isinstance(value[0], dict):
            yield f"  {json.dumps(key)}: ["
            yield from many([json.dumps(item, allow_nan=False) for item in value])
            yield f"  ]{comma}"
        else:
            yield f"  {json.dumps(key)}: {json.dumps(value, allow_nan=False)}{comma}"
    yield "}"
