"""A plan that was learned, for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console

from archsim.report.accuracy_text import FEW, TOP, Lines, intervals, plain, points, value
from archsim.report.learning import CountsRow, PlanRow, known
from archsim.report.quantities import share
from archsim.report.tables import print_lines, print_table, readable
from archsim.units import format_si

if TYPE_CHECKING:
    from archsim.functional import Interval
    from archsim.functional.learning import Crossing, LearnedPlan, Ratio

_TITLES = {
    "uniform": "the same repetitions everywhere",
    "op": "repetitions per op",
    "channel": "repetitions per channel",
}


def print_learned(
    found: LearnedPlan,
    rows: Sequence[CountsRow],
    plans: Sequence[PlanRow],
    console: Console,
    *,
    changed: Sequence[str] = (),
    all_ops: bool = False,
) -> None:
    """Print a learned plan, what it costs and how accurate it is.

    Args:
        found: What to print.
        rows: Its counts.
        plans: The plan beside uniform counts; none where the machine cannot run the network.
        console: Where to.
        changed: Settings that are not the default ones.
        all_ops: Whether to list every op, however many there are.
    """
    title = f"{found.task} on {found.hardware}: {_TITLES[found.granularity]}"
    console.print(readable(title), style="bold", soft_wrap=True)
    print_lines(console, [*_paid(found), *_worth(found), *_how(found, changed)])
    _print_plans(found, plans, console)
    _print_ops(rows, console, all_ops=all_ops)


def _paid(found: LearnedPlan) -> Lines:
    """Return what the plan takes."""
    lines = [("mean K", f"{found.repetitions:.4g}", "repetitions, over MACs on analog arrays")]
    if found.energy_per_mac_j is not None:
        light = format_si(found.energy_per_mac_j, "J/MAC")
        lines.append(("light", light, "detected, in all repetitions together"))
    if found.crossing is not None:
        lines += _crossed(found.crossing, found.metric_unit)
    if found.uniform is not None and found.uniform.ratio is not None:
        lines += _saved(found.uniform.ratio, found.price)
    if found.unit:
        lines.append((found.price, format_si(found.cost, found.unit), "of one input, whole run"))
    return lines


def _crossed(crossing: Crossing, unit: str) -> Lines:
    """Return where the drop is what was allowed, and how surely."""
    allowed = f"{crossing.drop:g}{' points' if unit == '%' else ''}"
    tried = crossing.tried
    figure, meaning = f"{crossing.repetitions:.4g}", f"mean K at which {allowed} are lost"
    if known(crossing.repetitions) is None:
        figure, meaning = f"< {tried.low:.4g}", f"less than {allowed} are lost at the fewest"
    return [("crossing", figure, meaning), ("", *_sure(crossing.interval, tried))]


def _saved(compared: Ratio, price: str) -> Lines:
    """Return what is paid at the crossing, of what uniform counts take at theirs."""
    paid = "mean K" if price == "photons" else price
    low, high = known(compared.interval.low), known(compared.interval.high)
    bounds = f"95 % {'0' if low is None else f'{low:.3g}'} to "
    bounds += "any" if high is None else f"{high:.3g}"
    if compared.value is None or not compared.resolved:
        return [("of uniform", "not resolved", f"{paid} over that of uniform counts; {bounds}")]
    meant = f"{paid} over that of uniform counts, on the same images and noise; {bounds}"
    return [("of uniform", f"{compared.value:.3g}", meant)]


def _sure(interval: Interval, tried: Interval) -> tuple[str, str]:
    """Return an interval and what it means; bounds outside what was tried are not known."""
    low, high = known(interval.low), known(interval.high)
    fewest, most = (f"{end:.4g}, the {name} tried" for end, name in _ends(tried))
    meant = "95 % over examples and trials together"
    if low is not None and high is not None:
        return f"{low:.4g} to {high:.4g}", meant
    if high is not None:
        return f"up to {high:.4g}", f"{meant}; low bound not known: below {fewest}"
    if low is not None:
        return f"from {low:.4g}", f"{meant}; high bound not known: above {most}"
    return "not known", f"{meant}: below {fewest}, to above {most}"


def _ends(tried: Interval) -> tuple[tuple[float, str], tuple[float, str]]:
    return (tried.low, "fewest"), (tried.high, "most")


def _worth(found: LearnedPlan) -> Lines:
    """Return how accurate the plan is."""
    unit = found.metric_unit
    trials = f"mean of {found.trials} trial{'' if found.trials == 1 else 's'}"
    loss = f"{points(unit)}quantised less with noise, same examples"
    return [
        ("quantised", value(found.quantised, unit), "on the machine, without noise"),
        ("with noise", value(found.noisy.value, unit), trials),
        *intervals(found.noisy, unit),
        ("drop", plain(found.drop.value, unit), loss),
        *intervals(found.drop, unit),
    ]


def _print_plans(found: LearnedPlan, plans: Sequence[PlanRow], console: Console) -> None:
    """Print what the plan takes, beside uniform counts where they were judged."""
    if not plans:
        return
    unit = found.metric_unit
    cells = [
        (
            row.counts,
            f"{row.repetitions:.4g}",
            value(row.accuracy, unit),
            plain(row.drop, unit),
            format_si(row.energy_j, "J"),
            format_si(row.latency_s, "s"),
        )
        for row in plans
    ]
    columns = ["counts", "mean K", "accuracy", "drop", "energy", "latency"]
    print_table(console, "One input on the whole machine", columns, cells)


def _how(found: LearnedPlan, changed: Sequence[str]) -> Lines:
    """Return how it was learned and judged."""
    met = "target met" if found.converged else "target missed; counts were scaled to it"
    learned = (
        f"of learning, all rounds; {met}" if found.steps else "one count for all: nothing to learn"
    )
    passes = f"{found.trials} x {found.examples:,}"
    lines = [
        ("steps", f"{found.steps:,}", learned),
        ("judged on", passes, f"trials x examples, seed {found.seed}"),
    ]
    if changed:
        lines.append(("settings", "changed", "; ".join(changed)))
    return lines


def _print_ops(rows: Sequence[CountsRow], console: Console, *, all_ops: bool) -> None:
    title = f"Repetitions K, in order ({len(rows)})"
    if len(rows) > FEW and not all_ops:
        title = f"Most MACs x K ({TOP} of {len(rows)}; --all-ops lists them all)"
        rows = sorted(rows, key=lambda row: row.repeated_macs_share, reverse=True)[:TOP]
    cells = [
        (
            row.op,
            f"{row.repetitions:.4g}",
            f"{row.least:.4g}",
            f"{row.most:.4g}",
            f"{row.counts:,}",
            share(row.macs_share, 1.0),
            share(row.repeated_macs_share, 1.0),
        )
        for row in rows
    ]
    columns = ["op", "mean K", "least", "most", "counts", "MACs", "MACs x K"]
    print_table(console, title, columns, cells)
