"""The values of a machine one by one, by the paths that ``--set`` takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from archsim.hardware import Hardware

_APART = ("format", "name", "description", "sources")


def values_of(machine: Hardware) -> dict[str, str]:
    """Return each value of a machine, by its path, as its file gives it."""
    found = {key: part for key, part in machine.dump().items() if key not in _APART}
    return dict(_walk(found, ""))


def source_of(path: str, sources: Mapping[str, str]) -> str:
    """Return where a value is from; what stands for the nearest part above covers it."""
    parts = path.split(".")
    paths = (".".join(parts[:end]) for end in range(len(parts), 0, -1))
    return next((sources[each] for each in paths if each in sources), "")


def _walk(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _walk(item, f"{path}.{key}" if path else str(key))
    elif isinstance(value, bool):
        yield path, str(value).lower()
    else:
        yield path, ", ".join(map(str, value)) if isinstance(value, list) else str(value)
