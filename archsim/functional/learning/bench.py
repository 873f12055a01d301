"""A task on a machine under changing plans: the loss that learning sees, the results that judge it.

Both are the very simulation of :func:`archsim.functional.evaluate`: the same ranges, noise and
random numbers. Learning draws from trials of its own, below zero.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from archsim.errors import WorkloadError
from archsim.frontend import Exported
from archsim.functional.conditions import Conditions
from archsim.functional.draws import Draws
from archsim.functional.learning.learner import Bounds, Loss
from archsim.functional.learning.sharing import Sharing
from archsim.functional.setup import Setup
from archsim.functional.task import Examples, Task
from archsim.hardware import Hardware
from archsim.mapping import Arithmetic, arithmetic
from archsim.physics.repetition import Repetition
from archsim.workload import RepetitionPlan, Workload

MOST_REPETITIONS = 1 << 14
"""What a count may grow to where nothing else bounds it."""


class Bench:
    """A task on a machine under changing plans.

    Attributes:
        setup: The task on the machine, calibrated.
        analog: Products on analog arrays, in order.
        whole: Whether counts have to be whole numbers.
    """

    def __init__(
        self, task: Task, hardware: Hardware, conditions: Conditions, network: Exported | None
    ) -> None:
        """Set all up, and calibrate.

        Args:
            task: Network and data, with data to learn from.
            hardware: The machine.
            conditions: How it is run.
            network: What :func:`archsim.functional.exported` gave for the task.

        Raises:
            ArchsimError: What :func:`archsim.functional.evaluate` refuses; no data to learn from,
                or no labels; no noise that repetition lowers.
        """
        self.examples = _learning(task)
        self._task, self._hardware, self._conditions = task, hardware, conditions
        self.whole = hardware.tiles.repetition is not Repetition.POWER
        self.setup = self._made(1, network)
        self._other: Setup | None = None
        self.analog = tuple(self.setup.simulator.gemms)
        if not self.setup.noise:
            raise WorkloadError(
                f"{task.name} on {hardware.name}: found no noise that acts; expected some, since "
                "without it the least counts are the best; choose a machine that has sources, or "
                "let them act"
            )
        path = self.setup.simulator.path
        if not path.is_lowered:
            raise WorkloadError(
                f"{task.name} on {hardware.name}: found only noise that repetition by {path.mode} "
                f"does not lower: {', '.join(self.setup.noise)}; expected some that it does, since "
                "all counts are as good without; let others act, or set tiles.repetition otherwise"
            )
        self.setup.simulator.requires_grad_(requires_grad=False)

    @property
    def workload(self) -> Workload:
        """The network as the timing side runs it."""
        return self.setup.network.workload

    def bounds(self, sharing: Sharing) -> Bounds:
        """Return where counts may lie on the machine."""
        least, most = 1.0, float(MOST_REPETITIONS)
        limits = self._hardware.power_limits
        if self._hardware.tiles.repetition is Repetition.SPACE:
            most = min(most, self._hardware.tiles.count)
        elif not self.whole and limits is not None:
            least, most = limits
        ends = (torch.full((len(sharing),), end, dtype=torch.float64) for end in (least, most))
        return Bounds(*ends)

    def together(self) -> dict[str, int]:
        """Return how many channels of each product a tile takes together."""
        products = self.setup.simulator.numbers.products
        return {name: product.together for name, product in products.items()}

    def loss(self, sharing: Sharing, batch: int) -> Loss:
        """Return the cross entropy that counts leave in a step, with its noise.

        Step n takes the n-th batch of a shuffled pass over the learning data, a new one each time
        they are used up; images of a pass that fill no batch are left out.
        """
        simulator, device = self.setup.simulator, self._conditions.device
        seed, count = self._conditions.seed, len(self.examples.targets)
        per_pass = count // batch

        def loss(repetitions: Tensor, step: int) -> Tensor:
            turn, place = divmod(step, per_pass)
            shuffle = torch.Generator().manual_seed(seed * 1_000_003 + turn)
            chosen = torch.randperm(count, generator=shuffle)[place * batch : (place + 1) * batch]
            inputs = self._task.prepare(*(v[chosen].to(device) for v in self.examples.inputs))
            simulator.repeat(sharing.spread(repetitions.to(device)))
            simulator.draw(Draws(seed, -1 - step))
            found: Any = simulator(*inputs)
            simulator.draw(None)
            outputs = found if isinstance(found, Tensor) else found[0]  # the judge knows no others
            labels = self.examples.targets[chosen].long().to(device)
            return cross_entropy(outputs, labels).double().cpu()

        return loss

    def setup_of(self, plan: RepetitionPlan) -> Setup:
        """Return the simulation under a plan: one that is there, if dot products are read alike."""
        numbers = arithmetic(self.workload, self._hardware, plan)
        found = next((s for s in (self.setup, self._other) if s and _alike(s, numbers)), None)
        if found is None:  # one is kept beside the first: each holds all weights
            found = self._other = self._made(plan, self.setup.network)
        device = self._conditions.device
        found.simulator.repeat(
            {
                name: torch.tensor(spec.repetitions, dtype=torch.float64, device=device)
                for name, spec in numbers.products.items()
            }
        )
        return found

    def _made(self, plan: RepetitionPlan | float, network: Exported | None) -> Setup:
        setup = Setup(self._task, self._hardware, plan, self._conditions, network)
        setup.calibrate()
        return setup


def _alike(setup: Setup, numbers: Arithmetic) -> bool:
    """Return whether products are cut alike, whatever their repetitions."""
    cuts = [
        [replace(spec, repetitions=()) for spec in each.products.values()]
        for each in (setup.simulator.numbers, numbers)
    ]
    return cuts[0] == cuts[1]


def _learning(task: Task) -> Examples:
    """Return the data to learn from."""
    if task.metric != "top1":
        raise WorkloadError(
            f"{task.name}: found the metric {task.metric}; expected top1, since counts are learned "
            "by cross entropy with labels; choose a task that has labels"
        )
    if task.learning is None:
        raise WorkloadError(
            f"{task.name}: found no data to learn from; expected other examples than those that "
            "are tested; add x_learning and y_learning, or set some apart with --learning N"
        )
    return task.learning
