"""What is measured: one result for each example, and one value for all of them.

A metric is split so that a trial stores its results, and both the value and its interval over
examples are taken from them later.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from archsim.errors import WorkloadError
from archsim.functional.listing import listed
from archsim.functional.statistics import FEWEST, RESAMPLES

_MATRIX = 2  # axes of scores for each class
_FEWEST_CLASSES = 2
_FEWEST_RANKED = 10  # that differ: one resample in a thousand million has one of them only


class Metric(Protocol):
    """What a network is good at."""

    @property
    def name(self) -> str:
        """What a task and a report call it."""

    @property
    def unit(self) -> str:
        """The unit of its value; empty for a plain number."""

    def results(self, outputs: Tensor, targets: Tensor) -> NDArray[np.float64]:
        """Return one result for each of n examples.

        Raises:
            WorkloadError: Outputs are not finite, or do not go with the targets.
        """

    def value(self, results: NDArray[Any], targets: Tensor | NDArray[Any]) -> float:
        """Return the value of results ... x n, the mean over trials where there are several."""

    def check(self, outputs_shape: Sequence[int], targets: Tensor) -> None:
        """Refuse targets that outputs of such a shape, for any number of examples, cannot meet.

        Raises:
            WorkloadError: Every fault of the shape and of the targets.
        """

    def check_resamples(self, targets: NDArray[Any]) -> None:
        """Refuse examples of which too many resamples would have no value of their own.

        Raises:
            WorkloadError: They do not do for an interval.
        """


@dataclass(frozen=True, slots=True)
class Top1:
    """The share of examples whose own class has the highest score; of equals, the first counts."""

    name: str = "top1"
    unit: str = "%"

    def results(self, outputs: Tensor, targets: Tensor) -> NDArray[np.float64]:
        """Return 1 for each right answer and 0 for each wrong one; outputs are n x classes."""
        self.check(outputs.shape, targets)
        _match(outputs, targets)
        right = torch.argmax(outputs, 1) == targets.to(outputs.device)
        return right.to("cpu", torch.float64).numpy()

    def value(
        self,
        results: NDArray[Any],
        targets: Tensor | NDArray[Any],  # noqa: ARG002 - the results hold them already
    ) -> float:
        """Return right answers in per cent."""
        return 100.0 * float(np.mean(results))

    def check(self, outputs_shape: Sequence[int], targets: Tensor) -> None:
        """Refuse outputs that are not n x classes, and targets that are not n of these classes."""
        faults = []
        classes = outputs_shape[1] if len(outputs_shape) == _MATRIX else 0
        if classes < _FEWEST_CLASSES:
            faults.append(
                f"outputs: found {_shape(outputs_shape)}; expected N x classes, {_FEWEST_CLASSES} "
                "or more; return the scores of all classes as the model's only output"
            )
        if targets.ndim != 1 or targets.is_floating_point() or targets.dtype == torch.bool:
            faults.append(
                f"targets: found {_shape(targets.shape)} of {_type(targets)}; expected N labels, "
                "whole numbers; give the number of each example's class"
            )
        elif classes >= _FEWEST_CLASSES:
            faults += _out_of_range(targets, classes)
        if faults:
            raise WorkloadError("\n".join(faults))

    def check_resamples(self, targets: NDArray[Any]) -> None:
        """Refuse fewer examples than any interval needs."""
        _enough(len(targets), FEWEST, self.name)


@dataclass(frozen=True, slots=True)
class Spearman:
    """Spearman's rank correlation of scores with targets, ties given their mean rank.

    Scores that are all equal rank nothing: their correlation counts as 0.
    """

    name: str = "spearman"
    unit: str = ""

    def results(self, outputs: Tensor, targets: Tensor) -> NDArray[np.float64]:
        """Return the score of each example; outputs are n."""
        if outputs.ndim != 1:
            raise WorkloadError(_no_scores(outputs.shape))
        _match(outputs, targets)
        return outputs.detach().to("cpu", torch.float64).numpy()

    def value(self, results: NDArray[Any], targets: Tensor | NDArray[Any]) -> float:
        """Return the rank correlation, -1 to 1."""
        scores = np.asarray(results, dtype=np.float64)
        wanted = _centred_ranks(np.asarray(targets, dtype=np.float64))
        rows = scores.reshape(-1, scores.shape[-1])
        return float(np.mean([_cosine(_centred_ranks(row), wanted) for row in rows]))

    def check(self, outputs_shape: Sequence[int], targets: Tensor) -> None:
        """Refuse outputs that are not n scores, and targets that are not n or rank nothing."""
        faults = [] if len(outputs_shape) == 1 else [_no_scores(outputs_shape)]
        if targets.ndim != 1 or targets.is_complex() or targets.dtype == torch.bool:
            faults.append(
                f"targets: found {_shape(targets.shape)} of {_type(targets)}; expected N scores; "
                "give one number for each example"
            )
        elif unknown := int((~torch.isfinite(targets)).sum()):
            faults.append(
                f"targets: found {unknown} of {len(targets)} NaN or infinite; expected numbers; "
                "correct them"
            )
        elif bool((targets == targets[:1]).all()):
            faults.append(
                f"targets: found no two of {len(targets)} that differ; expected scores to rank by; "
                "give more data"
            )
        if faults:
            raise WorkloadError("\n".join(faults))

    def check_resamples(self, targets: NDArray[Any]) -> None:
        """Refuse examples of which a resample is likely to hold one target only.

        Such a resample ranks nothing, counts as 0, and would move the interval. Of n examples, c of
        them with a target, a share of (c/n)^n of all resamples holds that target alone.
        """
        _enough(len(targets), _FEWEST_RANKED, self.name)
        _, counts = np.unique(targets, return_counts=True)
        chance = float(np.sum((counts / len(targets)) ** len(targets)))
        if chance * RESAMPLES >= 1:
            raise WorkloadError(
                f"targets: found {counts.max():,} of {len(targets):,} equal, so that a share of "
                f"{chance:.2g} of all resamples rank nothing; expected less than one in "
                f"{RESAMPLES:,} for an interval of {self.name}; give more examples with other "
                "targets"
            )


METRICS: dict[str, Metric] = {metric.name: metric for metric in (Top1(), Spearman())}


def _enough(examples: int, fewest: int, metric: str) -> None:
    if examples < fewest:
        raise WorkloadError(
            f"examples: found {examples}; expected {fewest} at least for an interval of {metric}; "
            "give more data"
        )


def _out_of_range(targets: Tensor, classes: int) -> list[str]:
    places = torch.nonzero((targets < 0) | (targets >= classes)).flatten().tolist()
    if not places:
        return []
    found = listed(f"{int(targets[place])} at index {place}" for place in places)
    return [
        f"targets: found {len(places)} of {len(targets)} labels out of range ({found}); "
        f"expected 0 to {classes - 1}; correct them, or take a model of more classes"
    ]


def _no_scores(shape: Sequence[int]) -> str:
    return (
        f"outputs: found {_shape(shape)}; expected N scores; return one number for each example as "
        "the model's only output"
    )


def _match(outputs: Tensor, targets: Tensor) -> None:
    if len(outputs) != len(targets):
        raise WorkloadError(
            f"outputs: found {len(outputs)}; expected one for each of {len(targets)} targets; "
            "return the outputs of all examples"
        )
    finite = torch.isfinite(outputs).reshape(len(outputs), -1).all(1)
    if not bool(finite.all()):
        raise WorkloadError(
            f"outputs: found NaN or infinite ones for {int((~finite).sum())} of {len(outputs)} "
            "examples; expected numbers; check weights and data"
        )


def _centred_ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ranks less their mean; equals get the mean of the ranks that they take up."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks = np.cumsum(counts) - (counts - 1) / 2
    centred: NDArray[np.float64] = ranks[place] - (len(values) + 1) / 2
    return centred


def _cosine(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    size = float(np.sqrt((one @ one) * (other @ other)))
    return float(one @ other) / size if size > 0 else 0.0


def _shape(shape: Sequence[int]) -> str:
    return "x".join(map(str, shape)) or "one number"


def _type(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")
