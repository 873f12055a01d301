"""What a machine could do with an op if nothing ever waited: the yardstick of utilization."""

from __future__ import annotations

from fractions import Fraction

from archsim.hardware import Hardware
from archsim.hardware.peak import array_macs_per_s
from archsim.mapping import Placement


def peak_macs_per_s(hardware: Hardware, placement: Placement) -> Fraction:
    """Return the MAC rate of where an op ran: all arrays at its slices, or the vector unit."""
    if placement.place == "vector_unit":
        return hardware.vector_unit.lanes * hardware.clocks[hardware.vector_unit.clock]
    return array_macs_per_s(
        hardware, input_slices=placement.input_slices, weight_slices=placement.weight_slices
    )
