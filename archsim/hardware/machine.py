"""The machine: a tree of components, its clocks and its exact tick."""

from __future__ import annotations

import hashlib
import json
from fractions import Fraction
from functools import cached_property
from math import ceil, gcd, lcm
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    Field,
    ModelWrapValidatorHandler,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
    model_validator,
)
from pydantic_core import InitErrorDetails

from archsim.documents import Fault, Faults
from archsim.hardware._component import Spec
from archsim.hardware._noise_source import NoiseSource
from archsim.hardware._parts import Part, parts_of
from archsim.hardware._rules import faults_of
from archsim.hardware._unions import AnyBuffer, AnyDram, AnyVectorUnit
from archsim.hardware.light import noise_of
from archsim.hardware.tiles import OutputStationary, WeightStationary
from archsim.units import FROM_FILE, Hertz

AnyTiles = Annotated[WeightStationary | OutputStationary, Field(discriminator="dataflow")]


class Hardware(Spec):
    """A machine."""

    format: Literal[1]
    """Version of this format."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    """What reports call it."""

    description: str
    """What it is, for people."""

    clocks: Annotated[dict[str, Hertz], Field(min_length=1)]
    """Frequencies by name; the tick is the greatest common divisor of their periods."""

    tiles: AnyTiles
    """Arrays with their converters."""

    buffer: AnyBuffer
    """On-chip memory that all tiles share."""

    dram: AnyDram
    """Off-chip memory."""

    vector_unit: AnyVectorUnit
    """Digital lanes for everything that is no matrix product on the array."""

    sources: dict[str, str]
    """Where each number is from, by its path; a path covers all that is under it."""

    @model_validator(mode="wrap")
    @classmethod
    def _consistent(
        cls, data: Any, handler: ModelWrapValidatorHandler[Self], info: ValidationInfo
    ) -> Self:
        """Check the parts against each other, even where some of them have faults of their own."""
        try:
            machine = handler(data)
        except ValidationError as found:
            if info.mode != "json":
                raise
            sound = _sound_sections(data, found)
            faults = tuple(faults_of(cls.model_construct(**sound), sound))
            raise _joined(found, faults) from None
        if faults := tuple(faults_of(machine, _SECTIONS)):
            raise Faults(faults)
        return machine

    @cached_property
    def tick_s(self) -> Fraction:
        """The exact greatest common divisor of all clock periods [s]."""
        return common_tick_s(self.clocks.values())

    def ticks(self, clock: str, cycles: int) -> int:
        """Return the ticks of whole cycles of a clock, exactly."""
        return cycles * self._ticks_per_cycle[clock]

    def ticks_of_time(self, clock: str, time_s: Fraction) -> int:
        """Return the ticks of a time, rounded up to whole cycles of a clock."""
        return self.ticks(clock, ceil(time_s * self.clocks[clock]))

    @cached_property
    def _ticks_per_cycle(self) -> dict[str, int]:
        return {name: int(1 / (hz * self.tick_s)) for name, hz in self.clocks.items()}

    @property
    def power_limits(self) -> tuple[float, float] | None:
        """Least and greatest repetitions that the laser allows, where repetition is by power."""
        laser = self.tiles.laser
        if laser is None or laser.min_power_w is None or laser.max_power_w is None:
            return None
        return laser.min_power_w / laser.power_w, laser.max_power_w / laser.power_w

    def parts(self) -> dict[str, Part]:
        """Return what the machine is made of: one part per slot in use, in a fixed order."""
        return parts_of(self)

    def noise(self) -> tuple[NoiseSource, ...]:
        """Return every noise source of one base pass, with all that its formula needs."""
        return noise_of(self)

    @cached_property
    def hash(self) -> str:
        """SHA-256 of everything that can change a result: not of description and sources."""
        data = self.model_dump(by_alias=True, exclude={"description", "sources"})
        text = json.dumps(data, sort_keys=True, separators=(",", ":"), allow_nan=False)
        return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"

    def dump(self) -> dict[str, Any]:
        """Return plain data that loads back to an equal machine."""
        return _needed(self, self.model_dump(mode="json", by_alias=True))


def _needed(part: BaseModel, data: dict[str, Any]) -> dict[str, Any]:
    """Return a part's data without keys that are null by default."""
    found = {}
    for name, field in type(part).model_fields.items():
        key, value = field.alias or name, getattr(part, name)
        if isinstance(value, BaseModel):
            found[key] = _needed(value, data[key])
        elif value is not None or field.default is not None:
            found[key] = data[key]
    return found


def common_tick_s(clocks_hz: Any) -> Fraction:
    """Return the greatest common divisor of the periods of some frequencies [s]."""
    frequencies = [Fraction(hz) for hz in clocks_hz]
    # gcd(1/f) = 1/lcm(f), and for reduced fractions lcm(a/b, c/d) = lcm(a, c)/gcd(b, d).
    numerator = lcm(*(hz.numerator for hz in frequencies))
    denominator = gcd(*(hz.denominator for hz in frequencies))
    return Fraction(denominator, numerator)


_SECTIONS: dict[str, Any] = {
    "clocks": dict[str, Hertz],
    "tiles": AnyTiles,
    "buffer": AnyBuffer,
    "dram": AnyDram,
    "vector_unit": AnyVectorUnit,
}


def _sound_sections(data: Any, found: ValidationError) -> dict[str, Any]:
    """Return the sections of a faulty file that have no fault themselves."""
    faulty = {fault["loc"][0] for fault in found.errors() if fault["loc"]}
    return {
        name: TypeAdapter(kind).validate_json(json.dumps(data[name]), context=FROM_FILE)
        for name, kind in _SECTIONS.items()
        if name not in faulty and isinstance(data, dict) and name in data
    }


def _joined(found: ValidationError, faults: tuple[Fault, ...]) -> ValidationError:
    """Return the same error with further faults."""
    details: list[InitErrorDetails] = [
        {"type": e["type"], "loc": e["loc"], "input": e["input"], "ctx": e.get("ctx", {})}
        for e in found.errors()
    ]
    if faults:
        details.append(
            {"type": "value_error", "loc": (), "input": None, "ctx": {"error": Faults(faults)}}
        )
    return ValidationError.from_exception_data(found.title, details, input_type="json")
