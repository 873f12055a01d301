"""YAML, from its event stream: what we accept is small, and every event carries its position."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any, NoReturn

import yaml

from archsim.documents._model import Loc, Position
from archsim.errors import ArchsimError

# libyaml's parser is ten times the speed of the one in Python and gives the same events.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DEEPEST = 64
_LONGEST_NUMBER = 40
_INTEGER = re.compile(r"[-+]?[0-9]+", re.ASCII)
_FLOAT = re.compile(r"[-+]?(?:[0-9]+\.[0-9]*|\.?[0-9]+)(?:[eE][-+]?[0-9]+)?", re.ASCII)
_LEADING_ZERO = re.compile(r"[-+]?0[0-9]+", re.ASCII)
_BREAKS = re.compile("[\r\x85\u2028\u2029]")
_WORDS = {"": None, "~": None, "null": None, "true": True, "false": False}


class _Dumper(yaml.SafeDumper):
    """Puts in quotes what :func:`read_yaml` would take for a number, such as ``1e3`` or ``08``."""


_Dumper.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(rf"(?:{_INTEGER.pattern}|{_FLOAT.pattern})$", re.ASCII),
    list("-+.0123456789"),
)


def _quoted(dumper: Any, text: str) -> Any:
    # Line breaks that are not \n get lost in all but double quotes.
    style = '"' if _BREAKS.search(text) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _quoted)


def write_yaml(value: Any, **options: Any) -> str:
    """Return YAML that reads back to the same value, its keys in their order."""
    text: str = yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, **options)
    return text


def read_yaml(text: str, name: str, error: type[ArchsimError]) -> tuple[Any, dict[Loc, Position]]:
    """Return the plain data of a YAML text and the position of each value."""
    reader = _Reader(name, error)
    try:
        events = yaml.parse(text, Loader=_Loader)
        return reader.document(events), reader.positions
    except yaml.YAMLError as fault:
        mark = getattr(fault, "problem_mark", None) or getattr(fault, "context_mark", None)
        where = Position(name, mark.line + 1, mark.column + 1) if mark else Position(name)
        problem = getattr(fault, "problem", None) or getattr(fault, "reason", None) or "no YAML"
        raise error(
            f"{where}: found {_noun(problem)}; expected YAML; mend the syntax here"
        ) from None


def _noun(problem: str) -> str:
    """Return what a parser complains of as something that was found."""
    for verb, instead in (("found ", ""), ("did not find expected ", "no ")):
        if problem.startswith(verb):
            return instead + problem.removeprefix(verb).strip("'<>")
    return problem


class _Reader:
    """Builds plain data from one document's events."""

    def __init__(self, name: str, error: type[ArchsimError]) -> None:
        self._name = name
        self._error = error
        self.positions: dict[Loc, Position] = {}

    def document(self, events: Iterator[Any]) -> Any:
        for event in events:
            if isinstance(event, yaml.StreamEndEvent):
                raise self._error(
                    f"{self._name}: found nothing; expected keys and values; write them, or name "
                    "another file"
                )
            if isinstance(event, yaml.DocumentStartEvent):
                break
        data = self._value(next(events), events, ())
        next(events)  # the document's end
        if isinstance(event := next(events), yaml.DocumentStartEvent):
            self._refuse(event, "a second document", "one document a file", "remove the '---'")
        return data

    def _value(self, event: Any, events: Iterator[Any], loc: Loc) -> Any:
        self._check(event, loc)
        # A mapping's value is shown by its key, which was recorded already.
        self.positions.setdefault(loc, self._position(event))
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(events, loc)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(events, loc)
        return self._scalar(event)

    def _mapping(self, events: Iterator[Any], loc: Loc) -> dict[str, Any]:
        result: dict[str, Any] = {}
        while not isinstance(event := next(events), yaml.MappingEndEvent):
            self._check(event, loc)
            key = self._scalar(event) if isinstance(event, yaml.ScalarEvent) else None
            if event.__class__ is yaml.ScalarEvent and key == "<<":
                self._refuse(event, "a merge key", "written-out keys", "inherit with base: instead")
            if not isinstance(key, str):
                what = "a number or list" if key is None else repr(key)
                self._refuse(event, f"{what} as a key", "text", "put the key in quotes")
            if key in result:
                first = self.positions[(*loc, key)].line
                self._refuse(
                    event, f"key {key!r} again (first on line {first})", "it once", "remove one"
                )
            self.positions[(*loc, key)] = self._position(event)
            result[key] = self._value(next(events), events, (*loc, key))
        return result

    def _sequence(self, events: Iterator[Any], loc: Loc) -> list[Any]:
        result: list[Any] = []
        while not isinstance(event := next(events), yaml.SequenceEndEvent):
            result.append(self._value(event, events, (*loc, len(result))))
        return result

    def _scalar(self, event: Any) -> Any:
        text: str = event.value
        if not event.implicit[0]:  # in quotes
            return text
        if text in _WORDS:
            return _WORDS[text]
        integer = _INTEGER.fullmatch(text)
        if not integer and not _FLOAT.fullmatch(text):
            return text
        if integer and _LEADING_ZERO.fullmatch(text):
            self._refuse(
                event,
                f"the number {text[:20]}",
                "no leading zeros",
                "remove them, or put text in quotes",
            )
        number = math.inf
        if len(text) <= _LONGEST_NUMBER:
            number = int(text) if integer else float(text)
        if not math.isfinite(number):
            self._refuse(event, f"the number {text[:20]}…", "one that fits a double", "check it")
        return number

    def _check(self, event: Any, loc: Loc) -> None:
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            self._refuse(
                event,
                f"the anchor or alias {event.anchor!r}",
                "plain values",
                "write the value out",
            )
        if getattr(event, "tag", None):
            self._refuse(event, f"the tag {event.tag!r}", "plain values", "remove the tag")
        if len(loc) > _DEEPEST:
            self._refuse(event, f"more than {_DEEPEST} levels", "fewer", "flatten the file")

    def _position(self, event: Any) -> Position:
        return Position(self._name, event.start_mark.line + 1, event.start_mark.column + 1)

    def _refuse(self, event: Any, found: str, expected: str, remedy: str) -> NoReturn:
        raise self._error(f"{self._position(event)}: found {found}; expected {expected}; {remedy}")
