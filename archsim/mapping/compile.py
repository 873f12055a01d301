"""From workload, machine and plan to programs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from archsim.errors import ConfigError, MappingError
from archsim.hardware import Hardware, WeightStationary
from archsim.mapping import layout_blocks, layout_weights, pipelined, serial
from archsim.mapping.floor import Floor, Shares
from archsim.mapping.graph import Graph, Place, Step, place
from archsim.mapping.layout import Counts, Layout, Repeats
from archsim.mapping.memory import Traffic, plan_pipelined, plan_serial
from archsim.mapping.program import Program
from archsim.mapping.schedule import Schedule
from archsim.physics import repetition
from archsim.workload import RepetitionPlan, Workload

SCHEDULES = ("serial", "pipelined")


@dataclass(frozen=True, slots=True)
class Placement:
    """How one op is executed.

    Attributes:
        op: The op.
        kind: Its kind.
        place: What executes it: ``array``, ``vector_unit``, or the op that it rides on.
        macs: Its multiply-accumulates for one input.
        tiles: Most tiles in use at a time.
        rounds: How often the tiles are loaded for it.
        replicas: Copies of its weights that work on different vectors, at most.
        input_slices: Parts that an input's bits are driven in.
        weight_slices: Parts that a weight's bits are held or driven in.
        repetitions: Its largest repetition count.
        spilled: Tensors that went to DRAM for it, or came back; the network's inputs apart.
    """

    op: str
    kind: str
    place: str
    macs: int = 0
    tiles: int = 0
    rounds: int = 0
    replicas: int = 1
    input_slices: int = 1
    weight_slices: int = 1
    repetitions: int | float = 1
    spilled: int = 0


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
        raise ConfigError(f"schedule: {schedule!r}; expected one of {', '.join(SCHEDULES)}.")
    if batch < least:
        raise ConfigError(f"batch: {batch}; {schedule} needs at least {least} inputs. Raise it.")
    graph = place(workload, hardware)
    counts = _counts(graph, hardware, plan)
    if schedule == "serial":
        return _serial(graph, hardware, counts, batch)
    return _pipelined(graph, hardware, counts, batch)


def _serial(graph: Graph, hardware: Hardware, counts: Mapping[str, Counts], batch: int) -> Compiled:
    resident = isinstance(hardware.tiles, WeightStationary) and not hardware.tiles.reload
    floor = Floor(Schedule(), hardware, graph, batch, resident=resident)
    rounds, space_bits = _weight_room(floor)
    floor = replace(floor, weight_rounds=rounds)
    traffic = plan_serial(graph, batch, hardware.buffer.size_bits - space_bits)
    steps = list(zip(graph.steps, traffic, strict=True))
    tiles = pipelined.allot(hardware, _demands(floor, steps, counts)) if resident else None
    layouts = _layouts(floor, steps, counts, tiles)
    serial.emit(floor, steps, layouts)
    program = floor.schedule.finish()
    placements = _placements(graph, steps, layouts, counts)
    return Compiled(program, None, placements, batch, "serial", hardware.tick_s)


def _weight_room(floor: Floor) -> tuple[int, int]:
    """Return how many rounds of weights there is room for, and the buffer bits they take."""
    tiles, on_tiles = floor.hardware.tiles, _on_tiles(floor.graph)
    if not isinstance(tiles, WeightStationary):
        return layout_blocks.weight_space(floor, tiles, on_tiles)
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
    floor = Floor(Schedule(), hardware, graph, 1, lags=lags, resident=True, slots=pipelined.SLOTS)

    def written(inputs: int, tiles: Mapping[str, int], shares: Shares) -> Program:
        fresh = replace(floor, schedule=Schedule(), shares=shares)
        pipelined.emit(fresh, inputs, steps, _layouts(fresh, steps, counts, tiles))
        return fresh.schedule.finish()

    demands = _demands(floor, steps, counts)
    least = pipelined.allot(hardware, {op: replace(d, replicas=1) for op, d in demands.items()})
    bound_ticks = pipelined.bound_ticks(floor, written(1, least, {}))
    tiles = pipelined.allot(hardware, demands, bound_ticks)
    program = written(batch, tiles, pipelined.shares(written(1, tiles, {})))
    loader = replace(floor, schedule=Schedule(), lags=None, slots=1)
    layouts = _layouts(loader, steps, counts, tiles)
    pipelined.emit_programming(loader, layouts)
    return Compiled(
        program,
        loader.schedule.finish(),
        _placements(graph, steps, layouts, counts),
        batch,
        "pipelined",
        hardware.tick_s / pipelined.SLOTS,
    )


def _demands(
    floor: Floor, steps: list[tuple[Step, Traffic]], counts: Mapping[str, Counts]
) -> dict[str, pipelined.Demand]:
    """Return what every GEMM on the tiles asks for if it is to stay there."""
    unbounded = dict.fromkeys(counts, _UNBOUNDED)
    return {
        op: pipelined.Demand(layout.tiles // layout.replicas, layout.ticks, layout.replicas)
        for op, layout in _layouts(floor, steps, counts, unbounded).items()
    }


_UNBOUNDED = 1 << 40
"""More tiles than any machine has."""


def _layouts(
    floor: Floor,
    steps: list[tuple[Step, Traffic]],
    counts: Mapping[str, Counts],
    tiles: Mapping[str, int] | None = None,
) -> dict[str, Layout]:
    """Return the layout of every GEMM on the tiles, of which ``tiles`` each may use."""
    available = tiles or dict.fromkeys(counts, floor.hardware.tiles.count)
    return {
        step.op.name: _lay_out(floor, step, moved, counts[step.op.name], available[step.op.name])
        for step, moved in steps
        if step.place is Place.ARRAY
    }


def _lay_out(floor: Floor, step: Step, traffic: Traffic, counts: Counts, available: int) -> Layout:
    machine = floor.hardware.tiles
    whole = tuple(map(int, counts))  # fractions are for laser power only, which is not time
    copies = max(repetition.copies(k, machine.repetition) for k in whole)
    if copies > available:
        raise MappingError(
            f"{step.op.name}: {copies} repetitions in space need {copies} tiles; "
            f"'{floor.hardware.name}' has {available}, {copies - available} too few. "
            f"Raise tiles.count to {copies}, repeat in time, or lower the count."
        )
    repeats = Repeats(tuple(repetition.passes(k, machine.repetition) for k in whole), copies)
    if isinstance(machine, WeightStationary):
        return layout_weights.lay_out(floor, machine, step, traffic, repeats, available)
    return layout_blocks.lay_out(floor, machine, step, traffic, repeats)


def _on_tiles(graph: Graph) -> list[Step]:
    return [step for step in graph.steps if step.place is Place.ARRAY]


def _counts(
    graph: Graph, hardware: Hardware, plan: RepetitionPlan | int | float
) -> dict[str, Counts]:
    """Return the counts of every op on the tiles; refuse repetition where nothing is analog."""
    workload = graph.workload
    if not workload.gemms and not isinstance(plan, RepetitionPlan):
        return {}
    full = plan if isinstance(plan, RepetitionPlan) else RepetitionPlan.uniform(workload, plan)
    limits = hardware.power_limits
    full.check(workload, mode=hardware.tiles.repetition.value, power_limits=limits)
    on_tiles = [step.op.name for step in _on_tiles(graph)]
    analog = () if hardware.tiles.digital else on_tiles
    wanted = {op.name: full.of_columns(op) for op in workload.gemms}
    repeated = [name for name, ks in wanted.items() if name not in analog and set(ks) != {1}]
    if repeated and (isinstance(plan, RepetitionPlan) or hardware.tiles.digital):
        raise MappingError(
            f"{', '.join(repeated)}: repeated, but executed digitally on '{hardware.name}', where "
            "repetition buys nothing. Set their counts to 1."
        )
    return {name: wanted[name] if name in analog else (1,) for name in on_tiles}


def _placements(
    graph: Graph,
    steps: list[tuple[Step, Traffic]],
    layouts: Mapping[str, Layout],
    counts: Mapping[str, Counts],
) -> dict[str, Placement]:
    found = {}
    network_inputs = graph.network_inputs
    for step, moved in steps:
        op, layout = step.op, layouts.get(step.op.name)
        back = {*moved.fetched, *moved.streamed} - network_inputs
        spilled = len(moved.spilled) + len(back) + moved.streams_output
        placement = Placement(
            op.name,
            op.kind,
            str(step.place),
            macs=op.gemm.macs if op.gemm else 0,
            spilled=spilled,
        )
        if layout is not None:
            placement = replace(
                placement,
                tiles=layout.tiles,
                rounds=layout.rounds,
                replicas=layout.replicas,
                input_slices=layout.input_slices,
                weight_slices=layout.weight_slices,
                repetitions=max(counts[op.name]),
            )
        found[op.name] = placement
        for rider in step.fused:
            found[rider.name] = Placement(rider.name, rider.kind, op.name)
    return found
