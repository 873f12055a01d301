"""Many faults in one line: some by name, the rest by count."""

from __future__ import annotations

from collections.abc import Iterable

_NAMED = 5


def listed(names: Iterable[object]) -> str:
    """Return ``a, b, c, d, e and 7 more``."""
    every = [str(name) for name in names]
    rest = len(every) - _NAMED
    return ", ".join(every[:_NAMED]) + (f" and {rest} more" if rest > 0 else "")
