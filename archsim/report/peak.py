"""What a machine could do if nothing ever waited: the yardstick of utilization."""

from __future__ import annotations

from fractions import Fraction

from archsim.hardware import Hardware, WeightStationary
from archsim.mapping import Placement


def peak_macs_per_s(hardware: Hardware, placement: Placement) -> Fraction:
    """Return the MAC rate of the whole machine at an op's slices, without any stall.

    tiles · cores · products of a pass / (passes of one vector · time of a pass)

    Every slice of the inputs takes a pass. Slices of weights take neighbouring columns of a
    weight-stationary array, or further passes of an output-stationary one. Repetitions are not
    part of it: they buy precision, so that they show as lower utilization. For an op of the vector
    unit it is what its lanes could do.
    """
    if placement.place == "vector_unit":
        return hardware.vector_unit.lanes * hardware.clocks[hardware.vector_unit.clock]
    tiles = hardware.tiles
    if isinstance(tiles, WeightStationary):
        products = tiles.rows * (tiles.columns // placement.weight_slices)
        passes = placement.input_slices
    else:
        products = tiles.products_per_pass
        passes = placement.input_slices * placement.weight_slices
    rate_hz = hardware.clocks[tiles.clock] / (tiles.array.pass_cycles * passes)
    return tiles.arrays * products * rate_hz
