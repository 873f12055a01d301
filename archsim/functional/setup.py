"""A task on a machine, ready to be run: what every question about it begins with."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from importlib.metadata import version
from math import inf, log10

import torch

from archsim.errors import ConfigError
from archsim.frontend import Exported, export
from archsim.functional.accuracy import OpPrecision
from archsim.functional.conditions import Bits, Conditions
from archsim.functional.draws import Draws
from archsim.functional.inserting import copied
from archsim.functional.passes import Passes, Progress
from archsim.functional.recording import Recorder
from archsim.functional.simulator import Simulator
from archsim.functional.task import Task, named
from archsim.hardware import Hardware
from archsim.physics import precision
from archsim.workload import RepetitionPlan

Plan = RepetitionPlan | int | float


def exported(task: Task, bits: Bits = (None, None)) -> Exported:
    """Return a task's network as both sides see it: traced with one example.

    Args:
        task: Network and data.
        bits: Of activations and of weights, where they are to be others than 8.
    """
    one = task.prepare(*(values[:1] for values in task.inputs))
    return _with_bits(export(task.model, one, name=task.name, source=task.source), bits)


def kind_faults(task: object, hardware: object) -> list[str]:
    """Return what is wrong with a task and a machine that are something else."""
    faults = []
    if not isinstance(task, Task):
        faults.append(
            f"task: found {named(task)}; expected a Task; make one of a model and its data, or "
            "take one from workloads.tasks.TASKS"
        )
    if not isinstance(hardware, Hardware):
        faults.append(
            f"hardware: found {named(hardware)}; expected a machine; load it with "
            "archsim.load_hardware"
        )
    return faults


class Setup:
    """A task on a machine under some conditions.

    Attributes:
        task: Network, and the data that is tested.
        network: As both sides see it.
        simulator: As the machine runs it, once it is calibrated.
        passes: Forward passes over the data.
        noise: Sources that act.
    """

    def __init__(
        self,
        task: Task,
        hardware: Hardware,
        plan: Plan,
        conditions: Conditions,
        network: Exported | None = None,
        progress: Progress | None = None,
    ) -> None:
        """Refuse what does not fit; nothing is run yet.

        Args:
            task: Network and data.
            hardware: The machine.
            plan: Repetition counts, or one for all GEMMs on analog arrays.
            conditions: How it is run.
            network: What :func:`exported` gave for this task, if that is there already.
            progress: Called after each batch with how many of how many are done.

        Raises:
            ArchsimError: Plan, sources or machine do not fit the network, or that not the task.
        """
        if faults := kind_faults(task, hardware):
            raise ConfigError("\n".join(faults))
        if network is not None:
            _check_network(network, task)
        self._hardware, self._plan, self._conditions = hardware, plan, conditions
        self.task = conditions.part_of(task)
        found = _with_bits(network or exported(self.task), conditions.bits)
        self.network = _with_own_weights(found)
        self.simulator = Simulator(self.network, hardware, plan, conditions.settings)
        self.simulator.to(conditions.device)
        self.passes = Passes(self.task, conditions.batch or task.batch, conditions.device, progress)
        acting = self.simulator.path.sources.names
        self.noise: tuple[str, ...] = acting if self.simulator.gemms else ()

    def calibrate(self) -> None:
        """Set all ranges on the task's calibration data."""
        self.simulator.calibrate(self.passes.calibration())

    def draws(self, trial: int) -> Callable[[int], Draws]:
        """Return where the random numbers of each batch of a trial come from."""
        return partial(Draws, self._conditions.seed, trial)

    def precisions(self) -> tuple[OpPrecision, ...]:
        """Return what noise does to each product, in the order of the network; nothing without."""
        if not self.noise:
            return ()
        recorders = self.passes.record(self.simulator, self.draws(0))
        return tuple(_precisions(self.simulator, self.network, recorders))

    def provenance(self) -> dict[str, str]:
        """Return hashes, versions and sources of all that results come from."""
        workload, plan = self.network.workload, self._plan
        if not isinstance(plan, RepetitionPlan) and workload.gemms:
            plan = RepetitionPlan.uniform(workload, plan)
        tested = (*self.task.inputs, self.task.targets, *self.task.calibration)
        return {
            **self.task.source,
            "task": self.task.name,
            "workload": workload.fingerprint,
            "bits": f"{workload.activation_bits}, {workload.weight_bits}",
            "data_sha256": tensors_sha256(tested),
            "hardware": self._hardware.hash,
            "plan": plan.hash if isinstance(plan, RepetitionPlan) else str(plan),
            "settings": repr(self._conditions.settings),
            "archsim": version("archsim"),
            "torch": version("torch"),
        }

    def digest(self) -> str:
        """Return a hash of the weights, and of an example as the network takes it."""
        one = self.task.prepare(*(values[:1] for values in self.task.inputs))
        return tensors_sha256((*self.network.graph_module.state_dict().values(), *one))


def tensors_sha256(tensors: Iterable[torch.Tensor]) -> str:
    """Return a hash of the values of tensors, one after another."""
    digest = hashlib.sha256()
    for tensor in tensors:
        digest.update(_bytes(tensor))
    return digest.hexdigest()


def _check_network(network: Exported, task: Task) -> None:
    """Refuse a network of another name, or with other weights than the task's."""
    if network.workload.name != task.name:
        raise ConfigError(
            f"network: found {network.workload.name!r}; expected that of the task, "
            f"{task.name!r}; give what exported returns for it, or leave it out"
        )
    own, given = task.model.state_dict(), network.graph_module.state_dict()
    other = [name for name in own if name not in given or not _same(own[name], given[name])]
    if other:
        raise ConfigError(
            f"network: found other values than the task's in {len(other)} of {len(own)} tensors "
            f"({other[0]}); expected the same; give what exported returns for this task, or "
            "leave it out"
        )


def _with_bits(network: Exported, bits: Bits) -> Exported:
    return replace(network, workload=network.workload.with_bits(*bits))


def _with_own_weights(network: Exported) -> Exported:
    """Return a network that can be moved to a device, while the task's model stays where it is."""
    module = copied(network.graph_module)
    own = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    module.load_state_dict(own, assign=True)
    return replace(network, graph_module=module)


def _same(one: torch.Tensor, other: torch.Tensor) -> bool:
    return one.shape == other.shape and _bytes(one) == _bytes(other)


def _bytes(tensor: torch.Tensor) -> bytes:
    return tensor.detach().cpu().contiguous().numpy().tobytes()


def _precisions(
    simulator: Simulator, network: Exported, recorders: Mapping[str, Recorder]
) -> Iterator[OpPrecision]:
    for name, recorder in recorders.items():
        gemm = network.workload.op(name).gemm
        noise_variance = float(recorder.noise_std.square().mean())
        signal_variance = recorder.signal_variance
        range_ = float(torch.as_tensor(recorder.high).max() - torch.as_tensor(recorder.low).min())
        std = noise_variance**0.5
        yield OpPrecision(
            op=name,
            macs=gemm.macs if gemm else 0,
            fan_in=gemm.contraction if gemm else 0,
            repetitions=float(max(simulator.numbers.products[name].repetitions)),
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
