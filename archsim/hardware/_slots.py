"""The slots of a machine, as abstract classes: what all kinds of one slot have in common."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from archsim.hardware._component import Component, Count, Powered, Rated, Sized
from archsim.units import Decibel, Joule


class LaserSlot(Sized):
    """The light of one core."""

    slot: ClassVar[str] = "laser"


class CombSlot(Powered):
    """Makes the wavelengths of one tile from its lasers' light."""

    slot: ClassVar[str] = "comb"

    loss_db: Decibel
    """Optical loss from pump light to the sum of the lines used."""

    def costs(self) -> dict[str, float]:
        """Return no actions: a comb only draws power."""
        return {}


class ModulatorSlot(Powered):
    """Puts symbols on light."""

    slot: ClassVar[str] = "modulator"

    energy_j: Joule
    """Energy of one symbol."""

    loss_db: Decibel
    """Optical insertion loss."""

    def costs(self) -> dict[str, float]:
        """Return the energy of one ``symbol`` [J]."""
        return {"symbol": self.energy_j}


class DacSlot(Component, Rated):
    """Drives an operand of the array from digital words."""

    slot: ClassVar[str] = "dac"


class AdcSlot(Component, Rated):
    """Turns an analog sum into a digital word."""

    slot: ClassVar[str] = "adc"


class DetectorSlot(Powered):
    """Turns light into current."""

    slot: ClassVar[str] = "detector"

    count: Count
    """Detectors of one core; a balanced pair counts as two."""

    def costs(self) -> dict[str, float]:
        """Return no actions: a detector only draws power."""
        return {}


class TiaSlot(Powered):
    """Turns a detector's current, or its charge, into a voltage."""

    slot: ClassVar[str] = "tia"

    count: Count
    """Amplifiers of one core, or of one tile where the cores share converters."""

    def costs(self) -> dict[str, float]:
        """Return no actions: an amplifier only draws power."""
        return {}


class ArraySlot(Powered):
    """What multiplies and sums: the array of one core."""

    slot: ClassVar[str] = "array"
    digital: ClassVar[bool] = False
    """Whether it computes exactly, without converters or noise."""

    photonic: ClassVar[bool] = False
    """Whether it needs a laser and detectors."""

    dataflow: ClassVar[str | None] = None
    """The only dataflow it can serve, where there is but one."""

    detection: ClassVar[str | None] = None
    """The only detection that fits it, where there is but one."""

    integrator: ClassVar[bool] = False
    """Whether its columns hold charge over several passes, so that they can be averaged."""

    mac_energy_j: Joule
    """Energy of one product in one pass or symbol, of those that are used."""

    pass_cycles: Count = 1
    """Cycles of the tiles' clock that one pass (weight stationary) or one symbol takes."""

    write_energy_j: Joule = 0.0
    """Energy to program one physical cell; must be given if weight stationary."""

    write_cycles: Annotated[int, Field(ge=0, le=10**9)] = 0
    """Cycles of the tiles' clock to program one row, all its columns at once; must be given if
    weight stationary."""

    cell_bits: Annotated[int, Field(ge=1, le=16)] | None = None
    """Bits that one cell holds; left out where a cell holds a whole weight."""

    @property
    def columns_per_cell(self) -> int:
        """Columns that one cell's worth of a weight takes: 2 where each sign has its own."""
        return 1

    def costs(self) -> dict[str, float]:
        """Return the energy of one ``mac`` and of one cell's ``write`` [J]."""
        return {"mac": self.mac_energy_j, "write": self.write_energy_j}


class AccumulatorSlot(Powered):
    """Adds converted sums: slices, repetitions, partial sums."""

    slot: ClassVar[str] = "accumulator"


class BufferSlot(Powered):
    """On-chip memory of the machine."""

    slot: ClassVar[str] = "buffer"


class DramSlot(Powered):
    """Off-chip memory of the machine."""

    slot: ClassVar[str] = "dram"


class VectorUnitSlot(Powered):
    """Digital lanes for everything that is no matrix product on the array."""

    slot: ClassVar[str] = "vector_unit"
