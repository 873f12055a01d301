"""Forward passes of a network over a task's examples, batch by batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from archsim.errors import ConfigError
from archsim.functional.draws import Draws
from archsim.functional.metrics import METRICS, Metric
from archsim.functional.recording import Recorder
from archsim.functional.simulator import Simulator
from archsim.functional.store import Results, Store
from archsim.functional.task import Task

Progress = Callable[[int, int], None]

RECORDED = 200
"""Examples over which noise and signal of each product are gathered: the first ones."""


class Passes:
    """Forward passes over a task's examples.

    Attributes:
        batch: Examples of one forward pass.
        metric: What is measured.
        recorded: Over how many examples noise and signal of each product are gathered.
    """

    def __init__(self, task: Task, batch: int, device: str, progress: Progress | None) -> None:
        """Make them.

        Args:
            task: The examples.
            batch: How many at a time.
            device: Where they are run.
            progress: Called after each batch with how many of how many are done.
        """
        self._task, self._device, self._progress = task, device, progress
        self._done, self._total = 0, 0
        self.batch = batch
        self.metric: Metric = METRICS[task.metric]
        self.recorded = min(RECORDED, len(task.targets))

    def expect(self, runs: int, *, recording: bool) -> None:
        """Say how many passes over all examples there will be, and whether noise is gathered."""
        batches = runs * self._batches_of(len(self._task.targets))
        self._total = batches + (self._batches_of(self.recorded) if recording else 0)

    def kept(
        self, store: Store, name: str, network: Any, draws: Callable[[int], Draws] | None = None
    ) -> Results:
        """Return one result for each example: those of the store, and of a pass over the rest."""
        if name in store:
            self._tick(self._batches_of(len(self._task.targets)))
        return store.get(name, partial(self.rest, network, draws))

    def results(self, network: Any, draws: Callable[[int], Draws] | None = None) -> Results:
        """Return one result for each example, with noise if it is said where it comes from."""
        return np.concatenate(list(self.rest(network, draws)))

    def rest(
        self, network: Any, draws: Callable[[int], Draws] | None = None, first: int = 0
    ) -> Iterator[Results]:
        """Yield the results of each batch, from an example on."""
        targets, begun = self._task.targets, first // self.batch
        if begun:
            self._tick(begun)
        rest = self._batches(self._task.inputs, begun * self.batch)
        for step, batch in enumerate(rest, begun):
            if draws is not None:
                network.draw(draws(step))
            with torch.inference_mode():
                outputs = _only(network(*batch)).cpu()
            if step == begun:
                self.metric.check(outputs.shape, targets)
            at = step * self.batch
            yield self.metric.results(outputs, targets[at : at + self.batch])[max(0, first - at) :]
            self._tick(1)
        if draws is not None:
            network.draw(None)

    def record(self, simulator: Simulator, draws: Callable[[int], Draws]) -> Mapping[str, Recorder]:
        """Return what noise does to each product, over some of the examples."""
        recorders = simulator.record()
        with torch.inference_mode():
            some = tuple(values[: self.recorded] for values in self._task.inputs)
            for step, batch in enumerate(self._batches(some)):
                simulator.draw(draws(step))
                simulator(*batch)
                self._tick(1)
        simulator.draw(None)
        simulator.stop_recording()
        return recorders

    def calibration(self) -> Iterator[tuple[Tensor, ...]]:
        """Return the batches that set ranges."""
        return self._batches(self._task.calibration)

    def _batches(self, inputs: Sequence[Tensor], begin: int = 0) -> Iterator[tuple[Tensor, ...]]:
        for first in range(begin, len(inputs[0]), self.batch):
            stored = (values[first : first + self.batch].to(self._device) for values in inputs)
            yield self._task.prepare(*stored)

    def _batches_of(self, examples: int) -> int:
        return -(-examples // self.batch)

    def _tick(self, batches: int) -> None:
        self._done += batches
        if self._progress is not None:
            self._progress(self._done, self._total)


def _only(outputs: Any) -> Tensor:
    """Return the one tensor that a network returns."""
    found = outputs[0] if isinstance(outputs, list | tuple) and len(outputs) == 1 else outputs
    if not isinstance(found, Tensor):
        raise ConfigError(
            f"model: found outputs of type {type(found).__name__}; expected one tensor, to measure "
            "it; wrap the model so that it returns what is to be measured"
        )
    return found
