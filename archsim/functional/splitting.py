"""Examples to learn from, apart from those that judge."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace

from torch import Tensor

from archsim.errors import ConfigError, WorkloadError
from archsim.functional.metrics import METRICS
from archsim.functional.task import Examples, Task, is_count

LEFT_OUT = ", left out of the test"
"""How what is recorded of examples ends that were set apart."""

_BYTES = 16  # of a digest: examples that differ do not share one by chance


def split(task: Task, learning: int) -> Task:
    """Return a task that learns from its first test examples, and is judged by the others.

    Examples in the order of their classes have to be shuffled first. Those that set ranges stay,
    also where they are among those that are learned from.

    Args:
        task: One without learning data.
        learning: How many examples to learn from.

    Raises:
        ConfigError: The task has learning data, or the others are too few to judge.
    """
    count, examples = learning, len(task.targets)
    if task.learning is not None:
        raise ConfigError(
            f"{task.name}: found {len(task.learning.targets):,} examples to learn from; expected "
            "none where test examples are to be set apart; leave --learning out"
        )
    if not is_count(count):
        raise ConfigError(
            f"learning: found {count!r}; expected a whole number, 1 at least; correct it"
        )
    rest = task.targets[count:]
    try:
        METRICS[task.metric].check_resamples(rest.numpy())
    except WorkloadError as fault:
        raise ConfigError(
            f"learning: found {count:,} of {examples:,} test examples, which leaves too few to "
            f"judge ({fault}); expected fewer; lower it"
        ) from None
    part = f"first {count:,} of the {examples:,} test examples{LEFT_OUT}"
    return replace(
        task,
        inputs=tuple(values[count:] for values in task.inputs),
        targets=rest,
        learning=Examples(tuple(values[:count] for values in task.inputs), task.targets[:count]),
        source={**task.source, **_calibration_source(task), "learning": part},
    )


def learning_source(learning: Examples | None, inputs: Sequence[Tensor]) -> dict[str, str]:
    """Return what a user's learning data are, for the record; nothing where there are none.

    Args:
        learning: Examples to learn from.
        inputs: Examples that are tested.
    """
    if learning is None:
        return {}
    told = f"the data's own {len(learning.targets):,} examples"
    if common := in_test(learning, inputs):
        told += f", {common:,} of them among those that are tested: the result is biased"
    return {"learning": told}


def in_test(learning: Examples, inputs: Sequence[Tensor]) -> int:
    """Return how many of the examples to learn from are among those that are tested."""
    tested = set(_digests(inputs))
    return sum(digest in tested for digest in _digests(learning.inputs))


def _calibration_source(task: Task) -> dict[str, str]:
    """Return what is recorded of those that set ranges, where test examples do."""
    told = task.source.get("calibration", "")
    if "test examples" not in told:
        return {}
    return {"calibration": f"{told} (counted before some were left out to learn from)"}


def _digests(inputs: Sequence[Tensor]) -> Iterator[bytes]:
    """Yield one digest for each example."""
    for example in zip(*inputs, strict=True):
        digest = hashlib.blake2b(digest_size=_BYTES)
        for values in example:
            digest.update(values.detach().cpu().contiguous().numpy().tobytes())
        yield digest.digest()
