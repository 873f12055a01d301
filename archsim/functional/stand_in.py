"""Noise bits put to the test: a quantiser as coarse as the noise should do as much harm.

Noise is switched off and each product's result is rounded to the step whose error has the noise's
variance, sqrt(12)·sigma, with sigma the root mean square over examples and positions of each
channel. If noise bits mean anything, the network is then as accurate as with the noise.

Where a channel's levels lie within a step is left to chance, anew in each trial: were zero always
one of them, the many results near zero would be rounded to it together, and suffer less than from
noise. It is for noise of one spread, such as thermal noise. Shot noise is strongest where inputs
are, so it does more harm than its root mean square tells.

References:
    S. Garg et al., IEEE JSTQE 29(2) (2023), doi 10.1109/JSTQE.2022.3218019: the same experiment.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt
from typing import Any

import torch

from archsim.errors import ConfigError
from archsim.frontend import Exported
from archsim.functional.accuracy import Estimate
from archsim.functional.conditions import Conditions
from archsim.functional.draws import Draws
from archsim.functional.estimates import Estimates
from archsim.functional.passes import Progress
from archsim.functional.recording import Recorder
from archsim.functional.setup import Plan, Setup
from archsim.functional.task import Task
from archsim.hardware import Hardware


@dataclass(frozen=True, slots=True)
class StandIn:
    """A network with noise beside the same with quantisers of as many bits.

    Attributes:
        metric: What is measured.
        unit: Its unit; empty for a bare number.
        examples: How many were tested.
        trials: How often, with new noise and with new places of levels.
        quantised: Accuracy of the network without either.
        noisy: With noise.
        rounded: With the quantisers instead: mean over as many places of their levels.
        difference: What the quantisers take away beyond the noise, on the same examples.
    """

    metric: str
    unit: str
    examples: int
    trials: int
    quantised: float
    noisy: Estimate
    rounded: Estimate
    difference: Estimate


def check_noise_bits(  # noqa: PLR0913 - as for evaluate
    task: Task,
    hardware: Hardware,
    plan: Plan = 1,
    conditions: Conditions | None = None,
    *,
    network: Exported | None = None,
    progress: Progress | None = None,
    resampled: Progress | None = None,
    **changed: Any,
) -> StandIn:
    """Return how accurate a network is with noise, and with a quantiser for each noise.

    Arguments are those of :func:`archsim.functional.evaluate`.

    Raises:
        ConfigError: No noise acts.
        ArchsimError: As for :func:`archsim.functional.evaluate`.
    """
    how = Conditions.of(conditions, changed)
    setup = Setup(task, hardware, plan, how, network, progress)
    if not setup.noise:
        raise ConfigError(
            f"{hardware.name}: found no noise that acts; expected some to compare with; choose a "
            "machine or sources that have some"
        )
    passes, simulator, trials = setup.passes, setup.simulator, range(how.trials)
    estimates = Estimates(setup.task, how.seed, resampled, intervals=3)
    passes.expect(1 + 2 * how.trials, recording=True)
    setup.calibrate()
    quantised = passes.results(simulator)
    noisy = [passes.results(simulator, setup.draws(trial)) for trial in trials]
    recorders = passes.record(simulator, setup.draws(0))
    rounded = []
    for trial in trials:
        simulator.stand_in(_levels(recorders, Draws(how.seed, trial)))
        rounded.append(passes.results(simulator))
    simulator.stand_in(None)
    return StandIn(
        metric=passes.metric.name,
        unit=passes.metric.unit,
        examples=len(setup.task.targets),
        trials=how.trials,
        quantised=estimates.value(quantised),
        noisy=estimates.mean(noisy),
        rounded=estimates.mean(rounded),
        difference=estimates.difference(noisy, rounded),
    )


def _levels(
    recorders: Mapping[str, Recorder], draws: Draws
) -> dict[str, tuple[torch.Tensor, torch.Tensor]]:
    """Return step and one level of each product's quantiser, by channel."""
    found = {}
    for name, recorder in recorders.items():
        steps = sqrt(12) * recorder.noise_std
        generator = draws.generator(name, "levels", steps.device)
        found[name] = (
            steps,
            steps * torch.rand(steps.shape, generator=generator, dtype=steps.dtype),
        )
    return found
