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

from archsim.mapping.durations import Pace, taking
from archsim.mapping.floor import Floor, weights_of
from archsim.mapping.passes import Passes
from archsim.mapping.results import Adder, Reader, Results
from archsim.mapping.schedule import UnitHandle
from archsim.mapping.shape import Shape
from archsim.mapping.tiling import Active, Group, Round, ceil_div, part_of


@dataclass(frozen=True)
class WeightStationaryStep:
    """Writes the rounds of one step into the schedule."""

    floor: Floor
    op: str
    passes: Passes
    results: Results

    @property
    def alike(self) -> Hashable:
        """Equal for ops whose equal rounds differ in nothing but the ops' names."""
        return self.passes, self.results.alike

    @property
    def shape(self) -> Shape:
        """The machine's shape."""
        return self.floor.shape

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
        cells = replicas * self.passes.cells(group, group.stretches[0])
        writing = taking(Pace.WRITE, min(group.rows, self.shape.rows))
        writer.work(writing, {"array.write": cells})
        writer.send(self._ready(index))

    def receive_weights(self, round_: Round) -> None:
        """Let the arrays take over a round's programmed weights."""
        for index in range(len(round_.groups)):
            self._unit(index, "array").recv(self._ready(index))

    def _ready(self, index: int) -> int:
        if self.passes.held_streamed is not None:
            return self._channel(index, "held programmed", capacity=self.shape.weight_buffers)
        return self._channel(index, "programmed", capacity=self.floor.weight_rounds)

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
        return self._channel(index, "released", capacity=self.shape.weight_buffers)

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
        array = self._unit(index, "array")
        arriving = self._channel(index, "inputs")
        if self.shape.dacs:
            arriving = self._drive(index, group, active.tiles, replicas)
        array.recv(arriving)
        cells = replicas * self.passes.cells(group, active)
        array.work(taking(Pace.PASS, 1), {"array.mac": cells})

    def _read(self, reader: Reader, index: int, group: Group, tiles: int, replicas: int) -> None:
        """Read one pass's inputs: once for each set of tiles that shares them."""
        sets = replicas * (1 if self.shape.inputs_shared_by == "tiles" else tiles)
        reader.read(self.passes.read_bits(group), sets)
        reader.unit.send(self._channel(index, "inputs"))

    def _drive(self, index: int, group: Group, tiles: int, replicas: int) -> int:
        """Convert and modulate one pass's inputs; return the channel that they leave by.

        Tiles that share one set of drivers are served one after the other, replica by replica.
        """
        shared = self.shape.inputs_shared_by == "tiles"
        driver = self._unit(index, "driver")
        if shared:
            driver = self.floor.own("drivers", "driver", self.op)
        by_columns = self.shape.cores_split == "columns"
        held = self.passes.core_columns(self.shape)
        cores = ceil_div(group.tile_columns, held) if by_columns else 1
        conversions = group.rows * cores * replicas * (1 if shared else tiles)
        actions = {"dac.convert": conversions}
        if self.shape.modulated:
            actions["modulator.symbol"] = conversions
        driven = self._channel(index, "driven")
        driver.recv(self._channel(index, "inputs"))
        turns = replicas if shared else 1
        driver.work(taking(Pace.DRIVE, turns * self.passes.drives(self.shape, group)), actions)
        driver.send(driven)
        return driven

    def _convert(self, index: int, group: Group, active: Active, replicas: int) -> None:
        """Convert and accumulate what the columns have summed."""
        shape, array = self.shape, self._unit(index, "array")
        accumulator = self._unit(index, "accumulator")
        sums = self._channel(index, "sums")
        per_set, per_tile, in_all = self.passes.sums(shape, group, active, replicas)
        array.send(sums)
        if not shape.adcs:
            accumulator.recv(sums)
        else:
            adc = self._unit(index, "adc")
            adc.recv(sums)
            adc.work(shape.converting(per_set), {"adc.convert": in_all})
            if not shape.readout_buffer:
                read_out = self._channel(index, "read out")
                adc.send(read_out)
                array.recv(read_out)
            digits = self._channel(index, "digits")
            adc.send(digits)
            accumulator.recv(digits)
        accumulator.work(shape.adding(per_tile), {"accumulator.add": in_all})

    def _finish(self, round_: Round, index: int, group: Group, replicas: int) -> None:
        """Add the group's sums to those of its chain; the last one gives the results away."""
        adder = Adder(self.floor, self.op, self._unit(index, "accumulator"))
        count, per_tile = replicas * group.columns, group.tile_columns
        before: int | None = None
        if index and not round_.groups[index - 1].last:
            before = self._channel(index - 1, "partial sums")
        elif round_.carries_in:
            before = self._channel(index, "carried sums")
            self.results.load_partial(self.floor, self.op, count)
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
