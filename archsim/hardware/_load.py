"""Find a machine file, follow its base, apply overrides, validate."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from archsim.documents import (
    Document,
    Loc,
    Position,
    Shipped,
    parse,
    printable,
    read,
    read_text,
    write_atomically,
    write_yaml,
)
from archsim.errors import ConfigError
from archsim.hardware.machine import Hardware

_MACHINES = Shipped("hw_configs", "machine", ConfigError)


def shipped() -> dict[str, Path]:
    """Return the machines that travel with the program, by bare name."""
    return _MACHINES.files()


def load_hardware(path_or_name: str | Path, overrides: Sequence[str] = ()) -> Hardware:
    """Return the machine of a file, or a shipped one by its bare name.

    A file may inherit one other with ``base: FILE``, relative to itself, or with the bare name of a
    shipped machine: mappings are merged key by key, anything else is replaced, and a component of
    another ``kind`` replaces the whole component. ``null`` takes an optional key away.

    Args:
        path_or_name: A YAML or JSON file, or such as ``homodyne``.
        overrides: Texts such as ``tiles.adc.bits=6``; the value is read as YAML.

    Raises:
        ConfigError: With all faults at once, each with its place.
    """
    if isinstance(overrides, str):
        raise ConfigError(
            f"overrides: found the text {overrides!r}; expected several; write [{overrides!r}]"
        )
    data, positions, text = _inherit(_MACHINES.find(path_or_name), ())
    faults = [_override(data, positions, each) for each in overrides]
    if any(faults):
        raise ConfigError("\n".join(fault for fault in faults if fault))
    return parse(Hardware, Document(Path(path_or_name), data, positions, text))


def save_hardware(hardware: Hardware, path: str | Path) -> None:
    """Write a machine so that :func:`load_hardware` gives an equal one."""
    write_atomically(path, write_yaml(hardware.dump(), width=100))


def _inherit(path: Path, heirs: tuple[Path, ...]) -> tuple[Any, dict[Loc, Position], str]:
    document = read(path)
    data, positions = document.data, dict(document.positions)
    if not isinstance(data, dict) or "base" not in data:
        return data, positions, document.text
    base, where = data.pop("base"), document.position(("base",))
    if not isinstance(base, str):
        raise ConfigError(f"{where}: base: found {base!r}; expected a file name; write it as text")
    heirs = (*heirs, path.resolve())
    parent = _parent(path, base, where)
    if parent.resolve() in heirs:
        raise ConfigError(
            f"{where}: base: found {base!r}, which inherits this file; expected no circle; "
            "remove one of the two"
        )
    try:
        under, below, _ = _inherit(parent, heirs)
    except ConfigError as fault:
        raise ConfigError(f"{where}: base: {fault}") from None
    if not isinstance(under, dict):
        raise ConfigError(
            f"{where}: base: {parent}: found no keys; expected a machine; name another file"
        )
    merged = _merge(under, data)
    kept = {loc: position for loc, position in below.items() if _holds(merged, loc)}
    return merged, kept | positions, document.text


def _parent(path: Path, base: str, where: Position) -> Path:
    """Return the file that one inherits: beside it, or shipped if the name is bare."""
    try:
        found = _MACHINES.find(base)
    except ConfigError as fault:
        raise ConfigError(f"{where}: base: {fault}") from None
    return path.parent / found


def _holds(data: Any, loc: Loc) -> bool:
    for part in loc:
        if isinstance(part, int):
            inside = isinstance(data, list) and part < len(data)
        else:
            inside = isinstance(data, dict) and part in data
        if not inside:
            return False
        data = data[part]
    return True


def _merge(under: Any, over: Any) -> Any:
    if not isinstance(under, dict) or not isinstance(over, dict):
        return over
    for tag in ("kind", "dataflow"):
        if tag in over and over[tag] != under.get(tag):
            return over
    keys = [*under, *(key for key in over if key not in under)]
    return {
        key: _merge(under[key], over[key])
        if key in under and key in over
        else (over if key in over else under)[key]
        for key in keys
    }


def _override(data: Any, positions: dict[Loc, Position], text: str) -> str | None:
    """Apply one override in place, or return what is wrong with it."""
    source = f"--set {printable(text)}"
    dotted, equals, value = text.partition("=")
    path = dotted.strip().split(".")
    if not equals or not all(path):
        return f"{source}: found no path=value; expected such as tiles.adc.bits=6; write it so"
    place = data
    loc: Loc = ()
    for key in path[:-1]:
        loc = (*loc, key)
        place = place.setdefault(key, {}) if isinstance(place, dict) else place
        positions.setdefault(loc, Position(source))
    if not isinstance(place, dict):
        return f"{source}: found a path through a plain value; expected keys; check the path"
    place[path[-1]] = read_text(value, source).data if value.strip() else None
    positions[(*loc, path[-1])] = Position(source)
    return None
