"""What the arrays of a machine could do if nothing ever waited."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from archsim.hardware.tiles import OutputStationary

if TYPE_CHECKING:
    from archsim.hardware.machine import Hardware


def array_macs_per_s(
    hardware: Hardware, *, input_slices: int = 1, weight_slices: int = 1
) -> Fraction:
    """Return the MAC rate of all arrays at operands of so many slices, without any stall.

    tiles · cores · products of a pass / (passes of one vector · time of a pass)

    Every slice of the inputs takes a pass. Slices of weights take neighbouring columns of a
    weight-stationary array, each as many as its cells need for both signs, or further passes of an
    output-stationary one. Repetitions are not part of it: they buy precision.
    """
    tiles = hardware.tiles
    if isinstance(tiles, OutputStationary):
        products, passes = tiles.products_per_pass, input_slices * weight_slices
    else:
        cells = weight_slices * tiles.array.columns_per_cell
        products, passes = tiles.rows * (tiles.columns // cells), input_slices
    pass_s = Fraction(tiles.array.pass_cycles) / hardware.clocks[tiles.clock]
    return tiles.arrays * products / (passes * pass_s)
