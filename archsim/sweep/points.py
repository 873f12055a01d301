"""Run points, wherever that is: the same functions in local processes and on a cluster.

A point is run in two steps that the coordinator puts together, because many points may share the
second. *Timing* builds the machine, compiles, runs, and adds up energy; where accuracy is asked it
also says which evaluation the point needs, by the hash of all that the functional side is told.
*Accuracy* is one such evaluation. A worker keeps networks, programs and data between points.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from archsim import engine as engines
from archsim.engine import Ledger
from archsim.errors import ArchsimError
from archsim.hardware import Hardware
from archsim.mapping import Compiled, Program, compile_workload
from archsim.mapping.program import Unit, Work
from archsim.report.energy import of_run
from archsim.report.headline import headline, programming
from archsim.report.rows import op_rows
from archsim.report.windows import windows
from archsim.sweep.figures import Figures
from archsim.sweep.file import AccuracyPart
from archsim.sweep.limits import inside
from archsim.sweep.space import Places, setting_of
from archsim.sweep.sweep import Settings, Sweep
from archsim.workload import RepetitionPlan, Workload

if TYPE_CHECKING:
    from archsim.sweep.accuracy import Subject

Status = Literal["done", "outside", "invalid", "failed", "timeout", "lost"]
"""What became of a point: it ran; a limit that is known before excluded it; there is no such
machine, or it cannot run that; it raised; it took too long; it killed its worker."""

AGAIN = ("failed", "timeout", "lost")
"""What may go better another time."""


@dataclass(frozen=True, slots=True)
class Job:
    """Something for a worker to do.

    Attributes:
        kind: ``timing`` or ``accuracy``.
        places: The point.
        skip: Whether points that a limit excludes are left out, where that is known before.
    """

    kind: Literal["timing", "accuracy"]
    places: Places
    skip: bool = True


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a job.

    Attributes:
        status: What became of it.
        error: What was wrong.
        figures: What it found.
        needs: The evaluation that gives the point's accuracy, if it is asked.
        ops: Rows of single ops, if they are asked.
    """

    status: Status
    error: str = ""
    figures: Figures = field(default_factory=dict)
    needs: str = ""
    ops: tuple[Mapping[str, Any], ...] = ()


class Worker:
    """Runs jobs of one sweep, and keeps what they share."""

    def __init__(self, sweep: Sweep) -> None:
        """Begin with nothing."""
        self._sweep = sweep
        self._workloads: dict[tuple[int, tuple[int | None, int | None]], Workload] = {}
        self._plans: dict[Any, Figures] = {}
        self._subjects: dict[int, Subject] = {}

    def prepare(self) -> None:
        """Load what takes its time, so that no point has to wait for it."""
        engines.run(Program(("op",), (Unit("unit", "unit", (Work(0, 1),)),), ()))  # compiles it
        if self._sweep.accuracy is not None:
            import archsim.sweep.accuracy  # noqa: F401 - brings torch

    def run(self, job: Job) -> Result:
        """Return what comes of a job; no fault of a point ends the sweep."""
        step = self._evaluated if job.kind == "accuracy" else self._timed
        return _guarded(lambda: step(self._sweep.settings(job.places), skip=job.skip))

    def look(self, places: Places) -> Result:
        """Return what can be told of a point without running it."""
        settings = self._sweep.settings(places)
        return _guarded(lambda: self._before(self._sweep.hardware(settings)))

    def _before(self, machine: Hardware) -> Result:
        limits = tuple(limit for limit in self._sweep.limits if limit.known_before)
        known = {"area_m2": sum(part.area_m2 for part in machine.parts().values())}
        return Result("done" if inside(limits, known) else "outside", figures=known)

    def _timed(self, settings: Settings, *, skip: bool) -> Result:
        sweep = self._sweep
        machine = sweep.hardware(settings)
        if skip and (before := self._before(machine)).status == "outside":
            return before
        workload, counts = self._workload(settings), sweep.counts(settings)
        batch = setting_of(settings, "batch", sweep.batch)
        schedule = setting_of(settings, "schedule", sweep.schedule)
        compiled = compile_workload(workload, machine, counts, batch=batch, schedule=schedule)
        ledger = engines.run(compiled.program)
        found = asdict(headline(machine, compiled, ledger))
        by_component_j = found.pop("energy_by_component_j")
        figures: Figures = found | {f"{slot}_energy_j": j for slot, j in by_component_j.items()}
        figures |= {"macs": workload.macs, "hardware_hash": machine.hash}
        figures |= {"workload_fingerprint": workload.fingerprint, **self._plan(settings)}
        loading = programming(machine, compiled, ledger.engine)
        if loading is not None:
            figures["programming_time_s"], figures["programming_energy_j"] = loading
        rows = _op_rows(machine, compiled, ledger) if sweep.ops else ()
        return Result("done", figures=figures, needs=self._needs(settings, machine), ops=rows)

    def _workload(self, settings: Settings) -> Workload:
        """Return the workload of a point: the same object each time, as programs are kept by it."""
        which = setting_of(settings, "workload", 0), self._sweep.bits(settings)
        if which not in self._workloads:
            self._workloads[which] = self._sweep.workloads[which[0]].with_bits(*which[1])
        return self._workloads[which]

    def _plan(self, settings: Settings) -> Figures:
        counts = self._sweep.counts(settings)
        told = counts.hash if isinstance(counts, RepetitionPlan) else counts
        which = setting_of(settings, "workload", 0), self._sweep.bits(settings), told
        if which not in self._plans:
            self._plans[which] = _planned(self._workload(settings), counts)
        return self._plans[which]

    def _needs(self, settings: Settings, machine: Hardware) -> str:
        """Return what identifies the evaluation that a point needs; nothing if none is asked."""
        sweep = self._sweep
        if sweep.accuracy is None:
            return ""
        from archsim.sweep.accuracy import specification_of  # brings torch
        from archsim.sweep.identity import evaluation_key

        workload = self._workload(settings)
        told = specification_of(workload, machine, sweep.counts(settings), sweep.accuracy)
        return evaluation_key(sweep, settings, told)

    def _evaluated(self, settings: Settings, *, skip: bool) -> Result:  # noqa: ARG002 - as `_timed`
        from archsim.sweep.accuracy import accuracy_of  # brings torch

        sweep = self._sweep
        if sweep.accuracy is None:
            raise ValueError("accuracy is not asked")
        figures = accuracy_of(
            self._subject(setting_of(settings, "workload", 0), sweep.accuracy),
            sweep.hardware(settings),
            sweep.counts(settings),
            sweep.accuracy,
            sweep.bits(settings),
        )
        return Result("done", figures=figures)

    def _subject(self, index: int, asked: AccuracyPart) -> Subject:
        """Return a network with its data, which have to be those that points are known by."""
        from archsim.sweep.accuracy import subject_of  # brings torch

        if index not in self._subjects:
            sweep = self._sweep
            try:
                found = subject_of(sweep.models[index], asked, sweep.folder)
            except ArchsimError as fault:
                raise OSError(f"{fault}; bring it to where points run") from None
            if found.digest != sweep.data_hashes[index]:
                raise OSError(
                    f"{sweep.models[index]}: found other weights or data than when the sweep "
                    "began; expected the same wherever points run; bring them there, and run "
                    "again with --retry"
                )
            self._subjects[index] = found
        return self._subjects[index]


def _guarded(step: Callable[[], Result]) -> Result:
    """Return what a step gives, or what was wrong with it: one point never ends a sweep."""
    try:
        return step()
    except ArchsimError as fault:
        return Result("invalid", str(fault))
    except Exception as fault:  # noqa: BLE001 - whatever it is, it goes into the point's row
        return Result("failed", f"{type(fault).__name__}: {fault}")


def _op_rows(
    hardware: Hardware, compiled: Compiled, ledger: Ledger
) -> tuple[Mapping[str, Any], ...]:
    """Return the rows of a report's table of ops."""
    when = windows(ledger)
    energy = of_run(hardware, compiled, ledger, when)
    return tuple(asdict(row) for row in op_rows(hardware, compiled, when, energy, packing={}))


def _planned(workload: Workload, counts: RepetitionPlan | int | float) -> Figures:
    """Return the hash of the counts, and their mean over the multiply-accumulates."""
    if not workload.gemms:
        return {}
    plan = counts
    if not isinstance(plan, RepetitionPlan):
        plan = RepetitionPlan.uniform(workload, plan)
    weighed = [(op.gemm.macs, plan.of(op.name)) for op in workload.gemms]
    macs = sum(each for each, _ in weighed)
    mean = sum(each * sum(ks) / len(ks) for each, ks in weighed) / macs
    return {"mean_repetitions": float(mean), "plan_hash": plan.hash}
