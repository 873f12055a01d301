"""Plain data with positions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Loc = tuple[str | int, ...]
"""Keys and indices from the root of a document to a value."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where a value was written."""

    source: str
    """A file's path, or the override that gave the value."""

    line: int = 0
    """Counted from one; zero where the source has no lines."""

    column: int = 0

    def __str__(self) -> str:
        return f"{self.source}:{self.line}:{self.column}" if self.line else self.source


@dataclass(frozen=True, slots=True)
class Document:
    """A file's content, and where each part of it stands."""

    path: Path
    data: Any
    positions: Mapping[Loc, Position]
    text: str

    def position(self, loc: Loc) -> Position:
        """Return the position of a value, or of the innermost written part that would hold it."""
        while loc and loc not in self.positions:
            loc = loc[:-1]
        return self.positions.get(loc, Position(str(self.path)))


def dotted(loc: Loc) -> str:
    """Return a path as people write it: ``tiles.adc.bits``, ``ops[3].shape``."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc)
    return text.removeprefix(".") or "(whole file)"


def printable(text: str) -> str:
    """Return text with what would disturb a terminal written as an escape."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
