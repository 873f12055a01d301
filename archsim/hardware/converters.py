"""Converters between the digital and the analog domain."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from archsim.documents import Fault, Faults
from archsim.hardware._component import Count, Resolution, Spec
from archsim.hardware._noise_source import Formula, NoiseSource
from archsim.hardware._slots import AdcSlot, DacSlot
from archsim.physics import converters as physics
from archsim.physics import precision
from archsim.physics.repetition import Source
from archsim.units import Hertz, Joule, Metre, SquareMetre, Watt


class Survey(Spec):
    """The fit to the converter survey, at the converter's own rate and effective bits."""

    technology_m: Metre
    """Feature size."""


class Scaled(Spec):
    """A known converter, from which power is scaled by rate and bits."""

    power_w: Watt
    """Its power."""

    rate_hz: Hertz
    """Its rate."""

    bits: Resolution
    """Its resolution."""


class _OneForm(Spec):
    """Exactly one of several ways to give a number."""

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        fields = type(self).model_fields
        given = [name for name in fields if getattr(self, name) is not None]
        if len(given) != 1:
            keys = ", ".join(field.alias or name for name, field in fields.items())
            raise ValueError(f"found {len(given)} forms; expected exactly one of {keys}; keep one")
        return self


class AdcEnergy(_OneForm):
    """Energy of one conversion."""

    fixed_j: Joule | None = None
    """The energy itself; may be written without this key."""

    survey: Survey | None = None
    """By the fit to the survey."""

    walden_j: Annotated[Joule | None, Field(alias="walden")] = None
    """Energy of one conversion step: Walden's figure of merit."""

    scaled: Scaled | None = None
    """Scaled from a known converter."""


class DacEnergy(_OneForm):
    """Energy of one conversion."""

    fixed_j: Joule | None = None
    """The energy itself; may be written without this key."""

    scaled: Scaled | None = None
    """Scaled from a known converter."""


class AdcArea(_OneForm):
    """Area of one converter."""

    fixed_m2: SquareMetre | None = None
    """The area itself; may be written without this key."""

    survey: Survey | None = None
    """By the fit to the survey."""


def _wrap(value: object) -> object:
    """Read a bare quantity as the form ``fixed``."""
    return {"fixed": value} if isinstance(value, str | float | int) else value


class _Converter(Spec):
    bits: Resolution
    """Nominal resolution."""

    count: Count
    """Converters of one set; sets are per core, or shared as the tiles say."""

    clock: str
    """Clock that times it; a conversion takes whole cycles of it, rounded up from the rate."""

    consumption: Literal["dynamic", "static"]
    """``dynamic``: energy for each conversion; ``static``: the rated power whenever on."""


class Adc(_Converter, AdcSlot):
    """An analog-to-digital converter."""

    kind: Literal["adc"] = "adc"

    enob: Annotated[float, Field(ge=1, le=24)] | None = None
    """Effective bits; left out, the nominal ones, that is no noise of its own."""

    energy: Annotated[AdcEnergy, BeforeValidator(_wrap, json_schema_input_type=Joule | AdcEnergy)]
    """Energy of one conversion."""

    area: Annotated[AdcArea, BeforeValidator(_wrap, json_schema_input_type=SquareMetre | AdcArea)]
    """Area of one converter."""

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.effective_bits > self.bits:
            found = f"found {self.enob} effective bits of {self.bits}"
            fault = Fault(("enob",), f"{found}; expected at most the nominal bits; lower it")
            raise Faults([fault])
        if self.energy.survey or self.area.survey:
            survey = self.energy.survey or self.area.survey
            try:
                self._survey(physics.survey_energy_j, survey)
            except ValueError as fault:
                raise Faults([Fault(("enob" if self.enob else "bits",), str(fault))]) from None
        return self

    @property
    def effective_bits(self) -> float:
        """Effective number of bits."""
        return self.bits if self.enob is None else self.enob

    @property
    def area_m2(self) -> float:
        """Area of one converter [m²]."""
        if self.area.fixed_m2 is not None:
            return self.area.fixed_m2
        return self._survey(physics.survey_area_m2, self.area.survey)

    def conversion_j(self) -> float:
        """Return the energy of one conversion [J]."""
        energy = self.energy
        if energy.fixed_j is not None:
            return energy.fixed_j
        if energy.survey is not None:
            return self._survey(physics.survey_energy_j, energy.survey)
        if energy.walden_j is not None:
            return float(physics.walden_energy_j(step_j=energy.walden_j, enob=self.effective_bits))
        return _scaled_j(physics.scaled_adc_power_w, energy.scaled, self.bits, self.rate_hz)

    def costs(self) -> dict[str, float]:
        """Return the energy of one ``convert`` [J]."""
        return {"convert": 0.0 if self.consumption == "static" else self.conversion_j()}

    def static_w(self) -> float:
        """Return the rated power where the consumption is static [W]."""
        return self.conversion_j() * float(self.rate_hz) if self.consumption == "static" else 0.0

    def noise(self) -> tuple[NoiseSource, ...]:
        """Return the converter's own noise, beyond that of its ideal levels."""
        if self.enob is None or self.enob == self.bits:
            return ()
        std = precision.converter_noise_std(bits=self.bits, enob=self.enob)
        return (NoiseSource("adc.noise", Source.READOUT, Formula.CONVERSION, {"std": std}),)

    def _survey(self, formula: Callable[..., float], survey: Survey | None) -> float:
        if survey is None:
            raise TypeError("a form that was not given was asked for")
        return formula(
            enob=self.effective_bits,
            rate_hz=float(self.rate_hz),
            technology_m=survey.technology_m,
        )


class Dac(_Converter, DacSlot):
    """A digital-to-analog converter."""

    kind: Literal["dac"] = "dac"

    energy: Annotated[DacEnergy, BeforeValidator(_wrap, json_schema_input_type=Joule | DacEnergy)]
    """Energy of one conversion."""

    footprint_m2: Annotated[SquareMetre, Field(alias="area")]
    """Area of one converter."""

    @property
    def area_m2(self) -> float:
        """Area of one converter [m²]."""
        return self.footprint_m2

    def conversion_j(self) -> float:
        """Return the energy of one conversion [J]."""
        if self.energy.fixed_j is not None:
            return self.energy.fixed_j
        return _scaled_j(physics.scaled_dac_power_w, self.energy.scaled, self.bits, self.rate_hz)

    def costs(self) -> dict[str, float]:
        """Return the energy of one ``convert`` [J]."""
        return {"convert": 0.0 if self.consumption == "static" else self.conversion_j()}

    def static_w(self) -> float:
        """Return the rated power where the consumption is static [W]."""
        return self.conversion_j() * float(self.rate_hz) if self.consumption == "static" else 0.0


def _scaled_j(
    law: Callable[..., float], known: Scaled | None, bits: int, rate_hz: Fraction
) -> float:
    if known is None:
        raise TypeError("a form that was not given was asked for")
    power_w = law(
        power_w=known.power_w,
        rate_hz=float(rate_hz),
        bits=bits,
        known_rate_hz=float(known.rate_hz),
        known_bits=known.bits,
    )
    return power_w / float(rate_hz)
