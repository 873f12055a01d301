"""What a sweep can vary beside the machine: counts, plans, bits, batch, order of ops."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any

from archsim.documents import Fault, Faults, closest
from archsim.mapping import SCHEDULES
from archsim.units import Quantity
from archsim.workload.ops._base import MAX_BITS


@dataclass(frozen=True, slots=True)
class Settable:
    """Something that can be varied, and is no part of the machine.

    Attributes:
        name: As the sweep file says it.
        check: Returns a value as it is kept; raises ValueError with what is wrong.
        whole: Whether it takes whole numbers only.
    """

    name: str
    check: Callable[[Any], Any]
    whole: bool = False

    @property
    def quantity(self) -> Quantity | None:
        """How a quantity is written; nothing here has a unit."""
        return None

    def plain(self, value: Any) -> Any:
        """Return a value as it is kept.

        Raises:
            Faults: It cannot stand there.
        """
        try:
            return self.check(value)
        except ValueError as refused:
            raise Faults([Fault(("value",), str(refused))]) from None


def _counted(what: str, most: int | None = None) -> Callable[[Any], int]:
    def check(value: Any) -> int:
        fits = isinstance(value, int) and not isinstance(value, bool) and value >= 1
        if not fits or (most is not None and value > most):
            bound = f"from 1 to {most}" if most else "1 at least"
            raise ValueError(
                f"found {value!r}; expected a whole number of {what}, {bound}; correct it"
            )
        return int(value)

    return check


def _repetitions(value: Any) -> float:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not isfinite(value) or value <= 0:
        raise ValueError(
            f"found {value!r}; expected a number of repetitions above 0; give one such as 4"
        )
    return float(value)


def _schedule(value: Any) -> str:
    if value not in SCHEDULES:
        raise ValueError(
            f"found {value!r}; expected {' or '.join(SCHEDULES)}"
            f"{closest(value, list(SCHEDULES)) or '; choose one'}"
        )
    return str(value)


def _file(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError(f"found {value!r}; expected the file of a plan; write its name")
    return value


SETTABLE: Mapping[str, Settable] = {
    each.name: each
    for each in (
        Settable("repetitions", _repetitions),
        Settable("plans", _file),
        Settable("batch", _counted("inputs"), whole=True),
        Settable("schedule", _schedule),
        Settable("bits", _counted("bits", MAX_BITS), whole=True),
        Settable("activation_bits", _counted("bits", MAX_BITS), whole=True),
        Settable("weight_bits", _counted("bits", MAX_BITS), whole=True),
    )
}
"""What can be varied beside the machine, by name."""

EXCLUSIVE = (("repetitions", "plans"), ("bits", "activation_bits"), ("bits", "weight_bits"))
"""Pairs of which one says what the other does."""
