"""Names that must be in a table: what was probably meant."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from archsim.documents import closest

_SHOWN = 60


def meant(name: str, names: Iterable[str]) -> str:
    """Return the remedy for an unknown name: the near misses, or else all names."""
    candidates = sorted(names)
    if near := closest(name, candidates):
        return near.removeprefix("; ")
    shown = ", ".join(candidates[:_SHOWN])
    return f"known: {shown}{', ...' if len(candidates) > _SHOWN else ''}"


def known(what: str, names: Iterable[str]) -> Callable[[str], str]:
    """Return a validator that lets only these names pass."""
    allowed = frozenset(names)

    def check(name: str) -> str:
        if name not in allowed:
            raise ValueError(
                f"found {what}: {name!r}; expected a known one; {meant(name, allowed)}"
            )
        return name

    return check
