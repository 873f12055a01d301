"""What is to be evaluated, as a user names it: a task that ships, or a model with its own data.

A shipped task has a name; its weights, data and metric are its own. Anything else is
``module:callable``, which returns either a model, that weights and data then have to be named for,
or a whole :class:`archsim.functional.Task`.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import torch
from torch import Tensor

from archsim.documents import closest
from archsim.errors import ConfigError, WorkloadError
from archsim.frontend import Exported, read_kwargs
from archsim.frontend.targets import importable, is_target
from archsim.functional.callables import guarded, made, try_out
from archsim.functional.data import Data, load_data
from archsim.functional.data_faults import Names, example_faults, learning_faults, target_faults
from archsim.functional.metrics import METRICS
from archsim.functional.splitting import learning_source
from archsim.functional.task import ShippedTask, Task
from archsim.functional.weights import load_weights
from archsim.workload import load_workload, shipped

CALIBRATING = 100
"""Test examples that set ranges where there is no other data."""

_TASKS = "workloads.tasks"
_NAMES = Names("inputs", "targets", "calibration", "learning.inputs", "learning.targets")


@dataclass(frozen=True, slots=True)
class Belongings:
    """What goes with a model.

    Attributes:
        weights: Files of its weights.
        data: A file ``.npz``, a folder of images or ``module:callable``.
        labels: Table of a folder's labels.
        mean: Taken from each channel.
        std: What each channel is divided by after that.
        kwargs: What the model is made with, JSON.
        metric: What is measured; what the data says, or ``top1``, if not given.
    """

    weights: Sequence[Path] = ()
    data: str | None = None
    labels: Path | None = None
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    kwargs: str | None = None
    metric: str | None = None

    @property
    def given(self) -> list[str]:
        """Return the names of those that are given."""
        values = {column.name: getattr(self, column.name) for column in fields(self)}
        return [name for name, value in values.items() if value not in (None, (), [])]


def shipped_network(name: str, network: Exported) -> Exported:
    """Return the network of a shipped task with the workload that ships: bits, and all.

    Raises:
        WorkloadError: They are two networks.
    """
    known, found = load_workload(name), network.workload
    if known.fingerprint != found.fingerprint:
        raise WorkloadError(
            f"{known.name}: found another network in the task ({found.fingerprint}) than in the "
            f"workload ({known.fingerprint}); expected the same; make the workload again with "
            "python workloads/NAME.py"
        )
    return replace(network, workload=known)


def shipped_tasks() -> Mapping[str, ShippedTask]:
    """Return the tasks that travel with the program, by the names of their workloads.

    Raises:
        WorkloadError: Another package hides theirs.
    """
    home = next(iter(shipped().values())).parent
    try:
        with importable():
            module = importlib.import_module(_TASKS)
    except ModuleNotFoundError:
        module = None
    if module is None or not Path(str(module.__file__)).is_relative_to(home):
        raise WorkloadError(
            f"workloads: found another package of this name; expected the one that ships, in "
            f"{home}; run archsim from another folder, or uninstall or rename that package"
        )
    tasks: Mapping[str, ShippedTask] = module.TASKS
    return tasks


def load_task(model: str, belongings: Belongings | None = None) -> Task:
    """Return what is to be evaluated.

    Args:
        model: A shipped task's name, or ``module:callable``.
        belongings: What goes with a model; a task has its own.

    Raises:
        ArchsimError: Everything wrong with model, weights and data.
    """
    own = belongings or Belongings()
    if is_target(model):
        return _from_callable(model, own)
    if own.given:
        options = ", ".join(f"--{name}" for name in own.given)
        raise ConfigError(
            f"{model}: found {options} beside the name of a task, which has its own; expected them "
            "beside module:callable only; leave them out, or write workloads.models.lenet:LeNet5"
        )
    return _from_name(model)


def _from_name(name: str) -> Task:
    tasks = shipped_tasks()
    if name not in tasks:
        raise WorkloadError(
            f"{name or 'model'}: found no such task; expected one of {', '.join(tasks)}, or "
            f"module:callable with weights and data{closest(name, list(tasks))}; name one"
        )
    try:
        with importable():
            return tasks[name]()
    except ModuleNotFoundError as error:
        raise WorkloadError(
            f"{name}: found no module {error.name!r}; expected it, to read this task's data; "
            "pip install 'archsim[export]'"
        ) from None


def _from_callable(target: str, own: Belongings) -> Task:
    model = made(target, read_kwargs(own.kwargs))
    if isinstance(model, Task):
        return _checked(target, model, own)
    lacking = [name for name in ("weights", "data") if name not in own.given]
    if lacking:
        raise ConfigError(
            f"{target}: found no {' and no '.join(lacking)}; expected both, since it returns a "
            f"model; give {' and '.join(f'--{name}' for name in lacking)}"
        )
    digest = load_weights(model, own.weights)
    data = load_data(str(own.data), labels=own.labels, mean=own.mean, std=own.std)
    metric = own.metric or data.metric or "top1"
    if metric not in METRICS:
        raise ConfigError(
            f"--metric: found {metric!r}; expected {' or '.join(METRICS)}"
            f"{closest(metric, list(METRICS))}; choose one"
        )
    data = _as_scores(data) if metric == "spearman" else data
    task = Task(
        name=_name_of(target),
        model=model.eval(),
        inputs=data.inputs,
        targets=data.targets,
        calibration=_calibration(data),
        metric=metric,
        prepare=guarded(target if own.data is None else str(own.data), data.prepare),
        source={
            "model": target,
            "kwargs": json.dumps(read_kwargs(own.kwargs)),
            "weights": f"{', '.join(path.name for path in own.weights)} sha256:{digest}",
            "data": str(own.data),
            **_scale(own),
            "calibration": "the data's own"
            if data.calibration is not None
            else f"first {min(CALIBRATING, len(data.targets))} test examples",
            **learning_source(data.learning, data.inputs),
        },
        learning=data.learning,
    )
    try_out(target, task)
    return task


def _as_scores(data: Data) -> Data:
    """Return data with targets to rank by."""
    learning = data.learning
    if learning is not None:
        learning = replace(learning, targets=learning.targets.to(torch.float64))
    return replace(data, targets=data.targets.to(torch.float64), learning=learning)


def _calibration(data: Data) -> tuple[Tensor, ...]:
    if data.calibration is not None:
        return data.calibration
    return tuple(values[:CALIBRATING] for values in data.inputs)


def _scale(own: Belongings) -> dict[str, str]:
    """Return what examples are scaled by, for the record; nothing where they are not."""
    scale = {"mean": own.mean, "std": own.std}
    return {
        name: ", ".join(repr(float(value)) for value in values)
        for name, values in scale.items()
        if values is not None
    }


def _name_of(target: str) -> str:
    return target.partition(":")[2].rpartition(".")[2]


def _checked(target: str, task: Task, own: Belongings) -> Task:
    """Return a user's task, if nothing is wrong with it."""
    surplus = [name for name in own.given if name != "kwargs"]
    if surplus:
        raise ConfigError(
            f"{target}: found {', '.join(f'--{name}' for name in surplus)} beside a callable that "
            "returns a whole task; expected them for a model only; leave them out"
        )
    examples = len(task.inputs[0]) if task.inputs[0].ndim else 0
    faults = [
        *example_faults(task.inputs, task.calibration, _NAMES),
        *target_faults(task.targets, examples, task.metric, _NAMES),
        *learning_faults(task.learning, task.inputs, task.metric, _NAMES),
    ]
    if faults:
        raise WorkloadError("\n".join(f"{target}: {fault}" for fault in faults))
    task.model.eval()
    source = {**learning_source(task.learning, task.inputs), **task.source}
    task = replace(task, prepare=guarded(target, task.prepare), source=source)
    try_out(target, task)
    return task
