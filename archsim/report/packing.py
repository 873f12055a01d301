"""What it costs that a tile repeats as often as the neediest of its columns.

Mapping sorts an op's output channels by their counts before it cuts them into tiles, so that a
tile's columns are alike. Ideally each would be paid its own count only::

    overhead = (sum over columns of their tile's K) / (sum over columns of their own K) - 1

The first sum is the ledger's: the multiplications that the op's cells did in the run. The second is
those of its products once each, times the mean of the plan's counts.

There is no such figure in joules or seconds. An input is driven once for all columns of a tile, a
round ends with its neediest tile, and converters skip columns that are done: what one column alone
would take of them is not defined. The part that goes with the multiplications is their cells'
energy, and on output-stationary machines the reading and driving of weights.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from archsim.engine import Ledger
from archsim.hardware import Hardware, WeightStationary
from archsim.mapping import Compiled, Placement
from archsim.workload import RepetitionPlan, Workload

DONE = "array.mac"
"""The action of a cell that multiplies once."""


@dataclass(frozen=True, slots=True)
class Packing:
    """What tiles did above the ideal, relative to it.

    Attributes:
        overhead: Over all ops on the arrays, by their multiplications; None where no op has a
            count for each channel.
        by_op: Of each op that has.
    """

    overhead: float | None
    by_op: Mapping[str, float]


UNIFORM = Packing(None, {})
"""That of a run without counts for channels."""


def packing(
    hardware: Hardware,
    workload: Workload,
    compiled: Compiled,
    ledger: Ledger,
    plan: RepetitionPlan,
) -> Packing:
    """Return what a run's tiles did above the ideal of each channel its own count."""
    on_arrays = [op for op in workload.gemms if compiled.placements[op.name].place == "array"]
    counts = {op.name: plan.of_columns(op) for op in on_arrays}
    packed = [name for name, ks in counts.items() if len(ks) > 1]
    if not packed:
        return UNIFORM
    ideal = {
        name: _once(hardware, compiled, compiled.placements[name])
        * (sum(map(Fraction, ks)) / len(ks))
        for name, ks in counts.items()
    }
    done = {name: ledger.actions[name][DONE] for name in counts}
    return Packing(
        overhead=float(sum(done.values()) / sum(ideal.values()) - 1),
        by_op={name: float(done[name] / ideal[name] - 1) for name in packed},
    )


def _once(hardware: Hardware, compiled: Compiled, placement: Placement) -> int:
    """Return the multiplications of an op's cells were it not repeated."""
    tiles = hardware.tiles
    cells = tiles.array.columns_per_cell if isinstance(tiles, WeightStationary) else 1
    slices = placement.input_slices * placement.weight_slices
    return placement.macs * compiled.inputs * slices * cells
