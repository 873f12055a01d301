"""What points are judged by, as people write it: figures, directions, bounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite, nan
from typing import Literal

from archsim.documents import closest
from archsim.errors import ConfigError
from archsim.sweep.figures import COMPONENTS
from archsim.units import quantity_of

Best = Literal["min", "max"]

_LESS = (
    "latency_s", "energy_j", "energy_per_input_j", "power_w", "area_m2", "makespan_s",
    "makespan_ticks", "programming_time_s", "programming_energy_j", "drop", "drop_low", "drop_high",
)  # fmt: skip
_MORE = (
    "throughput_per_s", "utilization", "accuracy", "accuracy_low", "accuracy_high",
    "quantised_accuracy",
)  # fmt: skip

DIRECTIONS: Mapping[str, Best] = {
    **dict.fromkeys(_LESS, "min"),
    **dict.fromkeys([f"{slot}_energy_j" for slot in COMPONENTS], "min"),
    **dict.fromkeys(_MORE, "max"),
}
"""Whether little or much of a figure is wanted, where nobody says."""


def directions(written: Sequence[str], saved: Mapping[str, Best]) -> dict[str, Best]:
    """Return objectives from what was written: ``energy_j``, or ``energy_j:min``.

    Args:
        written: What to compare by; nothing for what the sweep itself says.
        saved: Objectives of the sweep.

    Raises:
        ConfigError: Names that nothing says a direction of, twice the same, or none at all.
    """
    if not written and not saved:
        raise ConfigError(
            "objectives: found none, neither here nor in the sweep file; expected two at least; "
            "add such as --objectives energy_j,latency_s"
        )
    found: dict[str, Best] = {}
    faults: list[str] = []
    for text in written or saved:
        name, colon, best = text.rpartition(":") if ":" in text else (text, "", "")
        known = best if colon else saved.get(name) or DIRECTIONS.get(name)
        if colon and best not in ("min", "max"):
            faults.append(
                f"objectives: {name}: found {best!r}; expected min or max; write {name}:min, or "
                f"{name}:max"
            )
        elif known is None:
            near = closest(name, list(DIRECTIONS))
            faults.append(
                f"objectives: found {name!r}, which is not known to be better small or large; "
                f"expected it to be said{near}; write {name}:min or {name}:max"
            )
        elif name in found:
            faults.append(f"objectives: found {name} twice; expected it once; remove one")
        else:
            found[name] = known  # type: ignore[assignment]
    if faults:
        raise ConfigError("\n".join(faults))
    return found


def bounds_of(written: Sequence[str]) -> dict[str, float]:
    """Return bounds from texts such as ``energy_j=1 mJ``.

    Raises:
        ConfigError: Texts that are none, all of them.
    """
    found: dict[str, float] = {}
    faults: list[str] = []
    for text in written:
        name, _, value = (part.strip() for part in text.partition("="))
        quantity = quantity_of(name)
        if not value or name in found:
            again = f"found {name} again" if name in found else f"found {text!r}"
            faults.append(
                f"reference: {again}; expected a figure and a value, each once; write such as "
                "energy_j=1 mJ"
            )
            continue
        try:
            found[name] = float(quantity.parse(value)) if quantity else _number(value)
        except ValueError as refused:
            faults.append(f"reference: {name}: {refused}")
    if faults:
        raise ConfigError("\n".join(faults))
    return found


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = nan
    if not isfinite(number):
        raise ValueError(f"found {text!r}; expected a number; write such as 10")
    return number
