"""How an evaluation is run: what is chosen beside the task, the machine and the plan."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace
from numbers import Integral
from typing import Any

import torch

from archsim.documents import closest
from archsim.errors import ConfigError
from archsim.functional.settings import Settings
from archsim.functional.statistics import FEWEST
from archsim.functional.task import Task, is_count

Bits = tuple[int | None, int | None]


@dataclass(frozen=True, slots=True)
class Conditions:
    """How an evaluation is run.

    Attributes:
        trials: How often to run with new noise.
        seed: Of all random numbers: with the same one, and the same batch, the result is the same.
        batch: Examples of one forward pass; None: what the task suggests.
        limit: Only so many examples, the first ones; None: all.
        bits: Of activations and of weights, where they are to be others than 8.
        settings: Quantisers, noise sources and converters.
        device: What torch calls it: ``cpu`` or ``cuda``.

    Raises:
        ConfigError: Everything that is out of its bounds.
    """

    trials: int = 5
    seed: int = 0
    batch: int | None = None
    limit: int | None = None
    bits: Bits = (None, None)
    settings: Settings = field(default_factory=Settings)
    device: str = "cpu"

    def __post_init__(self) -> None:
        faults = list(_faults(self))
        if faults:
            raise ConfigError("\n".join(faults))
        # what is as good as a plain value becomes one: they are compared as text and kept in JSON
        plain: dict[str, Any] = {
            name: None if (value := getattr(self, name)) is None else int(value)
            for name in ("trials", "seed", "batch", "limit")
        }
        plain["bits"] = tuple(None if count is None else int(count) for count in self.bits)
        plain["device"] = str(self.device)
        for name, value in plain.items():
            object.__setattr__(self, name, value)

    @classmethod
    def of(cls, conditions: Conditions | None, changed: dict[str, Any]) -> Conditions:
        """Return conditions, those of the default if not given, with some changed.

        Raises:
            ConfigError: It is something else, or some are out of their bounds.
            TypeError: There is no condition of that name.
        """
        if not isinstance(conditions, Conditions | None):
            raise ConfigError(
                f"conditions: found a {type(conditions).__name__}; expected Conditions; give that, "
                "or name what you give, such as settings=Settings()"
            )
        names = [column.name for column in fields(cls)]
        for name in changed:
            if name not in names:
                raise TypeError(
                    f"{name}: found no such condition; expected one of {', '.join(names)}"
                    f"{closest(name, names)}; correct it"
                )
        return replace(conditions or cls(), **changed)

    def part_of(self, task: Task) -> Task:
        """Return a task with the examples that are tested only; those that set ranges stay."""
        if self.limit is None or self.limit >= len(task.targets):
            return task
        part = f"first {self.limit:,} of {len(task.targets):,} examples"
        return replace(
            task,
            inputs=tuple(values[: self.limit] for values in task.inputs),
            targets=task.targets[: self.limit],
            source={**task.source, "limit": part},
        )


def _faults(found: Conditions) -> Iterator[str]:
    for name in ("trials", "batch"):
        value = getattr(found, name)
        if not (is_count(value) or (name == "batch" and value is None)):
            yield f"{name}: found {value!r}; expected a whole number, 1 at least; correct it"
    if not _is_whole(found.seed) or found.seed < 0:
        yield f"seed: found {found.seed!r}; expected a whole number, 0 at least; correct it"
    if found.limit is not None and not _is_whole(found.limit):
        yield (
            f"limit: found {found.limit!r}; expected a whole number, {FEWEST} at least; correct it"
        )
    elif found.limit is not None and found.limit < FEWEST:
        yield f"limit: found {found.limit!r}; expected {FEWEST} examples at least; raise it"
    if not _is_pair(found.bits):
        yield (
            f"bits: found {found.bits!r}; expected two whole numbers, of activations and of "
            "weights, or None for the usual 8; write such as (8, 8)"
        )
    if not isinstance(found.settings, Settings):
        yield f"settings: found {found.settings!r}; expected Settings; give some, or leave it out"
    yield from _device_faults(found.device)


def _device_faults(name: str) -> Iterator[str]:
    try:
        device = torch.device(name)
    except (RuntimeError, TypeError):
        device = None
    if device is None or device.type not in ("cpu", "cuda"):
        yield f"device: found {name!r}; expected cpu or cuda; choose one"
    elif device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        yield f"device: found {name!r}, which is not there; expected a CUDA device; use cpu"


def _is_whole(value: object) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)


def _is_pair(bits: object) -> bool:
    return (
        isinstance(bits, (list, tuple))
        and len(bits) == 2  # noqa: PLR2004 - of activations and of weights
        and all(count is None or _is_whole(count) for count in bits)
    )
