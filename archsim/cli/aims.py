"""From options to what is learned and how, with faults by the names that a user typed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, get_args

from archsim.cli.grouping import given
from archsim.cli.options import LearningOptions
from archsim.documents import closest
from archsim.errors import ConfigError
from archsim.units import Joule

if TYPE_CHECKING:
    from archsim.functional.learning import Aim, Rules
    from archsim.hardware import Hardware

PHOTONS = "photons"
"""The price that needs no machine: mean repetitions."""

_OF_STEPS = ("--steps", "--learning-batch", "--rate", "--penalty")
OF_AIM = {
    "target": "--target-energy",
    "max_drop": "--max-drop",
    "granularity": "--granularity",
    "trials": "--trials",
    "rules.batch": "--learning-batch",
    "rules.steps": "--steps",
    "rules.weight": "--penalty",
    "conditions.trials": "--trials",
    "aim.max_drop": "--max-drop",
}
_OF_RULES = {
    "steps": "--steps",
    "batch": "--learning-batch",
    "rate": "--rate",
    "weight": "--penalty",
}


def check_options(learning: LearningOptions) -> None:
    """Refuse what can be seen to be wrong before anything is read."""
    from archsim.report.machine_price import PRICES  # other commands do without

    faults = []
    costs = [PHOTONS, *PRICES]
    if learning.cost not in costs:
        faults.append(
            f"--cost: found {learning.cost!r}; expected {', '.join(costs)}"
            f"{closest(learning.cost, costs)}; choose one"
        )
    surplus = [option for option in given(learning) if option in _OF_STEPS]
    if learning.granularity == "uniform" and surplus:
        faults.append(
            f"{', '.join(surplus)}: found with --granularity uniform, where nothing is learned by "
            "steps; expected with op or channel; leave out one or the other"
        )
    if faults:
        raise ConfigError("\n".join(faults))


def aim_and_rules(hardware: Hardware, learning: LearningOptions) -> tuple[Aim, Rules]:
    """Return what is learned and how, or everything that is wrong with it."""
    from archsim.functional.learning import Aim, Rules

    asked: dict[str, Any] = {
        "steps": learning.steps,
        "batch": learning.learning_batch,
        "rate": learning.rate,
        "weight": learning.penalty,
    }
    faults: list[str] = []
    aim = rules = None
    try:
        with as_typed(OF_AIM):
            target = _target(hardware, learning.target_energy)
            aim = Aim(learning.granularity, target, learning.max_drop)
    except ConfigError as fault:
        faults.append(str(fault))
    try:
        with as_typed(_OF_RULES):
            rules = Rules(**{name: number for name, number in asked.items() if number is not None})
    except ConfigError as fault:
        faults.append(str(fault))
    if aim is None or rules is None:
        raise ConfigError("\n".join(faults))
    return aim, rules


def _target(hardware: Hardware, text: str | None) -> float | None:
    """Return the mean repetitions of a target: a bare number, or light for each MAC."""
    if text is None:
        return None
    try:
        return float(text)
    except ValueError:
        pass
    from archsim.functional.learning.energy import repetitions_of

    try:
        energy_j = get_args(Joule)[1].parse(text.removesuffix("/MAC"))
    except ValueError:
        raise ConfigError(
            f"target: found {text!r}; expected mean repetitions, such as 20, or detected light "
            "for each MAC, such as '2.7 aJ'; write one of them"
        ) from None
    return repetitions_of(hardware, energy_j)


@contextmanager
def as_typed(names: Mapping[str, str]) -> Iterator[None]:
    """Call what is wrong with a choice by the option that a user typed for it."""
    try:
        yield
    except ConfigError as fault:
        lines = str(fault).splitlines()
        raise ConfigError("\n".join(renamed(line, names) for line in lines)) from None


def renamed(line: str, names: Mapping[str, str]) -> str:
    """Return a fault or note, with choices by the options for them.

    Where it is, every name is one; in the sentence, those with a dot are, others are plain words.
    """
    where, colon, rest = line.partition(":")
    for name in filter(lambda name: "." in name, names):
        rest = rest.replace(name, names[name])
    return ", ".join(names.get(name, name) for name in where.split(", ")) + colon + rest
