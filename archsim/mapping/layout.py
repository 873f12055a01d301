"""A GEMM on the tiles, whatever the dataflow: in which turns, and with what riding on it."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from math import prod
from typing import Protocol, TypeVar

from archsim.hardware import Dac
from archsim.mapping.floor import Floor
from archsim.mapping.graph import Operand, Step
from archsim.mapping.memory import Traffic
from archsim.mapping.results import Results, Rider
from archsim.mapping.tiling import ceil_div

Counts = tuple[int | float, ...]
"""A plan's repetition counts for one op: one, or one for each output channel."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Part of a dot product that one conversion reads.

    Attributes:
        products: Products that it sums.
        symbols: Symbols, or passes, whose charge it holds.
    """

    products: int
    symbols: int


class Unfinished(Protocol):
    """A round of any dataflow."""

    @property
    def tiles(self) -> int:
        """Tiles in use."""

    @property
    def carries_out(self) -> bool:
        """Whether its results are partial sums."""


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
        tiles: Tiles in use.
        replicas: Copies of the weights that work on different vectors.
        partial: Whether results are partial sums, to be finished in a later round.
        load: Writes the loading of one round's weights.
        receive_weights: Writes the wait for them.
        compute: Writes one round's passes.
        drain: Writes what ends the op, after its last round.
    """

    op: str
    ops: tuple[str, ...]
    alike: Hashable
    count: int
    tiles: int
    replicas: int
    partial: bool
    load: Callable[[], None]
    receive_weights: Callable[[], None]
    compute: Callable[[], None]
    drain: Callable[[], None]


R = TypeVar("R", bound=Unfinished)


def turn(emitter: Emitter[R], round_: R, count: int, *, replicas: int = 1) -> Turn:
    """Return so many equal rounds, bound to who writes them."""
    riders = () if round_.carries_out else emitter.results.riders
    return Turn(
        op=emitter.op,
        ops=(emitter.op, *(rider.op for rider in riders)),
        alike=(emitter.alike, round_),
        count=count,
        tiles=round_.tiles,
        replicas=replicas,
        partial=round_.carries_out,
        load=partial(emitter.load, round_),
        receive_weights=partial(emitter.receive_weights, round_),
        compute=partial(emitter.compute, round_),
        drain=emitter.drain,
    )


@dataclass(frozen=True)
class Layout:
    """A GEMM on the tiles.

    Attributes:
        turns: Its rounds, in order.
        dynamic: Whether the operand that the tiles hold is an activation.
        ticks: How long its slowest unit on the tiles is busy, were there one replica.
        input_slices: Parts that an input's bits are driven in.
        weight_slices: Parts that a weight's bits are held or driven in.
    """

    turns: tuple[Turn, ...]
    dynamic: bool
    ticks: int
    input_slices: int
    weight_slices: int

    @property
    def tiles(self) -> int:
        """Return the most tiles in use at a time."""
        return max(turn.tiles for turn in self.turns)

    @property
    def replicas(self) -> int:
        """Return the most replicas in use at a time."""
        return max(turn.replicas for turn in self.turns)

    @property
    def rounds(self) -> int:
        """Return how often the tiles are loaded."""
        return sum(turn.count for turn in self.turns)


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


def fresh(floor: Floor, step: Step) -> Fraction:
    """Return which part of the driven inputs is read anew: overlaps are kept by a line buffer."""
    return step.new_share if floor.hardware.buffer.line_buffer else Fraction(1)


def bias_bits(floor: Floor, step: Step) -> int:
    """Return the bits of one column's bias."""
    return floor.hardware.tiles.accumulator.bits if step.op.parameters else 0


def results(floor: Floor, step: Step, traffic: Traffic) -> Results:
    """Return the way out of a step's accumulators: bias, fused ops, buffer or DRAM."""
    riders = (Rider(op, work) for op, work in step.work if work.simple or work.special)
    return Results(
        floor=floor,
        op=step.op.name,
        sums=step.gemm.groups * step.gemm.rows * step.gemm.columns,
        elements=prod(step.op.shape),
        riders=tuple(riders),
        bits=step.output_bits,
        to_dram=traffic.streams_output,
    )
