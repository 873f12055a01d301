"""What can be wrong with labelled examples; each fault without where it was found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import isfinite
from typing import NamedTuple

import torch
from torch import Tensor

from archsim.documents import closest
from archsim.functional.listing import listed
from archsim.functional.metrics import METRICS
from archsim.functional.task import Examples

_TYPES = (torch.uint8, torch.int32, torch.int64, torch.float32)
_LARGEST_LABEL = 2**31 - 1
_CHANNELS = 1  # their axis


class Names(NamedTuple):
    """What messages call the parts."""

    inputs: str
    targets: str
    calibration: str
    learning_inputs: str
    learning_targets: str


def example_faults(
    inputs: Sequence[Tensor], calibration: Sequence[Tensor] | None, names: Names
) -> Iterator[str]:
    """Yield what is wrong with examples, and with those that set ranges beside them."""
    yield from _set_faults(inputs, names.inputs, "fill it")
    if calibration is not None:
        yield from _set_faults(calibration, names.calibration, "fill it")
        yield from _kind_faults(calibration, names.calibration, inputs, names.inputs)


def learning_faults(
    learning: Examples | None, inputs: Sequence[Tensor], metric: str | None, names: Names
) -> Iterator[str]:
    """Yield what is wrong with examples to learn from, beside those that are tested."""
    if learning is None:
        return
    own = names.learning_inputs, names.learning_targets
    yield from _set_faults(learning.inputs, own[0], f"fill it, or leave {' and '.join(own)} out")
    yield from _kind_faults(learning.inputs, own[0], inputs, names.inputs)
    examples = len(learning.inputs[0]) if learning.inputs[0].ndim else 0
    yield from _label_faults(learning.targets, examples, metric, own[1])


def target_faults(
    targets: Tensor, examples: int, metric: str | None, names: Names
) -> Iterator[str]:
    """Yield what is wrong with labels, or with scores where a metric is named that takes them."""
    if metric is not None and metric not in METRICS:
        yield (
            f"found the metric {metric!r}; expected {' or '.join(METRICS)}"
            f"{closest(metric, list(METRICS))}; choose one"
        )
    yield from _label_faults(targets, examples, metric, names.targets)


def _label_faults(targets: Tensor, examples: int, metric: str | None, name: str) -> Iterator[str]:
    if targets.ndim != 1 or targets.dtype == torch.bool or targets.is_complex():
        yield (
            f"found {name} of {'x'.join(map(str, targets.shape)) or 'one number'}, "
            f"{_dtype(targets)}; expected one number for each example; reshape or convert them"
        )
        return
    if len(targets) != examples and examples:
        yield (
            f"found {examples} examples and {len(targets)} of {name}; expected as many; "
            "check how they were cut"
        )
    if metric is None:
        wrong = _places(~_are_labels(targets))
        expected = "labels, whole numbers of 0 or more"
        remedy = "number the classes from 0; scores take module:callable, which names their metric"
    else:
        wrong = _places(~torch.isfinite(targets.to(torch.float64)))
        expected, remedy = "numbers", "correct them"
    if wrong:
        some = listed(f"{targets[place].item()} at index {place}" for place in wrong)
        yield (
            f"found {len(wrong)} of {len(targets)} {name} wrong ({some}); expected "
            f"{expected}; {remedy}"
        )


def scale_faults(
    examples: Tensor, mean: Sequence[float] | None, std: Sequence[float] | None, names: Names
) -> Iterator[str]:
    """Yield why examples cannot be scaled by a mean and a standard deviation of each channel."""
    if mean is None and std is None:
        return
    if mean is None or std is None:
        there, other = ("std", "mean") if mean is None else ("mean", "std")
        yield f"found {there} without {other}; expected both or neither; give {other}"
    if examples.ndim <= _CHANNELS or examples.dtype in {torch.int32, torch.int64}:
        yield (
            f"found mean or std for {names.inputs} of {_kind(examples)}; expected floating point "
            "or bytes, N x channels x ...; leave mean and std out"
        )
        return
    channels = examples.shape[_CHANNELS]
    for name, values in (("mean", mean), ("std", std)):
        if values is not None and len(values) != channels:
            yield (
                f"found {len(values)} values of {name}; expected {channels}, one for each channel; "
                "correct them"
            )
        if values is not None and not all(map(isfinite, values)):
            yield f"found {name} {_plain(values)}; expected numbers; correct them"
    if std is not None and any(value <= 0 for value in std):
        yield f"found std {_plain(std)}; expected numbers over 0; correct them"


def _set_faults(tensors: Sequence[Tensor], name: str, remedy: str) -> Iterator[str]:
    """Yield what is wrong with each tensor of a set, and whether they hold as many examples."""
    for index, tensor in enumerate(tensors):
        own = _numbered(name, index, tensors)
        yield from _tensor_faults(tensor, own, remedy)
        if tensor.ndim and tensors[0].ndim and 0 < len(tensor) != len(tensors[0]) > 0:
            yield (
                f"found {len(tensor)} examples in {own} and {len(tensors[0])} in {name}[0]; "
                "expected as many; check how they were cut"
            )


def _kind_faults(
    tensors: Sequence[Tensor], name: str, inputs: Sequence[Tensor], like: str
) -> Iterator[str]:
    """Yield where examples are of another kind than those that are tested."""
    if len(tensors) != len(inputs):
        yield (
            f"found {len(tensors)} tensors in {name}; expected {len(inputs)}, one for each of "
            f"{like}; add or remove some"
        )
        return
    for index, (tensor, model) in enumerate(zip(tensors, inputs, strict=True)):
        if (tensor.shape[1:], tensor.dtype) != (model.shape[1:], model.dtype):
            yield (
                f"found examples of {_kind(tensor)} in {_numbered(name, index, inputs)}; expected "
                f"{_kind(model)} as in {_numbered(like, index, inputs)}; convert them"
            )


def _tensor_faults(tensor: Tensor, name: str, remedy: str) -> Iterator[str]:
    if tensor.dtype not in _TYPES:
        yield (
            f"found {name} of {_dtype(tensor)}; expected {', '.join(map(_dtype, _TYPES))}, or half "
            "or double precision; convert it"
        )
    if tensor.numel() == 0 or tensor.ndim == 0:
        yield f"found no examples in {name}; expected one at least; {remedy}"
        return
    wrong = _places(~torch.isfinite(tensor).reshape(len(tensor), -1).all(1))
    if wrong:
        yield (
            f"found NaN or infinite values in {len(wrong)} of {len(tensor)} examples of {name} (at "
            f"index {listed(wrong)}); expected numbers; correct or remove them"
        )


def _are_labels(targets: Tensor) -> Tensor:
    if targets.is_floating_point():
        return (targets >= 0) & (targets <= _LARGEST_LABEL) & (targets == targets.floor())
    whole = targets.to(torch.int64)
    return (whole >= 0) & (whole <= _LARGEST_LABEL)


def _places(where: Tensor) -> list[int]:
    return [int(place) for place in torch.nonzero(where).flatten()]


def _numbered(name: str, index: int, of: Sequence[Tensor]) -> str:
    return f"{name}[{index}]" if len(of) > 1 else name


def _plain(values: Sequence[float]) -> str:
    return ", ".join(f"{value:g}" for value in values)


def _kind(tensor: Tensor) -> str:
    return f"{' x '.join(map(str, ('N', *tensor.shape[1:])))}, {_dtype(tensor)}"


def _dtype(tensor: Tensor | torch.dtype) -> str:
    dtype = tensor.dtype if isinstance(tensor, Tensor) else tensor
    return str(dtype).removeprefix("torch.")
