"""Read a sweep file, and find everything that is wrong with it before anything runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from math import log2
from pathlib import Path
from typing import TypeVar

from archsim import documents
from archsim.documents import Document, Fault, Loc, closest, dotted
from archsim.errors import ArchsimError, ConfigError, WorkloadError
from archsim.hardware import load_hardware
from archsim.sweep.axes import axes_of
from archsim.sweep.figures import BY_NAME, FIGURES
from archsim.sweep.file import ADAPTIVE, MOST_POINTS, AccuracyPart, Search, SweepFile
from archsim.sweep.limits import Limit, limit_of
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
        search: How points are chosen, in place of what the file says; its seed stays.

    Raises:
        ConfigError: Every fault, with line and column.
    """
    document = documents.read(path)
    file = documents.parse(SweepFile, document)
    if search is not None:
        seeded = search.model_copy(update={"seed": file.search.seed})
        file = file.model_copy(update={"search": seeded})
    return _Reading(document, file).sweep()


class _Reading:
    """Turns what stands in a file into a sweep; gathers faults on the way."""

    def __init__(self, document: Document, file: SweepFile) -> None:
        self._document, self._file = document, file
        self._lines: list[str] = []

    def sweep(self) -> Sweep:
        file = self._file
        machines = self._each("hardware", file.hardware, lambda n: load_hardware(self._path(n)))
        accuracy = self._accuracy()
        networks = self._each("workload", file.workload, lambda n: self._network(n, accuracy))
        self._stop()  # only machines and networks that are there can say what else is wrong
        workloads = [workload for workload, _ in networks]
        axes, faults = axes_of(file, machines)
        self._note(faults)
        self._note(_unfit_search(file, axes))
        limits = tuple(self._limits())
        self._note(self._unknown_objectives())
        plans = self._plans(axes, workloads)
        space = Space(
            (
                _choice("hardware", file.hardware, [m.name for m in machines]),
                _choice("workload", file.workload, [w.name for w in workloads]),
                *axes,
            )
        )
        self._note(_too_many(file, space) if not self._lines else ())
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

    def _note(self, faults: Iterable[Fault]) -> None:
        self._lines += documents.located(self._document, faults)

    def _stop(self) -> None:
        """Refuse the file if anything was found, in its order."""
        if self._lines:
            raise ConfigError("\n".join(dict.fromkeys(self._lines)))

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
            where = f"{self._document.position(loc)}: {dotted(loc)}"
            try:
                found.append(load(name))
            except ArchsimError as fault:
                self._lines += [f"{where}: {line}" for line in str(fault).splitlines()]
            if name in names[:place]:
                self._lines.append(f"{where}: found {name!r} again; expected it once; remove one")
        return found

    def _accuracy(self) -> AccuracyPart | None:
        """Return how accuracy is found, if anything asks for it."""
        file = self._file
        named = [name for name in (*file.objectives, *file.where) if name in BY_NAME]
        if file.accuracy is None and "accuracy" not in file.model_fields_set:
            return AccuracyPart() if any(BY_NAME[name].of_accuracy for name in named) else None
        if file.accuracy is None:
            self._note(
                Fault(
                    (group, name),
                    "found it with accuracy: false; expected accuracy: true; "
                    "set that, or remove it",
                )
                for group in ("objectives", "where")
                for name in getattr(file, group)
                if name in BY_NAME and BY_NAME[name].of_accuracy
            )
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

    def _limits(self) -> Iterator[Limit]:
        for figure, text in self._file.where.items():
            loc: Loc = ("where", figure)
            if figure not in BY_NAME or BY_NAME[figure].kind == "text":
                self._note([Fault(loc, _unknown_figure(figure))])
                continue
            try:
                yield limit_of(figure, text)
            except ValueError as refused:
                self._note([Fault(loc, str(refused))])

    def _unknown_objectives(self) -> Iterator[Fault]:
        for figure in self._file.objectives:
            if figure not in BY_NAME or BY_NAME[figure].kind == "text":
                yield Fault(("objectives", figure), _unknown_figure(figure))

    def _plans(
        self, axes: Sequence[Axis], workloads: Sequence[Workload]
    ) -> dict[str, RepetitionPlan]:
        """Return the plans that are varied, each for at least one of the workloads."""
        found: dict[str, RepetitionPlan] = {}
        values = [
            value
            for axis in axes
            for parameter, its in zip(axis.parameters, axis.values, strict=False)
            if parameter.name == "plans"
            for value in its
        ]
        for place, value in enumerate(values):
            faults: list[str] = []
            for workload in workloads:
                try:
                    found[value.plain] = load_plan(self._path(value.plain), workload)
                    break
                except ArchsimError as fault:
                    faults += str(fault).splitlines()
            else:
                where = self._document.position(("vary", "plans", place))
                self._lines += [f"{where}: vary.plans[{place}]: {line}" for line in faults]
        return found


def _choice(name: str, written: Sequence[str], named: Sequence[str]) -> Axis:
    """Return the axis of machines or of workloads; those of one name are told apart by file."""
    twice = {each for each, count in Counter(named).items() if count > 1}
    labels = [w if n in twice else n for w, n in zip(written, named, strict=True)]
    values = tuple(Value(index, label) for index, label in enumerate(labels))
    return Axis((Parameter(name, name),), (values,))


def _unknown_figure(name: str) -> str:
    known = [figure.name for figure in FIGURES if figure.kind != "text"]
    return (
        f"found {name!r}, which is no figure of a point; expected one of {', '.join(known)}"
        f"{closest(name, known) or '; name one'}"
    )


def _unfit_search(file: SweepFile, axes: Sequence[Axis]) -> Iterator[Fault]:
    """Yield what does not fit the way in which points are chosen."""
    search, method = file.search, file.search.method
    if method == "grid":
        yield from _unfit_grid(file, axes)
    elif search.trials is None:
        yield Fault(
            ("search",),
            f"found no trials with method: {method}; expected how many points to try; add such as "
            "trials: 200",
        )
    elif method == "saltelli" and not log2(search.trials).is_integer():
        above = 1 << search.trials.bit_length()
        yield Fault(
            ("search", "trials"),
            f"found {search.trials} with method: saltelli; expected a power of two, for which "
            f"Sobol' points are even; write {above // 2} or {above}",
        )
    if method in ADAPTIVE and not file.objectives:
        yield Fault(
            ("search", "method"),
            f"found {method} without objectives; expected what to search for; add such as "
            "objectives: {energy_j: min}",
        )
    for name in () if method in ADAPTIVE else ("population", "storage"):
        if getattr(search, name) is not None:
            yield Fault(
                ("search", name),
                f"found it with method: {method}; expected it with {' or '.join(ADAPTIVE)} only; "
                "remove it",
            )
    if method != "grid" and all(axis.size == 1 for axis in axes):
        text = f"found nothing to choose from; expected some keys with method: {method}; add one"
        yield Fault(("vary",), text)


def _unfit_grid(file: SweepFile, axes: Sequence[Axis]) -> Iterator[Fault]:
    for axis in axes:
        if axis.size is None:
            yield Fault(
                ("vary", axis.parameters[0].name),
                "found a range without a number of points in a grid; expected points or step; add "
                "one, or choose another search.method",
            )
    if file.search.trials is not None:
        text = "found it with method: grid, which takes every point; expected none; remove it"
        yield Fault(("search", "trials"), text)


def _too_many(file: SweepFile, space: Space) -> Iterator[Fault]:
    size = space.size
    if file.search.method == "grid" and size is not None and size > MOST_POINTS:
        counted = " x ".join(str(axis.size) for axis in space.axes if axis.size != 1)
        yield Fault(
            ("vary",),
            f"found {size:,} points ({counted}); expected at most {MOST_POINTS:,}; take fewer "
            "values, move some together, or search: {method: sobol, trials: 1000}",
        )
