"""From what varies in a sweep file to axes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from archsim.documents import Fault, Faults, Loc, closest
from archsim.hardware import Hardware
from archsim.hardware.keys import key_at
from archsim.sweep.file import Range, SweepFile
from archsim.sweep.ranges import ranged
from archsim.sweep.settable import EXCLUSIVE, SETTABLE
from archsim.sweep.space import Axis, Parameter
from archsim.sweep.values import Key, Span, Value, listed


@dataclass(frozen=True, slots=True)
class _Varied:
    """One entry of ``vary``, read: what it is for, and its values."""

    name: str
    parameter: Parameter
    values: tuple[Value, ...] | Span


def axes_of(
    file: SweepFile, machines: Sequence[Hardware], unread: Collection[str] = ()
) -> tuple[tuple[Axis, ...], list[Fault]]:
    """Return the axes of a sweep file, in its order, and all that is wrong with them.

    Args:
        file: The file.
        machines: What it starts from.
        unread: Keys that vary, too, but with values that could not be read.
    """
    faults: list[Fault] = []
    parameters: dict[str, Parameter] = {}
    varied: dict[str, _Varied] = {}
    for name in (*file.vary, *unread):
        loc: Loc = ("vary", name)
        try:
            parameters[name], keys = _parameter(name, machines)
        except ValueError as refused:
            faults.append(Fault(loc, str(refused)))
            continue
        if name in unread:
            continue
        try:
            values = _values(keys, file.vary[name], machines)
            varied[name] = _Varied(name, parameters[name], values)
        except Faults as refused:
            faults += [Fault((*loc, *fault.loc), fault.message) for fault in refused.faults]
    faults += [*_doubles(parameters), *_said_twice(file, parameters)]
    groups, ungrouped = _groups(file, varied, unread)
    faults += ungrouped
    return tuple(_axis(group) for group in groups), faults


def _parameter(name: str, machines: Sequence[Hardware]) -> tuple[Parameter, list[Key]]:
    """Return what an entry is for, and how each machine takes its values."""
    if name in SETTABLE:
        return Parameter(name, name), [SETTABLE[name]]
    try:
        keys = [key_at(machine, name) for machine in machines]
    except ValueError as refused:
        near = "" if "." in name else closest(name, list(SETTABLE))
        raise ValueError(f"{refused}{near}") from None
    if len({key.path for key in keys}) > 1 or len({key.column for key in keys}) > 1:
        raise ValueError(
            f"found {name!r}, which means different things on these machines; expected the same "
            "on all; sweep over one machine at a time"
        )
    return Parameter(keys[0].name, keys[0].column, keys[0].path), list(keys)


def _values(
    keys: Sequence[Key], entry: tuple[object, ...] | Range, machines: Sequence[Hardware]
) -> tuple[Value, ...] | Span:
    """Return the values of an entry, which all machines have to take in the same sense."""
    found = [ranged(key, entry) if isinstance(entry, Range) else listed(key, entry) for key in keys]
    first = found[0]
    if not isinstance(first, Span) and any(other != first for other in found):
        names = ", ".join(machine.name for machine in machines)
        text = f"found values that mean different things on {names}; expected the same on all"
        raise Faults([Fault((), f"{text}; sweep over one machine at a time")])
    return first


def _doubles(parameters: Mapping[str, Parameter]) -> Iterator[Fault]:
    """Yield entries that say what another one says already."""
    names = list(parameters)
    for place, name in enumerate(names):
        mine = parameters[name]
        for other in names[:place]:
            its = parameters[other]
            if mine.path and its.path and _overlap(mine.path, its.path):
                yield Fault(
                    ("vary", name),
                    f"found {name!r} beside {other!r}, which is the same key or part of it; "
                    "expected each key once; remove one",
                )
            elif {mine.name, its.name} in [set(pair) for pair in EXCLUSIVE]:
                yield Fault(
                    ("vary", name),
                    f"found {name!r} beside {other!r}, which says the same; expected one of the "
                    "two; remove one",
                )


def _said_twice(file: SweepFile, names: Collection[str]) -> Iterator[Fault]:
    """Yield entries for which the file gives one value, too."""
    for name in ("batch", "schedule"):
        if name in names and name in file.model_fields_set:
            yield Fault(
                ("vary", name),
                f"found it beside {name}: {getattr(file, name)}, which is one value for all "
                "points; expected one of the two; remove one",
            )


def _overlap(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    shorter = min(len(one), len(other))
    return one[:shorter] == other[:shorter]


def _groups(
    file: SweepFile, varied: Mapping[str, _Varied], unread: Collection[str]
) -> tuple[list[list[_Varied]], list[Fault]]:
    """Return what moves in step, in the order of the file, and what cannot."""
    faults: list[Fault] = []
    group_of: dict[str, int] = {}
    for index, names in enumerate(file.together):
        for place, name in enumerate(names):
            loc: Loc = ("together", index, place)
            known = [*file.vary, *unread]
            if name not in known:
                faults.append(
                    Fault(
                        loc,
                        f"found {name!r}, which does not vary; expected one of "
                        f"{', '.join(known) or 'the keys of vary'}{closest(name, known)}; add it "
                        "to vary, or remove it here",
                    )
                )
            elif name in group_of:
                text = f"found {name!r} again; expected it in one group, once; remove it"
                faults.append(Fault(loc, text))
            else:
                group_of[name] = index
        faults += _uneven(index, [varied[name] for name in names if name in varied])
    groups: dict[str | int, list[_Varied]] = {}
    for name, entry in varied.items():
        groups.setdefault(group_of.get(name, name), []).append(entry)
    return list(groups.values()), faults


def _uneven(index: int, group: Sequence[_Varied]) -> Iterator[Fault]:
    sizes = {
        each.name: None if isinstance(each.values, Span) else len(each.values) for each in group
    }
    if len(set(sizes.values())) > 1:
        counted = ", ".join(f"{n}: {'a span' if s is None else s}" for n, s in sizes.items())
        yield Fault(
            ("together", index),
            f"found different numbers of values ({counted}); expected as many in each, to move in "
            "step; correct them",
        )


def _axis(group: Sequence[_Varied]) -> Axis:
    values = tuple(each.values for each in group if not isinstance(each.values, Span))
    spans = tuple(each.values for each in group if isinstance(each.values, Span))
    return Axis(tuple(each.parameter for each in group), values, spans)
