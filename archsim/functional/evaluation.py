"""Run a task on a machine: without noise, then so many times with it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
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
from archsim.functional.passes import RECORDED, Passes, Progress
from archsim.functional.recording import Recorder
from archsim.functional.settings import Settings
from archsim.functional.simulator import Simulator
from archsim.functional.store import Store
from archsim.functional.task import Task, is_count
from archsim.hardware import Hardware
from archsim.physics import precision
from archsim.workload import RepetitionPlan

Bits = tuple[int | None, int | None]


@dataclass(frozen=True, slots=True)
class Precision:
    """What noise does to each product of a network, without how accurate it is.

    Attributes:
        task: Network and data.
        hardware: Machine.
        examples: Over how many noise and signal were gathered.
        seed: Of all random numbers.
        batch: Examples of one forward pass.
        ops: What noise does to each product on analog arrays.
        noise: Sources that acted.
        provenance: Hashes, versions and sources of all that it came from.
    """

    task: str
    hardware: str
    examples: int
    seed: int
    batch: int
    ops: tuple[OpPrecision, ...]
    noise: tuple[str, ...]
    provenance: dict[str, str]


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
    batch = check_counts(task, trials, batch)
    found = network or exported(task, bits)
    simulator = Simulator(found, hardware, plan, chosen).to(device)
    noise = _noise(simulator)
    passes = Passes(task, batch, device, progress, runs=2 + (trials if noise else 0))
    estimates = Estimates(passes.metric, task.targets.cpu().numpy(), seed)
    simulator.calibrate(passes.calibration())
    provenance = _provenance(task, hardware, found, plan, chosen)
    key = provenance | {"seed": str(seed), "batch": str(batch), "device": device}
    store = Store(checkpoint, key, len(task.targets))
    clean = passes.kept(store, "clean", found.graph_module.to(device))
    quantised = passes.kept(store, "quantised", simulator)
    drawn = [
        passes.kept(store, f"trial {trial}", simulator, partial(Draws, seed, trial))
        for trial in range(trials if noise else 0)
    ]
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
        ops=_measured(simulator, found, passes, seed),
        noise=noise,
        provenance=provenance,
    )


def measure_precision(  # noqa: PLR0913 - as for evaluate
    task: Task,
    hardware: Hardware,
    plan: RepetitionPlan | int | float = 1,
    *,
    seed: int = 0,
    batch: int | None = None,
    bits: Bits = (None, None),
    settings: Settings | None = None,
    network: Exported | None = None,
    device: str = "cpu",
) -> Precision:
    """Return what noise does to each product, over a task's first examples.

    Arguments are those of :func:`evaluate`, whose result says the same of each product.

    Raises:
        ArchsimError: As for :func:`evaluate`.
    """
    chosen = settings or Settings()
    batch = check_counts(task, 1, batch)
    found = network or exported(task, bits)
    simulator = Simulator(found, hardware, plan, chosen).to(device)
    passes = Passes(task, batch, device, None, runs=0)
    simulator.calibrate(passes.calibration())
    return Precision(
        task=task.name,
        hardware=hardware.name,
        examples=min(RECORDED, len(task.targets)),
        seed=seed,
        batch=batch,
        ops=_measured(simulator, found, passes, seed),
        noise=_noise(simulator),
        provenance=_provenance(task, hardware, found, plan, chosen),
    )


def check_counts(task: Task, trials: int, batch: int | None) -> int:
    """Return the examples of one forward pass: as chosen or, left out, as the task suggests.

    Raises:
        ConfigError: Trials or they are no whole number of 1 or more.
    """
    batch = task.batch if batch is None else batch
    faults = [
        f"{name}: found {value!r}; expected a whole number, 1 at least; correct it"
        for name, value in (("trials", trials), ("batch", batch))
        if not is_count(value)
    ]
    if faults:
        raise ConfigError("\n".join(faults))
    return batch


def _noise(simulator: Simulator) -> tuple[str, ...]:
    """Return the sources that act."""
    return simulator.path.sources.names if simulator.gemms else ()


def _measured(
    simulator: Simulator, found: Exported, passes: Passes, seed: int
) -> tuple[OpPrecision, ...]:
    """Return what noise does to each product; nothing where none acts."""
    if not _noise(simulator):
        return ()
    return tuple(precisions(simulator, found, passes.record(simulator, partial(Draws, seed, 0))))


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
