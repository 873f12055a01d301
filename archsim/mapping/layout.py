"""A GEMM on the tiles, whatever the dataflow: in which turns, and with what riding on it."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, partial
from math import prod
from typing import Any, Protocol, TypeVar

from archsim.hardware import Dac, Hardware
from archsim.mapping.blocks import BlockRound
from archsim.mapping.durations import Paces
from archsim.mapping.floor import Floor
from archsim.mapping.graph import Operand, Step
from archsim.mapping.memory import Traffic
from archsim.mapping.output_stationary import OutputStationaryStep, Symbols
from archsim.mapping.passes import Passes
from archsim.mapping.results import Results, Rider
from archsim.mapping.shape import Shape, shape_of
from archsim.mapping.tiling import Round, ceil_div
from archsim.mapping.weight_stationary import WeightStationaryStep

Counts = tuple[int | float, ...]
"""A plan's repetition counts for one op: one, or one for each output channel."""


@dataclass(frozen=True)
class Site:
    """Where ops are laid out.

    Attributes:
        hardware: The machine.
        inputs: Inputs that each step works through at a time.
        slots: Ticks that one tick of the machine is divided into.
    """

    hardware: Hardware
    inputs: int
    slots: int = 1

    @cached_property
    def shape(self) -> Shape:
        """The machine's shape."""
        return shape_of(self.hardware)

    @cached_property
    def paces(self) -> Paces:
        """How long its parts take."""
        return Paces(self.hardware, self.slots)


@dataclass(frozen=True, slots=True)
class Reading:
    """Part of a dot product that one conversion reads.

    Attributes:
        products: Products that it sums.
        symbols: Symbols, or passes, whose charge it holds.
    """

    products: int
    symbols: int


AnyRound = TypeVar("AnyRound", contravariant=True)


class Emitter(Protocol[AnyRound]):
    """Writes the rounds of one op into the schedule."""

    @property
    def op(self) -> str:
        """The op."""

    @property
    def results(self) -> Results:
        """The way out, and what rides on it."""

    @property
    def alike(self) -> Hashable:
        """Equal for ops whose equal rounds differ in nothing but the ops' names."""

    def load(self, round_: AnyRound, /) -> None:
        """Bring a round's weights to where they are used."""

    def receive_weights(self, round_: AnyRound, /) -> None:
        """Wait for a round's weights."""

    def compute(self, round_: AnyRound, /) -> None:
        """Let every input vector meet a round's weights."""

    def drain(self) -> None:
        """End the op, after its last round."""


@dataclass(frozen=True, slots=True)
class Turn:
    """Equal rounds of one op, ready to be written.

    Attributes:
        op: The op.
        ops: All ops that passes are booked under.
        alike: Equal for turns whose passes differ in nothing but the names of these ops.
        count: How many equal rounds follow each other.
        load: Writes the loading of one round's weights.
        receive_weights: Writes the wait for them.
        compute: Writes one round's passes.
        drain: Writes what ends the op, after its last round.
    """

    op: str
    ops: tuple[str, ...]
    alike: Hashable
    count: int
    load: Callable[[], None]
    receive_weights: Callable[[], None]
    compute: Callable[[], None]
    drain: Callable[[], None]


@dataclass(frozen=True)
class Layout:
    """A GEMM on the tiles: all that its programs are written from.

    Attributes:
        op: The op.
        form: What does not change from round to round.
        results: What happens to its sums.
        rounds: Its rounds in order, equal neighbours counted.
        dynamic: Whether the operand that the tiles hold is an activation.
        input_slices: Parts that an input's bits are driven in.
        weight_slices: Parts that a weight's bits are held or driven in.
    """

    op: str
    form: Passes | Symbols
    results: Results
    rounds: tuple[tuple[Round | BlockRound, int], ...]
    dynamic: bool
    input_slices: int
    weight_slices: int

    @property
    def tiles(self) -> int:
        """Return the most tiles in use at a time."""
        return max(round_.tiles for round_, _ in self.rounds)

    @property
    def replicas(self) -> int:
        """Return the most replicas in use at a time."""
        return max(round_.replicas for round_, _ in self.rounds)

    @property
    def loads(self) -> int:
        """Return how often the tiles are loaded."""
        return sum(count for _, count in self.rounds)

    @property
    def partial(self) -> bool:
        """Whether any round's results are partial sums, to be finished in a later one."""
        return any(round_.carries_out for round_, _ in self.rounds)

    def turns(self, floor: Floor) -> tuple[Turn, ...]:
        """Return its rounds, bound to who writes them onto the floor."""
        emitter: Emitter[Any]
        if isinstance(self.form, Passes):
            emitter = WeightStationaryStep(floor, self.op, self.form, self.results)
        else:
            emitter = OutputStationaryStep(floor, self.op, self.form, self.results)
        return tuple([_turn(emitter, round_, count) for round_, count in self.rounds])


def _turn(emitter: Emitter[Any], round_: Round | BlockRound, count: int) -> Turn:
    riders = () if round_.carries_out else emitter.results.riders
    return Turn(
        op=emitter.op,
        ops=(emitter.op, *(rider.op for rider in riders)),
        alike=(emitter.alike, round_),
        count=count,
        load=partial(emitter.load, round_),
        receive_weights=partial(emitter.receive_weights, round_),
        compute=partial(emitter.compute, round_),
        drain=emitter.drain,
    )


# ---- what both dataflows need to know of a step ----------------------------------------


def by_group(groups: int, columns: int, repeats: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
    """Return each group's columns' repetitions; similar counts are put together, largest first."""
    if len(repeats) == 1:
        return (repeats * columns,) * groups
    cut = [repeats[first : first + columns] for first in range(0, len(repeats), columns)]
    return tuple(sorted((tuple(sorted(group, reverse=True)) for group in cut), reverse=True))


def slices(bits: int, driver: Dac | int | None) -> tuple[int, int]:
    """Return into how many slices an operand's bits are cut, and the bits of one.

    Args:
        bits: Bits of the operand.
        driver: The converter that drives it, or the bits of a cell; None takes any operand.
    """
    converter_bits = driver.bits if isinstance(driver, Dac) else driver
    if converter_bits is None or converter_bits >= bits:
        return 1, bits
    return ceil_div(bits, converter_bits), converter_bits


def streamed(operand: Operand, traffic: Traffic) -> Fraction:
    """Return the part of an operand that lies in DRAM."""
    if not traffic.streamed:
        return Fraction(0)
    total = sum(elements for _, elements in operand.elements)
    return Fraction(sum(n for t, n in operand.elements if t in traffic.streamed), max(1, total))


def fresh(hardware: Hardware, step: Step) -> Fraction:
    """Return which part of the driven inputs is read anew: overlaps are kept by a line buffer."""
    return step.new_share if hardware.buffer.line_buffer else Fraction(1)


def bias_bits(hardware: Hardware, step: Step) -> int:
    """Return the bits of one column's bias."""
    return hardware.tiles.accumulator.bits if step.op.parameters else 0


def results(step: Step, traffic: Traffic) -> Results:
    """Return the way out of a step's accumulators: bias, fused ops, buffer or DRAM."""
    riders = (Rider(op, work) for op, work in step.work if work.simple or work.special)
    return Results(
        sums=step.gemm.groups * step.gemm.rows * step.gemm.columns,
        elements=prod(step.op.shape),
        riders=tuple(riders),
        bits=step.output_bits,
        to_dram=traffic.streams_output,
    )
