"""From workload, machine and plan to programs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from archsim.errors import ConfigError, MappingError
from archsim.hardware import Hardware, WeightStationary
from archsim.mapping import allotment, layout_blocks, layout_weights, pipelined, serial
from archsim.mapping.allotment import Demand
from archsim.mapping.arithmetic import check_copies, counts_of
from archsim.mapping.durations import Paces
from archsim.mapping.floor import Floor, Shares
from archsim.mapping.graph import Graph, Place, Step, place
from archsim.mapping.layout import Counts, Layout, Site
from archsim.mapping.memory import Traffic, plan_pipelined, plan_serial
from archsim.mapping.placement import Placement, placements
from archsim.mapping.program import Program
from archsim.mapping.schedule import Schedule
from archsim.physics import repetition
from archsim.workload import RepetitionPlan, Workload

SCHEDULES = ("serial", "pipelined")


@dataclass(frozen=True, slots=True)
class Compiled:
    """Programs, and how the ops were placed.

    Attributes:
        program: The run.
        programming: The loading of all weights before the run, in ``pipelined``.
        placements: Every op that does something, in order.
        inputs: Inputs of the network that the run works through.
        schedule: ``serial`` or ``pipelined``.
        tick_s: Length of a tick of ``program``: the machine's, or a part of it where shared
            resources are time-divided. ``programming`` has the machine's.
    """

    program: Program
    programming: Program | None
    placements: Mapping[str, Placement]
    inputs: int
    schedule: str
    tick_s: Fraction


def compile_workload(
    workload: Workload,
    hardware: Hardware,
    plan: RepetitionPlan | int | float = 1,
    *,
    batch: int = 1,
    schedule: str = "serial",
) -> Compiled:
    """Return the programs of a workload on a machine.

    Args:
        workload: The network.
        hardware: The machine.
        plan: Repetition counts, or one for all GEMMs on analog arrays.
        batch: Inputs of the network.
        schedule: ``serial`` or ``pipelined``.

    Raises:
        ConfigError: No such schedule, or a batch that it cannot run.
        WorkloadError: The plan does not fit the workload or the machine.
        MappingError: The workload cannot run on the machine: demand, bound, gap, remedy.
    """
    least = 2 if schedule == "pipelined" else 1
    if schedule not in SCHEDULES:
        raise ConfigError(
            f"schedule: found {schedule!r}; expected one of {', '.join(SCHEDULES)}; choose one"
        )
    if isinstance(batch, bool) or not isinstance(batch, int) or batch < least:
        raise ConfigError(
            f"batch: found {batch!r}; expected a whole number of inputs, at least {least} in "
            f"{schedule}; give one such as {least}"
        )
    graph = place(workload, hardware)
    counts = counts_of(graph, hardware, plan)
    if schedule == "serial":
        return _serial(graph, hardware, counts, batch)
    return _pipelined(graph, hardware, counts, batch)


def _serial(graph: Graph, hardware: Hardware, counts: Mapping[str, Counts], batch: int) -> Compiled:
    site = Site(hardware, batch)
    resident = isinstance(hardware.tiles, WeightStationary) and not hardware.tiles.reload
    rounds, space_bits = _weight_room(site, graph)
    unplanned = [(step, Traffic()) for step in graph.steps]
    tiles = allotment.for_latency(hardware, _demands(site, unplanned, counts)) if resident else None
    layouts = _layouts(site, unplanned, counts, tiles)
    partial_bits = _partial_bits(site, graph, layouts)
    capacity_bits = hardware.buffer.size_bits - space_bits
    traffic = plan_serial(graph, batch, capacity_bits, partial_bits)
    steps = list(zip(graph.steps, traffic, strict=True))
    # Where nothing lies in DRAM, a layout is what it was before that was known.
    moved = [(step, moves) for step, moves in steps if moves.streamed or moves.streams_output]
    layouts |= _layouts(site, moved, counts, tiles)
    task = serial.Task(
        site.shape, graph, batch, rounds, resident, tuple(traffic), tuple(layouts.values())
    )
    program = serial.program(task).timed(site.paces)
    placed = placements(graph, steps, layouts, counts)
    return Compiled(program, None, placed, batch, "serial", hardware.tick_s)


def _partial_bits(site: Site, graph: Graph, layouts: Mapping[str, Layout]) -> dict[str, int]:
    """Return the bits of every output that is partial sums between its rounds."""
    sum_bits = site.inputs * site.shape.sum_bits
    return {
        step.output: sum_bits * step.gemm.groups * step.gemm.rows * step.gemm.columns
        for step in _on_tiles(graph)
        if layouts[step.op.name].partial
    }


def _weight_room(site: Site, graph: Graph) -> tuple[int, int]:
    """Return how many rounds of weights there is room for, and the buffer bits they take."""
    tiles, on_tiles = site.hardware.tiles, _on_tiles(graph)
    if not isinstance(tiles, WeightStationary):
        return layout_blocks.weight_space(site, tiles, on_tiles)
    return (tiles.weight_buffers if tiles.reload else max(1, len(on_tiles))), 0


def _pipelined(
    graph: Graph, hardware: Hardware, counts: Mapping[str, Counts], batch: int
) -> Compiled:
    if not isinstance(hardware.tiles, WeightStationary):
        raise MappingError(
            f"pipelined: '{hardware.name}' is output stationary, so its tiles hold no weights that "
            "could stay; its ops cannot overlap. Use schedule serial."
        )
    lags = pipelined.lags(graph)
    longest: dict[str, int] = {}
    for (tensor, _), lag in lags.items():
        longest[tensor] = max(lag, longest.get(tensor, 0))
    traffic, _ = plan_pipelined(graph, longest, hardware.buffer.size_bits)
    steps = list(zip(graph.steps, traffic, strict=True))
    site = Site(hardware, 1, pipelined.SLOTS)
    shape, paces = site.shape, site.paces
    rounds = hardware.tiles.weight_buffers

    def written(inputs: int, layouts: Mapping[str, Layout], shares: Shares) -> Schedule:
        floor = Floor(Schedule(), shape, graph, 1, shares, lags, rounds, resident=True)
        pipelined.emit(floor, inputs, steps, layouts)
        return floor.schedule

    demands = _demands(site, steps, counts)
    unshared = {op: replace(demand, replicas=1) for op, demand in demands.items()}
    least = allotment.for_throughput(hardware, unshared)
    units = written(1, _layouts(site, steps, counts, least), {}).units()
    bound_ticks = pipelined.bound_ticks(shape, paces, units)
    tiles = allotment.for_throughput(hardware, demands, bound_ticks)
    layouts = _layouts(site, steps, counts, tiles)
    shares = pipelined.shares(written(1, layouts, {}).units(), paces)
    program = written(batch, layouts, shares).finish().timed(paces)
    loader = Floor(Schedule(), shape, graph, 1, weight_rounds=rounds, resident=True)
    pipelined.emit_programming(loader, layouts)
    return Compiled(
        program,
        loader.schedule.finish().timed(Paces(hardware)),
        placements(graph, steps, layouts, counts),
        batch,
        "pipelined",
        hardware.tick_s / pipelined.SLOTS,
    )


def tiles_of_use(workload: Workload, hardware: Hardware) -> int:
    """Return how many tiles all weights and every replica that is of use take, unrepeated.

    Raises:
        MappingError: The machine refuses an op.
    """
    graph = place(workload, hardware)
    counts = counts_of(graph, hardware, 1)
    unplanned = [(step, Traffic()) for step in graph.steps]
    demands = _demands(Site(hardware, 1), unplanned, counts)
    return sum(demand.tiles * demand.replicas for demand in demands.values())


def _demands(
    site: Site, steps: list[tuple[Step, Traffic]], counts: Mapping[str, Counts]
) -> dict[str, Demand]:
    """Return what every GEMM on the tiles asks for if it is to stay there."""
    unbounded = dict.fromkeys(counts, _UNBOUNDED)
    return {
        op: Demand(
            layout.tiles // layout.replicas,
            layout_weights.one_replica_ticks(site, layout),
            layout_weights.vectors(layout),
            layout.replicas,
        )
        for op, layout in _layouts(site, steps, counts, unbounded).items()
    }


_UNBOUNDED = 1 << 40
"""More tiles than any machine has."""


def _layouts(
    site: Site,
    steps: list[tuple[Step, Traffic]],
    counts: Mapping[str, Counts],
    tiles: Mapping[str, int] | None = None,
) -> dict[str, Layout]:
    """Return the layout of every GEMM on the tiles, of which ``tiles`` each may use."""
    available = tiles or dict.fromkeys(counts, site.hardware.tiles.count)
    return {
        step.op.name: _lay_out(site, step, moved, counts[step.op.name], available[step.op.name])
        for step, moved in steps
        if step.place is Place.ARRAY
    }


def _lay_out(site: Site, step: Step, traffic: Traffic, counts: Counts, available: int) -> Layout:
    machine = site.hardware.tiles
    whole = tuple(map(int, counts))  # fractions are for laser power only, which is not time
    mode = machine.repetition
    check_copies(step.op.name, counts, site.hardware, available)
    repeats = tuple(repetition.passes(k, mode) * repetition.copies(k, mode) for k in whole)
    if isinstance(machine, WeightStationary):
        return layout_weights.lay_out(site, machine, step, traffic, repeats, available)
    return layout_blocks.lay_out(site, machine, step, traffic, repeats)


def _on_tiles(graph: Graph) -> list[Step]:
    return [step for step in graph.steps if step.place is Place.ARRAY]
