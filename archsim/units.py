"""Quantities: text with a unit in files, SI numbers in Python.

A field ``energy_j: Joule`` is written ``energy: 25 fJ`` in a file and is the float ``2.5e-14`` ever
after. There are two families:

* *real* quantities (energy, power, area, ...) become floats, correctly rounded from the text;
* *exact* quantities (frequency, time, byte rate) become ``fractions.Fraction`` and sizes become
  whole bits. They are read from text and never pass through a float, because the tick of a machine
  is the greatest common divisor of its clock periods.

A file may not leave the unit out; Python may pass a number, which is then in SI units. No quantity
here may be negative, and exponents are bounded, so that no text can stand for an infinity or hang
the reader. Times and losses have an upper bound too: beyond it a number is a slip of the pen.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

FROM_FILE = {"from_file": True}
"""Validation context under which a bare number is refused where a unit belongs."""

_STEPS = dict(zip("zafpnum", range(-7, 0), strict=True)) | dict(
    zip("kMGTP", range(1, 6), strict=True)
)
_DECIMAL = {"": Fraction(1)} | {p: Fraction(1000) ** n for p, n in _STEPS.items()}
_DECIMAL |= {"µ": _DECIMAL["u"], "μ": _DECIMAL["u"]}
_BINARY = {f"{p}i": Fraction(1024) ** n for n, p in enumerate("KMGT", start=1)}
_METRES = _DECIMAL | {"c": Fraction(1, 100)}
_NONE = {"": Fraction(1)}

_NUMBER = r"[-+]?\d{1,40}(?:\.\d{0,40})?(?:[eE][-+]?\d{1,2})?"
_TEXT = re.compile(rf"^\s*({_NUMBER}(?:\s?/\s?\d{{1,40}})?)\s*(\S+)\s*$", re.ASCII)


@dataclass(frozen=True, slots=True)
class Quantity:
    """How one physical quantity is written, bounded and stored; annotate a field's type with it."""

    symbols: tuple[str, ...]
    """Spellings of the unit; the first is the one that is written."""

    example: str
    """What an error message offers."""

    prefixes: tuple[tuple[str, Fraction], ...] = tuple(_DECIMAL.items())
    """Allowed prefixes and their factors; a unit with a power raises them to it."""

    convert: Callable[[Fraction], Any] = float
    """From the exact SI value to what Python holds."""

    positive: bool = False
    """Whether zero is refused as well."""

    most: int | None = None
    """Greatest value, in the unit without a prefix; nothing where there is none."""

    def parse(self, text: str) -> Any:
        """Return the value of a text such as ``25 fJ`` in SI units.

        Raises:
            ValueError: The text is no number with this unit, or is out of bounds.
        """
        match = _TEXT.match(text)
        factor = self._factor(match[2]) if match else None
        if match is None or factor is None:
            raise ValueError(self._complaint(text))
        numerator, _, denominator = match[1].replace(" ", "").partition("/")
        if denominator and not int(denominator):
            raise ValueError(self._complaint(text))
        return self._bounded(Fraction(numerator) / int(denominator or 1) * factor, text)

    def write(self, value: Any) -> str:
        """Return text that parses back to exactly this value."""
        return f"{value if isinstance(value, Fraction) else repr(value)} {self.symbols[0]}"

    def _factor(self, unit: str) -> Fraction | None:
        for symbol in self.symbols:
            prefix = unit.removesuffix(symbol)
            if prefix != unit or unit == symbol:
                factor = dict(self.prefixes).get(prefix)
                if factor is not None:
                    return factor
        return None

    def _bounded(self, value: Fraction, found: object) -> Any:
        if value < 0 or (self.positive and value == 0):
            raise ValueError(self._complaint(found))
        if self.most is not None and value > self.most:
            raise ValueError(self._complaint(found))
        if self.convert is int and value.denominator != 1:
            raise ValueError(
                f"found {found!r}; expected a whole number of bits; round it to such as "
                f"{self.example}"
            )
        return self.convert(value)

    def _complaint(self, found: object) -> str:
        bound = "above zero" if self.positive else "not negative"
        if self.most is not None:
            bound += f", at most {self.most} {self.symbols[0]}"
        return (
            f"found {found!r}; expected a quantity in {self.symbols[0]}, {bound}; "
            f"write it with its unit, such as {self.example}"
        )

    def _validate(self, value: object, info: core_schema.ValidationInfo) -> Any:
        if isinstance(value, str):
            return self.parse(value)
        if (info.context or {}).get("from_file") or isinstance(value, bool):
            raise ValueError(self._complaint(value))
        if not isinstance(value, int | float | Fraction):
            raise ValueError(self._complaint(value))  # noqa: TRY004 - pydantic wants ValueError
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError(self._complaint(value))
        if isinstance(value, float) and self.convert is not float and not value.is_integer():
            raise ValueError(
                f"found the float {value!r}; expected an exact quantity in {self.symbols[0]}; "
                f"pass text such as {self.example} or a Fraction"
            )
        return self._bounded(Fraction(value), value)

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.with_info_plain_validator_function(
            self._validate,
            serialization=core_schema.plain_serializer_function_ser_schema(self.write),
        )

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        prefixes = "|".join(re.escape(p) for p, _ in self.prefixes)
        symbols = "|".join(re.escape(s) for s in self.symbols)
        return {
            "type": "string",
            "pattern": rf"^\s*\+?[0-9].*\s*({prefixes})({symbols})\s*$",
            "examples": [self.example],
            "x-unit": self.symbols[0],
        }


def _real(*symbols: str, example: str, positive: bool = False) -> Quantity:
    return Quantity(symbols, example, positive=positive)


def _exact(*symbols: str, example: str, positive: bool = True, most: int | None = None) -> Quantity:
    return Quantity(symbols, example, convert=Fraction, positive=positive, most=most)


_AREA = Quantity(
    ("m^2", "m2", "m²"), "25 um^2", tuple((p, factor**2) for p, factor in _METRES.items())
)

Joule = Annotated[float, _real("J", example="25 fJ")]
Watt = Annotated[float, _real("W", example="5 mW")]
Metre = Annotated[float, _real("m", example="1.55 um", positive=True)]
SquareMetre = Annotated[float, _AREA]
Kelvin = Annotated[float, Quantity(("K",), "300 K", tuple(_NONE.items()))]
Farad = Annotated[float, _real("F", example="1 fF", positive=True)]
Volt = Annotated[float, _real("V", example="0.9 V")]
AmperePerRootHertz = Annotated[float, _real("A/sqrt(Hz)", example="10 pA/sqrt(Hz)")]
JoulePerBit = Annotated[float, _real("J/bit", example="0.1 pJ/bit")]
Decibel = Annotated[float, Quantity(("dB",), "1.2 dB", tuple(_NONE.items()), most=200)]
Hertz = Annotated[Fraction, _exact("Hz", example="5 GHz")]
Second = Annotated[Fraction, _exact("s", example="100 ns", positive=False, most=1)]
BytesPerSecond = Annotated[
    Fraction,
    Quantity(("B/s",), "256 GB/s", tuple((_DECIMAL | _BINARY).items()), Fraction, positive=True),
]
_SIZE_PREFIXES = tuple((_DECIMAL | _BINARY).items())


@dataclass(frozen=True, slots=True)
class _Size(Quantity):
    """A size in bits or bytes: ``2 MiB``, ``512 bit``."""

    def _factor(self, unit: str) -> Fraction | None:
        for symbol, bits in (("bit", 1), ("B", 8)):
            prefix = unit.removesuffix(symbol)
            if prefix != unit and prefix in dict(self.prefixes):
                return dict(self.prefixes)[prefix] * bits
        return None


Bits = Annotated[int, _Size(("bit", "B"), "2 MiB", _SIZE_PREFIXES, convert=int, positive=True)]

_SUFFIXES = {
    "_j_per_bit": "J/bit",
    "_a_per_root_hz": "A/sqrt(Hz)",
    "_byte_per_s": "B/s",
    "_db": "dB",
    "_hz": "Hz",
    "_m2": "m^2",
    "_j": "J",
    "_w": "W",
    "_s": "s",
    "_m": "m",
    "_k": "K",
    "_f": "F",
    "_v": "V",
    "_a": "A",
}


def without_suffix(name: str) -> str:
    """Return the key in a file of a Python field: ``energy_j`` is written ``energy``."""
    return next((name.removesuffix(s) for s in _SUFFIXES if name.endswith(s)), name)


def quantity_of(name: str) -> Quantity | None:
    """Return how the quantity of a Python field is written; None for a bare number."""
    suffix = next((s for s in _SUFFIXES if name.endswith(s)), None)
    if suffix is None or name.endswith("_per_s"):
        return None
    return _AREA if suffix == "_m2" else _real(_SUFFIXES[suffix], example=f"1 {_SUFFIXES[suffix]}")


def with_suffix(key: str, unit: str) -> str:
    """Return the Python name of a key in a file whose quantity has that unit."""
    suffixes = {unit: suffix for suffix, unit in _SUFFIXES.items()} | {"bit": "_bits"}
    suffix = suffixes.get(unit, "")
    return key if key.endswith(suffix) else key + suffix


def unit_of(name: str) -> str:
    """Return the unit that a Python name ends in: ``J`` for ``energy_j``; empty where none is."""
    return next((unit for suffix, unit in _SUFFIXES.items() if name.endswith(suffix)), "")


_PREFIX_OF = {3 * step: prefix for prefix, step in _STEPS.items()} | {0: ""}


def format_si(value: float | Fraction, unit: str, digits: int = 4) -> str:
    """Return a value with an engineering prefix, for people: 2.5e-12 and "J" give ``2.5 pJ``.

    Areas (``m2``) come in mm² or um², sizes (``bit``) in binary bytes.
    """
    number = float(value)
    if not math.isfinite(number):
        return f"{number} {unit}"
    if unit == "m2":
        return _format_area(number, digits)
    if unit == "bit":
        return _format_size(number, digits)
    # Rounding first lets 999.99e-6 become 1 m rather than 1000 u.
    rounded = float(f"{number:.{digits - 1}e}")
    exponent = 3 * math.floor(math.log10(abs(rounded)) / 3 + 1e-12) if rounded else 0
    if exponent not in _PREFIX_OF:
        return f"{number:.{digits}g} {unit}"
    return f"{_plain(rounded / 10.0**exponent, digits)} {_PREFIX_OF[exponent]}{unit}"


def _format_area(area_m2: float, digits: int) -> str:
    area_mm2 = area_m2 * 1e6
    if 0 < area_mm2 < 0.01:  # noqa: PLR2004 - 10,000 um² reads better than 0.01 mm²
        return f"{_plain(area_mm2 * 1e6, digits)} um²"
    return f"{_plain(area_mm2, digits)} mm²"


def _format_size(size_bits: float, digits: int) -> str:
    size = size_bits / 8
    if size != int(size):
        return f"{_plain(size_bits, digits)} bit"
    for prefix in ("", "Ki", "Mi", "Gi"):
        if size < 1024:  # noqa: PLR2004 - the step between binary prefixes
            return f"{_plain(size, digits)} {prefix}B"
        size /= 1024
    return f"{_plain(size, digits)} TiB"


def _plain(number: float, digits: int) -> str:
    text = f"{number:.{digits}g}"
    return f"{float(text):.0f}" if "e" in text else text
