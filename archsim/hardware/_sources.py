"""Which numbers of a machine lack a source."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

if TYPE_CHECKING:
    from archsim.hardware.machine import Hardware


def unsourced(hardware: Hardware) -> tuple[str, ...]:
    """Return the paths of numbers that the file gives and no entry of ``sources`` covers."""
    return tuple(path for path in numbers(hardware) if not _covered(path, hardware.sources))


def idle_sources(hardware: Hardware) -> tuple[str, ...]:
    """Return the entries of ``sources`` that cover no number."""
    paths = tuple(numbers(hardware))
    return tuple(key for key in hardware.sources if not any(_covered(p, {key: ""}) for p in paths))


def numbers(hardware: Hardware) -> Iterator[str]:
    """Yield the path of every number that was given, not left to its neutral default."""
    for path in _walk(hardware, ""):
        if path != "format":
            yield path


def _walk(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, BaseModel):
        for name, field in type(value).model_fields.items():
            if name in value.model_fields_set:
                yield from _walk(getattr(value, name), f"{path}.{field.alias or name}")
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _walk(item, f"{path}.{key}")
    elif isinstance(value, int | float | Fraction) and not isinstance(value, bool):
        yield path.removeprefix(".")


def _covered(path: str, sources: dict[str, str]) -> bool:
    parts = path.split(".")
    return any(".".join(parts[:end]) in sources for end in range(1, len(parts) + 1))
