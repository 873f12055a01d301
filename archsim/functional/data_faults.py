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

_TYPES = (torch.uint8, torch.int32, torch.int64, torch.float32)
_LARGEST_LABEL = 2**31 - 1
_CHANNELS = 1  # their axis


class Names(NamedTuple):
    """What messages call the parts."""

    inputs: str
    targets: str
    calibration: str


def example_faults(
    inputs: Sequence[Tensor], calibration: Sequence[Tensor] | None, names: Names
) -> Iterator[str]:
    """Yield what is wrong with examples, and with those that set ranges beside them."""
    for index, tensor in enumerate(inputs):
        name = _numbered(names.inputs, index, inputs)
        yield from _tensor_faults(tensor, name)
        if tensor.ndim and inputs[0].ndim and 0 < len(tensor) != len(inputs[0]) > 0:
            yield (
                f"found {len(tensor)} examples in {name} and {len(inputs[0])} in "
                f"{names.inputs}[0]; expected as many; check how they were cut"
            )
    if calibration is None:
        return
    if len(calibration) != len(inputs):
        yield (
            f"found {len(calibration)} tensors in {names.calibration}; expected {len(inputs)}, one "
            f"for each of {names.inputs}; add or remove some"
        )
        return
    for index, (tensor, like) in enumerate(zip(calibration, inputs, strict=True)):
        name = _numbered(names.calibration, index, inputs)
        yield from _tensor_faults(tensor, name)
        if (tensor.shape[1:], tensor.dtype) != (like.shape[1:], like.dtype):
            yield (
                f"found examples of {_kind(tensor)} in {name}; expected {_kind(like)} as in "
                f"{_numbered(names.inputs, index, inputs)}; convert them"
            )


def target_faults(
    targets: Tensor, examples: int, metric: str | None, names: Names
) -> Iterator[str]:
    """Yield what is wrong with labels, or with scores where a metric is named that takes them."""
    if metric is not None and metric not in METRICS:
        yield (
            f"found the metric {metric!r}; expected {' or '.join(METRICS)}"
            f"{closest(metric, list(METRICS))}; choose one"
        )
    if targets.ndim != 1 or targets.dtype == torch.bool or targets.is_complex():
        yield (
            f"found {names.targets} of {'x'.join(map(str, targets.shape)) or 'one number'}, "
            f"{_dtype(targets)}; expected one number for each example; reshape or convert them"
        )
        return
    if len(targets) != examples and examples:
        yield (
            f"found {examples} examples and {len(targets)} of {names.targets}; expected as many; "
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
            f"found {len(wrong)} of {len(targets)} {names.targets} wrong ({some}); expected "
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


def _tensor_faults(tensor: Tensor, name: str) -> Iterator[str]:
    if tensor.dtype not in _TYPES:
        yield (
            f"found {name} of {_dtype(tensor)}; expected {', '.join(map(_dtype, _TYPES))}, or half "
            "or double precision; convert it"
        )
    if tensor.numel() == 0 or tensor.ndim == 0:
        yield f"found no examples in {name}; expected one at least; fill it"
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
