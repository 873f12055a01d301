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
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from archsim import engine as engines
from archsim.errors import ConfigError
from archsim.hardware import Hardware, WeightStationary
from archsim.mapping import compile_workload, tiles_of_use
from archsim.physics.repetition import Repetition
from archsim.report.headline import headline
from archsim.workload import RepetitionPlan, Workload

if TYPE_CHECKING:
    from archsim.functional.learning.search import PlanOf

Floats: TypeAlias = NDArray[np.float64]


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
            ``at`` [P, G].
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
    def knots(self) -> Floats:
        """Return the counts [knots] that tables are linear between: the grid, and all in ``at``."""
        return np.union1d(self.counts, self.at)

    def table(self, amount: str) -> Floats:
        """Return ``energy_j`` or ``latency_s`` at all knots [P, knots].

        Each parameter's is linear between the counts of the grid and its own in ``at``.
        """
        here = getattr(self.here, amount)
        rows = []
        for now, costs in zip(self.at, getattr(self, amount), strict=True):
            counts, first = np.unique(np.append(self.counts, now), return_index=True)
            rows.append(np.interp(self.knots, counts, np.append(costs, here)[first]))
        return np.array(rows)


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


def marginal(  # noqa: PLR0913 - what is run, around which counts, and what is told on the way
    hardware: Hardware,
    workload: Workload,
    plan_of: PlanOf,
    at: Sequence[float],
    *,
    counts: Sequence[float],
    run: Callable[[RepetitionPlan], Outlay] | None = None,
    tell: Callable[[int, int], None] | None = None,
) -> Marginal:
    """Return what a run of one input takes if one parameter's count is another one.

    Args:
        hardware: The machine.
        workload: The network.
        plan_of: Makes the plan of a vector of counts.
        at: The counts to stand at, one for each parameter.
        counts: The grid, rising; fractions only where repetition is by power, where tables are
            straight lines and two counts are enough.
        run: Returns what a plan takes; :func:`outlay` if not given.
        tell: Called after each run with how many of how many are there.

    Raises:
        ConfigError: No parameter, a grid that does not rise, or a machine whose weights stay in the
            tiles so that prices of its ops cannot be taken apart.
        ArchsimError: The machine cannot run the plan at ``at``, or with a count of the grid.
    """
    _check_machine(hardware, workload)
    _check_grid(at, counts)
    stand, least = tuple(at), (counts[0],) * len(at)
    changed = [
        (*stand[:parameter], count, *stand[parameter + 1 :])
        for parameter in range(len(stand))
        for count in counts
    ]
    vectors = list(dict.fromkeys([stand, least, *changed]))
    found: dict[tuple[float, ...], Outlay] = {}
    for vector in vectors:
        plan = plan_of(vector)
        found[vector] = outlay(hardware, workload, plan) if run is None else run(plan)
        if tell is not None:
            tell(len(found), len(vectors))
    energy_j, latency_s = (
        np.reshape([getattr(found[each], amount) for each in changed], (len(stand), len(counts)))
        for amount in ("energy_j", "latency_s")
    )
    tables = np.array(counts, float), energy_j, latency_s, np.array(at, float)
    return Marginal(*tables, here=found[stand], least=found[least])


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
