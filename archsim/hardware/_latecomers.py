"""Components that users define: a class derived from a slot's is a kind that machines can have.

The kinds of a slot are a union that was built when machines were defined. A class that comes later
is added to it, and the models that hold it are built anew.
"""

from __future__ import annotations

from typing import Any, get_args

from archsim.hardware._component import LATECOMERS, Component, one_of
from archsim.hardware.machine import Hardware
from archsim.hardware.tiles import OutputStationary, WeightStationary

_HOLDERS = (WeightStationary, OutputStationary, Hardware)
"""The models that hold components, the one that holds the others last."""


def renew(slot: str) -> None:
    """Let machines have every kind of a slot that is registered by now."""
    for model in _HOLDERS:
        for field in model.model_fields.values():
            kinds = _kinds(field.annotation)
            if {getattr(kind, "slot", None) for kind in kinds} - {None} != {slot}:
                continue
            every = one_of(slot)
            field.discriminator = None  # the union brings its own
            field.annotation = every | None if type(None) in kinds else every
        model.model_rebuild(force=True)


def _kinds(annotation: Any) -> set[Any]:
    """Return the classes that an annotation is a union of."""
    if isinstance(annotation, type):
        return (
            {annotation} if annotation is type(None) or issubclass(annotation, Component) else set()
        )
    members: set[Any] = set()
    for part in get_args(annotation):
        members |= _kinds(part)
    return members


LATECOMERS.append(renew)
