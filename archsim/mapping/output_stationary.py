"""Passes of an output-stationary machine: sums stay in the tiles, both operands stream by.

All tiles follow one sequencer, so one array, converter and accumulator unit stands for all of
them and counts the actions of each. A pass integrates some symbols of a dot product::

    DRAM -> buffer.fill          (weights, once a round)
    buffer.read -> array -> adc -> accumulator -> buffer.write

Modulators and their converters work symbol by symbol with the array, so they are one unit
with it, as fast as the slowest of them.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from archsim.mapping.blocks import BlockRound, Part, Wave
from archsim.mapping.durations import Pace, taking
from archsim.mapping.floor import Floor, weights_of
from archsim.mapping.results import Adder, Reader, Results
from archsim.mapping.schedule import Section, UnitHandle
from archsim.mapping.tiling import ceil_div, part_of


@dataclass(frozen=True, slots=True)
class Symbols:
    """What does not change from round to round of one step.

    Attributes:
        slices: Combinations of input and weight slices, each a pass of its own.
        input_bits: Bits of an input that one pass modulates.
        weight_bits: Bits of a weight that one pass modulates.
        stored_weight_bits: Bits of one weight as it is stored in memory.
        depth_per_symbol: Elements of the fan-in that one symbol covers.
        symbols_per_pass: Symbols that are integrated before a conversion.
        convert_each: Whether every pass is converted (digital averaging) or only their sum.
        fresh: Part of the inputs that is read from the buffer (below 1: line buffer).
        whole_blocks: Whether every core integrates blocks of its own.
        bias_bits: Bits of a column's bias.
        streamed_bits: What comes from DRAM for each element of the fan-in of a new row.
        held_streamed_bits: The same for a new column, if the second operand is an activation.
    """

    slices: int
    input_bits: int
    weight_bits: int
    stored_weight_bits: int
    depth_per_symbol: int
    symbols_per_pass: int
    convert_each: bool
    fresh: Fraction
    whole_blocks: bool
    bias_bits: int
    streamed_bits: Fraction
    held_streamed_bits: Fraction


@dataclass(frozen=True)
class OutputStationaryStep:
    """Writes the rounds of one step into the schedule."""

    floor: Floor
    op: str
    symbols: Symbols
    results: Results

    @property
    def alike(self) -> Hashable:
        """Equal for ops whose equal rounds differ in nothing but the ops' names."""
        return self.symbols, self.results.alike

    # ---- weights -------------------------------------------------------------------------

    def load(self, round_: BlockRound) -> None:
        """Bring a round's weights from DRAM into the buffer."""
        if not round_.weights:
            return
        floor, bits = self.floor, round_.weights * self.symbols.stored_weight_bits
        if not round_.carries_out:
            bits += round_.weights // round_.depth * self.symbols.bias_bits
        arriving = floor.from_dram("weights")
        with floor.schedule.op(weights_of(self.op)):
            floor.do_dram(self.op, bits, action="read_bit", purpose="weights")
            floor.dram(self.op, "weights").send(arriving)
            floor.fill(self.op).recv(arriving)
            floor.do_fill(self.op, bits)
            floor.fill(self.op).send(self._filled)

    def receive_weights(self, round_: BlockRound) -> None:
        """Wait until a round's weights are in the buffer."""
        if round_.weights:
            self.floor.read(self.op).recv(self._filled)

    @property
    def _filled(self) -> int:
        return self.floor.schedule.channel("weights filled", self.floor.weight_rounds)

    # ---- waves ---------------------------------------------------------------------------

    def compute(self, round_: BlockRound) -> None:
        """Let all rows meet a round's weights."""
        with self.floor.schedule.op(self.op):
            written: dict[int, Section] = {}
            for times, stretch in round_.order:
                with self.floor.schedule.repeat(times):
                    for count, kind in stretch:
                        if kind in written:
                            written[kind].again(count)
                            continue
                        with self.floor.schedule.section(count) as written[kind]:
                            self._wave(round_, round_.kinds[kind])

    def drain(self) -> None:
        """Leave nothing behind: operands are in the buffer, not in the tiles."""

    def _wave(self, round_: BlockRound, wave: Wave) -> None:
        depth_per_pass = self.symbols.depth_per_symbol * self.symbols.symbols_per_pass
        full, rest = divmod(round_.depth, depth_per_pass)
        repeat = self.floor.schedule.repeat
        if self.symbols.streamed_bits or self.symbols.held_streamed_bits:
            new_bits = wave.new_rows * self.symbols.streamed_bits
            new_bits += wave.new_columns * self.symbols.held_streamed_bits
            self.floor.stream(self.op, part_of(round_.depth, new_bits))
        for count, depth in ((full, depth_per_pass), (1, rest)):
            if count and depth:
                with repeat(count), repeat(self.symbols.slices):
                    self._pass(round_, wave, depth)
        self._finish(round_, wave)

    def _pass(self, round_: BlockRound, wave: Wave, depth: int) -> None:
        for count, part in zip(round_.passes, wave.parts, strict=True):
            with self.floor.schedule.repeat(count):
                self._integrate(wave, part, depth)
                if self.symbols.convert_each:
                    self._convert(part, depth)
        if not self.symbols.convert_each:
            self._convert(wave.parts[0], depth)

    def _integrate(self, wave: Wave, part: Part, depth: int) -> None:
        floor, symbols, shape = self.floor, self.symbols, self.floor.shape
        reader = Reader(floor, self.op)
        reader.read(part_of(depth * wave.input_reads * symbols.input_bits, symbols.fresh), 1)
        reader.read(depth * part.weight_reads * symbols.weight_bits, 1)
        self._read.send(self._inputs)
        self._array.recv(self._inputs)
        per_element = {
            "array.mac": part.products,
            "modulator.symbol": wave.input_drives + part.weight_drives if shape.modulated else 0,
            "dac.convert": wave.input_drives if shape.dacs else 0,
            "weight_dac.convert": part.weight_drives if shape.dacs else 0,
        }
        actions = {name: n * depth for name, n in per_element.items()}
        self._array.work(taking(Pace.SYMBOL, ceil_div(depth, symbols.depth_per_symbol)), actions)

    def _convert(self, part: Part, depth: int) -> None:
        floor, shape, array, accumulator = (
            self.floor,
            self.floor.shape,
            self._array,
            self._accumulator,
        )
        per_set, per_tile, in_all = self._sums(part, depth)
        array.send(self._analog)
        if not shape.adcs:
            accumulator.recv(self._analog)
        else:
            adc = self._adc
            adc.recv(self._analog)
            adc.work(shape.converting(per_set), {"adc.convert": in_all})
            if not shape.readout_buffer:
                read_out = floor.schedule.channel("tiles.read out")
                adc.send(read_out)
                array.recv(read_out)
            adc.send(self._digits)
            accumulator.recv(self._digits)
        accumulator.work(shape.adding(per_tile), {"accumulator.add": in_all})

    def _sums(self, part: Part, depth: int) -> tuple[int, int, int]:
        """Return the sums that a set of converters reads, that a tile adds, and all together."""
        shape, sets, cores = self.floor.shape, part.tiles, 1
        if shape.adc_shared_by == "none":
            if self.symbols.whole_blocks or shape.cores_split == "columns":
                sets *= shape.cores
            else:
                cores = min(shape.cores, ceil_div(depth, shape.wavelengths))
        converted = part.repeated_sums if self.symbols.convert_each else part.sums
        per_tile = ceil_div(part.sums * cores, part.tiles)
        return ceil_div(part.sums, sets), per_tile, converted * cores

    def _finish(self, round_: BlockRound, wave: Wave) -> None:
        floor = self.floor
        adder = Adder(floor, self.op, self._accumulator)
        per_tile = ceil_div(wave.results, wave.parts[0].tiles)
        if round_.carries_in:
            carried = floor.schedule.channel("tiles.carried sums")
            self.results.load_partial(floor, self.op, wave.results)
            self._read.send(carried)
            adder.unit.recv(carried)
            adder.add(wave.results, per_tile)
        self.results.give(
            adder, "tiles.results", wave.results, per_tile, partial=round_.carries_out
        )

    # ---- units and channels, made at their first mention ---------------------------------

    @cached_property
    def _read(self) -> UnitHandle:
        return self.floor.read(self.op)

    @cached_property
    def _array(self) -> UnitHandle:
        role = "driver" if self.floor.shape.driven else "array"
        return self.floor.own("tiles.array", role, self.op)

    @cached_property
    def _adc(self) -> UnitHandle:
        return self.floor.own("tiles.adc", "adc", self.op)

    @cached_property
    def _accumulator(self) -> UnitHandle:
        return self.floor.own("tiles.accumulator", "accumulator", self.op)

    @cached_property
    def _inputs(self) -> int:
        return self.floor.schedule.channel("tiles.inputs")

    @cached_property
    def _analog(self) -> int:
        return self.floor.schedule.channel("tiles.sums")

    @cached_property
    def _digits(self) -> int:
        return self.floor.schedule.channel("tiles.digits")
