"""Digital parts: adders, memories and the vector unit."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from archsim.hardware._component import Count, Resolution, Spec
from archsim.hardware._slots import AccumulatorSlot, BufferSlot, DramSlot, VectorUnitSlot
from archsim.units import Bits, BytesPerSecond, Joule, JoulePerBit, Second


class Accumulator(AccumulatorSlot):
    """An adder with a register: one of those that a tile has."""

    kind: Literal["accumulator"] = "accumulator"

    bits: Resolution
    """Width of a sum."""

    count: Count
    """Adders of one tile, working in parallel."""

    clock: str
    """Clock of one addition."""

    energy_j: Joule
    """Energy of one addition, register included."""

    def costs(self) -> dict[str, float]:
        """Return the energy of one ``add`` [J]."""
        return {"add": self.energy_j}


class Ports(Spec):
    """Ports of a memory."""

    read: Count
    """Ports that read, one word a cycle each."""

    write: Count
    """Ports that write, one word a cycle each."""


class Sram(BufferSlot):
    """Static memory that all tiles share."""

    kind: Literal["sram"] = "sram"

    size_bits: Annotated[Bits, Field(alias="size")]
    """Capacity."""

    ports: Ports
    """Ports, each one word wide."""

    width_bits: Annotated[Bits, Field(alias="width")]
    """Bits of one word."""

    clock: str
    """Clock of one access."""

    line_buffer: bool
    """Whether overlapping convolution windows are read from the buffer only once."""

    read_energy_j_per_bit: JoulePerBit
    """Energy of reading one bit."""

    write_energy_j_per_bit: JoulePerBit
    """Energy of writing one bit."""

    def costs(self) -> dict[str, float]:
        """Return the energy of ``read_bit`` and ``write_bit`` [J]."""
        return {"read_bit": self.read_energy_j_per_bit, "write_bit": self.write_energy_j_per_bit}


class Dram(DramSlot):
    """Off-chip memory; its kinds differ only in their numbers."""

    kind: Literal["ddr3", "ddr4", "lpddr4", "hbm2", "hbm3"]

    bandwidth_byte_per_s: BytesPerSecond
    """Bytes per second, reads and writes together."""

    latency_s: Second
    """From request to first data."""

    clock: str
    """Clock to whose cycles its times are rounded up."""

    arbitration: Literal["static", "fcfs", "priority"]
    """Who is served first: an order fixed when compiling, first come, or the earlier op."""

    read_energy_j_per_bit: JoulePerBit
    """Energy of reading one bit, interface included."""

    write_energy_j_per_bit: JoulePerBit
    """Energy of writing one bit, interface included."""

    def costs(self) -> dict[str, float]:
        """Return the energy of ``read_bit`` and ``write_bit`` [J]."""
        return {"read_bit": self.read_energy_j_per_bit, "write_bit": self.write_energy_j_per_bit}


class VectorUnit(VectorUnitSlot):
    """Parallel lanes with a multiplier and a unit for special functions each."""

    kind: Literal["vector_unit"] = "vector_unit"

    lanes: Count
    """Operations at once."""

    clock: str
    """Clock of the lanes."""

    special_cycles: Count
    """Cycles of one lane for a special function (exp, erf, square root, reciprocal, ...)."""

    simple_energy_j: Joule
    """Energy of an addition, multiplication or comparison, registers included."""

    special_energy_j: Joule
    """Energy of a special function."""

    mac_energy_j: Joule
    """Energy of a multiply-accumulate."""

    staging_bits: Annotated[Bits, Field(alias="staging")]
    """Operands are moved in pieces of at most this size."""

    def costs(self) -> dict[str, float]:
        """Return the energy of ``simple``, ``special`` and ``mac`` [J]."""
        return {
            "simple": self.simple_energy_j,
            "special": self.special_energy_j,
            "mac": self.mac_energy_j,
        }
