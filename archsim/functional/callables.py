"""A user's own code: called, and tried on a few examples, so that its faults are told as such."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from archsim.errors import ArchsimError, WorkloadError
from archsim.frontend import first_line
from archsim.frontend.targets import importable, resolve
from archsim.functional.data import Scaled
from archsim.functional.metrics import METRICS
from archsim.functional.task import Task, as_they_are


def made(target: str, arguments: Mapping[str, Any]) -> Any:
    """Return the model or task that ``module:callable`` makes.

    Raises:
        WorkloadError: It raises, or returns something else.
    """
    what = "a torch.nn.Module or an archsim.Task"
    make = resolve(target, returns=what)
    try:
        with importable():
            found = make(**arguments)
    except ArchsimError:
        raise
    except Exception as error:
        raise WorkloadError(
            f"{target}: found a callable that raises {type(error).__name__} ({first_line(error)}); "
            f"expected {what}; correct --kwargs or the callable"
        ) from error
    if not isinstance(found, nn.Module | Task):
        raise WorkloadError(
            f"{target}: found a callable that returns a {type(found).__name__}; expected {what}; "
            "return one of them"
        )
    return found


def try_out(target: str, task: Task) -> None:
    """Refuse data that the model does not take, and targets that its outputs cannot meet.

    It is tried on the first example and, of inputs that are whole numbers, on those that hold the
    lowest and the highest: numbers may be too high for a table that they look up.

    Raises:
        WorkloadError: It does not go together.
    """
    outputs = _tried(target, task, task.inputs, "data")
    faults = _unmet(task.metric, outputs, task.targets)
    if task.learning is not None:
        outputs = _tried(target, task, task.learning.inputs, "learning data")
        others = _unmet(task.metric, outputs, task.learning.targets)
        faults += [f"learning.{fault}" for fault in others if fault.startswith("targets")]
    if faults:
        raise WorkloadError("\n".join(faults))


def _unmet(metric: str, outputs: object, targets: Tensor) -> list[str]:
    """Return what a metric refuses of outputs and targets."""
    if isinstance(outputs, Tensor):
        try:
            METRICS[metric].check(outputs.shape, targets)
        except WorkloadError as error:
            return str(error).splitlines()
    return []


def _tried(target: str, task: Task, inputs: Sequence[Tensor], what: str) -> Any:
    """Return what the model makes of some examples, those that may be too much for it."""
    places = {0}
    for values in inputs:
        if not values.is_floating_point() and values.ndim > 1:
            each = values.flatten(1).to(torch.int64)
            places |= {int(each.amin(1).argmin()), int(each.amax(1).argmax())}
    some = torch.tensor(sorted(places))
    prepared = task.prepare(*(values[some] for values in inputs))
    try:
        with torch.no_grad():
            return task.model(*prepared)
    except Exception as error:
        shapes = " and ".join(
            f"{' x '.join(map(str, ('N', *values.shape[1:])))} "
            f"{str(values.dtype).removeprefix('torch.')}"
            for values in prepared
        )
        raise WorkloadError(
            f"{target}: found {what} of {shapes} that the model does not take "
            f"({type(error).__name__}: {first_line(error)}); expected what it was made for; check "
            "the data, --kwargs, and that forward runs"
        ) from error


@dataclass(frozen=True, slots=True)
class _Guarded:
    """A user's ``prepare``, whose faults are told as such."""

    where: str
    prepare: Callable[..., Any]

    def __call__(self, *stored: Tensor) -> tuple[Tensor, ...]:
        try:
            made = self.prepare(*stored)
        except ArchsimError:
            raise
        except Exception as error:
            raise WorkloadError(
                f"{self.where}: found a prepare that raises {type(error).__name__} "
                f"({first_line(error)}); expected what the network takes; correct it"
            ) from error
        if not isinstance(made, tuple) or not all(isinstance(value, Tensor) for value in made):
            raise WorkloadError(
                f"{self.where}: found a prepare that returns a {type(made).__name__}; expected a "
                "tuple of tensors, one for each input of the network; return one"
            )
        return made


def guarded(where: str, prepare: Callable[..., Any]) -> Callable[..., tuple[Tensor, ...]]:
    """Return a user's ``prepare`` that tells its faults as such; our own as they are."""
    if prepare is as_they_are or isinstance(prepare, Scaled):
        return prepare
    return _Guarded(where, prepare)
