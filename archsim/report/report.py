"""The report of a run: headline numbers, tables as DataFrames, provenance."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archsim.hardware import Hardware
from archsim.report.precision import PrecisionRow, precision_rows
from archsim.report.rows import (
    ActionRow,
    ActivityRow,
    ComponentRow,
    EnergyRow,
    OpRow,
    UnitRow,
)
from archsim.workload import RepetitionPlan

if TYPE_CHECKING:
    import pandas as pd

    from archsim.functional import Accuracy

FORMAT = 1
"""Version of the JSON document."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """What a report came from.

    Attributes:
        archsim_version: Version of the program.
        hardware_hash: Of everything in the machine that can change a result.
        workload_fingerprint: Of the workload's structure.
        activation_bits: Default bits of its activations.
        weight_bits: Default bits of its weights.
        plan_hash: Of the repetition counts and what they are for; None where nothing repeats.
        engine: The engine that ran.
        engine_asked: What was asked for.
    """

    archsim_version: str
    hardware_hash: str
    workload_fingerprint: str
    activation_bits: int
    weight_bits: int
    plan_hash: str | None
    engine: str
    engine_asked: str


@dataclass(frozen=True, slots=True)
class Simulation:
    """How the engine went through the run; no other figure depends on it.

    Attributes:
        instructions: What the units' programs consist of, loops written out.
        executed: How many of them were executed one by one.
        skipped_periods: Periods of recurring states that were taken at once instead.
        verified: Whether another engine left the same ledger.
        reason: Why this engine ran, if the usual one could not.
    """

    instructions: int
    executed: int
    skipped_periods: int
    verified: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Programming:
    """The loading of all weights before a ``pipelined`` run, which its other numbers leave out."""

    time_s: float
    energy_j: float


@dataclass(frozen=True, slots=True)
class Tables:
    """All rows of a report."""

    ops: tuple[OpRow, ...]
    energy: tuple[EnergyRow, ...]
    components: tuple[ComponentRow, ...]
    units: tuple[UnitRow, ...]
    activity: tuple[ActivityRow, ...]
    actions: tuple[ActionRow, ...]


@dataclass(frozen=True)
class Report:
    """What a workload takes on a machine.

    Attributes:
        workload: Name of the workload.
        hardware: Name of the machine.
        engine: The engine that ran.
        simulation: What it had to execute.
        batch: Inputs that the run worked through.
        schedule: ``serial`` or ``pipelined``.
        macs: Multiply-accumulates of one input.
        latency_s: From the start of the first input to its last output stored in DRAM.
        throughput_per_s: Inputs per second: the batch over the makespan (``serial``), or the
            distance of outputs in the stream (``pipelined``).
        makespan_ticks: From start to the last token.
        makespan_s: The same in seconds.
        tick_s: Length of a tick.
        energy_j: Of the whole run.
        energy_per_input_j: The same for one input.
        power_w: Mean over the run.
        area_m2: Of the machine.
        utilization: MACs of the arrays over what all could do in the run, at the ops' slices.
        packing_overhead: Column passes above the ideal that each channel is done as often as its
            own count, relative to it; None where no op has a count for each channel.
        energy_by_op_j: Energy of each op; ``(idle)`` is what no op was there to pay for.
        energy_by_component_j: Energy of each component.
        programming: What loading the weights took before a ``pipelined`` run.
        provenance: What it came from.
        warnings: What the reader should know before quoting a number.
        machine: The machine itself.
        plan: How often each product was repeated; None where the workload has none.
        tables: Everything in detail.
        accuracy: How accurate the network is on the machine, if that was asked, too.
    """

    workload: str
    hardware: str
    engine: str
    simulation: Simulation
    batch: int
    schedule: str
    macs: int
    latency_s: float
    throughput_per_s: float
    makespan_ticks: int
    makespan_s: float
    tick_s: float
    energy_j: float
    energy_per_input_j: float
    power_w: float
    area_m2: float
    utilization: float
    packing_overhead: float | None
    energy_by_op_j: dict[str, float]
    energy_by_component_j: dict[str, float]
    programming: Programming | None
    provenance: Provenance
    warnings: tuple[str, ...]
    machine: Hardware = field(repr=False)
    plan: RepetitionPlan | None = field(repr=False)
    tables: Tables = field(repr=False)
    accuracy: Accuracy | None = None

    @cached_property
    def ops(self) -> pd.DataFrame:
        """One row for each op: when it ran, what bound it, what it took."""
        return self.frame("ops")

    @cached_property
    def energy(self) -> pd.DataFrame:
        """One row for each op and component that it spent energy in."""
        return self.frame("energy")

    @cached_property
    def components(self) -> pd.DataFrame:
        """One row for each component of the machine."""
        return self.frame("components")

    @cached_property
    def units(self) -> pd.DataFrame:
        """One row for each unit: busy, stalled, idle."""
        return self.frame("units")

    @cached_property
    def activity(self) -> pd.DataFrame:
        """One row for each unit and op that met."""
        return self.frame("activity")

    @cached_property
    def actions(self) -> pd.DataFrame:
        """One row for each op and action, with its count."""
        return self.frame("actions")

    @cached_property
    def precision(self) -> pd.DataFrame:
        """One row for each product that noise acted on; none without ``accuracy``."""
        return self.frame("precision")

    def rows(self, table: str) -> tuple[Any, ...]:
        """Return the rows of one of the tables."""
        if table != "precision":
            found: tuple[Any, ...] = getattr(self.tables, table)
            return found
        return precision_rows(self.accuracy) if self.accuracy else ()

    def frame(self, table: str) -> pd.DataFrame:
        """Return one of the tables as a new DataFrame, a column for each field of its rows."""
        import pandas as pd  # only who asks for a frame pays for it

        columns = dtypes(table)
        rows = [[getattr(row, name) for name in columns] for row in self.rows(table)]
        return pd.DataFrame(rows, columns=list(columns)).astype(columns)

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain data, as ``--format json`` prints it."""
        from archsim.report.document import document  # it needs this class

        return document(self)

    def save(self, folder: str | Path) -> None:
        """Write the report into a folder: ``report.json``, each table, the machine and the plan.

        Tables are there as Parquet and as CSV; ``load_report`` reads it all back. The folder
        appears as a whole or not at all. One that holds an earlier report is replaced.

        Raises:
            ConfigError: The folder holds something else, or cannot be written.
        """
        from archsim.report.saving import save  # it needs this class

        save(self, Path(folder))


ROW_TYPES = {
    "ops": OpRow,
    "energy": EnergyRow,
    "components": ComponentRow,
    "units": UnitRow,
    "activity": ActivityRow,
    "actions": ActionRow,
    "precision": PrecisionRow,
}
"""The tables, in the order in which they are written."""

_DTYPES = {
    "str": "object",
    "str | None": "object",
    "int": "int64",
    "int | None": "Int64",
    "float": "float64",
    "float | None": "float64",
    "int | float": "float64",
}


def dtypes(table: str) -> dict[str, Any]:
    """Return the columns of one of the tables, and what its DataFrame holds them as."""
    return {column.name: _DTYPES[str(column.type)] for column in fields(ROW_TYPES[table])}
