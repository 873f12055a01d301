"""Accuracy and precision for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console

from archsim.hardware import Hardware
from archsim.hardware.check import native_bits
from archsim.report.precision import PrecisionRow, precision_rows
from archsim.report.tables import print_lines, print_table, readable

if TYPE_CHECKING:
    from archsim.functional import Accuracy, Estimate, Interval, Precision, StandIn

FEW = 16
"""Ops that are all shown; of more, only the least precise."""

TOP = 8
"""Ops shown of many."""

METRIC_NAMES = {"top1": "top-1 accuracy", "spearman": "Spearman's rank correlation"}
Lines = list[tuple[str, str, str]]


def print_accuracy(
    accuracy: Accuracy, console: Console, *, changed: Sequence[str] = (), all_ops: bool = False
) -> None:
    """Print how accurate a network is, and what noise does to each product.

    Args:
        accuracy: What to print.
        console: Where to.
        changed: Settings that are not the default ones.
        all_ops: Whether to list every op, however many there are.
    """
    name = METRIC_NAMES.get(accuracy.metric, accuracy.metric)
    title = f"{accuracy.task} on {accuracy.hardware}: {name} of {accuracy.examples:,} examples"
    console.print(readable(title), style="bold", soft_wrap=True)
    lines = [
        ("clean", value(accuracy.clean, accuracy.unit), "in single precision, not on the machine"),
        ("quantised", value(accuracy.quantised, accuracy.unit), "on the machine, without noise"),
    ]
    if accuracy.noise:
        trials = f"mean of {_counted(accuracy.trials, 'trial')}"
        lines += [("with noise", value(accuracy.noisy.value, accuracy.unit), trials)]
        lines += intervals(accuracy.noisy, accuracy.unit)
        loss = f"{points(accuracy.unit)}quantised less with noise, same examples"
        lines += [("drop", plain(accuracy.drop.value, accuracy.unit), loss)]
        lines += intervals(accuracy.drop, accuracy.unit)
    print_lines(console, [*lines, *_conditions(accuracy, changed)])
    _print_ops(precision_rows(accuracy), console, all_ops=all_ops)


def print_precision(
    found: Precision,
    hardware: Hardware,
    console: Console,
    *,
    changed: Sequence[str] = (),
    all_ops: bool = False,
) -> None:
    """Print how precise each product is, beside the machine's converters."""
    title = f"{found.task} on {found.hardware}: precision over {found.examples:,} examples"
    console.print(readable(title), style="bold", soft_wrap=True)
    print_lines(console, [*_converters(hardware), *_numbers(found, changed)])
    rows, title, hint = _chosen(precision_rows(found), all_ops=all_ops)
    columns = ["op", "K", "fan-in", "range", "noise std", "SNR dB", "noise bits", "ENOB", "ADC"]
    cells = [
        (
            row.op,
            f"{row.repetitions:g}",
            f"{row.fan_in:,}",
            _figure(row.range, ".4g"),
            f"{row.noise_std:.3g}",
            _figure(row.snr_db, ".1f"),
            _figure(row.noise_bits, ".2f"),
            _figure(row.enob, ".2f"),
            _figure(row.adc_bits, "d"),
        )
        for row in rows
    ]
    if rows:
        print_table(console, title + hint, columns, cells)


def print_stand_in(found: StandIn, console: Console) -> None:
    """Print what quantisers of as many bits do instead of the noise."""
    unit = found.unit
    console.print()
    console.print("Noise off, each product rounded to its noise bits instead", style="bold")
    lines = [
        ("quantised", value(found.quantised, unit), "without either"),
        ("with noise", value(found.noisy.value, unit), "mean of the trials"),
        *intervals(found.noisy, unit),
        ("rounded", value(found.rounded.value, unit), "to noise bits, no noise"),
        *intervals(found.rounded, unit),
        (
            "difference",
            plain(found.difference.value, unit),
            f"{points(unit)}with noise less rounded, same examples",
        ),
        *intervals(found.difference, unit),
    ]
    print_lines(console, lines)


def in_headline(accuracy: Accuracy) -> Lines:
    """Return the lines that accuracy takes among a run's other figures."""
    unit, drop = accuracy.unit, accuracy.drop
    quantised, clean = value(accuracy.quantised, unit), value(accuracy.clean, unit)
    name = METRIC_NAMES.get(accuracy.metric, accuracy.metric)
    counted = f"{name} of {accuracy.examples:,} examples"
    if not accuracy.noise:
        return [
            ("accuracy", quantised, f"{counted}; no noise acts"),
            ("", clean, "in single precision, not on the machine"),
        ]
    seeds = f", {_between(drop.over_seeds, unit)} over seeds" if drop.over_seeds else ""
    examples = _between(drop.over_examples, unit)
    return [
        (
            "accuracy",
            value(accuracy.noisy.value, unit),
            f"{counted}, mean of {_counted(accuracy.trials, 'trial')}",
        ),
        ("", quantised, "without noise"),
        ("", clean, "in single precision, not on the machine"),
        (
            "drop",
            plain(drop.value, unit),
            f"{'points ' if unit == '%' else ''}by noise; 95 %: {examples} over examples{seeds}",
        ),
    ]


def value(number: float, unit: str) -> str:
    """Return a metric's value."""
    return f"{plain(number, unit)}{unit}"


def points(unit: str) -> str:
    """Return what a difference of two values is counted in."""
    return "points; " if unit == "%" else ""


def plain(number: float, unit: str) -> str:
    """Return a metric's value, or a difference of two, without its unit."""
    digits = 2 if unit == "%" else 4
    return f"{round(number, digits) + 0.0:.{digits}f}"  # no minus before zeros


def _between(interval: Interval, unit: str) -> str:
    return f"{plain(interval.low, unit)} to {plain(interval.high, unit)}"


def intervals(estimate: Estimate, unit: str) -> Lines:
    """Return a line for each interval of a figure."""
    found = [("", _between(estimate.over_examples, unit), "95 % over examples")]
    if estimate.over_seeds is not None:
        found.insert(0, ("", _between(estimate.over_seeds, unit), "95 % over noise seeds"))
    return found


def _conditions(accuracy: Accuracy, changed: Sequence[str]) -> Lines:
    """Return how it was evaluated."""
    at_a_time = f"{accuracy.batch:,} at a time, seed {accuracy.seed}"
    lines = [
        (
            "passes",
            f"{accuracy.trials} x {accuracy.examples:,}",
            f"trials x examples, {at_a_time}",
        ),
    ]
    if limit := accuracy.provenance.get("limit"):
        lines.append(("limit", "part", limit))
    return [*_numbers(accuracy, changed), *lines]


def _numbers(accuracy: Accuracy | Precision, changed: Sequence[str]) -> Lines:
    """Return what acted on the numbers."""
    noise = (_counted(len(accuracy.noise), "source"), ", ".join(accuracy.noise))
    if not accuracy.noise:
        noise = ("none", "no noise acts")
    bits = accuracy.provenance["bits"].replace(", ", " / ")
    lines = [
        ("noise", *noise),
        *_repetitions(accuracy),
        ("bits", bits, "of activations / of weights"),
    ]
    if changed:
        lines.append(("settings", "changed", "; ".join(changed)))
    return lines


def _repetitions(accuracy: Accuracy | Precision) -> Lines:
    counts = sorted({op.repetitions for op in accuracy.ops})
    if not counts:
        return []
    shown = f"{counts[0]:g}" if len(counts) == 1 else f"{counts[0]:g} to {counts[-1]:g}"
    return [("K", shown, "repetitions of a product")]


def _converters(hardware: Hardware) -> Lines:
    native, adc = native_bits(hardware), hardware.tiles.adc
    lines = []
    if native is not None:
        inputs, weights = native
        lines.append(("DAC", f"{inputs} bit", "of an input in one pass"))
        lines.append(("weights", f"{weights} bit", "of a weight in one pass"))
    if adc is not None:
        lines.append(("ADC", f"{adc.bits} bit", f"ENOB {adc.effective_bits:g}"))
    return lines


def _print_ops(rows: Sequence[PrecisionRow], console: Console, *, all_ops: bool) -> None:
    rows, title, hint = _chosen(rows, all_ops=all_ops)
    columns = ["op", "K", "fan-in", "photons/MAC", "SNR dB", "noise bits", "ADC bits"]
    cells = [
        (
            row.op,
            f"{row.repetitions:g}",
            f"{row.fan_in:,}",
            _figure(row.photons_per_mac, ".4g"),
            _figure(row.snr_db, ".1f"),
            _figure(row.noise_bits, ".2f"),
            _figure(row.adc_bits, "d"),
        )
        for row in rows
    ]
    if rows:
        print_table(console, title + hint, columns, cells)


def _chosen(
    rows: Sequence[PrecisionRow], *, all_ops: bool
) -> tuple[Sequence[PrecisionRow], str, str]:
    """Return the ops to show, and the title of their table."""
    if len(rows) <= FEW or all_ops:
        return rows, f"Products under noise, in order ({len(rows)})", ""
    few = sorted(rows, key=lambda row: float("inf") if row.snr_db is None else row.snr_db)[:TOP]
    return few, "Noisiest products", f" ({TOP} of {len(rows)}; --all-ops lists them all)"


def _figure(number: float | None, form: str) -> str:
    return "-" if number is None else f"{number:{form}}"


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" + ("" if number == 1 else "s")
