"""Where the time of a run goes: by op, by what bounds it, by unit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from archsim.report.loading import SavedReport
from archsim.report.page.charts import Bar, Chart, Part, chart
from archsim.report.quantities import figure, records, share
from archsim.report.rows import has_own_time

_PLACES = {0: "array busy", 1: "array waiting", 2: "vector unit", 3: "DRAM"}
_DOING = {0: "busy", 1: "stalled", 7: "idle"}


def charts(saved: SavedReport) -> list[Chart]:
    """Return the time by op, by what bounds the ops, and what the units did in it."""
    return [_by_op(saved), *_by_bound(saved), _by_unit(saved)]


def _own(saved: SavedReport) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the ops that have time of their own, with their rows in the table of ops."""
    for number, row in enumerate(records(saved.frames["ops"])):
        if has_own_time(row["bound_by"]):
            yield number, row


def _by_op(saved: SavedReport) -> Chart:
    whole_s = saved.headline["makespan_s"]
    return chart(
        "time-by-op",
        "Time by op",
        "From an op's first work to its last. Ops that are applied to another's results on their "
        "way have no time of their own and are left out. Beside each: part of the run, and what "
        "bounds it.",
        legend=_PLACES,
        bars=(_op(row, number, whole_s) for number, row in _own(saved)),
    )


def _op(row: Mapping[str, Any], number: int, whole_s: float) -> Bar:
    duration_s = row["duration_s"] or 0.0
    if row["place"] == "array":
        stall_s = row["stall_s"] or 0.0
        lengths = {0: duration_s - stall_s, 1: stall_s}
    else:
        lengths = {2 if row["place"] == "vector_unit" else 3: duration_s}
    parts = tuple(
        Part(series, _PLACES[series], figure("time_s", length_s))
        for series, length_s in lengths.items()
    )
    note = f"{share(duration_s, whole_s)} {row['bound_by']}"
    return Bar(row["op"], figure("duration_s", duration_s), note, parts, number)


def _by_bound(saved: SavedReport) -> Iterator[Chart]:
    """Yield the time by what bounds the ops, where ops do not overlap."""
    if saved.headline["schedule"] != "serial":
        return
    whole_s = saved.headline["makespan_s"]
    times_s: dict[str, float] = {}
    for _, row in _own(saved):
        times_s[row["bound_by"]] = times_s.get(row["bound_by"], 0.0) + (row["duration_s"] or 0.0)
    yield chart(
        "time-by-bound",
        "Time by what bounds the op",
        "The kind of unit that is busiest while an op runs.",
        legend={},
        bars=(
            Bar(
                name,
                figure("time_s", time_s),
                share(time_s, whole_s),
                (Part(0, "bounds ops for", figure("time_s", time_s)),),
            )
            for name, time_s in times_s.items()
        ),
    )


def _by_unit(saved: SavedReport) -> Chart:
    whole_s = saved.headline["makespan_s"]
    return chart(
        "time-by-unit",
        "What the units did",
        "Figures are busy times. Stalled: blocked before a send or receive. The three parts add up "
        "to the makespan.",
        legend=_DOING,
        bars=(_unit(row, whole_s) for row in records(saved.frames["units"])),
    )


def _unit(row: Mapping[str, Any], whole_s: float) -> Bar:
    busy = figure("busy_s", row["busy_s"])
    parts = tuple(
        Part(series, name, figure("time_s", row[column]))
        for (series, name), column in zip(
            _DOING.items(), ("busy_s", "stall_s", "idle_s"), strict=True
        )
    )
    return Bar(row["unit"], busy, share(row["busy_s"], whole_s), parts)
