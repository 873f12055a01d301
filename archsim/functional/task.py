"""What is evaluated: a network with its weights, on labelled data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from torch import Tensor, nn


def as_they_are(*inputs: Tensor) -> tuple[Tensor, ...]:
    """Return what is stored: the model takes it so."""
    return inputs


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
