"""Faults that a model finds in itself, with the place inside the model where each one is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from archsim.documents._model import Loc


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: where, and *found; expected; what to do*."""

    loc: Loc
    message: str


class Faults(ValueError):  # noqa: N818 - a carrier for pydantic, never what a user catches
    """Several faults at once; a pydantic validator raises it and :func:`parse` unfolds it."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__(
            "\n".join(f"{'.'.join(map(str, f.loc))}: {f.message}" for f in self.faults)
        )


def closest(found: object, known: Sequence[str]) -> str:
    """Return ``"; did you mean 'x'?"`` where one of the known words is near, else nothing."""
    near = get_close_matches(str(found), known, n=1, cutoff=0.6)
    return f"; did you mean {near[0]!r}?" if near else ""
