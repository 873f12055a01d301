"""How long work takes: so many steps of a part, of which the machine's clocks make ticks.

Programs are written in these terms, because what units do hardly ever depends on how fast they are:
machines that differ in clocks, rates and bandwidths only run the same programs, in other times.
"""

from __future__ import annotations

from enum import IntEnum
from fractions import Fraction
from functools import cached_property, lru_cache
from math import ceil
from typing import NamedTuple

from archsim.hardware import Adc, Dac, Hardware, OutputStationary, WeightStationary
from archsim.mapping.tiling import ceil_div, part_of


class Pace(IntEnum):
    """What a part does step by step, each of which takes equally long; but for ``PIN``."""

    ACCESS = 0  # a port of the buffer, one word
    PIN = 1  # the DRAM's data pins, so many bits: rounded up to cycles for all of them together
    LATENCY = 2  # the DRAM, until the first bit
    LANE = 3  # the vector unit's lanes, one operation each
    PASS = 4  # a weight-stationary array, one vector
    WRITE = 5  # the same, one row of weights
    SYMBOL = 6  # an output-stationary array and what drives it, one symbol
    DRIVE = 7  # a converter of inputs, one conversion
    CONVERT = 8  # a converter of sums, one conversion
    ADD = 9  # an accumulator's adders, one addition each


class Stretch(NamedTuple):
    """Steps that are rounded up to ticks together.

    Attributes:
        pace: Of what.
        steps: How many.
        share: Part of a resource's time that the work has; 0 stands for all of it.
    """

    pace: Pace
    steps: int
    share: Fraction | int = 0


Duration = tuple[tuple[Stretch, int], ...]
"""Stretches, and how often each is passed."""

_STEP = {pace: Stretch(pace, 1) for pace in Pace}


@lru_cache(maxsize=4096)  # few differ, and equal ones that are one are quickly compared
def taking(pace: Pace, count: int) -> Duration:
    """Return so many steps; bits on pins are one stretch."""
    if not count:
        return ()
    return ((Stretch(pace, count), 1),) if pace == Pace.PIN else ((_STEP[pace], count),)


def joined(first: Duration | int, second: Duration | int) -> Duration | int:
    """Return two durations, or numbers of ticks, one after the other."""
    if not first or not second:
        return first or second
    if isinstance(first, int) or isinstance(second, int):
        return fixed_ticks(first) + fixed_ticks(second)
    counts = dict(first)
    for stretch, times in second:
        counts[stretch] = counts.get(stretch, 0) + times
    return tuple(counts.items())


def repeated(count: int, duration: Duration | int) -> Duration | int:
    """Return a duration, or a number of ticks, so many times."""
    if isinstance(duration, int):
        return count * duration
    return tuple([(stretch, count * times) for stretch, times in duration])


def shared(duration: Duration | int, share: Fraction) -> Duration | int:
    """Return a duration as it is for who has a share of a resource's time: as much longer."""
    if isinstance(duration, int):
        return ceil(duration / share)
    return tuple([(Stretch(of.pace, times * of.steps, share), 1) for of, times in duration])


def fixed_ticks(duration: Duration | int) -> int:
    """Return the ticks of a duration that does not depend on the machine."""
    if isinstance(duration, int):
        return duration
    raise TypeError(f"{duration} has no ticks before the machine is known")


class Paces:
    """How long a machine's parts take for a step, in ticks.

    Each time is rounded up to whole cycles of the part's clock once.

    Args:
        hardware: The machine.
        slots: Ticks that one tick of the machine is divided into, so that a work's time can be
            stretched to a share of a resource with little rounding.
    """

    def __init__(self, hardware: Hardware, slots: int = 1) -> None:
        self._hardware = hardware
        self._slots = slots

    def ticks(self, duration: Duration | int) -> int:
        """Return how long a duration is on this machine."""
        if isinstance(duration, int):
            return duration
        return sum([times * self._stretch_ticks(stretch) for stretch, times in duration])

    def _stretch_ticks(self, stretch: Stretch) -> int:
        pace, count, share = stretch
        if pace == Pace.PIN:
            cycles = part_of(count, self._pin_cycles_per_bit)
            ticks = self._clock_ticks(self._hardware.dram.clock, cycles)
        else:
            ticks = count * self._step_ticks[pace]
        return ceil(ticks / share) if share else ticks

    @cached_property
    def _pin_cycles_per_bit(self) -> Fraction:
        dram = self._hardware.dram
        return self._hardware.clocks[dram.clock] / (8 * dram.bandwidth_byte_per_s)

    @cached_property
    def _step_ticks(self) -> dict[Pace, int]:
        hardware = self._hardware
        tiles, dram = hardware.tiles, hardware.dram
        latency_ticks = self._slots * hardware.ticks_of_time(dram.clock, dram.latency_s)
        pass_ticks = self._clock_ticks(tiles.clock, tiles.array.pass_cycles)
        return {
            Pace.ACCESS: self._clock_ticks(hardware.buffer.clock, 1),
            Pace.LATENCY: latency_ticks,
            Pace.LANE: self._clock_ticks(hardware.vector_unit.clock, 1),
            Pace.PASS: pass_ticks,
            Pace.WRITE: self._write_ticks,
            Pace.SYMBOL: max(pass_ticks, self._symbol_drive_ticks),
            Pace.DRIVE: self._conversion_ticks(tiles.dac),
            Pace.CONVERT: self._conversion_ticks(tiles.adc),
            Pace.ADD: self._clock_ticks(tiles.accumulator.clock, 1),
        }

    @property
    def driven(self) -> bool:
        """Whether symbols are as slow as their converters, rather than as the array."""
        tiles = self._hardware.tiles
        return self._symbol_drive_ticks > self._clock_ticks(tiles.clock, tiles.array.pass_cycles)

    @property
    def _write_ticks(self) -> int:
        tiles = self._hardware.tiles
        held = isinstance(tiles, WeightStationary)
        return self._clock_ticks(tiles.clock, tiles.array.write_cycles) if held else 0

    @property
    def _symbol_drive_ticks(self) -> int:
        tiles = self._hardware.tiles
        if not isinstance(tiles, OutputStationary) or tiles.dac is None or tiles.weight_dac is None:
            return 0
        inputs = ceil_div(tiles.rows * tiles.wavelengths, tiles.dac.count)
        weights = ceil_div(tiles.columns * tiles.wavelengths, tiles.weight_dac.count)
        return max(
            inputs * self._conversion_ticks(tiles.dac),
            weights * self._conversion_ticks(tiles.weight_dac),
        )

    def _conversion_ticks(self, converter: Adc | Dac | None) -> int:
        """Return how long one conversion takes: whole cycles of the converter's clock."""
        if converter is None:  # none is needed
            return 0
        clock_hz = self._hardware.clocks[converter.clock]
        return self._clock_ticks(converter.clock, converter.cycles(clock_hz))

    def _clock_ticks(self, clock: str, cycles: int) -> int:
        return self._slots * self._hardware.ticks(clock, cycles)
