"""What is evaluated: a network with its weights, on labelled data."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from numbers import Integral

from torch import Tensor, nn

from archsim.documents import closest
from archsim.errors import ArchsimError, WorkloadError
from archsim.functional.metrics import METRICS


def as_they_are(*inputs: Tensor) -> tuple[Tensor, ...]:
    """Return what is stored: the model takes it so."""
    return inputs


def is_count(value: object) -> bool:
    """Return whether a value is a whole number of 1 or more."""
    return isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= 1


@dataclass(frozen=True, slots=True)
class Examples:
    """Labelled examples, as they are stored.

    Attributes:
        inputs: One tensor of N examples for each input of the network.
        targets: N labels (whole numbers) or N scores.
    """

    inputs: tuple[Tensor, ...]
    targets: Tensor


@dataclass(frozen=True)
class Task:
    """A network with its weights, on labelled data.

    Attributes:
        name: What reports call it; that of the workload, where one ships.
        model: The network in evaluation mode, parameters in single precision.
        inputs: One tensor of N examples for each input of the network, as they are stored.
        targets: N labels (whole numbers) or N scores.
        calibration: Examples that set the ranges of quantisers and converters. They are none of
            ``inputs`` where there is other data; ``source`` says so where they are.
        metric: Name of what is measured; see :data:`archsim.functional.metrics.METRICS`.
        prepare: Turns a batch as stored into what the network takes.
        batch: Examples of one forward pass that a processor's cache likes.
        source: Where model, weights and data come from, for the record.
        learning: Examples to learn repetition counts from, none of them among ``inputs``, of the
            same kind as these; ``source`` says what they are. None where there are none.

    Raises:
        WorkloadError: Everything that is of another type.
    """

    name: str
    model: nn.Module
    inputs: tuple[Tensor, ...]
    targets: Tensor
    calibration: tuple[Tensor, ...]
    metric: str = "top1"
    prepare: Callable[..., tuple[Tensor, ...]] = as_they_are
    batch: int = 100
    source: Mapping[str, str] = field(default_factory=dict)
    learning: Examples | None = None

    def __post_init__(self) -> None:
        faults = list(_faults(self))
        if faults:
            raise WorkloadError("\n".join(f"task.{fault}" for fault in faults))


@dataclass(frozen=True, slots=True)
class ShippedTask:
    """A task that travels with the program, before anything of it is read.

    Attributes:
        name: That of its workload.
        about: Network and data, in words.
        metric: What is measured.
        examples: How many there are.
        check: Refuses what is missing, from a look at which files are there.
        load: Reads it.
    """

    name: str
    about: str
    metric: str
    examples: int
    check: Callable[[], None]
    load: Callable[[], Task]

    def __call__(self) -> Task:
        """Return the task."""
        return self.load()

    @property
    def missing(self) -> str | None:
        """What keeps it from being loaded; None for nothing that can be seen."""
        try:
            self.check()
        except ArchsimError as fault:
            return str(fault)
        return None


def _faults(task: Task) -> Iterator[str]:
    """Yield every attribute that is of another type, with what it should be."""
    if not isinstance(task.name, str):
        yield f"name: found {named(task.name)}; expected a text; give one"
    if not isinstance(task.model, nn.Module):
        yield f"model: found {named(task.model)}; expected a torch.nn.Module; give the model"
    yield from _tensor_faults("inputs", task.inputs)
    yield from _tensor_faults("calibration", task.calibration)
    yield from _target_faults("targets", task.targets)
    yield from _learning_faults(task.learning)
    if not isinstance(task.metric, str) or task.metric not in METRICS:
        hint = closest(task.metric, list(METRICS)) if isinstance(task.metric, str) else ""
        yield (
            f"metric: found {named(task.metric)}; expected {' or '.join(METRICS)}{hint}; choose one"
        )
    if not callable(task.prepare):
        yield (
            f"prepare: found {named(task.prepare)}; expected a function from tensors as stored "
            "to a tuple of tensors; leave it out, where the model takes them as they are"
        )
    if not is_count(task.batch):
        yield f"batch: found {named(task.batch)}; expected a whole number, 1 at least; correct it"
    if not _are_texts(task.source):
        yield (
            f"source: found {named(task.source)}; expected texts by name; write such as "
            "{'data': 'mine.npz'}, or leave it out"
        )


def _tensor_faults(name: str, found: object) -> Iterator[str]:
    if not _are_tensors(found):
        yield (
            f"{name}: found {named(found)}; expected a tuple of tensors, one for each input of "
            "the network; convert it"
        )


def _target_faults(name: str, found: object) -> Iterator[str]:
    if not isinstance(found, Tensor):
        yield (
            f"{name}: found {named(found)}; expected a tensor of one number for each example; "
            "convert it"
        )


def _learning_faults(found: object) -> Iterator[str]:
    if found is None:
        return
    if not isinstance(found, Examples):
        yield (
            f"learning: found {named(found)}; expected Examples; write Examples(inputs, targets), "
            "or leave it out"
        )
        return
    faults = [
        *_tensor_faults("learning.inputs", found.inputs),
        *_target_faults("learning.targets", found.targets),
    ]
    yield from faults
    if faults:
        return
    counts = [len(values) if values.ndim else 0 for values in (*found.inputs, found.targets)]
    if 0 in counts:
        yield "learning: found no examples; expected one at least; fill it, or leave it out"
    elif len(set(counts)) > 1:
        *inputs, targets = counts
        yield (
            f"learning: found {' and '.join(map(str, inputs))} examples and {targets} targets; "
            "expected as many; check how they were cut"
        )


def _are_tensors(found: object) -> bool:
    return (
        isinstance(found, list | tuple)
        and len(found) > 0
        and all(isinstance(value, Tensor) for value in found)
    )


def _are_texts(found: object) -> bool:
    return isinstance(found, Mapping) and all(
        isinstance(part, str) for item in found.items() for part in item
    )


def named(value: object) -> str:
    """Return a value as a message shows it: short ones as they are, of others the type."""
    if value is None or isinstance(value, str | int | float):
        return repr(value)
    if isinstance(value, list | tuple):
        kinds = ", ".join(sorted({type(part).__name__ for part in value}))
        return f"a {type(value).__name__} of {kinds or 'nothing'}"
    if isinstance(value, Mapping):
        kinds = ", ".join(sorted({type(part).__name__ for part in value.values()}))
        return f"a {type(value).__name__} of {kinds or 'nothing'}"
    return f"a {type(value).__name__}"
