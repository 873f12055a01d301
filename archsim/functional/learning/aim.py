"""What learning is asked for, and what is refused before long work is begun for it."""

from __future__ import annotations

from dataclasses import dataclass

from archsim.errors import ConfigError
from archsim.functional.conditions import Conditions
from archsim.functional.learning.bench import Bench
from archsim.functional.learning.learner import Rules, is_above
from archsim.functional.learning.search import Pricer
from archsim.functional.learning.sharing import Granularity
from archsim.functional.setup import kind_faults
from archsim.functional.statistics import FEWEST
from archsim.functional.task import named
from archsim.hardware import Hardware
from archsim.physics.repetition import Repetition


@dataclass(frozen=True)
class Aim:
    """What is learned: which counts, and to which end.

    Attributes:
        granularity: What has a count of its own.
        target: Mean repetitions; with a price of the machine, what so many uniform ones cost it.
        max_drop: Points of the metric that may be lost, at the least cost. One of the two is given.

    Raises:
        ConfigError: Everything that is out of its bounds; both, or neither.
    """

    granularity: Granularity | str = Granularity.CHANNEL
    target: float | None = None
    max_drop: float | None = None

    def __post_init__(self) -> None:
        faults = []
        words = [str(choice) for choice in Granularity]
        if self.granularity not in words:
            faults.append(
                f"granularity: found {self.granularity!r}; expected {', '.join(words)}; choose one"
            )
        else:
            object.__setattr__(self, "granularity", Granularity(self.granularity))
        given = {"target": self.target, "max_drop": self.max_drop}
        if sum(value is not None for value in given.values()) != 1:
            found = "both" if self.target is not None else "neither"
            faults.append(
                f"target, max_drop: found {found}; expected one of them; give what to pay, or what "
                "may be lost"
            )
        for name, value in given.items():
            if value is not None and not is_above(value, 0.0):
                shown = f"{value:g}" if isinstance(value, float) else named(value)
                faults.append(f"{name}: found {shown}; expected a number above 0; correct it")
        if faults:
            raise ConfigError("\n".join(faults))


def check_kinds(task: object, hardware: object, aim: object, rules: object, price: object) -> None:
    """Refuse what is of another type.

    Raises:
        ConfigError: Everything that is.
    """
    faults = kind_faults(task, hardware)
    if not isinstance(aim, Aim):
        faults.append(
            f"aim: found {named(aim)}; expected an Aim; write such as Aim('channel', max_drop=2)"
        )
    if not isinstance(rules, Rules):
        faults.append(
            f"rules: found {named(rules)}; expected Rules; write such as Rules(steps=300)"
        )
    if price is not None and not isinstance(price, Pricer):
        faults.append(
            f"price: found {named(price)}; expected a price of the machine; write such as "
            "archsim.report.machine_price.MachinePrice(hardware, workload, 'energy')"
        )
    if faults:
        raise ConfigError("\n".join(faults))


def check_batch(bench: Bench, aim: Aim, rules: Rules) -> None:
    """Refuse steps of more examples than there are.

    Raises:
        ConfigError: There are fewer, and something is learned by steps.
    """
    examples = len(bench.examples.targets)
    if rules.batch > examples and aim.granularity is not Granularity.UNIFORM:
        raise ConfigError(
            f"rules.batch: found {rules.batch:,} examples a step; expected {examples:,} at most, "
            "all that there are to learn from; lower it, or add some"
        )


def check_machine(hardware: Hardware, aim: Aim, how: Conditions) -> None:
    """Refuse before long work what could only end in a plan that does not run, or in no interval.

    Raises:
        ConfigError: Everything that does not fit.
    """
    faults, tiles = [], hardware.tiles
    if aim.granularity is Granularity.CHANNEL and tiles.repetition is Repetition.POWER:
        faults.append(
            f"granularity: found channel, but '{hardware.name}' repeats by power; expected op or "
            "uniform, since one laser feeds all channels; choose one"
        )
    if tiles.repetition is Repetition.SPACE and tiles.count == 1:
        faults.append(
            f"hardware: found one tile in '{hardware.name}', which repeats in space; expected "
            "several, since one does not repeat; raise tiles.count, or repeat in time"
        )
    low, high = hardware.power_limits or (0, 1)
    if tiles.repetition is Repetition.POWER and low == high:
        faults.append(
            f"tiles.laser: found one power in '{hardware.name}', which repeats by it; expected a "
            "range to choose from; set min_power below max_power"
        )
    if aim.max_drop is not None and how.trials < FEWEST:
        faults.append(
            f"trials: found {how.trials}; expected {FEWEST} at least, for the interval of what is "
            "lost; raise it"
        )
    if faults:
        raise ConfigError("\n".join(faults))
