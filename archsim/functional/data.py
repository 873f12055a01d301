"""Labelled examples: from a file of arrays, a folder of images, or a callable."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from archsim import documents
from archsim.errors import WorkloadError
from archsim.frontend import first_line
from archsim.frontend.targets import importable, is_target, resolve
from archsim.functional.data_faults import (
    Names,
    example_faults,
    learning_faults,
    scale_faults,
    target_faults,
)
from archsim.functional.images import read_images
from archsim.functional.task import Examples, as_they_are

_WHITE = 255.0  # the greatest byte
_WIDE = (torch.float16, torch.float64)  # what networks here do not compute in
_IN_FILES = Names("x", "y", "x_calibration", "x_learning", "y_learning")
_IN_DATA = Names("inputs", "targets", "calibration", "learning.inputs", "learning.targets")


@dataclass(frozen=True)
class Data:
    """Labelled examples, and others to set ranges and to learn from.

    Attributes:
        inputs: One tensor of N examples for each input of a network.
        targets: N labels, whole numbers, or N scores.
        calibration: Other examples, to set ranges; None where there are none.
        prepare: Turns a batch as stored into what a network takes.
        metric: Name of what the targets are for; None where the data does not say.
        learning: Other labelled examples, to learn repetition counts from; None where there are
            none.
    """

    inputs: tuple[Tensor, ...]
    targets: Tensor
    calibration: tuple[Tensor, ...] | None = None
    prepare: Callable[..., tuple[Tensor, ...]] = as_they_are
    metric: str | None = None
    learning: Examples | None = None


@dataclass(frozen=True, slots=True)
class Scaled:
    """Turns pixels of 0 to 255 into 0 to 1, then any examples into (x - mean) / std by channel."""

    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()

    def __call__(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        """Return examples, N x channels x ..., in single precision."""
        (stored,) = inputs
        examples = stored.to(torch.float32)
        if stored.dtype == torch.uint8:
            examples = examples / _WHITE
        if self.mean:
            shape = (-1, *(1,) * (examples.ndim - 2))
            mean, std = (examples.new_tensor(v).reshape(shape) for v in (self.mean, self.std))
            examples = (examples - mean) / std
        return (examples,)


def load_data(
    text: str,
    *,
    labels: str | Path | None = None,
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
) -> Data:
    """Return labelled examples.

    Bytes count as pixels of 0 to 255, which the network gets as 0 to 1; whole numbers of 32 or 64
    bits are passed as they are. Half and double precision become single precision.

    Args:
        text: A file ``.npz`` of arrays ``x``, ``y`` (labels) and, to set ranges,
            ``x_calibration`` and, to learn from, ``x_learning`` with ``y_learning``; a folder of
            images of one size; or ``module:callable``, which returns a :class:`Data`.
        labels: The table of a folder's labels; ``labels.csv`` in the folder if not given.
        mean: What is taken from each channel, on the scale that the network gets.
        std: What each channel is divided by after that.

    Raises:
        WorkloadError: Every fault of the examples and labels.
    """
    path, called = Path(text), False
    try:
        is_folder = bool(text) and path.is_dir()
    except OSError as error:
        raise WorkloadError(
            f"{text}: found a path that cannot be read ({error.strerror}); expected a file .npz, a "
            "folder of images or module:callable; check the path"
        ) from None
    options = {"labels": labels, "mean": mean, "std": std}
    given = [name for name, value in options.items() if value is not None]
    if is_folder:
        data = _from_folder(path, labels)
    elif path.suffix.lower() == ".npz":
        _refuse(text, [name for name in given if name == "labels"], "a folder of images")
        data = _from_npz(path)
    elif is_target(text):
        _refuse(text, given, "files; let what is called return them as prepare")
        data, called = _from_callable(text), True
    else:
        raise WorkloadError(
            f"{text or 'data'}: found no data; expected a file .npz, a folder of images or "
            "module:callable; check the path"
        )
    return _checked(text, data, _IN_DATA if called else _IN_FILES, mean, std)


def _refuse(text: str, options: Sequence[str], only: str) -> None:
    if options:
        raise WorkloadError(
            f"{text}: found {', '.join(options)}; expected them only for {only}; leave them out"
        )


def _from_folder(folder: Path, labels: str | Path | None) -> Data:
    table = folder / "labels.csv" if labels is None else Path(labels)
    images, numbers = read_images(folder, table)
    return Data((torch.from_numpy(images),), torch.from_numpy(numbers))


def _from_npz(path: Path) -> Data:
    if not path.is_file():
        raise WorkloadError(f"{path}: found no such file; expected one; check the path")
    try:
        with path.open("rb") as content, np.load(content, allow_pickle=False) as file:
            arrays = {name: torch.from_numpy(file[name]) for name in file.files}
    except Exception as error:
        raise WorkloadError(
            f"{path}: found no plain arrays ({type(error).__name__}: {first_line(error)}); "
            "expected x and y; write them with numpy.savez"
        ) from error
    faults = list(_array_faults(arrays))
    if faults:
        raise WorkloadError("\n".join(f"{path}: {fault}" for fault in faults))
    calibration = (arrays["x_calibration"],) if "x_calibration" in arrays else None
    learning = None
    if "x_learning" in arrays:
        learning = Examples((arrays["x_learning"],), arrays["y_learning"])
    return Data((arrays["x"],), arrays["y"], calibration, learning=learning)


def _array_faults(names: Collection[str]) -> Iterator[str]:
    """Yield which arrays of a file are missing, and which are none of its own."""
    found, learning = set(names), ("x_learning", "y_learning")
    for name in ("x", "y"):
        if name not in found:
            yield f"found no array {name!r}; expected x and y; add it"
    for there, other in (learning, learning[::-1]):
        if there in found and other not in found:
            yield f"found {there} without {other}; expected both or neither; add {other}"
    for name in names:
        if name not in _IN_FILES:
            yield (
                f"found an array {name!r}; expected {', '.join(_IN_FILES)}"
                f"{documents.closest(name, _IN_FILES)}; rename or remove it"
            )


def _from_callable(target: str) -> Data:
    make = resolve(target, returns="an archsim.functional.data.Data")
    try:
        with importable():
            data = make()
    except WorkloadError:
        raise
    except Exception as error:
        raise WorkloadError(
            f"{target}: found a callable that raises {type(error).__name__} ({first_line(error)}); "
            "expected data; correct it"
        ) from error
    if not isinstance(data, Data):
        raise WorkloadError(
            f"{target}: found a callable that returns a {type(data).__name__}; expected an "
            "archsim.functional.data.Data; return one"
        )
    sound = {
        "inputs": _are_tensors(data.inputs),
        "calibration": data.calibration is None or _are_tensors(data.calibration),
        "targets": isinstance(data.targets, Tensor),
        "learning": data.learning is None or _are_examples(data.learning),
    }
    wrong = [name for name, is_sound in sound.items() if not is_sound]
    if wrong:
        raise WorkloadError(
            f"{target}: found {' and '.join(wrong)} of another type; expected inputs and "
            "calibration to be tuples of torch tensors, targets a tensor, learning Examples of "
            "such inputs and targets; convert them"
        )
    return data


def _are_tensors(value: object) -> bool:
    return isinstance(value, tuple) and bool(value) and all(isinstance(v, Tensor) for v in value)


def _are_examples(value: object) -> bool:
    return (
        isinstance(value, Examples)
        and _are_tensors(value.inputs)
        and isinstance(value.targets, Tensor)
    )


def _checked(
    where: str,
    data: Data,
    names: Names,
    mean: Sequence[float] | None,
    std: Sequence[float] | None,
) -> Data:
    """Return data of the types that networks compute in, if nothing is wrong with it."""
    inputs = tuple(map(_single, data.inputs))
    others = None if data.calibration is None else tuple(map(_single, data.calibration))
    learning = data.learning
    if learning is not None:
        learning = replace(learning, inputs=tuple(map(_single, learning.inputs)))
    faults = [
        *example_faults(inputs, others, names),
        *target_faults(data.targets, len(inputs[0]) if inputs[0].ndim else 0, data.metric, names),
        *learning_faults(learning, inputs, data.metric, names),
        *scale_faults(inputs[0], mean, std, names),
    ]
    if faults:
        raise WorkloadError("\n".join(f"{where}: {fault}" for fault in faults))
    dtype = _target_dtype(data)
    if learning is not None:
        learning = replace(learning, targets=learning.targets.to(dtype))
    prepare = data.prepare
    if mean is not None and std is not None:
        prepare = Scaled(tuple(map(float, mean)), tuple(map(float, std)))
    elif names is _IN_FILES and inputs[0].dtype == torch.uint8:
        prepare = Scaled()
    return replace(
        data,
        inputs=inputs,
        targets=data.targets.to(dtype),
        calibration=others,
        prepare=prepare,
        learning=learning,
    )


def _target_dtype(data: Data) -> torch.dtype:
    """Return double precision where any targets are scores, else whole numbers."""
    all_targets = [data.targets] if data.learning is None else [data.targets, data.learning.targets]
    scores = data.metric is not None and any(found.is_floating_point() for found in all_targets)
    return torch.float64 if scores else torch.int64


def _single(tensor: Tensor) -> Tensor:
    return tensor.to(torch.float32) if tensor.dtype in _WIDE else tensor
