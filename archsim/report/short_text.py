"""A report for a terminal that is too low for the usual one: the same, in half the lines."""

from __future__ import annotations

from io import StringIO
from math import ceil

from rich.cells import cell_len
from rich.console import Console

from archsim.report.quantities import rate, share
from archsim.report.report import Report
from archsim.report.tables import print_table
from archsim.report.text import bits, bounds, largest, longest, print_report, seconds, title_of
from archsim.units import format_si

_IN_A_LINE = 3
"""Headline figures beside each other."""


def print_screen(report: Report, console: Console, *, all_ops: bool = False) -> None:
    """Print a report so that it fits on the screen with its warnings, if there is a screen.

    Args:
        report: What to print.
        console: Where to; names are printed as they are, never as markup.
        all_ops: Whether to list every op in order; then it need not fit.
    """
    if all_ops or not console.is_terminal or _lines(report, console) < console.height:
        print_report(report, console, all_ops=all_ops)
    else:
        print_short(report, console)


def print_short(report: Report, console: Console) -> None:
    """Print figures without their meanings, and tables without what can be done without."""
    console.print(title_of(report), style="bold", soft_wrap=True)
    for line in _headline(report):
        console.print(line, soft_wrap=True)
    _print_components(report, console)
    _print_ops(report, console)
    if report.schedule == "serial":
        console.print(bounds(report), soft_wrap=True)


def _lines(report: Report, console: Console) -> int:
    """Return how many lines of the screen a report takes, warnings included."""
    page = StringIO()
    trial = Console(file=page, width=console.width, markup=False, highlight=False, emoji=False)
    print_report(report, trial)
    texts = [*page.getvalue().splitlines(), *(f"warning: {text}" for text in report.warnings)]
    return sum(max(1, ceil(cell_len(text.rstrip()) / console.width)) for text in texts)


def _headline(report: Report) -> list[str]:
    """Return the headline figures, some of them in each line."""
    figures = [
        ("latency", format_si(report.latency_s, "s")),
        ("throughput", rate(report.throughput_per_s)),
        ("makespan", format_si(report.makespan_s, "s")),
        ("energy/input", format_si(report.energy_per_input_j, "J")),
        ("power", format_si(report.power_w, "W")),
        ("area", format_si(report.area_m2, "m2")),
        ("utilization", f"{report.utilization:.2%}"),
        ("engine", report.engine),
    ]
    if report.batch > 1:
        figures.append(("energy", format_si(report.energy_j, "J")))
    if report.packing_overhead is not None:
        figures.append(("packing", f"{report.packing_overhead:+.1%}"))
    if report.programming is not None:
        figures.append(("programming", format_si(report.programming.time_s, "s")))
        figures.append(("", format_si(report.programming.energy_j, "J")))
    cells = [f"{name:>12} {figure:>12}" for name, figure in figures]
    starts = range(0, len(cells), _IN_A_LINE)
    lines = ["".join(cells[start : start + _IN_A_LINE]) for start in starts]
    return [*lines, *_accuracy(report)]


def _accuracy(report: Report) -> list[str]:
    if report.accuracy is None:
        return []
    from archsim.report.accuracy_text import plain, value  # most reports do without

    found = report.accuracy
    over = found.noisy.over_examples
    low, high = plain(over.low, found.unit), plain(over.high, found.unit)
    drop = plain(found.drop.value, found.unit)
    return [
        f"{'accuracy':>12} {value(found.noisy.value, found.unit):>12}  95 % over examples: "
        f"{low} to {high}; drop {drop}"
    ]


def _print_components(report: Report, console: Console) -> None:
    rows = largest(report)
    columns = [f"component ({len(rows)} of {len(report.tables.components)})", "energy", "", "area"]
    cells = [
        (
            row.component,
            format_si(row.energy_j, "J"),
            share(row.energy_j, report.energy_j),
            format_si(row.area_m2, "m2"),
        )
        for row in rows
    ]
    print_table(console, None, columns, cells)


def _print_ops(report: Report, console: Console) -> None:
    rows = longest(report)
    precise = {row.op: row.noise_bits for row in report.rows("precision")}
    columns = [f"op ({len(rows)} of {len(report.tables.ops)})", "bound by", "time", "", "energy"]
    columns += ["bits"] if precise else []
    cells = [
        (
            row.op,
            row.bound_by or "-",
            seconds(row.duration_s),
            share(row.duration_s or 0.0, report.makespan_s),
            format_si(row.energy_j, "J"),
            *([bits(precise.get(row.op))] if precise else []),
        )
        for row in rows
    ]
    print_table(console, None, columns, cells, left=2)
