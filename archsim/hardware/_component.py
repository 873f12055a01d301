"""What every component model is, and the one table that knows them all.

A component is one class. Deriving it from the class of its slot registers it under its ``kind``;
nothing else has to be edited.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from fractions import Fraction
from math import ceil
from typing import Annotated, Any, ClassVar, Literal, Union, get_args

from pydantic import BaseModel, ConfigDict, Field

from archsim.hardware._noise_source import NoiseSource
from archsim.units import Hertz, SquareMetre, Watt, without_suffix

Count = Annotated[int, Field(ge=1, le=10**9)]
"""How many there are of something."""

Resolution = Annotated[int, Field(ge=1, le=32)]
"""Bits of a converter, a cell or a sum."""

Share = Annotated[float, Field(ge=1e-6, le=1)]
"""A part of one, such as an efficiency; less than a millionth is a slip of the pen."""

Deviation = Annotated[float, Field(ge=0, le=10)]
"""A standard deviation relative to a range."""


class Spec(BaseModel):
    """Part of a machine file: frozen, strict, and nothing unknown in it."""

    model_config = ConfigDict(
        frozen=True,
        strict=True,
        extra="forbid",
        alias_generator=without_suffix,
        populate_by_name=True,
        use_attribute_docstrings=True,
        allow_inf_nan=False,
    )


class Component(Spec, ABC):
    """One instance of a component: its area, what its actions cost, what noise it adds."""

    slot: ClassVar[str] = ""
    """Where in a machine it goes; set by the class of the slot."""

    kind: str

    on: Literal["op", "always"] = "op"
    """When static power is drawn: while an op runs on its tile, or always."""

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Register a class that fixes its ``kind``."""
        super().__pydantic_init_subclass__(**kwargs)
        for kind in get_args(cls.model_fields["kind"].annotation):
            taken = REGISTRY.setdefault(cls.slot, {}).setdefault(kind, cls)
            if taken is not cls:
                raise TypeError(
                    f"{cls.__qualname__}: found the kind {kind!r}, taken by {taken.__qualname__}; "
                    "expected another; rename one of them"
                )
            for told in LATECOMERS:
                told(cls.slot)

    @property
    @abstractmethod
    def area_m2(self) -> float:
        """Area of one instance [m²]."""

    @abstractmethod
    def costs(self) -> dict[str, float]:
        """Return the energy of each action [J]; the ledger multiplies them with its counts."""

    def static_w(self) -> float:
        """Return the power of one instance that is drawn regardless of actions [W]."""
        return 0.0

    def noise(self) -> tuple[NoiseSource, ...]:
        """Return the noise this component adds, before repetition."""
        return ()


REGISTRY: dict[str, dict[str, type[Component]]] = {}
"""Every kind of component: slot, then kind, then class."""


LATECOMERS: list[Callable[[str], None]] = []
"""Told of a slot that gets a further kind once machines are defined."""


class Sized(Component):
    """A component whose area is given."""

    footprint_m2: Annotated[SquareMetre, Field(alias="area")]
    """Area of one instance."""

    @property
    def area_m2(self) -> float:
        """Area of one instance [m²]."""
        return self.footprint_m2


class Powered(Sized):
    """A component whose area and static power are given."""

    static_power_w: Watt
    """Power of one instance that is drawn regardless of its actions."""

    def static_w(self) -> float:
        """Return the static power of one instance [W]."""
        return self.static_power_w


class Rated(Spec):
    """Something that converts at a rate of its own, within the cycles of a clock."""

    rate_hz: Hertz
    """Conversions per second of one instance."""

    def cycles(self, clock_hz: Fraction) -> int:
        """Return the whole cycles of a clock that one conversion takes, rounded up."""
        return ceil(clock_hz / self.rate_hz)


def one_of(slot: str) -> Any:
    """Return the type of a field that holds any registered component of a slot."""
    models = tuple(dict.fromkeys(REGISTRY[slot].values()))
    if len(models) == 1:
        return models[0]
    return Annotated[Union[models], Field(discriminator="kind")]  # noqa: UP007 - built at run time
