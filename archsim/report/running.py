"""From a machine and a workload to a report: the whole chain in one call."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from archsim import engine as engines
from archsim import hardware as machines
from archsim import workload as workloads
from archsim.engine import Ledger
from archsim.engine.trace import Progress, Together, Trace
from archsim.errors import ConfigError
from archsim.hardware import Hardware
from archsim.hardware.check import facts
from archsim.mapping import Compiled, compile_workload
from archsim.mapping.floor import OUTPUT
from archsim.report import rows
from archsim.report.energy import of_run
from archsim.report.headline import headline, programming
from archsim.report.packing import UNIFORM, packing
from archsim.report.report import Programming, Provenance, Report, Simulation, Tables
from archsim.report.windows import windows
from archsim.units import format_si
from archsim.workload import RepetitionPlan, Workload

if TYPE_CHECKING:
    from archsim.report.timeline import TimelineFile

_NAMED = 3
"""Ops that a warning names."""


def simulate(  # noqa: PLR0913 - what a user can choose about a run, all in one place
    hardware: Hardware | str | Path,
    workload: Workload | str | Path,
    plan: RepetitionPlan | str | Path | None = None,
    *,
    repetitions: int | float | None = None,
    batch: int = 1,
    schedule: str = "serial",
    engine: str = "auto",
    progress: Progress | None = None,
    trace: Trace | None = None,
    verify_engine: bool = False,
    timeline: TimelineFile | None = None,
) -> Report:
    """Return what a workload takes on a machine: time, energy and area, and where they go.

    Args:
        hardware: A machine, its file, or a shipped one's name.
        workload: A workload, its file, or a shipped one's name.
        plan: How often each product is repeated.
        repetitions: The same count for all of them, instead of a plan; without either, 1.
        batch: Inputs of the network.
        schedule: ``serial``: ops in order, each over all inputs; ``pipelined``: all weights
            resident, ops overlap on a stream of inputs.
        engine: ``auto`` or the name of an engine.
        progress: Called now and then with how many works of how many are done.
        trace: Told of every instruction of the run, for example a ``TraceFile``.
        verify_engine: Whether to run on both engines, and to fail on any difference.
        timeline: Where to draw the run.

    Raises:
        ArchsimError: Input that is wrong (``exit_code`` 2) or cannot run (``exit_code`` 3).
    """
    machine = hardware if isinstance(hardware, Hardware) else machines.load_hardware(hardware)
    network = workload if isinstance(workload, Workload) else workloads.load_workload(workload)
    counts = counts_of(network, machine, plan, repetitions)
    compiled = compile_workload(network, machine, counts, batch=batch, schedule=schedule)
    told = Together([of for of in (trace, timeline) if of is not None]) if timeline else trace
    ledger = engines.run(compiled.program, engine, progress, told, verify=verify_engine)
    planned = _plan(network, counts)
    provenance = Provenance(
        archsim_version=version("archsim"),
        hardware_hash=machine.hash,
        workload_fingerprint=network.fingerprint,
        activation_bits=network.activation_bits,
        weight_bits=network.weight_bits,
        plan_hash=planned.hash if planned else None,
        engine=ledger.engine,
        engine_asked=engine,
    )
    report = report_of(machine, network, compiled, ledger, provenance, plan=planned)
    if timeline is not None:
        timeline.ran(machine, network, compiled, ledger, provenance)
    return report


def report_of(
    hardware: Hardware,
    workload: Workload,
    compiled: Compiled,
    ledger: Ledger,
    provenance: Provenance,
    *,
    plan: RepetitionPlan | None = None,
) -> Report:
    """Return the report of a run that is over.

    Args:
        hardware: The machine.
        workload: The network.
        compiled: What ran.
        ledger: What the run left behind.
        provenance: What it came from.
        plan: The counts that it was compiled for; without them the report tells no packing.

    Raises:
        SimulationError: The ledger does not fit the machine or the network.
    """
    tick_s, makespan_s = compiled.tick_s, ledger.makespan_ticks * compiled.tick_s
    when = windows(ledger)
    spent = of_run(hardware, compiled, ledger, when)
    figures = headline(hardware, compiled, ledger, when)
    loading = programming(hardware, compiled, provenance.engine)
    packed = packing(hardware, workload, compiled, ledger, plan) if plan else UNIFORM
    tables = Tables(
        ops=rows.op_rows(hardware, compiled, when, spent, packing=packed.by_op),
        energy=rows.energy_rows(spent),
        components=rows.component_rows(hardware, spent, makespan_s),
        units=rows.unit_rows(ledger, tick_s),
        activity=rows.activity_rows(ledger, tick_s),
        actions=rows.action_rows(ledger),
    )
    return Report(
        workload=workload.name,
        hardware=hardware.name,
        engine=ledger.engine,
        simulation=Simulation(
            ledger.instructions, ledger.executed, ledger.skipped, ledger.verified, ledger.reason
        ),
        batch=compiled.inputs,
        schedule=compiled.schedule,
        macs=workload.macs,
        latency_s=figures.latency_s,
        throughput_per_s=figures.throughput_per_s,
        makespan_ticks=figures.makespan_ticks,
        makespan_s=figures.makespan_s,
        tick_s=figures.tick_s,
        energy_j=figures.energy_j,
        energy_per_input_j=figures.energy_per_input_j,
        power_w=figures.power_w,
        area_m2=figures.area_m2,
        utilization=figures.utilization,
        packing_overhead=packed.overhead,
        energy_by_op_j={op: float(j) for op, j in spent.by_op_j().items()},
        energy_by_component_j=dict(figures.energy_by_component_j),
        programming=Programming(*loading) if loading else None,
        provenance=provenance,
        warnings=_warnings(hardware, ledger),
        machine=hardware,
        plan=plan,
        tables=tables,
    )


def counts_of(
    workload: Workload,
    hardware: Hardware,
    plan: RepetitionPlan | str | Path | None,
    repetitions: int | float | None,
) -> RepetitionPlan | int | float:
    """Return the repetitions that a user asks for: a plan, its file, or one number.

    Raises:
        WorkloadError: The plan's file is wrong, or for another workload.
        ConfigError: Both are given, or a number as the plan.
    """
    if plan is None:
        return 1 if repetitions is None else repetitions
    if repetitions is not None:
        raise ConfigError(
            f"repetitions: found {repetitions} beside a plan; expected one of the two; give only "
            "the plan, or only the number"
        )
    if isinstance(plan, int | float):
        raise ConfigError(
            f"plan: found {plan}; expected a plan or its file; write repetitions={plan}"
        )
    if isinstance(plan, RepetitionPlan):
        return plan
    return workloads.load_plan(
        plan,
        workload,
        mode=hardware.tiles.repetition.value,
        power_limits=hardware.power_limits,
    )


def _plan(workload: Workload, counts: RepetitionPlan | int | float) -> RepetitionPlan | None:
    """Return the counts as a plan; a workload without products has none."""
    if isinstance(counts, RepetitionPlan):
        return counts
    return RepetitionPlan.uniform(workload, counts) if workload.gemms else None


def _warnings(hardware: Hardware, ledger: Ledger) -> tuple[str, ...]:
    """Return what the reader should know: spills, and mismatches in the machine.

    Numbers without a source are left to ``archsim check``; they say nothing about this run.
    """
    found = [w for w in facts(hardware).warnings if not w.startswith("sources:")]
    spilled = {
        op: counts["dram.write_bit"]
        for op, counts in ledger.actions.items()
        if op != OUTPUT and "dram.write_bit" in counts
    }
    if spilled:
        named = ", ".join(list(spilled)[:_NAMED]) + (", ..." if len(spilled) > _NAMED else "")
        size = format_si(sum(spilled.values()), "bit")
        found.insert(
            0,
            f"buffer.size: found {format_si(hardware.buffer.size_bits, 'bit')}, too small for the "
            f"activations that live at once; {size} of them went to DRAM ({named}); raise it",
        )
    return tuple(found)
