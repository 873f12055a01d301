"""Run a task on a machine: without noise, then so many times with it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from importlib.metadata import version
from math import inf, log10
from pathlib import Path

import torch

from archsim.errors import ConfigError
from archsim.frontend import Exported, export
from archsim.functional.accuracy import Accuracy, OpPrecision
from archsim.functional.draws import Draws
from archsim.functional.estimates import Estimates
from archsim.functional.passes import Passes, Progress
from archsim.functional.recording import Recorder
from archsim.functional.settings import Settings
from archsim.functional.simulator import Simulator
from archsim.functional.store import Store
from archsim.functional.task import Task
from archsim.hardware import Hardware
from archsim.physics import precision
from archsim.workload import RepetitionPlan

Bits = tuple[int | None, int | None]


def exported(task: Task, bits: Bits = (None, None)) -> Exported:
    """Return a task's network as both sides see it: traced with one example.

    Args:
        task: Network and data.
        bits: Of activations and of weights, where they are to be others than 8.
    """
    one = task.prepare(*(values[:1] for values in task.inputs))
    found = export(task.model, one, name=task.name, source=task.source)
    return replace(found, workload=found.workload.with_bits(*bits))


def evaluate(  # noqa: PLR0913 - what a user can choose about an evaluation, all in one place
    task: Task,
    hardware: Hardware,
    plan: RepetitionPlan | int | float = 1,
    *,
    trials: int = 5,
    seed: int = 0,
    batch: int | None = None,
    bits: Bits = (None, None),
    settings: Settings | None = None,
    network: Exported | None = None,
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
        batch: Examples of one forward pass; left out, what the task suggests.
        bits: Of activations and of weights, where they are to be others than 8.
        settings: Quantisers, noise sources and converters.
        network: What :func:`exported` gave for this task, bits included, if that is there already.
        device: What torch calls it: ``cpu`` or ``cuda``.
        checkpoint: File that results are kept in as they come, and taken from.
        progress: Called after each batch with how many of how many are done.

    Raises:
        ArchsimError: Anything that does not fit: data, plan, sources, machine.
    """
    chosen = settings or Settings()
    batch = task.batch if batch is None else batch
    _check(trials, batch)
    found = network or exported(task, bits)
    simulator = Simulator(found, hardware, plan, chosen).to(device)
    noise = simulator.path.sources.names if simulator.gemms else ()
    passes = Passes(task, batch, device, progress, runs=2 + (trials if noise else 0))
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
    estimates = Estimates(passes.metric, task.targets.cpu().numpy(), seed)
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
        drop=estimates.difference([quantised], values),
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
            snr_db=_decibels(signal_variance, noise_variance),
            noise_bits=precision.noise_bits(range_=range_, std=std) if std else inf,
            adc_bits=simulator.path.adc_bits,
        )


def _decibels(signal: float, noise: float) -> float:
    if signal == 0 or noise == 0:
        return inf if noise == 0 else -inf
    return 10 * log10(signal / noise)


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
