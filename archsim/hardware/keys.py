"""The keys of a machine file, one by one: what may stand there, and what is to be another value.

Who varies a machine changes keys of one that is there. A key is looked up in the machine itself, so
that its components' kinds decide what it may hold.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ConfigDict, create_model
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from archsim.documents import Document, closest, dotted, parse, validated
from archsim.hardware._catalogue import quantity
from archsim.hardware.machine import Hardware
from archsim.units import Hertz, Quantity, with_suffix

FIXED = ("format", "name", "description", "sources")
"""Keys that say what a machine is called, and nothing about how it works."""


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a machine.

    Attributes:
        path: Keys from the root, as files write them.
        quantity: How its value is written where it is one with a unit; None for bare values.
        whole: Whether it takes whole numbers, and they only.
        model: Takes its value, under ``value``.
    """

    path: tuple[str, ...]
    quantity: Quantity | None
    whole: bool
    model: type[BaseModel]

    @property
    def name(self) -> str:
        """The path as people write it."""
        return ".".join(self.path)

    @property
    def column(self) -> str:
        """The path with the unit of its value."""
        return with_suffix(self.name, self.quantity.symbols[0]) if self.quantity else self.name

    def plain(self, value: Any) -> Any:
        """Return a value as a saved machine writes it, so that equal values are equal text.

        Raises:
            Faults: It cannot stand there; their places are relative to the key.
        """
        found = validated(self.model, {"value": value})
        return found.model_dump(mode="json", by_alias=True, exclude_none=True).get("value")


def key_at(hardware: Hardware, path: str) -> Key:
    """Return a key of a machine.

    Raises:
        ValueError: There is none; *found; expected; what to do*.
    """
    *outer, last = path.split(".")
    if path.split(".")[0] in FIXED:
        raise ValueError(
            f"found {path!r}, which changes no figure; expected a key of the machine's parts, "
            "such as tiles.count; remove it"
        )
    holder: Any = hardware
    written: tuple[str, ...] = ()
    for part in outer:
        name, written_as, _ = _field(holder, part, written)
        holder = holder[name] if isinstance(holder, Mapping) else getattr(holder, name)
        written = (*written, written_as)
        if not isinstance(holder, BaseModel | Mapping):
            what = "nothing" if holder is None else "a plain value"
            raise ValueError(  # noqa: TRY004 - of a path, not of a type
                f"found {path!r}, but {dotted(written)} is {what} on '{hardware.name}'; expected "
                f"a key that is there; vary {dotted(written)} as a whole, or correct the path"
            )
    _, written_as, field = _field(holder, last, written)
    whole = quantity(field) is None and _members(field.annotation) & {int, float, bool} == {int}
    return Key((*written, written_as), quantity(field), whole, _model(field))


def changed(data: Any, changes: Mapping[tuple[str, ...], Any]) -> Any:
    """Return a machine's plain data with other values at some keys; None takes a key away."""
    for path, value in changes.items():
        data = _with(data, path, value)
    return data


def machine_of(data: Any, name: str) -> Hardware:
    """Return the machine that plain data describes.

    Raises:
        ConfigError: With all faults; they call the machine ``name``.
    """
    return parse(Hardware, Document(Path(name), data, {}, ""))


def _with(data: Any, path: tuple[str, ...], value: Any) -> Any:
    first, *rest = path
    if rest:
        return {**data, first: _with(data[first], tuple(rest), value)}
    if value is None:
        return {key: kept for key, kept in data.items() if key != first}
    return {**data, first: value}


def _field(holder: Any, part: str, written: tuple[str, ...]) -> tuple[str, str, FieldInfo]:
    """Return a key's name in Python, as files write it, and its field; either name will do."""
    if isinstance(holder, Mapping):  # clocks are the only ones, beside sources
        item = FieldInfo.from_annotation(Hertz)
        fields = {name: (name, item) for name in holder}
    else:
        fields = {n: (field.alias or n, field) for n, field in type(holder).model_fields.items()}
    for name, (alias, field) in fields.items():
        if part in (name, alias):
            return name, alias, field
    known = sorted(alias for alias, _ in fields.values())
    where = f" in {dotted(written)}" if written else ""
    raise ValueError(
        f"found the unknown key {part!r}{where}; expected one of {', '.join(known)}"
        f"{closest(part, known) or '; correct it'}"
    )


def _members(annotation: Any) -> set[Any]:
    """Return the plain types that an annotation is made of."""
    parts = get_args(annotation)
    if not parts:
        return {annotation}
    return set().union(*(_members(part) for part in parts))


def _model(field: FieldInfo) -> type[BaseModel]:
    """Return a model that takes a field's value, and nothing but that."""
    alone = copy(field)
    alone.alias = alone.validation_alias = alone.serialization_alias = None
    alone.default, alone.default_factory = PydanticUndefined, None
    options = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)
    model: type[BaseModel] = create_model(
        "Key",
        __config__=options,
        value=(field.annotation, alone),  # type: ignore[arg-type]
    )
    return model
