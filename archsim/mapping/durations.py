"""How long the parts of a machine take, in ticks."""

from __future__ import annotations

from fractions import Fraction
from functools import cached_property

from archsim.hardware import Adc, Dac, Hardware
from archsim.mapping.tiling import ceil_div, part_of


class Durations:
    """Times of a machine; each is rounded up to whole cycles of the part's clock once."""

    hardware: Hardware
    slots: int

    def ticks(self, clock: str, cycles: int) -> int:
        """Return a number of cycles in ticks."""
        return self.slots * self.hardware.ticks(clock, cycles)

    def words(self, bits: int) -> int:
        """Return the words of the buffer that so many neighbouring bits are in."""
        return ceil_div(bits, self.hardware.buffer.width_bits)

    def read_ticks(self, words: int) -> int:
        """Return how long the buffer's read ports take for so many words, one each a cycle."""
        buffer = self.hardware.buffer
        return self.ticks(buffer.clock, ceil_div(words, buffer.ports.read))

    def write_ticks(self, words: int) -> int:
        """Return how long the buffer's write ports take for so many words, one each a cycle."""
        buffer = self.hardware.buffer
        return self.ticks(buffer.clock, ceil_div(words, buffer.ports.write))

    def dram_ticks(self, bits: int) -> int:
        """Return how long the DRAM's data pins take for so many bits."""
        return self.ticks(self.hardware.dram.clock, part_of(bits, self._dram_cycles_per_bit))

    @cached_property
    def _dram_cycles_per_bit(self) -> Fraction:
        dram = self.hardware.dram
        return self.hardware.clocks[dram.clock] / (8 * dram.bandwidth_byte_per_s)

    @cached_property
    def adc_ticks(self) -> int:
        """How long one conversion of the sums takes."""
        return self.conversion_ticks(self.hardware.tiles.adc)

    @cached_property
    def dac_ticks(self) -> int:
        """How long one conversion of an input takes."""
        return self.conversion_ticks(self.hardware.tiles.dac)

    def conversion_ticks(self, converter: Adc | Dac | None) -> int:
        """Return how long one conversion takes: whole cycles of the converter's clock."""
        if converter is None:  # none is needed
            return 0
        clock_hz = self.hardware.clocks[converter.clock]
        return self.ticks(converter.clock, converter.cycles(clock_hz))

    def adder_ticks(self, additions: int) -> int:
        """Return how long a tile's accumulator takes for so many additions."""
        accumulator = self.hardware.tiles.accumulator
        return self.ticks(accumulator.clock, ceil_div(additions, accumulator.count))

    @cached_property
    def dram_latency_ticks(self) -> int:
        """How long the first bit takes."""
        dram = self.hardware.dram
        return self.slots * self.hardware.ticks_of_time(dram.clock, dram.latency_s)
