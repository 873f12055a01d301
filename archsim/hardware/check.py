"""What a designer wants to know about a machine before running anything on it."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from archsim.hardware._advice import advice
from archsim.hardware._slots import ArraySlot, ModulatorSlot
from archsim.hardware.converters import Adc, Dac
from archsim.hardware.digital import Accumulator
from archsim.hardware.light import Light, light_of, noise_of
from archsim.hardware.machine import Hardware
from archsim.hardware.peak import array_macs_per_s
from archsim.hardware.precision import NoiseFigure, figures, levels, path_enob
from archsim.hardware.tiles import OutputStationary

BITS = 8
"""Operands of the common figures."""

EXAMPLE_FAN_IN = 1024
"""Fan-in at which precision is given where a whole dot product is integrated."""


@dataclass(frozen=True, slots=True)
class Facts:
    """Figures derived from a machine; nothing here is measured by a run."""

    name: str
    """The machine."""

    hash: str
    """Hash of the machine."""

    tick_s: Fraction
    """Resolution of time."""

    pass_s: Fraction
    """Duration of one pass or symbol."""

    block_s: Fraction | None
    """Time to convert all sums of one array; nothing on a digital machine."""

    native_bits: tuple[int, int] | None
    """Bits of input and weight that one pass takes; nothing where any width fits."""

    native_macs_per_s: float
    """Peak rate at those bits."""

    macs_per_s: float
    """Peak rate at 8-bit inputs and weights."""

    fan_in: int
    """Products that one conversion reads, for the figures of noise."""

    light: Light | None
    """Link budget of one core."""

    noise: tuple[NoiseFigure, ...]
    """Standard deviation of each noise source at that fan-in, operands at full scale, and of the
    converter's levels."""

    enob: float | None
    """Effective bits of the analog path against all of them; nothing where it has none."""

    laser_w: float
    """Electrical power of all lasers."""

    power_w: dict[str, float]
    """Rated power by part: all static power, converters and symbols and passes at full rate.

    Memories and the vector unit are in it with their static power alone.
    """

    area_m2: dict[str, float]
    """Area by part."""

    warnings: tuple[str, ...]
    """Mismatches and numbers without a source."""


def facts(hardware: Hardware) -> Facts:
    """Return what follows from a machine's numbers alone."""
    tiles = hardware.tiles
    parts = hardware.parts()
    fan_in, symbols = full_reading(hardware)
    noise = figures(noise_of(hardware), fan_in, symbols)
    rounding = () if tiles.adc is None else (levels(tiles.adc.bits),)
    native = native_bits(hardware)
    pass_s = Fraction(tiles.array.pass_cycles) / hardware.clocks[tiles.clock]
    input_slices, weight_slices = _slices(native)
    peak = array_macs_per_s(hardware, input_slices=input_slices, weight_slices=weight_slices)
    return Facts(
        name=hardware.name,
        hash=hardware.hash,
        tick_s=hardware.tick_s,
        pass_s=pass_s,
        block_s=block_s(hardware),
        native_bits=native,
        native_macs_per_s=float(array_macs_per_s(hardware)),
        macs_per_s=float(peak),
        fan_in=fan_in,
        light=light_of(hardware),
        noise=(*noise, *rounding),
        enob=path_enob((*noise, *rounding)),
        laser_w=parts["laser"].static_w if "laser" in parts else 0.0,
        power_w={slot: rated_w(hardware, slot) for slot in parts},
        area_m2={slot: part.area_m2 for slot, part in parts.items()},
        warnings=tuple(advice(hardware, enob=path_enob(noise), fan_in=fan_in)),
    )


def native_bits(hardware: Hardware) -> tuple[int, int] | None:
    """Return the bits of input and weight of one pass, or nothing where any width fits."""
    tiles = hardware.tiles
    if tiles.digital or tiles.dac is None:
        return None
    if isinstance(tiles, OutputStationary) and tiles.weight_dac:
        return tiles.dac.bits, tiles.weight_dac.bits
    return tiles.dac.bits, tiles.array.cell_bits or BITS


def _slices(native: tuple[int, int] | None) -> tuple[int, int]:
    """Return the slices of an input and of a weight of the common figures."""
    if native is None:
        return 1, 1
    return -(-BITS // native[0]), -(-BITS // native[1])


def full_reading(hardware: Hardware) -> tuple[int, int]:
    """Return the products that one conversion reads at most, and the symbols that bring them.

    Where a whole dot product is integrated, that is one of :data:`EXAMPLE_FAN_IN` products.
    """
    tiles = hardware.tiles
    together = tiles.cores if tiles.adc_shared_by == "cores" else 1
    if not isinstance(tiles, OutputStationary):
        return tiles.rows * together, 1
    at_once = tiles.wavelengths * together
    if tiles.integrate_symbols is None:
        return EXAMPLE_FAN_IN, -(-EXAMPLE_FAN_IN // at_once)
    return at_once * tiles.integrate_symbols, tiles.integrate_symbols


def block_s(hardware: Hardware) -> Fraction | None:
    """Return the time to convert all sums of one array, in whole cycles of its clock."""
    tiles = hardware.tiles
    if tiles.adc is None:
        return None
    sums = tiles.columns * (tiles.rows if isinstance(tiles, OutputStationary) else 1)
    clock_hz = hardware.clocks[tiles.adc.clock]
    return Fraction(-(-sums // tiles.adc.count) * tiles.adc.cycles(clock_hz)) / clock_hz


def rated_w(hardware: Hardware, slot: str) -> float:
    """Return the power of all instances of a part with everything in it at its full rate [W]."""
    part = hardware.parts()[slot]
    component, tiles = part.component, hardware.tiles
    passes_hz = float(hardware.clocks[tiles.clock] / tiles.array.pass_cycles)
    dynamic_w = 0.0
    if isinstance(component, Adc | Dac):
        dynamic_w = component.costs()["convert"] * float(component.rate_hz)
    elif isinstance(component, ModulatorSlot):
        dynamic_w = component.energy_j * passes_hz
    elif isinstance(component, ArraySlot):
        dynamic_w = component.mac_energy_j * tiles.products_per_pass * passes_hz
        return part.static_w + dynamic_w * tiles.arrays  # a shadow copy does not compute
    elif isinstance(component, Accumulator):
        dynamic_w = component.energy_j * float(hardware.clocks[component.clock])
    return part.static_w + dynamic_w * part.per_machine
