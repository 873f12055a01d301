"""Receivers: what turns a detector's current or charge into a voltage."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import model_validator

from archsim.documents import Fault, Faults
from archsim.hardware._component import Deviation
from archsim.hardware._noise_source import Formula, NoiseSource
from archsim.hardware._slots import TiaSlot
from archsim.physics import noise
from archsim.physics.repetition import Source
from archsim.units import AmperePerRootHertz, Farad, Kelvin


class Tia(TiaSlot):
    """A transimpedance amplifier, or an integrating receiver."""

    kind: Literal["tia"] = "tia"

    integrator: bool
    """Whether it holds charge over several symbols or passes until it is read."""

    input_noise_a_per_root_hz: AmperePerRootHertz | None = None
    """White input current noise, one-sided; left out, none."""

    capacitance_f: Farad | None = None
    """Capacitance that is reset and read once per conversion, for kTC noise; left out, none."""

    temperature_k: Kelvin | None = None
    """Temperature of that capacitance."""

    thermal_std: Deviation | None = None
    """Normalised thermal noise, relative to sqrt(fan-in) times both ranges; replaces the others."""

    @model_validator(mode="after")
    def _one_level(self) -> Self:
        faults = []
        if (self.capacitance_f is None) != (self.temperature_k is None):
            missing = "temperature" if self.temperature_k is None else "capacitance"
            text = f"found no {missing} beside the other; expected both or neither; add it"
            faults.append(Fault((missing,), text))
        if self.thermal_std is not None and self.physical_levels:
            text = "found it beside a physical level; expected one of the two; remove one"
            faults.append(Fault(("thermal_std",), text))
        if faults:
            raise Faults(faults)
        return self

    @property
    def physical_levels(self) -> tuple[str, ...]:
        """Fields that give its noise in physical units."""
        names = ("capacitance_f", "input_noise_a_per_root_hz")
        return tuple(name for name in names if getattr(self, name) is not None)

    def noise(self) -> tuple[NoiseSource, ...]:
        """Return the receiver's noise: normalised, or in electrons for each conversion."""
        found = []
        if self.thermal_std is not None:
            parameters = {"std": self.thermal_std}
            found.append(NoiseSource("tia.thermal", Source.THERMAL, Formula.THERMAL, parameters))
        if self.capacitance_f is not None and self.temperature_k is not None:
            electrons = noise.ktc_electrons(self.temperature_k, self.capacitance_f)
            parameters = {"electrons": float(electrons)}
            found.append(NoiseSource("tia.ktc", Source.READOUT, Formula.RECEIVER, parameters))
        return tuple(found)
