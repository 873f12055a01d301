"""How long the parts of a machine take, in ticks."""

from __future__ import annotations

from math import ceil

from archsim.hardware import Adc, Dac, Hardware
from archsim.mapping.tiling import ceil_div


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
        dram = self.hardware.dram
        clock_hz = self.hardware.clocks[dram.clock]
        return self.ticks(dram.clock, ceil(bits * clock_hz / (8 * dram.bandwidth_byte_per_s)))

    def conversion_ticks(self, converter: Adc | Dac) -> int:
        """Return how long one conversion takes: whole cycles of the converter's clock."""
        clock_hz = self.hardware.clocks[converter.clock]
        return self.ticks(converter.clock, converter.cycles(clock_hz))

    def adder_ticks(self, additions: int) -> int:
        """Return how long a tile's accumulator takes for so many additions."""
        accumulator = self.hardware.tiles.accumulator
        return self.ticks(accumulator.clock, ceil_div(additions, accumulator.count))

    @property
    def dram_latency_ticks(self) -> int:
        """Return how long the first bit takes."""
        dram = self.hardware.dram
        return self.slots * self.hardware.ticks_of_time(dram.clock, dram.latency_s)
