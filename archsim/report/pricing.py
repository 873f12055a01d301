"""What repetitions cost on a machine: the tables that learning with machine prices descends.

The price of a plan is the whole run's energy and latency, so converters, memories and the static
power over the added time are in it. A learner has P parameters: the count of one op each, or of
a group of its output channels. Around a vector of counts ``at`` the price is taken apart::

    C(K) ~ C(at) + sum over p of [T_p(K_p) - C(at)]

``T_p(k)`` is the price of one whole run with parameter p at k and all others as in ``at``. So the
sum is exact at ``at`` and wherever a single parameter leaves it for a count of the grid; between
counts tables are linear. It does not know how two parameters act together, such as an op that hides
the loading of the next one's weights: refresh the tables when the counts have moved far.

Refused: machines whose weights stay in the tiles (``reload: false``), where these repeat in space,
or are too few for all replicas that are of use. They share their tiles out anew for every plan, so
a count of one op moves the replicas, and the programming, of all others: for a count for each op of
ResNet-20, on 8,000 and 2,000 tiles of ``crossbar``, the sum's latency was up to 3 % and 13 % off
for counts within a factor of 2, measured, and nothing on its 32,256. Several groups of one op's
columns work in lock step there, so that far from ``at`` their sum is too high: by 18 % in latency
for LeNet-5 in 10 groups, all counts doubled.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import inf
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from archsim import engine as engines
from archsim.engine.trace import Progress
from archsim.errors import ConfigError, MappingError, WorkloadError
from archsim.hardware import Hardware, WeightStationary
from archsim.mapping import compile_workload, tiles_of_use
from archsim.physics.repetition import Repetition
from archsim.report.headline import headline
from archsim.workload import RepetitionPlan, Workload

Floats: TypeAlias = NDArray[np.float64]
PlanOf: TypeAlias = Callable[[Sequence[float]], RepetitionPlan]
"""Makes the plan of a vector of counts, one for each parameter."""


@dataclass(frozen=True, slots=True)
class Outlay:
    """What one run takes: a report's ``energy_j`` and ``latency_s``, and nothing else of it."""

    energy_j: float
    latency_s: float


@dataclass(frozen=True, eq=False)
class Marginal:
    """What a run takes if one parameter's count is another one.

    Attributes:
        counts: The grid [G], rising.
        energy_j: Of the whole run, with one parameter at a count of the grid and all others as in
            ``at`` [P, G]; infinite where the machine cannot repeat so often.
        latency_s: The same for the latency.
        at: The counts [P] that the tables were made around.
        here: What the run takes at ``at``.
        least: What it takes with all parameters at the grid's least count.
    """

    counts: Floats
    energy_j: Floats
    latency_s: Floats
    at: Floats
    here: Outlay
    least: Outlay

    @property
    def most(self) -> Floats:
        """Return how often each parameter can be repeated [P], the others as in ``at``."""
        return np.array([self.knots(p)[0][-1] for p in range(len(self.at))])

    def knots(self, parameter: int) -> tuple[Floats, Floats, Floats]:
        """Return the counts, energies [J] and latencies [s] that one table is linear between.

        They are those of the grid that the machine can do, and the count in ``at``.
        """
        can = np.isfinite(self.energy_j[parameter])
        counts = np.append(self.counts[can], self.at[parameter])
        energy_j = np.append(self.energy_j[parameter, can], self.here.energy_j)
        latency_s = np.append(self.latency_s[parameter, can], self.here.latency_s)
        order = np.unique(counts, return_index=True)[1]
        return counts[order], energy_j[order], latency_s[order]

    def outlay(self, counts: Sequence[float]) -> Outlay:
        """Return what a run takes by these tables.

        C(K) = C(at) + sum over p of [T_p(K_p) - C(at)]

        Raises:
            ConfigError: Not one count for each parameter, or some that the tables do not reach.
        """
        self._check(counts)
        energy_j, latency_s = self.here.energy_j, self.here.latency_s
        for parameter, count in enumerate(counts):
            knots, energies_j, latencies_s = self.knots(parameter)
            energy_j += float(np.interp(count, knots, energies_j)) - self.here.energy_j
            latency_s += float(np.interp(count, knots, latencies_s)) - self.here.latency_s
        return Outlay(energy_j, latency_s)

    def _check(self, counts: Sequence[float]) -> None:
        if len(counts) != len(self.at):
            raise ConfigError(
                f"prices: found {len(counts)} counts; expected {len(self.at)}, one for each "
                "parameter; give as many"
            )
        ends = [(k, self.knots(p)[0]) for p, k in enumerate(counts)]
        faults = [
            f"prices: parameter {p}: found count {k:g}; expected {knots[0]:g} to {knots[-1]:g}, "
            "which its table covers; bound it, or make tables over more counts"
            for p, (k, knots) in enumerate(ends)
            if not knots[0] <= k <= knots[-1]
        ]
        if faults:
            raise ConfigError("\n".join(faults))


def outlay(
    hardware: Hardware, workload: Workload, plan: RepetitionPlan | int | float, *, batch: int = 1
) -> Outlay:
    """Return what a ``serial`` run takes, as its report would say, without making the report.

    Raises:
        ArchsimError: The plan does not fit the workload, or the machine cannot run it.
    """
    compiled = compile_workload(workload, hardware, plan, batch=batch)
    found = headline(hardware, compiled, engines.run(compiled.program))
    return Outlay(found.energy_j, found.latency_s)


def grid(least: int, most: int) -> tuple[int, ...]:
    """Return counts to make tables over: ``least``, its doubles, ``most``.

    A cost is a straight line but for bends where the op comes out of the shadow of another
    resource. Between doubles, for counts to 64, that was at most 0.5 % of a whole run on
    ``homodyne`` (ResNet-20; a dozen ops each of MiniLM and EfficientNet-Lite0), and nothing to
    speak of for ResNet-20 on ``ring_bank`` and ``dota_b``, measured.

    Raises:
        ConfigError: There is no such range.
    """
    if not 1 <= least <= most:
        raise ConfigError(
            f"prices: found counts from {least} to {most}; expected 1 <= least <= most; give such"
        )
    doubles = (least << n for n in range((most // least).bit_length()))
    return tuple(dict.fromkeys((*doubles, most)))


def marginal(
    hardware: Hardware,
    workload: Workload,
    plan_of: PlanOf,
    at: Sequence[float],
    *,
    counts: Sequence[float],
    progress: Progress | None = None,
) -> Marginal:
    """Return what a run of one input takes if one parameter's count is another one.

    Counts above a parameter's in ``at`` may be more than the machine can do: more repetitions in
    space than tiles, or more light than the laser has. From the first such one up the parameter's
    table is infinite; ``Marginal.most`` is the last one before.

    Args:
        hardware: The machine.
        workload: The network.
        plan_of: Makes the plan of a vector of counts.
        at: The counts to stand at, one for each parameter.
        counts: The grid, rising; fractions only where repetition is by power, where tables are
            straight lines and two counts are enough.
        progress: Called with how many parameters' tables of how many are done.

    Raises:
        ConfigError: No parameter, a grid that does not rise, or a machine whose weights stay in the
            tiles so that prices of its ops cannot be taken apart.
        ArchsimError: The machine cannot run the plan at ``at``, or at lower counts of the grid.
    """
    _check_machine(hardware, workload)
    _check_grid(at, counts)
    known: dict[tuple[float, ...], Outlay] = {}

    def price(vector: tuple[float, ...]) -> Outlay:
        if vector not in known:
            known[vector] = outlay(hardware, workload, plan_of(vector))
        return known[vector]

    stand = tuple(at)
    here, least = price(stand), price((counts[0],) * len(stand))
    energy_j = np.full((len(stand), len(counts)), inf)
    latency_s = energy_j.copy()
    for parameter, now in enumerate(stand):
        for place, count in enumerate(counts):
            try:
                cost = price((*stand[:parameter], count, *stand[parameter + 1 :]))
            except (MappingError, WorkloadError):
                if count <= now:
                    raise  # what more repetitions could do, fewer can: something else is wrong
                break
            energy_j[parameter, place] = cost.energy_j
            latency_s[parameter, place] = cost.latency_s
        if progress is not None:
            progress(parameter + 1, len(stand))
    return Marginal(np.array(counts, float), energy_j, latency_s, np.array(at, float), here, least)


def _check_machine(hardware: Hardware, workload: Workload) -> None:
    """Refuse a machine on which an op's count changes what others take."""
    tiles = hardware.tiles
    if not isinstance(tiles, WeightStationary) or tiles.reload:
        return
    if tiles.repetition is Repetition.SPACE:
        remedy = "repeat in time"
    elif (needed := tiles_of_use(workload, hardware)) > tiles.count:
        remedy = f"raise tiles.count to {needed}"
    else:
        return
    raise ConfigError(
        f"prices: found tiles.reload: false in '{hardware.name}', whose {tiles.count} tiles are "
        "shared out among all ops anew for every plan; expected a machine where an op's count "
        f"changes only what that op takes; {remedy}, set tiles.reload: true, or pay photons "
        "(--cost photons)"
    )


def _check_grid(at: Sequence[float], counts: Sequence[float]) -> None:
    if not len(at):
        raise ConfigError("prices: found no parameter; expected one at least; plan some op")
    if not len(counts) or counts[0] <= 0 or any(a >= b for a, b in pairwise(counts)):
        found = ", ".join(f"{count:g}" for count in counts) or "none"
        raise ConfigError(
            f"prices: found counts {found}; expected rising numbers above 0; sort them, each once"
        )
