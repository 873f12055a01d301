"""Read a sweep file, and find everything that is wrong with it before anything runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from archsim import documents
from archsim.documents import Document, Fault, Faults, Loc
from archsim.errors import ArchsimError, ConfigError, WorkloadError
from archsim.hardware import load_hardware
from archsim.sweep.axes import axes_of
from archsim.sweep.checking import limits_of, no_choice, too_many, unfit_search, unknown_objectives
from archsim.sweep.figures import BY_NAME
from archsim.sweep.file import AccuracyPart, Search, SweepFile
from archsim.sweep.space import Axis, Parameter, Space
from archsim.sweep.sweep import Machine, Sweep
from archsim.sweep.values import Value
from archsim.workload import RepetitionPlan, Workload, load_plan, load_workload

T = TypeVar("T")


def load_sweep_file(path: str | Path, *, search: Search | None = None) -> Sweep:
    """Return the sweep of a file, read and checked throughout.

    Files that it names are relative to itself; bare names are what ships.

    Args:
        path: The file.
        search: How points are chosen, in place of what the file says; its seed stays. Whoever gives
            it answers for how many points it makes.

    Raises:
        ConfigError: Every fault, with line and column.
    """
    document = documents.read(path)
    file, faults = _parsed(document)
    if search is not None:
        seeded = search.model_copy(update={"seed": file.search.seed})
        file = file.model_copy(update={"search": seeded})
    return _Reading(document, file, faults).sweep(counted=search is None)


def _parsed(document: Document) -> tuple[SweepFile, tuple[Fault, ...]]:
    """Return as much of a file as can be understood, and what is wrong with the rest.

    Raises:
        ConfigError: Without that rest there is no sweep.
    """
    try:
        return documents.validated(SweepFile, document.data), ()
    except Faults as refused:
        faults = refused.faults
    try:
        return documents.validated(SweepFile, _without(document.data, faults)), faults
    except Faults:
        raise ConfigError("\n".join(documents.located(document, faults))) from None


def _without(data: Any, faults: Iterable[Fault]) -> Any:
    """Return the entries of a file that have no fault."""
    if not isinstance(data, dict):
        return data
    kept = dict(data)
    for outer, *inner in (fault.loc for fault in faults if fault.loc):
        if inner and isinstance(kept.get(outer), dict):
            kept[outer] = {key: value for key, value in kept[outer].items() if key != inner[0]}
        else:
            kept.pop(outer, None)
    return kept


class _Reading:
    """Turns what stands in a file into a sweep; gathers faults on the way."""

    def __init__(self, document: Document, file: SweepFile, faults: Sequence[Fault]) -> None:
        """Take what could be understood, and the faults of the rest."""
        self._document, self._file = document, file
        self._faults = list(faults)
        self._refused = {fault.loc[0] for fault in faults}
        self._unread = {str(fault.loc[1]) for fault in faults if fault.loc[0] == "vary"}

    def sweep(self, *, counted: bool) -> Sweep:
        """Return the sweep; refuse too many points only where they are counted."""
        file = self._file
        accuracy = self._accuracy()
        machines = self._each("hardware", file.hardware, lambda n: load_hardware(self._path(n)))
        networks = self._each("workload", file.workload, lambda n: self._network(n, accuracy))
        workloads = [workload for workload, _ in networks]
        limits, faults = limits_of(file)
        self._faults += [*faults, *unknown_objectives(file)]
        plans = self._plans(workloads)
        axes: tuple[Axis, ...] = ()
        if len(machines) == len(file.hardware):  # they say which keys there are
            axes, faults = axes_of(file, machines, self._unread)
            self._faults += faults
        if not self._refused & {"search", "objectives"}:
            self._faults += unfit_search(file, axes)
        space = Space(
            (
                _choice("hardware", file.hardware, [m.name for m in machines]),
                _choice("workload", file.workload, [w.name for w in workloads]),
                *axes,
            )
        )
        if counted and all(fault.loc[:1] != ("together",) for fault in self._faults):
            self._faults += too_many(file, space)
        if not self._faults:
            self._faults += no_choice(file, space)
        self._stop()
        return Sweep(
            name=self._document.path.name,
            folder=self._document.path.parent.absolute(),
            space=space,
            machines=tuple(Machine(m.name, m.dump()) for m in machines),
            workloads=tuple(workloads),
            models=tuple(self._target(name) for name in file.workload),
            plans=plans,
            batch=file.batch,
            schedule=file.schedule,
            limits=limits,
            objectives=dict(file.objectives),
            search=file.search,
            accuracy=accuracy,
            data_hashes=tuple(digest for _, digest in networks),
            ops=file.ops,
        )

    def _stop(self) -> None:
        """Refuse the file if anything was found, in its order."""
        if self._faults:
            raise ConfigError("\n".join(documents.located(self._document, self._faults)))

    def _path(self, name: str) -> str | Path:
        """Return a file that is named relative to this one; a bare name stays one."""
        path = Path(name)
        bare = not path.suffix and len(path.parts) == 1
        return name if bare else self._document.path.parent / path

    def _target(self, name: str) -> str:
        return name if ":" in name else str(self._path(name))

    def _each(self, key: str, names: Sequence[str], load: Callable[[str], T]) -> list[T]:
        """Return what each name stands for; note what none does."""
        found: list[T] = []
        for place, name in enumerate(names):
            loc: Loc = (key, place) if isinstance(self._document.data[key], list) else (key,)
            try:
                found.append(load(name))
            except ArchsimError as fault:
                self._faults += [Fault(loc, line) for line in str(fault).splitlines()]
            if name in names[:place]:
                text = f"found {name!r} again; expected it once; remove one"
                self._faults.append(Fault(loc, text))
        return found

    def _accuracy(self) -> AccuracyPart | None:
        """Return how accuracy is found, if anything asks for it."""
        file = self._file
        named = [name for name in (*file.objectives, *file.where) if name in BY_NAME]
        if file.accuracy is None and "accuracy" not in file.model_fields_set:
            return AccuracyPart() if any(BY_NAME[name].of_accuracy for name in named) else None
        if file.accuracy is None:
            text = "found it with accuracy: false; expected accuracy: true; set that, or remove it"
            self._faults += [
                Fault((group, name), text)
                for group in ("objectives", "where")
                for name in getattr(file, group)
                if name in BY_NAME and BY_NAME[name].of_accuracy
            ]
        return file.accuracy if isinstance(file.accuracy, AccuracyPart) else None

    def _network(self, name: str, accuracy: AccuracyPart | None) -> tuple[Workload, str]:
        """Return a workload, and what identifies its weights and data."""
        if accuracy is not None:
            from archsim.sweep.accuracy import subject_of  # brings torch

            subject = subject_of(self._target(name), accuracy, self._document.path.parent)
            return subject.workload, subject.digest
        if ":" in name:
            raise WorkloadError(
                f"{name}: found a module:callable; expected a workload, where accuracy is not "
                "asked; make its file with archsim trace, or set accuracy: true"
            )
        return load_workload(self._path(name)), ""

    def _plans(self, workloads: Sequence[Workload]) -> dict[str, RepetitionPlan]:
        """Return the plans that are varied, each for at least one of the workloads."""
        found: dict[str, RepetitionPlan] = {}
        entry = self._file.vary.get("plans", ())
        if not isinstance(entry, tuple) or len(workloads) < len(self._file.workload):
            return found
        for place, name in enumerate(entry):
            if not isinstance(name, str):
                continue
            lines: list[str] = []
            for workload in workloads:
                try:
                    found[name] = load_plan(self._path(name), workload)
                    break
                except ArchsimError as fault:
                    lines += str(fault).splitlines()
            else:
                self._faults += [Fault(("vary", "plans", place), line) for line in lines]
        return found


def _choice(name: str, written: Sequence[str], found: Sequence[str]) -> Axis:
    """Return the axis of machines or of workloads; those of one name are told apart by file.

    Args:
        name: What they are.
        written: Their files.
        found: Their names; fewer where some could not be read.
    """
    named = found if len(found) == len(written) else written
    twice = {each for each, count in Counter(named).items() if count > 1}
    labels = [w if n in twice else n for w, n in zip(written, named, strict=True)]
    values = tuple(Value(index, label) for index, label in enumerate(labels))
    return Axis((Parameter(name, name),), (values,))
