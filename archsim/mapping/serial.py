"""The ``serial`` schedule: ops in order, each over all inputs, the next weights prefetched."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence

from archsim.mapping import vector
from archsim.mapping.floor import INPUT, OUTPUT, Floor
from archsim.mapping.graph import Step
from archsim.mapping.memory import Traffic
from archsim.mapping.steps import AnyRound, Layout


def emit(
    floor: Floor,
    steps: Sequence[tuple[Step, Traffic]],
    layouts: Mapping[str, Layout],
    copies: int,
) -> None:
    """Write the whole run into the floor's schedule.

    Args:
        floor: Where programs are written.
        steps: The steps in order.
        layouts: The rounds of every GEMM on the tiles.
        copies: Rounds of weights that there is room for at a time.
    """
    weights = _Weights(floor, layouts, copies)
    with floor.schedule.op(INPUT):
        floor.hand_over(INPUT)
    weights.load_first()
    for step, traffic in steps:
        if step.op.name not in layouts:
            vector.emit(floor, step, traffic)
            continue
        layout = layouts[step.op.name]
        with floor.schedule.op(step.op.name):
            floor.begin(step, traffic)
            if layout.dynamic:
                _dynamic(floor, layout)
            else:
                for round_, count in layout.rounds:
                    weights.compute(layout, round_, count)
            floor.end(step, traffic)
    _output(floor)


class _Weights:
    """Loads rounds of weights ahead of their use, as far as there is room."""

    def __init__(self, floor: Floor, layouts: Mapping[str, Layout], copies: int) -> None:
        self._floor = floor
        self._ahead = copies - 1
        self._to_load = deque(
            (layout, round_, count)
            for layout in layouts.values()
            if not layout.dynamic
            for round_, count in layout.rounds
        )

    def load_first(self) -> None:
        """Load as many rounds as may be there before any is used."""
        for _ in range(self._ahead):
            if self._to_load:
                self._load(*self._next(1)[:2])

    def compute(self, layout: Layout, round_: AnyRound, count: int) -> None:
        """Do equal rounds, each beside the load of the round that comes ``ahead`` of it."""
        while count:
            # A loop has to leave every channel as it finds it. The very first round finds no
            # tiles freed by a round before it, the last ones have nothing to load.
            steady = self._floor.freed_tiles and self._to_load
            following = self._next(count if steady else 1) if self._to_load else None
            times = following[2] if following else 1
            with self._floor.schedule.repeat(times):
                if following:
                    self._load(*following[:2])
                with self._floor.schedule.op(layout.emitter.op):
                    layout.emitter.receive_weights(round_)
                layout.emitter.compute(round_)
                self._floor.free_tiles(layout.emitter.op)
            count -= times

    def _next(self, most: int) -> tuple[Layout, AnyRound, int]:
        """Take equal rounds that are to be loaded next, at most so many."""
        layout, round_, count = self._to_load.popleft()
        if count > most:
            self._to_load.appendleft((layout, round_, count - most))
        return layout, round_, min(count, most)

    def _load(self, layout: Layout, round_: AnyRound) -> None:
        with self._floor.schedule.op(layout.emitter.op):
            self._floor.claim_tiles(layout.emitter.op)
            layout.emitter.load(round_)


def _dynamic(floor: Floor, layout: Layout) -> None:
    """Do a product of two activations: nothing can be loaded before the op starts."""
    emitter = layout.emitter
    for round_, count in layout.rounds:
        with floor.schedule.repeat(count):
            emitter.load(round_)
            emitter.receive_weights(round_)
            emitter.compute(round_)
    floor.free_tiles(emitter.op)


def _output(floor: Floor) -> None:
    """Move the network's outputs to DRAM, input by input."""
    bits = sum(map(floor.graph.bits, sorted(floor.graph.outputs)))
    with floor.schedule.op(OUTPUT):
        floor.claim_tiles(OUTPUT)
        floor.wait_for(OUTPUT, [])
        with floor.schedule.repeat(floor.inputs):
            floor.spill(OUTPUT, bits)
