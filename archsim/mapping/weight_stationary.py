"""Passes of a weight-stationary machine: weights sit in the tiles, input vectors come by.

A group of tiles does the same thing at once: those that share one input broadcast, and their
replicas, which take the next vectors. It moves in lock step, so one driver, array, converter and
accumulator unit stands for all of it and counts the actions of every tile. For each pass::

    buffer.read -> driver -> array -> adc -> accumulator (-> next group's) -> buffer.write

Weights come from DRAM, or from the buffer if they are activations, and are programmed by a
``writer`` into the copy of the cells that is not in use, where there are two.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from fractions import Fraction

from archsim.hardware import WeightStationary
from archsim.mapping.floor import Floor, weights_of
from archsim.mapping.results import Adder, Reader, Results
from archsim.mapping.schedule import UnitHandle
from archsim.mapping.tiling import Active, Group, Round, ceil_div, part_of


@dataclass(frozen=True, slots=True)
class Passes:
    """What does not change from round to round of one step.

    Attributes:
        vectors: Input vectors that every weight meets.
        input_slices: Parts that an input's bits are driven in.
        slice_bits: Bits of an input that one pass drives.
        weight_slices: Columns to be converted for one weight.
        cells_per_weight: Cells that hold one weight; twice as many where signs have their own.
        weight_bits: Bits of one weight as it is stored in memory.
        convert_each: Whether every pass is converted (digital averaging) or only their sum.
        fresh: Part of the driven bits that is read from the buffer (below 1: line buffer).
        bias_bits: Bits of a column's bias.
        streamed_bits: What comes from DRAM for each row of a vector, overlaps of windows once.
        held_streamed: Part of the operand held by the array that lies in DRAM, if it is an
            activation; None if it is weights.
    """

    vectors: int
    input_slices: int
    slice_bits: int
    weight_slices: int
    cells_per_weight: int
    weight_bits: int
    convert_each: bool
    fresh: Fraction
    bias_bits: int
    streamed_bits: Fraction
    held_streamed: Fraction | None


@dataclass(frozen=True)
class WeightStationaryStep:
    """Writes the rounds of one step into the schedule."""

    floor: Floor
    tiles: WeightStationary
    op: str
    passes: Passes
    results: Results

    @property
    def alike(self) -> Hashable:
        """Equal for ops whose equal rounds differ in nothing but the ops' names."""
        return self.passes, self.results.alike

    # ---- weights -------------------------------------------------------------------------

    def load(self, round_: Round) -> None:
        """Bring a round's weights to the tiles and program them."""
        static = self.passes.held_streamed is None
        with self.floor.schedule.op(weights_of(self.op) if static else self.op):
            for index, group in enumerate(round_.groups):
                bits = group.columns * group.depth * self.passes.weight_bits
                if group.last and not round_.carries_out:
                    bits += group.columns * self.passes.bias_bits
                self._program(index, group, round_.replicas, self._fetch_weights(index, bits))

    def _fetch_weights(self, index: int, bits: int) -> int:
        """Read what a group holds; return the channel that it comes by."""
        if self.passes.held_streamed is not None:
            self.floor.load(self.op, bits, self.passes.held_streamed)
            source, loaded = self.floor.read(self.op), self._channel(index, "held activations")
        else:
            source = self.floor.do_dram(self.op, bits, action="read_bit", purpose="weights")
            loaded = self.floor.from_dram(self._name(index, "weights"))
        source.send(loaded)
        return loaded

    def _program(self, index: int, group: Group, replicas: int, loaded: int) -> None:
        writer = self._unit(index, "writer")
        writer.recv(loaded)
        held = self.passes.held_streamed is not None
        if held and self.floor.schedule.tokens(self._name(index, "released")):
            writer.recv(self._released(index))
        cells = replicas * self._cells(group, group.stretches[0])
        rows = min(group.rows, self.tiles.rows)
        write_ticks = self.floor.ticks(self.tiles.clock, rows * self.tiles.array.write_cycles)
        writer.work(write_ticks, {"array.write": cells})
        writer.send(self._ready(index))

    def receive_weights(self, round_: Round) -> None:
        """Let the arrays take over a round's programmed weights."""
        for index in range(len(round_.groups)):
            self._unit(index, "array").recv(self._ready(index))

    def _ready(self, index: int) -> int:
        if self.passes.held_streamed is not None:
            return self._channel(index, "held programmed", capacity=self.tiles.weight_buffers)
        return self._channel(index, "programmed", capacity=self.floor.weight_rounds)

    def useful_replicas(self, round_: Round) -> int:
        """Return from how many replicas on the buffer's read side is the slowest."""
        buffer = self.floor.hardware.buffer
        read = [n * self.floor.words(self._read_bits(group)) for group, n in round_.kinds.items()]
        reading_ticks = sum(read) * self.floor.ticks(buffer.clock, 1)
        return 1 + ceil_div(self._slowest_ticks(round_) * buffer.ports.read, reading_ticks)

    def one_replica_ticks(self, round_: Round) -> int:
        """Return how long the slowest unit is busy with one round, were there one replica."""
        passes = self.passes.vectors * self.passes.input_slices * sum(round_.passes)
        return passes * self._slowest_ticks(round_)

    def _slowest_ticks(self, round_: Round) -> int:
        """Return the time from one pass to the next of the slowest group."""
        return max(map(self._cycle_ticks, round_.kinds))

    def _cycle_ticks(self, group: Group) -> int:
        """Return an upper bound of the time from one pass of a group to the next."""
        floor, tiles = self.floor, self.tiles
        per_set, per_tile, _ = self._sums(group, group.stretches[0], 1)
        stages = [floor.ticks(tiles.clock, tiles.array.pass_cycles), self._drive_ticks(group)]
        stages.append(floor.adder_ticks(per_tile))
        if tiles.adc is not None:
            stages.append(ceil_div(per_set, tiles.adc.count) * floor.adc_ticks)
        return max(stages) if tiles.readout_buffer else sum(stages)

    # ---- vectors -------------------------------------------------------------------------

    def compute(self, round_: Round) -> None:
        """Let every input vector meet a round's weights."""
        with self.floor.schedule.op(self.op):
            each, rest = divmod(self.passes.vectors, round_.replicas)
            with self.floor.schedule.repeat(each):
                self._vectors(round_, round_.replicas)
            if rest:
                self._vectors(round_, rest)
            if self.passes.held_streamed is not None:
                for index in range(len(round_.groups)):
                    self._unit(index, "array").send(self._released(index))

    def drain(self) -> None:
        """Let the writers take back the cells of activations that no round will replace."""
        index = 0
        with self.floor.schedule.op(self.op):
            while self.floor.schedule.tokens(self._name(index, "released")):
                for _ in range(self.floor.schedule.tokens(self._name(index, "released"))):
                    self._unit(index, "writer").recv(self._released(index))
                index += 1

    def _released(self, index: int) -> int:
        return self._channel(index, "released", capacity=self.tiles.weight_buffers)

    def _vectors(self, round_: Round, replicas: int) -> None:
        """Do one input vector on each of so many replicas."""
        groups = list(enumerate(round_.groups))
        repeat = self.floor.schedule.repeat
        rows = replicas * sum(group.rows for _, group in groups)
        self.floor.stream(self.op, part_of(rows, self.passes.streamed_bits))
        with repeat(self.passes.input_slices):
            for stretch, count in enumerate(round_.passes):
                with repeat(count):
                    reader = Reader(self.floor, self.op)
                    for index, group in groups:
                        active = group.stretches[stretch]
                        if active.tiles:
                            self._read(reader, index, group, active.tiles, replicas)
                            self._evaluate(index, group, active, replicas)
                        if active.tiles and self.passes.convert_each:
                            self._convert(index, group, active, replicas)
            if not self.passes.convert_each:
                for index, group in groups:
                    self._convert(index, group, group.stretches[0], replicas)
        for index, group in groups:
            self._finish(round_, index, group, replicas)

    def _evaluate(self, index: int, group: Group, active: Active, replicas: int) -> None:
        """Drive and multiply: one pass of one group."""
        floor, tiles, array = self.floor, self.tiles, self._unit(index, "array")
        arriving = self._channel(index, "inputs")
        if tiles.dac is not None:
            arriving = self._drive(index, group, active.tiles, replicas)
        array.recv(arriving)
        cells = replicas * self._cells(group, active)
        array.work(floor.ticks(tiles.clock, tiles.array.pass_cycles), {"array.mac": cells})

    def _read(self, reader: Reader, index: int, group: Group, tiles: int, replicas: int) -> None:
        """Read one pass's inputs: once for each set of tiles that shares them."""
        sets = replicas * (1 if self.tiles.inputs_shared_by == "tiles" else tiles)
        reader.read(self._read_bits(group), sets)
        reader.unit.send(self._channel(index, "inputs"))

    def _read_bits(self, group: Group) -> int:
        return part_of(group.rows * self.passes.slice_bits, self.passes.fresh)

    def _drive(self, index: int, group: Group, tiles: int, replicas: int) -> int:
        """Convert and modulate one pass's inputs; return the channel that they leave by.

        Tiles that share one set of drivers are served one after the other, replica by replica.
        """
        shared = self.tiles.inputs_shared_by == "tiles"
        driver = self._unit(index, "driver")
        if shared:
            driver = self.floor.own("drivers", "driver", self.op)
        by_columns = self.tiles.cores_split == "columns"
        cores = ceil_div(group.tile_columns, self._core_columns) if by_columns else 1
        conversions = group.rows * cores * replicas * (1 if shared else tiles)
        actions = {"dac.convert": conversions}
        if self.tiles.modulator is not None:
            actions["modulator.symbol"] = conversions
        driven = self._channel(index, "driven")
        driver.recv(self._channel(index, "inputs"))
        driver.work(self._drive_ticks(group) * (replicas if shared else 1), actions)
        driver.send(driven)
        return driven

    @property
    def _core_columns(self) -> int:
        """Return the weights that one row of a core holds."""
        return self.tiles.columns // self.passes.cells_per_weight

    def _drive_ticks(self, group: Group) -> int:
        """Return how long one set of drivers takes for its rows of one pass."""
        if self.tiles.dac is None:
            return 0
        rows = min(group.rows, self.tiles.rows)
        return ceil_div(rows, self.tiles.dac.count) * self.floor.dac_ticks

    def _cells(self, group: Group, active: Active) -> int:
        """Return the cells that hold weights in those of a group's tiles that take part."""
        return active.columns * group.depth * self.passes.cells_per_weight

    def _convert(self, index: int, group: Group, active: Active, replicas: int) -> None:
        """Convert and accumulate what the columns have summed."""
        floor, tiles, array = self.floor, self.tiles, self._unit(index, "array")
        accumulator = self._unit(index, "accumulator")
        sums = self._channel(index, "sums")
        per_set, per_tile, in_all = self._sums(group, active, replicas)
        array.send(sums)
        if tiles.adc is None:
            accumulator.recv(sums)
        else:
            adc = self._unit(index, "adc")
            adc.recv(sums)
            time_ticks = ceil_div(per_set, tiles.adc.count) * floor.adc_ticks
            adc.work(time_ticks, {"adc.convert": in_all})
            if not tiles.readout_buffer:
                read_out = self._channel(index, "read out")
                adc.send(read_out)
                array.recv(read_out)
            digits = self._channel(index, "digits")
            adc.send(digits)
            accumulator.recv(digits)
        accumulator.work(floor.adder_ticks(per_tile), {"accumulator.add": in_all})

    def _sums(self, group: Group, active: Active, replicas: int) -> tuple[int, int, int]:
        """Return the sums that a set of converters reads, that a tile adds, and all together."""
        tiles, per_column = self.tiles, self.passes.weight_slices
        per_set = group.tile_columns * per_column
        if tiles.cores_split == "columns" and tiles.adc_shared_by == "none":
            per_set = min(per_set, self._core_columns * per_column)
        if tiles.cores_split == "contraction" and tiles.adc_shared_by == "none":
            per_column *= ceil_div(group.rows, tiles.rows)
        converted = active.converting if self.passes.convert_each else group.columns
        per_tile = part_of(per_column, active.per_tile)
        return per_set, per_tile, converted * per_column * replicas

    def _finish(self, round_: Round, index: int, group: Group, replicas: int) -> None:
        """Add the group's sums to those of its chain; the last one gives the results away."""
        adder = Adder(self.floor, self._unit(index, "accumulator"))
        count, per_tile = replicas * group.columns, group.tile_columns
        before: int | None = None
        if index and not round_.groups[index - 1].last:
            before = self._channel(index - 1, "partial sums")
        elif round_.carries_in:
            before = self._channel(index, "carried sums")
            self.results.load_partial(count)
            self.floor.read(self.op).send(before)
        if before is not None:
            adder.unit.recv(before)
            adder.add(count, per_tile)
        if not group.last:
            adder.unit.send(self._channel(index, "partial sums"))
            return
        name = self._name(index, "results")
        self.results.give(adder, name, count, per_tile, partial=round_.carries_out)

    def _unit(self, index: int, kind: str) -> UnitHandle:
        return self.floor.own(f"group[{index}].{kind}", kind, self.op)

    def _name(self, index: int, name: str) -> str:
        return self.floor.private(f"group[{index}].{name}", self.op)

    def _channel(self, index: int, name: str, capacity: int = 1) -> int:
        return self.floor.schedule.channel(self._name(index, name), capacity)
