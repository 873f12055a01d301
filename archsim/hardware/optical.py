"""Light: lasers, combs, modulators and detectors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from archsim.documents import Fault, Faults
from archsim.hardware._component import Deviation, Share
from archsim.hardware._noise_source import Formula, NoiseSource
from archsim.hardware._slots import CombSlot, DetectorSlot, LaserSlot, ModulatorSlot
from archsim.physics import optics
from archsim.physics.repetition import Source
from archsim.units import Metre, Watt, format_si


class Laser(LaserSlot):
    """A continuous laser; its power stands once and gives both energy and shot noise."""

    kind: Literal["laser"] = "laser"

    power_w: Annotated[Watt, Field(gt=0)]
    """Optical power for one core in one base pass."""

    wall_plug_efficiency: Share
    """Optical power out over electrical power in."""

    wavelength_m: Metre
    """Vacuum wavelength; the centre of them where there are several."""

    min_power_w: Annotated[Watt, Field(gt=0)] | None = None
    """Lowest optical power; needed for ``repetition: power``."""

    max_power_w: Annotated[Watt, Field(gt=0)] | None = None
    """Highest optical power; needed for ``repetition: power``."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        faults = list(self._misfits())
        if faults:
            raise Faults(faults)
        return self

    def _misfits(self) -> Iterator[Fault]:
        if self.min_power_w is not None and self.min_power_w > self.power_w:
            limit, power = format_si(self.min_power_w, "W"), format_si(self.power_w, "W")
            found = f"found {limit}, above the power of {power}"
            yield Fault(("min_power",), f"{found}; expected at most the power; lower it")
        if self.max_power_w is not None and self.max_power_w < self.power_w:
            limit, power = format_si(self.max_power_w, "W"), format_si(self.power_w, "W")
            found = f"found {limit}, below the power of {power}"
            yield Fault(("max_power",), f"{found}; expected at least the power; raise it")

    def static_w(self) -> float:
        """Return the electrical power [W]: optical power over wall-plug efficiency."""
        return float(optics.electrical_w(self.power_w, self.wall_plug_efficiency))

    def costs(self) -> dict[str, float]:
        """Return no actions: a laser only draws power."""
        return {}


class FrequencyComb(CombSlot):
    """A microresonator comb: many lines from one pump."""

    kind: Literal["frequency_comb"] = "frequency_comb"


class _Modulator(ModulatorSlot):
    symbol_std: Deviation | None = None
    """Fresh error of each symbol, standard deviation relative to its range; left out, none."""

    def noise(self) -> tuple[NoiseSource, ...]:
        """Return the fresh error of the symbols, where one is given."""
        if self.symbol_std is None:
            return ()
        parameters = {"std": self.symbol_std}
        return (NoiseSource("modulator.input", Source.OPERAND, Formula.INPUT, parameters),)


class Mzm(_Modulator):
    """A Mach-Zehnder modulator."""

    kind: Literal["mzm"] = "mzm"


class RingModulator(_Modulator):
    """A microring modulator; the power to hold it on resonance is its static power."""

    kind: Literal["ring_modulator"] = "ring_modulator"


class Photodiode(DetectorSlot):
    """A photodiode, or one of a balanced pair."""

    kind: Literal["photodiode"] = "photodiode"

    detection: Literal["homodyne", "direct"]
    """``homodyne``: the interference of two arms on a balanced pair; ``direct``: intensity."""

    quantum_efficiency: Share
    """Electrons per photon."""

    photons_per_mac: Annotated[float, Field(ge=1e-6, le=1e18)] | None = None
    """Mean photons of one multiply-accumulate in a base pass: normalised shot noise.

    The light is then taken as rescaled to each vector's norm. Homodyne counts detected photons of
    both arms, direct detection photons at the input. Left out, shot noise follows from the laser's
    power and the losses, at full scale.
    """
