"""How fast the SimPy engine is, and what its own channels gain over ``simpy.Store``.

Every row runs one synthetic pipeline twice: by the engine, and by the shortest SimPy program of
the same meaning with a ``Store`` for each channel, no ledger and no latency. The ratio of the two
is taken in one run on one machine, so it says more than either speed.

Run with ``python tests/bench/bench_simpy.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from time import perf_counter

import simpy
from rich.console import Console
from rich.table import Table

from archsim.engine import simpy_engine
from archsim.engine.clock import Clock
from archsim.mapping.program import Channel, Instruction, Program, Recv, Repeat, Send, Unit, Work

PASSES = 10_000
ROUNDS = 3
PIPELINES = {
    "balanced": ((3, 3, 3, 3), 2),
    "slow in front": ((9, 1, 1, 1), 2),
    "slow at the end": ((1, 1, 1, 9), 2),
    "slow at the end, deep channels": ((1, 1, 1, 9), 64),
}


def pipeline(ticks: tuple[int, ...], capacity: int) -> Program:
    """Return a chain of stages that each take a token, work and pass it on."""
    units = []
    for stage, duration in enumerate(ticks):
        body: list[Instruction] = [Recv(stage - 1, 0)] if stage else []
        body.append(Work(0, duration))
        if stage < len(ticks) - 1:
            body.append(Send(stage, 0))
        units.append(Unit(f"stage[{stage}]", "stage", (Repeat(PASSES, tuple(body)),)))
    channels = tuple(Channel(f"to stage[{i + 1}]", capacity) for i in range(len(ticks) - 1))
    return Program(("op",), tuple(units), channels)


def run_with_stores(program: Program, clock: Clock) -> int:
    """Run a program with a Store for each channel; return its makespan."""
    stores = [simpy.Store(clock, channel.capacity) for channel in program.channels]

    def execute(body: tuple[Instruction, ...]) -> Generator[simpy.Event, None, None]:
        for instruction in body:
            match instruction:
                case Work(_, ticks):
                    yield clock.timeout(ticks)
                case Recv(channel):
                    yield stores[channel].get()
                case Send(channel):
                    yield stores[channel].put(None)
                case Repeat(count, nested):
                    for _ in range(count):
                        yield from execute(nested)

    for unit in program.units:
        clock.process(execute(unit.instructions))
    clock.run()
    return clock.now


def run_with_engine(program: Program, clock: Clock) -> int:
    """Run a program on the engine; return its makespan."""
    return simpy_engine.run(program, clock=clock).makespan_ticks


def measured(run: Callable[[Program, Clock], int], program: Program) -> tuple[float, int, int]:
    """Return the least time of some rounds in seconds, the events and the makespan of one."""
    times_s = []
    for _ in range(ROUNDS):
        clock = Clock()
        start_s = perf_counter()
        makespan_ticks = run(program, clock)
        times_s.append(perf_counter() - start_s)
        events = next(clock._eid)
    return min(times_s), events, makespan_ticks


def main() -> None:
    """Print the table."""
    table = Table(title=f"SimPy engine, 4 stages, {PASSES} passes, best of {ROUNDS}")
    for heading in ("pipeline", "instructions/s", "events", "with Store", "Store / engine"):
        table.add_column(heading, justify="left" if heading == "pipeline" else "right")
    for name, (ticks, capacity) in PIPELINES.items():
        program = pipeline(ticks, capacity)
        engine_s, engine_events, engine_ticks = measured(run_with_engine, program)
        stores_s, stores_events, stores_ticks = measured(run_with_stores, program)
        if engine_ticks != stores_ticks:
            raise ValueError(f"{name}: {engine_ticks} ticks, with Stores {stores_ticks}")
        instructions = PASSES * (3 * len(ticks) - 2)
        table.add_row(
            name,
            f"{instructions / engine_s:,.0f}",
            f"{engine_events:,}",
            f"{stores_events:,}",
            f"{stores_s / engine_s:.2f}",
        )
    Console().print(table)


if __name__ == "__main__":
    main()
