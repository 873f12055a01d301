"""Two runs beside each other on a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console

from archsim.report.comparing import Change, Comparison, Pair
from archsim.report.quantities import ratio
from archsim.report.tables import print_table, readable

TOP = 8
"""Ops shown, and ops that only one run has; those that differ most."""

FEW = 24
"""Differences of machines and plans that are all listed."""


def print_comparison(found: Comparison, console: Console, *, all_ops: bool = False) -> None:
    """Print what differs between two runs.

    Args:
        found: What to print.
        console: Where to; names are printed as they are, never as markup.
        all_ops: Whether to list everything, however long.
    """
    for side, name in zip("AB", found.names, strict=True):
        console.print(readable(f"{side}: {name}"), style="bold", soft_wrap=True)
    if not found.same_network:
        console.print("different networks: only whole runs are compared", soft_wrap=True)
    _print_pairs(console, "Headline; ratio: B over A", "figure", found.headline)
    _print_pairs(console, "Energy by component", "component", found.components)
    if found.same_network:
        _print_ops(console, "Energy by op", found.energies, all_ops=all_ops)
        _print_ops(console, "Time by op", found.times, all_ops=all_ops)
        for side, names in zip("AB", found.alone, strict=True):
            _print_alone(console, side, names, all_ops=all_ops)
    _print_changes(console, "Settings", found.settings, all_ops=all_ops)
    _print_changes(console, "Machine", found.machine, all_ops=all_ops)
    if found.same_network:
        _print_changes(console, "Plan", found.plan, all_ops=all_ops)


def _print_ops(console: Console, title: str, pairs: Sequence[Pair], *, all_ops: bool) -> None:
    """Print the ops that differ most."""
    changed = [pair for pair in pairs if pair.difference]
    if not changed:
        console.print(f"\n{title}: the same in both runs", soft_wrap=True)
        return
    shown, words = changed, f"{len(changed)} of {len(pairs)} differ"
    if len(changed) > TOP and not all_ops:
        shown = sorted(changed, key=lambda pair: -abs(pair.difference))[:TOP]
        words += f", {TOP} that do most; --all-ops lists them all"
    _print_pairs(console, f"{title} ({words})", "op", shown)


def _print_pairs(console: Console, title: str, what: str, pairs: Iterable[Pair]) -> None:
    cells = [
        (
            pair.name,
            pair.one.text or "-",
            pair.other.text or "-",
            "-" if pair.ratio is None else ratio(pair.ratio),
        )
        for pair in pairs
    ]
    print_table(console, title, [what, "A", "B", "ratio"], cells)


def _print_alone(console: Console, side: str, names: Sequence[str], *, all_ops: bool) -> None:
    if names:
        shown = names if all_ops else names[:TOP]
        more = f", and {len(names) - len(shown)} more" if len(names) > len(shown) else ""
        text = f"\nOps only in {side} ({len(names)}): {', '.join(map(readable, shown))}{more}"
        console.print(text, soft_wrap=True)


def _print_changes(
    console: Console, title: str, changes: Sequence[Change], *, all_ops: bool
) -> None:
    if not changes:
        console.print(f"\n{title}: the same in both runs", soft_wrap=True)
        return
    shown = changes if all_ops else changes[:FEW]
    words = f" ({len(shown)} of {len(changes)})" if len(changes) > len(shown) else ""
    cells = [(each.name, _or_none(each.one), _or_none(each.other)) for each in shown]
    print_table(console, f"{title}: what differs{words}", ["what", "A", "B"], cells, left=3)


def _or_none(text: str | None) -> str:
    return "(none)" if text is None else text
