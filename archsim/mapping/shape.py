"""What of a machine decides which instructions its units run, but not how long they take.

Programs are written from this and nothing else of the machine: so programs of machines of one
shape are the same, but for times, and need to be written once.
"""

from __future__ import annotations

from dataclasses import dataclass

from archsim.hardware import Hardware, OutputStationary, WeightStationary
from archsim.mapping.durations import Duration, Pace, Paces, taking
from archsim.mapping.tiling import ceil_div


@dataclass(frozen=True, slots=True)
class Shape:
    """The shape of a machine.

    Attributes:
        rows: Rows of one array.
        columns: Columns of one array.
        wavelengths: W of an output-stationary array.
        cores: Arrays of one tile.
        cores_split: Whether they work on parts of one dot product, or as more columns.
        inputs_shared_by: Who shares one set of input drivers.
        adc_shared_by: Who shares one set of converters.
        weight_buffers: Copies of the cells.
        readout_buffer: Whether the next block is modulated while this one is converted.
        modulated: Whether symbols are put on light.
        dacs: Converters of inputs in a set; 0: none are needed.
        driven: Whether symbols are as slow as their converters, rather than as the array.
        adcs: Converters of sums in a set; 0: none are needed.
        adders: Adders of one accumulator.
        sum_bits: Bits of a partial sum.
        word_bits: Width of the buffer.
        read_ports: Words that it gives in a cycle.
        write_ports: Words that it takes in a cycle.
        arbitration: How DRAM's clients take turns.
        lanes: Lanes of the vector unit.
        special_cycles: Cycles of a special function on them.
        staging_bits: The vector unit's memory for operands and results.
    """

    rows: int
    columns: int
    wavelengths: int
    cores: int
    cores_split: str
    inputs_shared_by: str
    adc_shared_by: str
    weight_buffers: int
    readout_buffer: bool
    modulated: bool
    dacs: int
    driven: bool
    adcs: int
    adders: int
    sum_bits: int
    word_bits: int
    read_ports: int
    write_ports: int
    arbitration: str
    lanes: int
    special_cycles: int
    staging_bits: int

    def words(self, bits: int) -> int:
        """Return the words of the buffer that so many neighbouring bits are in."""
        return ceil_div(bits, self.word_bits)

    def writing(self, bits: int) -> Duration:
        """Return how long the buffer's write ports take, one word each a cycle."""
        return taking(Pace.ACCESS, ceil_div(self.words(bits), self.write_ports))

    def reading(self, bits: int) -> Duration:
        """Return how long the buffer's read ports take, one word each a cycle."""
        return taking(Pace.ACCESS, ceil_div(self.words(bits), self.read_ports))

    def converting(self, sums: int) -> Duration:
        """Return how long a set of converters takes for so many sums."""
        return taking(Pace.CONVERT, ceil_div(sums, self.adcs)) if self.adcs else ()

    def adding(self, additions: int) -> Duration:
        """Return how long a tile's accumulator takes."""
        return taking(Pace.ADD, ceil_div(additions, self.adders))


def shape_of(hardware: Hardware) -> Shape:
    """Return the shape of a machine."""
    tiles, buffer, unit = hardware.tiles, hardware.buffer, hardware.vector_unit
    return Shape(
        rows=tiles.rows,
        columns=tiles.columns,
        wavelengths=tiles.wavelengths,
        cores=tiles.cores,
        cores_split=tiles.cores_split,
        inputs_shared_by=tiles.inputs_shared_by,
        adc_shared_by=tiles.adc_shared_by,
        weight_buffers=tiles.weight_buffers if isinstance(tiles, WeightStationary) else 1,
        readout_buffer=tiles.readout_buffer,
        modulated=tiles.modulator is not None,
        dacs=tiles.dac.count if tiles.dac is not None else 0,
        driven=isinstance(tiles, OutputStationary) and Paces(hardware).driven,
        adcs=tiles.adc.count if tiles.adc is not None else 0,
        adders=tiles.accumulator.count,
        sum_bits=tiles.accumulator.bits,
        word_bits=buffer.width_bits,
        read_ports=buffer.ports.read,
        write_ports=buffer.ports.write,
        arbitration=hardware.dram.arbitration,
        lanes=unit.lanes,
        special_cycles=unit.special_cycles,
        staging_bits=unit.staging_bits,
    )
