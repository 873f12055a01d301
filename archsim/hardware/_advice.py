"""Mismatches within a machine: no errors, but hardly meant."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING

from archsim.hardware._sources import idle_sources, unsourced
from archsim.hardware.tiles import OutputStationary

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
    yield from _drivers(hardware)
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
                    f"tiles.{slot}: found {float(needed_s):.3g} s for the words of one pass, which "
                    f"takes {float(pass_s):.3g} s; expected no longer; raise its count or rate"
                )


def _readout(hardware: Hardware) -> Iterator[str]:
    tiles = hardware.tiles
    if tiles.adc is None:
        return
    sums, passes = tiles.columns, 1
    if isinstance(tiles, OutputStationary):
        if tiles.integrate_symbols is None:
            return  # a block takes as long as its dot product, which only the network knows
        sums, passes = tiles.rows * tiles.columns, tiles.integrate_symbols
    block_s = passes * Fraction(tiles.array.pass_cycles) / hardware.clocks[tiles.clock]
    needed_s = ceil(Fraction(sums, tiles.adc.count)) * _conversion_s(hardware, tiles.adc)
    if needed_s > block_s:
        yield (
            f"tiles.adc: found {float(needed_s):.3g} s to convert sums that take "
            f"{float(block_s):.3g} s to form, so conversion bounds; raise its count or rate"
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
                f"tiles.{slot}.rate: found {float(converter.rate_hz):.4g} Hz, no whole number of "
                f"cycles of {converter.clock!r}; it works at {float(clock_hz / cycles):.4g} Hz; "
                "choose a rate that divides the clock, or another clock"
            )


def _buffer(hardware: Hardware) -> Iterator[str]:
    tiles = hardware.tiles
    sums = tiles.columns * (tiles.rows if isinstance(tiles, OutputStationary) else 1)
    words = tiles.rows * tiles.wavelengths * tiles.cores * _BITS
    needed_bits = words + sums * tiles.accumulator.bits
    if hardware.buffer.size_bits < needed_bits:
        yield (
            f"buffer.size: found {hardware.buffer.size_bits} bit; one pass takes and leaves "
            f"{needed_bits} bit; expected at least that; enlarge it"
        )


def _drivers(hardware: Hardware) -> Iterator[str]:
    tiles = hardware.tiles
    outputs = tiles.columns * (tiles.rows if isinstance(tiles, OutputStationary) else 1)
    for slot in ("detector", "tia"):
        part = getattr(tiles, slot)
        if part is not None and part.count < outputs:
            yield (
                f"tiles.{slot}.count: found {part.count}; an array has {outputs} outputs; expected "
                "one each; raise it"
            )
