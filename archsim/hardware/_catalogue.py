"""What may stand in a machine file: JSON Schema for editors, a table for people."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from archsim.hardware._component import REGISTRY
from archsim.hardware.machine import Hardware
from archsim.hardware.tiles import OutputStationary, WeightStationary
from archsim.units import Quantity


@dataclass(frozen=True, slots=True)
class Entry:
    """One key of one kind of component."""

    slot: str
    """Where it goes: a slot, ``tiles`` or ``machine``."""

    kind: str
    """Kind of component, or dataflow."""

    key: str
    """Key in the file."""

    unit: str
    """Unit of a quantity, else empty."""

    default: str | None
    """What holds where the key is left out; nothing where it must be given."""

    doc: str
    """What it means."""


def schema() -> dict[str, Any]:
    """Return the JSON Schema of a machine file.

    A file that inherits with ``base`` may leave anything out, so only its first keys are checked.
    """
    whole = Hardware.model_json_schema(by_alias=True)
    definitions = whole.pop("$defs")
    base = {"type": "string", "description": "A shipped machine, or a file beside this one"}
    keys: dict[str, Any] = dict.fromkeys(whole["properties"], True) | {"base": base}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "archsim machine",
        "$defs": definitions,
        "type": "object",
        "if": {"required": ["base"]},
        "then": {"properties": keys, "additionalProperties": False},
        "else": whole,
    }


def catalogue() -> tuple[Entry, ...]:
    """Return every key of every kind of component, slot by slot."""
    found = list(_entries("machine", "", Hardware))
    for model in (WeightStationary, OutputStationary):
        kind = get_args(model.model_fields["dataflow"].annotation)[0]
        found += _entries("tiles", kind, model)
    for slot, kinds in REGISTRY.items():
        for kind, component in kinds.items():
            found += _entries(slot, kind, component)
    return tuple(found)


def _entries(slot: str, kind: str, model: type[BaseModel]) -> Iterator[Entry]:
    for name, field in model.model_fields.items():
        if name in ("kind", "dataflow"):
            continue
        default = None if field.is_required() else _text(field.default)
        doc = " ".join((field.description or "").split())
        written = quantity(field)
        unit = written.symbols[0] if written else ""
        yield Entry(slot, kind, field.alias or name, unit, default, doc)


def _text(default: Any) -> str:
    return "-" if default is None or default is PydanticUndefined else str(default)


def quantity(field: Any) -> Quantity | None:
    """Return a field's quantity, wherever in its annotation that stands; None without one."""
    places = [*field.metadata, field.annotation]
    while places:
        place = places.pop()
        if isinstance(place, Quantity):
            return place
        places += getattr(place, "__metadata__", ())
        places += get_args(place)
        if hasattr(place, "json_schema_input_type"):
            places.append(place.json_schema_input_type)
    return None
