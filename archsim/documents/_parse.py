"""Validate a document against a pydantic model and report every fault where it stands."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from types import UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from archsim.documents._faults import Fault, Faults, closest
from archsim.documents._model import Document, Loc, dotted, printable
from archsim.errors import ArchsimError, ConfigError
from archsim.units import FROM_FILE

M = TypeVar("M", bound=BaseModel)

_KINDS = {
    "int": "a whole number",
    "float": "a number",
    "string": "text",
    "bool": "true or false",
    "tuple": "a list",
    "list": "a list",
    "dict": "a mapping of keys to values",
    "model": "a mapping of keys to values",
    "model_attributes": "a mapping of keys to values",
    "none_required": "null",
}
_BOUNDS = {
    "greater_than": ("more than", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than": ("less than", "lt"),
    "less_than_equal": ("at most", "le"),
    "multiple_of": ("a multiple of", "multiple_of"),
    "too_short": ("a length of at least", "min_length"),
    "string_too_short": ("a length of at least", "min_length"),
    "too_long": ("a length of at most", "max_length"),
}
_LONGEST = 60
_QUOTE = "'"


def parse(model: type[M], document: Document, *, error: type[ArchsimError] = ConfigError) -> M:
    """Return the model that a document describes.

    Raises:
        ArchsimError: As ``error``, with one line for each fault, in the order of the file.
    """
    try:
        return validated(model, document.data)
    except Faults as found:
        raise error("\n".join(located(document, found.faults))) from None


def validated(model: type[M], data: Any) -> M:
    """Return the model that plain data describes.

    Raises:
        Faults: Every fault, with its place in the data.
    """
    try:
        text = json.dumps(data, allow_nan=False)
        return model.model_validate_json(text, strict=True, context=FROM_FILE)
    except ValidationError as found:
        raise Faults(Fault(*fault) for fault in _faults(model, data, found)) from None


def located(document: Document, faults: Iterable[Fault]) -> list[str]:
    """Return one line for each fault, with its place, in the order of the file."""
    lines: dict[str, tuple[str, int, int]] = {}
    for fault in faults:
        where = document.position(fault.loc)
        line = printable(f"{where}: {dotted(fault.loc)}: {fault.message}")
        lines.setdefault(line, (where.source, where.line, where.column))
    return sorted(lines, key=lines.__getitem__)


def fields_at(model: Any, loc: Loc) -> dict[str, Any]:
    """Return the keys that a model allows at a place, with their field; empty if none are fixed.

    Args:
        model: A pydantic model or any annotation made of models, unions and containers.
        loc: A place as pydantic writes it: keys, indices and the tags of unions.
    """
    return {
        field.alias or name: field
        for member in _models_at(model, loc)
        for name, field in member.model_fields.items()
    }


def _models_at(model: Any, loc: Loc) -> list[type[BaseModel]]:
    options = [model]
    for part in loc:
        options = [step for option in options for step in _step(option, part)]
    return [member for option in options for member in _members(option) if _is_model(member)]


def _members(annotation: Any) -> list[Any]:
    origin = get_origin(annotation)
    if origin is Annotated:
        return _members(get_args(annotation)[0])
    if origin in (Union, UnionType):
        return [member for arg in get_args(annotation) for member in _members(arg)]
    return [annotation]


def _step(annotation: Any, part: str | int) -> list[Any]:
    members = _members(annotation)
    tagged = [member for member in members if part in _tags(member)]
    if tagged:
        return tagged
    found = []
    for member in members:
        if _is_model(member):
            found += [
                field.annotation
                for name, field in member.model_fields.items()
                if part in (name, field.alias)
            ]
        elif get_origin(member) in (tuple, list, dict):
            found += [arg for arg in get_args(member)[-2:] if arg not in (Ellipsis, str)]
    return found


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _tags(model: Any) -> set[Any]:
    if not _is_model(model):
        return set()
    literals = [f.annotation for f in model.model_fields.values()]
    return {tag for a in literals if get_origin(a) is Literal for tag in get_args(a)}


def _faults(model: type[BaseModel], data: Any, found: ValidationError) -> Iterator[tuple[Loc, str]]:
    for fault in found.errors(include_url=False):
        loc = _written(data, fault)
        cause = fault.get("ctx", {}).get("error")
        if isinstance(cause, Faults):
            for inner in cause.faults:
                yield (*loc, *inner.loc), inner.message
        elif fault["type"] == "extra_forbidden":
            yield loc, _unknown(loc[-1], sorted(fields_at(model, fault["loc"][:-1])))
        elif fault["type"] == "missing":
            field = fields_at(model, fault["loc"][:-1]).get(str(fault["loc"][-1]))
            meaning = f" ({field.description.rstrip('.')})" if field and field.description else ""
            yield loc, f"found nothing; expected this key{meaning}; add it"
        elif fault["type"] == "union_tag_not_found":
            yield loc, _untagged(_models_at(model, fault["loc"]), dict(fault))
        else:
            yield loc, _message(dict(fault))


def _written(data: Any, fault: Any) -> Loc:
    """Return a fault's place in the file: pydantic's, without the tags of unions."""
    loc: list[str | int] = []
    for part in fault["loc"]:
        inside = part in data if isinstance(data, dict) else False
        if isinstance(data, list) and isinstance(part, int):
            inside = part < len(data)
        if inside:
            loc.append(part)
            data = data[part]
    if fault["type"] == "missing":
        loc.append(fault["loc"][-1])
    return tuple(loc)


def _unknown(key: object, known: list[str]) -> str:
    choice = f"one of {', '.join(known)}" if known else "no such key"
    return f"found the unknown key {key!r}; expected {choice}{closest(key, known) or '; remove it'}"


def _untagged(models: list[type[BaseModel]], fault: dict[str, Any]) -> str:
    """Return what to say of a mapping that does not tell which model it is."""
    key = fault["ctx"]["discriminator"].strip(_QUOTE)
    tags = [tag for model in models for tag in get_args(model.model_fields[key].annotation)]
    known = {name for model in models for name in model.model_fields}
    strangers = [name for name in fault["input"] if name not in known]
    near = get_close_matches(key, strangers, n=1)
    remedy = f"did you mean it by {near[0]!r}?" if near else "add it"
    return f"found no {key}; expected this key with {' or '.join(tags)}; {remedy}"


def _message(fault: dict[str, Any]) -> str:
    kind, ctx = fault["type"], fault.get("ctx", {})
    shown = json.dumps(fault["input"], ensure_ascii=False, default=repr)
    shown = shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}…"
    if kind == "value_error":
        return str(ctx["error"])
    if kind in ("literal_error", "enum", "union_tag_invalid"):
        return _choice(shown, fault, ctx)
    return f"found {shown}; {_expectation(fault, ctx)}; change it"


def _choice(shown: str, fault: dict[str, Any], ctx: dict[str, Any]) -> str:
    tagged = fault["type"] == "union_tag_invalid"
    words = ctx["expected_tags"] if tagged else ctx["expected"]
    options = [word.strip("' ") for word in words.replace(" or ", ",").split(",")]
    found = f"{ctx['discriminator'].strip(_QUOTE)} {ctx['tag']!r}" if tagged else shown
    given = ctx["tag"] if tagged else fault["input"]
    hint = closest(given, options) or "; choose one"
    if given in options:
        hint = "; write it without quotes"
    return f"found {found}; expected {' or '.join(options)}{hint}"


def _expectation(fault: dict[str, Any], ctx: dict[str, Any]) -> str:
    kind = fault["type"]
    if kind in _BOUNDS:
        phrase, bound = _BOUNDS[kind]
        return f"expected {phrase} {ctx[bound]}"
    expected = _KINDS.get(kind.removesuffix("_type").removesuffix("_parsing"))
    if kind == "string_pattern_mismatch":
        return f"expected text of the form {ctx['pattern']}"
    # The library's own sentence is "Input should be ..." for nearly all other kinds.
    return f"expected {expected or fault['msg'].removeprefix('Input should be ')}"
