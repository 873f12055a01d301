"""Arrays: what multiplies and sums."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from archsim.hardware._component import Deviation
from archsim.hardware._noise_source import Draw, Formula, NoiseSource
from archsim.hardware._slots import ArraySlot
from archsim.physics.repetition import Source
from archsim.units import Decibel


class Mac(ArraySlot):
    """Digital multiply-accumulate cells: exact, without converters."""

    kind: Literal["mac"] = "mac"
    digital: ClassVar[bool] = True


class _Photonic(ArraySlot):
    photonic: ClassVar[bool] = True

    loss_db: Decibel
    """Optical loss of one path through the array, beyond the ideal split over its outputs."""


class FreeSpace(_Photonic):
    """Beams fanned out by lenses onto balanced detectors: time-multiplexed homodyne."""

    kind: Literal["free_space"] = "free_space"
    detection: ClassVar[str | None] = "homodyne"
    dataflow: ClassVar[str | None] = "output_stationary"


class PhotonicTensorCore(_Photonic):
    """Waveguide crossings with a balanced detector each, several wavelengths at once."""

    kind: Literal["photonic_tensor_core"] = "photonic_tensor_core"
    dataflow: ClassVar[str | None] = "output_stationary"


class _Cells(ArraySlot):
    dataflow: ClassVar[str | None] = "weight_stationary"

    weight_std: Deviation | None = None
    """Fresh noise of each weight in each pass, relative to its range; left out, none."""

    weight_draw: Literal["per_pass", "per_forward"] = "per_pass"
    """``per_forward``: one draw for a whole forward pass, only to compare with publications."""

    programming_std: Deviation | None = None
    """Error frozen into each weight when it is written, relative to its range; left out, none.

    A weight of several cells has the one error of all of them together.
    """

    def noise(self) -> tuple[NoiseSource, ...]:
        """Return the noise of the cells, where it is given."""
        levels = (
            ("array.weight", Source.OPERAND, self.weight_std, Draw(self.weight_draw)),
            ("array.programming", Source.PROGRAMMING, self.programming_std, Draw.FROZEN),
        )
        return tuple(
            NoiseSource(name, source, Formula.WEIGHT, {"std": std}, draw)
            for name, source, std, draw in levels
            if std is not None
        )


class RingBank(_Cells, _Photonic):
    """Broadcast and weight: banks of microrings, one ring for each weight."""

    kind: Literal["ring_bank"] = "ring_bank"
    detection: ClassVar[str | None] = "direct"


class _Conductive(_Cells):
    cell_bits: Annotated[int, Field(ge=1, le=16)] | None
    """Bits that one cell holds; null where a cell holds a whole weight."""

    differential: bool
    """Whether a signed weight takes two columns, one for each sign."""

    @property
    def columns_per_cell(self) -> int:
        """Columns that one cell's worth of a weight takes: 2 where each sign has its own."""
        return 2 if self.differential else 1


class Reram(_Conductive):
    """A crossbar of resistive memory cells."""

    kind: Literal["reram"] = "reram"


class Pcm(_Conductive):
    """A crossbar of phase-change memory cells."""

    kind: Literal["pcm"] = "pcm"


class SwitchedCapacitor(_Conductive):
    """A crossbar that sums charge; its columns hold it over several passes."""

    kind: Literal["switched_capacitor"] = "switched_capacitor"
    integrator: ClassVar[bool] = True
