"""JSON, by a small recursive reader: the one in the standard library keeps no positions."""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from json import JSONDecodeError
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Any, NoReturn

from archsim.documents._model import Loc, Position
from archsim.errors import ArchsimError

_SPACE = re.compile(r"[ \t\n\r]*")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?", re.ASCII)
_WORDS = {"true": True, "false": False, "null": None}
_WORD = re.compile(r"[A-Za-z]+")
_FLAWS = {
    "Unterminated": "text without its closing quote",
    "Invalid control": "a control character in a string",
    "Invalid \\u": "an incomplete \\u escape",
    "Invalid \\": "an unknown escape",
    "": "a flaw",
}
"""What the standard library's messages about a string begin with, and what they mean."""

_DEEPEST = 64
_LONGEST_NUMBER = 40


def read_json(text: str, name: str, error: type[ArchsimError]) -> tuple[Any, dict[Loc, Position]]:
    """Return the plain data of a JSON text and the position of each value."""
    reader = _Reader(text, name, error)
    data, end = reader.value(0, ())
    end = reader.skip(end)
    if end != len(text):
        reader.refuse(end, f"{text[end]!r} after the end", "one value", "remove the rest")
    return data, reader.positions


class _Reader:
    """A recursive reader; each method takes an offset and returns the next one."""

    def __init__(self, text: str, name: str, error: type[ArchsimError]) -> None:
        self._text = text
        self._name = name
        self._error = error
        self._lines = [0, *(match.end() for match in re.finditer("\n", text))]
        self.positions: dict[Loc, Position] = {}

    def value(self, at: int, loc: Loc) -> tuple[Any, int]:
        at = self.skip(at)
        self.positions.setdefault(loc, self._position(at))
        if len(loc) > _DEEPEST:
            self.refuse(at, f"more than {_DEEPEST} levels", "fewer", "flatten the file")
        match self._text[at : at + 1]:
            case "{":
                return self._mapping(at + 1, loc)
            case "[":
                return self._sequence(at + 1, loc)
            case '"':
                return self._string(at)
            case _:
                return self._scalar(at)

    def skip(self, at: int) -> int:
        return _SPACE.match(self._text, at).end()  # type: ignore[union-attr]  # always matches

    def _mapping(self, at: int, loc: Loc) -> tuple[dict[str, Any], int]:
        result: dict[str, Any] = {}
        at = self.skip(at)
        if self._text[at : at + 1] == "}":
            return result, at + 1
        while True:
            at = self.skip(at)
            if self._text[at : at + 1] != '"':
                self.refuse(at, self._here(at), "a key in double quotes", "mend the syntax here")
            key, end = self._string(at)
            if key in result:
                first = self.positions[(*loc, key)].line
                found = f"key {key!r} again (first on line {first})"
                self.refuse(at, found, "it once", "remove one")
            self.positions[(*loc, key)] = self._position(at)
            at = self._expect(":", end)
            result[key], at = self.value(at, (*loc, key))
            at = self.skip(at)
            if self._text[at : at + 1] == "}":
                return result, at + 1
            at = self._expect(",", at)

    def _sequence(self, at: int, loc: Loc) -> tuple[list[Any], int]:
        result: list[Any] = []
        at = self.skip(at)
        if self._text[at : at + 1] == "]":
            return result, at + 1
        while True:
            item, at = self.value(at, (*loc, len(result)))
            result.append(item)
            at = self.skip(at)
            if self._text[at : at + 1] == "]":
                return result, at + 1
            at = self._expect(",", at)

    def _string(self, at: int) -> tuple[str, int]:
        try:
            text, end = scanstring(self._text, at + 1, True)
        except JSONDecodeError as fault:
            found = next(noun for start, noun in _FLAWS.items() if fault.msg.startswith(start))
            self.refuse(fault.pos, found, "a JSON string", "mend the syntax here")
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:
            self.refuse(at, "half a surrogate pair", "Unicode text", "remove the escape")
        return text, end

    def _scalar(self, at: int) -> tuple[Any, int]:
        word = _WORD.match(self._text, at)
        if word and word[0] in _WORDS:
            return _WORDS[word[0]], word.end()
        match = _NUMBER.match(self._text, at)
        if match is None:
            self.refuse(at, self._here(at), "a JSON value", "mend the syntax here")
        number = math.inf
        if len(match[0]) <= _LONGEST_NUMBER:
            number = float(match[0]) if match[1] or match[2] else int(match[0])
        if not math.isfinite(number):
            found = f"the number {match[0][:20]}…"
            self.refuse(at, found, "one that fits a double", "check it")
        return number, match.end()

    def _expect(self, sign: str, at: int) -> int:
        at = self.skip(at)
        if self._text[at : at + 1] != sign:
            self.refuse(at, self._here(at), f"{sign!r}", "mend the syntax here")
        return at + 1

    def _here(self, at: int) -> str:
        return repr(self._text[at : at + 12]) if at < len(self._text) else "the end of the file"

    def _position(self, at: int) -> Position:
        line = bisect_right(self._lines, at)
        return Position(self._name, line, at - self._lines[line - 1] + 1)

    def refuse(self, at: int, found: str, expected: str, remedy: str) -> NoReturn:
        where = self._position(at)
        raise self._error(f"{where}: found {found}; expected {expected}; {remedy}")
