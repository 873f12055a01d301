"""The ``serial`` schedule: ops in order, each over all inputs, the next weights prefetched."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial

from archsim.mapping import vector
from archsim.mapping.floor import INPUT, OUTPUT, Floor
from archsim.mapping.graph import Graph
from archsim.mapping.layout import Layout, Turn
from archsim.mapping.memory import Traffic
from archsim.mapping.program import Program
from archsim.mapping.schedule import Schedule, Section
from archsim.mapping.shape import Shape


@dataclass(frozen=True)
class Task:
    """A serial run: all that its programs are written from.

    Attributes:
        shape: The machine's.
        graph: The network, placed.
        inputs: Inputs that each step works through at a time.
        weight_rounds: Rounds of weights that there is room for at a time.
        resident: Whether every op has tiles of its own.
        traffic: What each step moves.
        layouts: The GEMMs on the tiles, in order.
    """

    shape: Shape
    graph: Graph
    inputs: int
    weight_rounds: int
    resident: bool
    traffic: tuple[Traffic, ...]
    layouts: tuple[Layout, ...]


@lru_cache(maxsize=8)  # the same for all machines of one shape
def program(task: Task) -> Program:
    """Return the programs of a run, to be timed for a machine."""
    floor = Floor(
        Schedule(),
        task.shape,
        task.graph,
        task.inputs,
        weight_rounds=task.weight_rounds,
        resident=task.resident,
    )
    _write(floor, task.traffic, {layout.op: layout for layout in task.layouts})
    return floor.schedule.finish()


def _write(floor: Floor, traffic: Sequence[Traffic], layouts: Mapping[str, Layout]) -> None:
    """Write the whole run into the floor's schedule."""
    turns = {op: layout.turns(floor) for op, layout in layouts.items()}
    static = [op for op, layout in layouts.items() if not layout.dynamic]
    weights = _Weights(floor, [turn for op in static for turn in turns[op]])
    passes = _Passes(floor)
    with floor.schedule.op(INPUT):
        floor.hand_over(INPUT)
    weights.load_next(1)
    for step, moves in zip(floor.graph.steps, traffic, strict=True):
        op = step.op.name
        if op not in layouts:
            vector.emit(floor, step, moves)
            continue
        with floor.schedule.op(op):
            floor.begin(step, moves)
            if layouts[op].dynamic:
                key = tuple((turn.alike, turn.count) for turn in turns[op])
                emit = partial(dynamic, turns[op], floor.schedule, ahead=False)
                passes.write(key, turns[op][-1].ops, emit)
                floor.free_tiles(op)
            else:
                weights.load_ahead()
                for turn in turns[op]:
                    weights.compute(turn, passes)
            floor.end(step, moves)
    _output(floor)


class _Passes:
    """Writes the passes of rounds: those of ops that are alike once, and then copies."""

    def __init__(self, floor: Floor) -> None:
        self._schedule = floor.schedule
        self._alike = not floor.resident and floor.shape.arbitration == "static"
        self._written: dict[Hashable, tuple[Section, list[int]]] = {}

    def write(self, key: Hashable, ops: Sequence[str], emit: Callable[[], None]) -> None:
        """Write some passes.

        Args:
            key: Equal for passes that differ in nothing but the names of their ops.
            ops: All ops that they are booked under.
            emit: Writes them.
        """
        if not self._alike:  # units, channels or priorities are each op's own
            emit()
            return
        booked = [self._schedule.op_index(op) for op in ops]
        section, before = self._written.get(key, (None, booked))
        if section is None:
            with self._schedule.section() as section:
                emit()
            self._written[key] = section, booked
            return
        if before != booked:
            section = section.rebooked(dict(zip(before, booked, strict=True)))
            self._written[key] = section, booked
        section.again()


class _Weights:
    """Loads rounds of weights ahead of their use, as far as there is room."""

    def __init__(self, floor: Floor, turns: Sequence[Turn]) -> None:
        self._floor = floor
        self._ahead = floor.weight_rounds - 1
        self._to_load = deque((turn, turn.count) for turn in turns)

    def load_next(self, most: int) -> None:
        """Load so many rounds, as far as there is room for them."""
        for _ in range(min(most, self._ahead)):
            self._ahead -= 1
            if self._to_load:
                self._load(self._next(1)[0])

    def load_ahead(self) -> None:
        """Load as many rounds as there is room for; the first op's data have gone before."""
        self.load_next(self._ahead)

    def compute(self, turn: Turn, passes: _Passes) -> None:
        """Do equal rounds, each beside the load of the round that comes ``ahead`` of it."""
        left = turn.count
        while left:
            # A loop has to leave every channel as it finds it. The very first round finds no
            # tiles freed by a round before it, the last ones have nothing to load.
            steady = self._floor.freed_tiles and self._to_load
            following, times = self._next(left if steady else 1) if self._to_load else (None, 1)
            with self._floor.schedule.repeat(times):
                if following is not None:
                    self._load(following)
                with self._floor.schedule.op(turn.op):
                    turn.receive_weights()
                passes.write(turn.alike, turn.ops, turn.compute)
                self._floor.free_tiles(turn.op)
            left -= times

    def _next(self, most: int) -> tuple[Turn, int]:
        """Take equal rounds that are to be loaded next, at most so many."""
        turn, count = self._to_load.popleft()
        if count > most:
            self._to_load.appendleft((turn, count - most))
        return turn, min(count, most)

    def _load(self, turn: Turn) -> None:
        with self._floor.schedule.op(turn.op):
            self._floor.claim_tiles(turn.op)
            turn.load()


def dynamic(turns: Sequence[Turn], schedule: Schedule, *, ahead: bool) -> None:
    """Do a product of two activations: nothing can be loaded before the op starts.

    Args:
        turns: Its rounds.
        schedule: Where they are written.
        ahead: Whether a second copy of the cells is free, so that each round's operand is written
            while the round before it runs. In ``serial`` it is not: it holds the next weights.
    """
    rounds = [(turn, turn.count) for turn in turns]
    if ahead:
        turns[0].load()
    for place, (turn, count) in enumerate(rounds):
        following = rounds[place + 1][0] if place + 1 < len(rounds) else None
        # The first round of a turn may find other cells freed than those after it: a loop of
        # its own. Ahead, the last one loads what follows.
        times = [1, count - 1 - ahead, int(ahead)] if count > 1 else [1]
        times = [repeated for repeated in times if repeated]
        for index, repeated in enumerate(times):
            last = index == len(times) - 1
            with schedule.repeat(repeated):
                _round(turn, following if last else turn, ahead=ahead)
    turns[0].drain()


def _round(turn: Turn, following: Turn | None, *, ahead: bool) -> None:
    if not ahead:
        turn.load()
    elif following is not None:
        following.load()
    turn.receive_weights()
    turn.compute()


def _output(floor: Floor) -> None:
    """Move the network's outputs to DRAM, input by input."""
    bits = sum(map(floor.graph.bits, sorted(floor.graph.outputs)))
    with floor.schedule.op(OUTPUT):
        floor.claim_tiles(OUTPUT)
        floor.wait_for(OUTPUT, [])
        with floor.schedule.repeat(floor.inputs):
            floor.spill(OUTPUT, bits)
            floor.mark_stored()
