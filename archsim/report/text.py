"""A report for people, the most important things first; ``short_text`` is for low terminals."""

from __future__ import annotations

from rich.console import Console

from archsim.report.quantities import rate, share
from archsim.report.report import Report, Simulation
from archsim.report.rows import ComponentRow, OpRow, has_own_time
from archsim.report.tables import print_lines, print_table, readable
from archsim.units import format_si

TOP = 5
"""Ops shown, those that take longest, and components, those that spend most."""


def print_report(report: Report, console: Console, *, all_ops: bool = False) -> None:
    """Print the headline, the components, the ops, and what to know before quoting a number.

    Args:
        report: What to print.
        console: Where to; names are printed as they are, never as markup.
        all_ops: Whether to list every op in order, however many there are.
    """
    console.print(title_of(report), style="bold", soft_wrap=True)
    print_lines(console, _headline(report))
    _print_components(report, console)
    _print_ops(report, console, all_ops=all_ops)
    if report.schedule == "serial":
        console.print()
        console.print(bounds(report), soft_wrap=True)


def title_of(report: Report) -> str:
    """Return what ran on what, and how."""
    macs = format_si(report.macs, "MAC")
    return readable(
        f"{report.workload} on {report.hardware}: {report.schedule}, batch {report.batch}, "
        f"{macs} an input"
    )


def _headline(report: Report) -> list[tuple[str, str, str]]:
    serial = report.schedule == "serial"
    pace = "batch over makespan" if serial else "rate of outputs in the stream"
    tick = format_si(report.tick_s, "s")
    per_input = format_si(report.energy_per_input_j, "J")
    lines = [
        ("latency", format_si(report.latency_s, "s"), "first input's start to its stored output"),
        ("throughput", rate(report.throughput_per_s), pace),
        (
            "makespan",
            format_si(report.makespan_s, "s"),
            f"{report.makespan_ticks:,} ticks of {tick}",
        ),
        ("energy", format_si(report.energy_j, "J"), "of the run"),
        *([("", per_input, "for an input")] if report.batch > 1 else []),
        ("power", format_si(report.power_w, "W"), "mean over the run"),
        ("area", format_si(report.area_m2, "m2"), "of the machine"),
        (
            "utilization",
            f"{report.utilization:.2%}",
            "of what the arrays could do, at the ops' slices",
        ),
    ]
    if report.packing_overhead is not None:
        meaning = "column passes over the ideal of each channel its own count"
        lines.append(("packing", f"{report.packing_overhead:+.1%}", meaning))
    lines.append(("engine", report.engine, _simulation(report.simulation)))
    if report.accuracy is not None:
        from archsim.report.accuracy_text import in_headline  # most reports do without

        lines += in_headline(report.accuracy)
    if report.programming is not None:
        took = format_si(report.programming.time_s, "s")
        spent = format_si(report.programming.energy_j, "J")
        lines.append(("programming", took, f"and {spent}, once, not in the figures above"))
    return lines


def _simulation(of: Simulation) -> str:
    told = f"executed {of.executed:,} of {of.instructions:,} instructions"
    if of.skipped_periods:
        told += f", skipped {of.skipped_periods:,} periods"
    if of.verified:
        told += "; the other engine agrees"
    return f"{told}; {of.reason}" if of.reason else told


def longest(report: Report) -> list[OpRow]:
    """Return the ops that take longest."""
    own = [row for row in report.tables.ops if has_own_time(row.bound_by)]
    return sorted(own, key=_duration_s, reverse=True)[:TOP]


def largest(report: Report) -> list[ComponentRow]:
    """Return the components that spend most."""
    return sorted(report.tables.components, key=_spent_j, reverse=True)[:TOP]


def _print_components(report: Report, console: Console) -> None:
    rows = largest(report)
    title = "Energy by component" + _of(len(rows), len(report.tables.components))
    columns = ["component", "energy", "", "dynamic", "static", "count", "area"]
    cells = [
        (
            row.component,
            format_si(row.energy_j, "J"),
            share(row.energy_j, report.energy_j),
            format_si(row.dynamic_j, "J"),
            format_si(row.static_j, "J"),
            f"{row.instances:,}",
            format_si(row.area_m2, "m2"),
        )
        for row in rows
    ]
    print_table(console, title, columns, cells)


def _print_ops(report: Report, console: Console, *, all_ops: bool) -> None:
    rows, every = longest(report), len(report.tables.ops)
    title = f"Longest ops ({len(rows)} of {every}; --all-ops lists them all)"
    if all_ops or every <= TOP:
        rows, title = list(report.tables.ops), f"Ops in order ({every})"
    columns = ["op", "kind", "bound by", "time", "", "stall", "energy", "util."]
    precise = {row.op: row.noise_bits for row in report.rows("precision")}
    columns += ["bits"] if precise else []
    cells = [
        (
            row.op,
            row.kind,
            row.bound_by or "-",
            seconds(row.duration_s),
            share(row.duration_s or 0.0, report.makespan_s),
            seconds(row.stall_s) if row.macs else "",
            format_si(row.energy_j, "J"),
            "" if row.utilization is None else f"{row.utilization:.1%}",
            *([bits(precise.get(row.op))] if precise else []),
        )
        for row in rows
    ]
    title += "; bits: those that noise leaves" if precise else ""
    print_table(console, title, columns, cells, left=3)


def bounds(report: Report) -> str:
    """Return how much of the time which kind of unit bounds."""
    times_s: dict[str, float] = {}
    for row in report.tables.ops:
        if row.bound_by and has_own_time(row.bound_by):
            times_s[row.bound_by] = times_s.get(row.bound_by, 0.0) + (row.duration_s or 0.0)
    largest = sorted(times_s.items(), key=lambda item: -item[1])
    listed = ", ".join(f"{name} {share(time_s, report.makespan_s)}" for name, time_s in largest)
    return f"Time by what bounds the op: {listed}"


def seconds(time_s: float | None) -> str:
    """Return a time; a dash where there is none."""
    return "-" if time_s is None else format_si(time_s, "s")


def bits(number: float | None) -> str:
    """Return how many bits noise leaves."""
    return "" if number is None else f"{number:.2f}"


def _of(shown: int, available: int) -> str:
    return f" ({shown} of {available})" if available > shown else ""


def _spent_j(row: ComponentRow) -> float:
    return row.energy_j


def _duration_s(row: OpRow) -> float:
    return row.duration_s or 0.0
