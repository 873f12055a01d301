"""Mismatches within a machine: no errors, but hardly meant."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING

from archsim.hardware._sources import idle_sources, unsourced
from archsim.hardware.tiles import OutputStationary
from archsim.units import format_si

if TYPE_CHECKING:
    from archsim.hardware.converters import Adc, Dac
    from archsim.hardware.machine import Hardware

_BITS = 8
_SPARE_BITS = 2


def advice(hardware: Hardware, *, enob: float | None, fan_in: int) -> Iterator[str]:
    """Yield a sentence for each mismatch: where; found; expected; what to do."""
    yield from _adc_bits(hardware, enob, fan_in)
    yield from _rates(hardware)
    yield from _readout(hardware)
    yield from _rounding(hardware)
    yield from _buffer(hardware)
    yield from _sums(hardware)
    missing = unsourced(hardware)
    if missing:
        yield f"sources: found none for {', '.join(missing)}; expected one each; add it"
    idle = idle_sources(hardware)
    if idle:
        yield f"sources: found {', '.join(idle)}, which cover no number; remove them"


def _adc_bits(hardware: Hardware, enob: float | None, fan_in: int) -> Iterator[str]:
    adc = hardware.tiles.adc
    if adc is None or enob is None:
        return
    if adc.bits > enob + _SPARE_BITS:
        yield (
            f"tiles.adc.bits: found {adc.bits}; noise leaves {enob:.1f} effective bits at a fan-in "
            f"of {fan_in}; {ceil(enob + 1)} would do, or lower the noise"
        )


def _rates(hardware: Hardware) -> Iterator[str]:
    tiles = hardware.tiles
    pass_s = Fraction(tiles.array.pass_cycles) / hardware.clocks[tiles.clock]
    sides = {"dac": (tiles.dac, tiles.rows * tiles.wavelengths)}
    if isinstance(tiles, OutputStationary):
        sides["weight_dac"] = (tiles.weight_dac, tiles.columns * tiles.wavelengths)
    for slot, (dac, words) in sides.items():
        if dac is not None:
            needed_s = ceil(Fraction(words, dac.count)) * _conversion_s(hardware, dac)
            if needed_s > pass_s:
                yield (
                    f"tiles.{slot}: found {_time(needed_s)} for the words of one pass, which "
                    f"takes {_time(pass_s)}; expected no longer; raise its count or rate"
                )


def _readout(hardware: Hardware) -> Iterator[str]:
    tiles = hardware.tiles
    if tiles.adc is None:
        return
    passes = 1
    if isinstance(tiles, OutputStationary):
        if tiles.integrate_symbols is None:
            return  # a block takes as long as its dot product, which only the network knows
        passes = tiles.integrate_symbols
    block_s = passes * Fraction(tiles.array.pass_cycles) / hardware.clocks[tiles.clock]
    needed_s = ceil(Fraction(tiles.outputs, tiles.adc.count)) * _conversion_s(hardware, tiles.adc)
    if needed_s > block_s:
        yield (
            f"tiles.adc: found {_time(needed_s)} to convert sums that take {_time(block_s)} to "
            "form; expected no longer, or conversion bounds; raise its count or rate"
        )


def _conversion_s(hardware: Hardware, converter: Adc | Dac) -> Fraction:
    clock_hz = hardware.clocks[converter.clock]
    return converter.cycles(clock_hz) / clock_hz


def _rounding(hardware: Hardware) -> Iterator[str]:
    for slot in ("dac", "weight_dac", "adc"):
        converter = getattr(hardware.tiles, slot, None)
        if converter is None:
            continue
        clock_hz = hardware.clocks[converter.clock]
        cycles = converter.cycles(clock_hz)
        if clock_hz / cycles != converter.rate_hz:
            yield (
                f"tiles.{slot}.rate: found {format_si(converter.rate_hz, 'Hz')}, no whole number "
                f"of cycles of {converter.clock!r}, so it works at "
                f"{format_si(clock_hz / cycles, 'Hz')}; expected a rate that divides the clock; "
                "choose one, or another clock"
            )


def _buffer(hardware: Hardware) -> Iterator[str]:
    tiles = hardware.tiles
    words = tiles.rows * tiles.wavelengths * tiles.cores * _BITS
    needed_bits = words + tiles.outputs * tiles.accumulator.bits
    if hardware.buffer.size_bits < needed_bits:
        yield (
            f"buffer.size: found {format_si(hardware.buffer.size_bits, 'bit')}; one pass takes and "
            f"leaves {format_si(needed_bits, 'bit')}; expected at least that; enlarge it"
        )


def _sums(hardware: Hardware) -> Iterator[str]:
    """Yield where a register cannot hold what 8-bit operands give, slices shifted and added."""
    tiles = hardware.tiles
    if tiles.adc is None or tiles.dac is None:
        needed_bits, why = 2 * _BITS, f"a product of {_BITS}-bit operands"
    else:
        held = tiles.weight_dac if isinstance(tiles, OutputStationary) else None
        weights = held.bits if held else tiles.array.cell_bits or _BITS
        largest = (2**tiles.adc.bits - 1) * _weight(tiles.dac.bits) * _weight(weights)
        needed_bits, why = largest.bit_length(), f"a conversion of {_BITS}-bit operands' slices"
    if tiles.accumulator.bits < needed_bits:
        yield (
            f"tiles.accumulator.bits: found {tiles.accumulator.bits}; {why} takes {needed_bits}; "
            "expected at least that; widen it"
        )


def _weight(bits: int) -> int:
    """Return by what a sum grows when the slices of one operand are shifted and added."""
    return sum(2**shift for shift in range(0, _BITS, bits))


def _time(time_s: Fraction) -> str:
    return format_si(time_s, "s")
