"""Run a task on a machine: without noise, then so many times with it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from importlib.metadata import version
from math import inf, log10
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from archsim.errors import ConfigError
from archsim.frontend import Exported, export
from archsim.functional.accuracy import Accuracy, Estimate, OpPrecision
from archsim.functional.draws import Draws
from archsim.functional.metrics import METRICS, Metric
from archsim.functional.recording import Recorder
from archsim.functional.settings import Settings
from archsim.functional.simulator import Simulator
from archsim.functional.statistics import images_interval, seeds_interval
from archsim.functional.store import Results, Store
from archsim.functional.task import Task
from archsim.hardware import Hardware
from archsim.physics import precision
from archsim.workload import RepetitionPlan

Progress = Callable[[int, int], None]

RECORDED = 200
"""Examples over which noise and signal of each product are gathered."""


def exported(task: Task) -> Exported:
    """Return a task's network as both sides see it: traced with one example."""
    one = task.prepare(*(values[:1] for values in task.inputs))
    return export(task.model, one, name=task.name, source=task.source)


def evaluate(  # noqa: PLR0913 - what a user can choose about an evaluation, all in one place
    task: Task,
    hardware: Hardware,
    plan: RepetitionPlan | int | float = 1,
    *,
    trials: int = 5,
    seed: int = 0,
    batch: int = 100,
    settings: Settings | None = None,
    device: str = "cpu",
    checkpoint: Path | None = None,
    progress: Progress | None = None,
) -> Accuracy:
    """Return how accurate a task's network is on a machine.

    Args:
        task: Network and data.
        hardware: The machine.
        plan: Repetition counts, or one for all GEMMs on analog arrays.
        trials: How often to run with new noise.
        seed: Of all random numbers: with the same one, and the same batch, the result is the same.
        batch: Examples of one forward pass.
        settings: Quantisers, noise sources and converters.
        device: What torch calls it: ``cpu`` or ``cuda``.
        checkpoint: File that results are kept in as they come, and taken from.
        progress: Called after each batch with how many of how many are done.

    Raises:
        ArchsimError: Anything that does not fit: data, plan, sources, machine.
    """
    chosen = settings or Settings()
    _check(trials, batch)
    found = exported(task)
    simulator = Simulator(found, hardware, plan, chosen).to(device)
    noise = simulator.path.sources.names if simulator.gemms else ()
    passes = _Passes(task, batch, device, progress, runs=2 + (trials if noise else 0))
    simulator.calibrate(passes.calibration())
    provenance = _provenance(task, hardware, found, plan, chosen)
    store = Store(checkpoint, provenance | {"seed": str(seed), "batch": str(batch)})
    clean = passes.kept(store, "clean", found.graph_module.to(device))
    quantised = passes.kept(store, "quantised", simulator)
    drawn = [
        passes.kept(store, f"trial {trial}", simulator, partial(Draws, seed, trial))
        for trial in range(trials if noise else 0)
    ]
    recorders = passes.record(simulator, partial(Draws, seed, 0)) if noise else {}
    estimates = _Estimates(passes.metric, task.targets.cpu().numpy(), seed)
    values = drawn or [quantised]
    return Accuracy(
        task=task.name,
        hardware=hardware.name,
        metric=passes.metric.name,
        unit=passes.metric.unit,
        examples=len(task.targets),
        trials=len(values),
        seed=seed,
        batch=batch,
        clean=estimates.value(clean),
        quantised=estimates.value(quantised),
        noisy=estimates.mean(values),
        drop=estimates.drop(quantised, values),
        values=tuple(map(estimates.value, values)),
        ops=tuple(precisions(simulator, found, recorders)),
        noise=noise,
        provenance=provenance,
    )


def _check(trials: int, batch: int) -> None:
    faults = [
        f"{name}: found {value}; expected 1 at least; raise it"
        for name, value in (("trials", trials), ("batch", batch))
        if value < 1
    ]
    if faults:
        raise ConfigError("\n".join(faults))


class _Passes:
    """Forward passes over a task's examples."""

    def __init__(
        self, task: Task, batch: int, device: str, progress: Progress | None, *, runs: int
    ) -> None:
        self._task, self._batch, self._device, self._progress = task, batch, device, progress
        self._done, self._total = 0, runs * -(-len(task.targets) // batch)
        self.metric: Metric = METRICS[task.metric]

    def kept(
        self, store: Store, name: str, network: Any, draws: Callable[[int], Draws] | None = None
    ) -> Results:
        """Return one result for each example: the store's, or those of a pass over all."""
        if name in store:
            self._tick(-(-len(self._task.targets) // self._batch))
        return store.get(name, partial(self._results, network, draws))

    def _results(self, network: Any, draws: Callable[[int], Draws] | None) -> Results:
        outputs = []
        with torch.inference_mode():
            for step, batch in enumerate(self._batches(self._task.inputs)):
                if draws is not None:
                    network.draw(draws(step))
                outputs.append(_only(network(*batch)).cpu())
                self._tick(1)
        if draws is not None:
            network.draw(None)
        whole = torch.cat(outputs)
        self.metric.check(whole.shape, self._task.targets)
        return self.metric.results(whole, self._task.targets)

    def record(self, simulator: Simulator, draws: Callable[[int], Draws]) -> Mapping[str, Recorder]:
        """Return what noise does to each product, over some of the examples."""
        recorders = simulator.record()
        with torch.inference_mode():
            some = tuple(values[:RECORDED] for values in self._task.inputs)
            for step, batch in enumerate(self._batches(some)):
                simulator.draw(draws(step))
                simulator(*batch)
        simulator.draw(None)
        simulator.stop_recording()
        return recorders

    def calibration(self) -> Iterator[tuple[Tensor, ...]]:
        """Return the batches that set ranges."""
        return self._batches(self._task.calibration)

    def _batches(self, inputs: Sequence[Tensor]) -> Iterator[tuple[Tensor, ...]]:
        for first in range(0, len(inputs[0]), self._batch):
            stored = (values[first : first + self._batch].to(self._device) for values in inputs)
            yield self._task.prepare(*stored)

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


class _Estimates:
    """A metric's values with their intervals."""

    def __init__(self, metric: Metric, targets: NDArray[Any], seed: int) -> None:
        self._metric, self._targets, self._seed = metric, targets, seed

    def value(self, results: Results) -> float:
        """Return the metric of one pass."""
        return self._metric.value(results, self._targets)

    def mean(self, trials: Sequence[Results]) -> Estimate:
        """Return the mean over trials."""
        stacked = np.stack(trials)
        values = [self.value(results) for results in trials]
        return Estimate(
            float(np.mean(values)), seeds_interval(values), self._over(partial(self._at, stacked))
        )

    def drop(self, reference: Results, trials: Sequence[Results]) -> Estimate:
        """Return what is lost against a reference on the same examples."""
        stacked, reference = np.stack(trials), reference[None]
        drops = [self.value(reference[0]) - self.value(results) for results in trials]
        return Estimate(
            float(np.mean(drops)),
            seeds_interval(drops),
            self._over(lambda some: self._at(reference, some) - self._at(stacked, some)),
        )

    def _at(self, results: Results, examples: NDArray[np.int64]) -> float:
        return self._metric.value(results[:, examples], self._targets[examples])

    def _over(self, statistic: Callable[[NDArray[np.int64]], float]) -> Any:
        return images_interval(statistic, len(self._targets), seed=self._seed)


def precisions(
    simulator: Simulator, found: Exported, recorders: Mapping[str, Recorder]
) -> Iterator[OpPrecision]:
    """Yield what noise does to each product, in the order of the network."""
    for name, recorder in recorders.items():
        op, spec = found.workload.op(name), simulator.numbers.products[name]
        gemm = op.gemm
        noise_variance = float(recorder.noise_std.square().mean())
        signal_variance = recorder.signal_variance
        range_ = float(torch.as_tensor(recorder.high).max() - torch.as_tensor(recorder.low).min())
        std = noise_variance**0.5
        yield OpPrecision(
            op=name,
            macs=gemm.macs if gemm else 0,
            fan_in=gemm.contraction if gemm else 0,
            repetitions=float(max(spec.repetitions)),
            photons_per_mac=recorder.photons_per_mac,
            signal_std=signal_variance**0.5,
            noise_std=std,
            snr_db=10 * log10(signal_variance / noise_variance) if noise_variance else inf,
            noise_bits=precision.noise_bits(range_=range_, std=std) if std else inf,
            adc_bits=simulator.path.adc_bits,
        )


def _provenance(
    task: Task,
    hardware: Hardware,
    found: Exported,
    plan: RepetitionPlan | int | float,
    chosen: Settings,
) -> dict[str, str]:
    workload = found.workload
    full = plan
    if not isinstance(plan, RepetitionPlan):
        full = RepetitionPlan.uniform(workload, plan) if workload.gemms else plan
    digest = hashlib.sha256()
    for tensor in (*task.inputs, task.targets, *task.calibration):
        digest.update(tensor.cpu().contiguous().numpy().tobytes())
    return {
        **task.source,
        "task": task.name,
        "workload": workload.fingerprint,
        "bits": f"{workload.activation_bits}, {workload.weight_bits}",
        "data_sha256": digest.hexdigest(),
        "hardware": hardware.hash,
        "plan": full.hash if isinstance(full, RepetitionPlan) else str(plan),
        "settings": repr(chosen),
        "archsim": version("archsim"),
        "torch": version("torch"),
    }
