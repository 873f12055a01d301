"""Least repetitions at 2 points of drop: uniform, learned by op, learned by channel.

    python analysis/learning_table.py            # all cells that are missing; hours, stop at will
    python analysis/learning_table.py --print least    # a table of those that are there

What a cell is, and when it is run again, is said in ``learning_cells.py``. Where an uneven plan
takes something else on the machines by now, found plans are run there again, and those that were
learned with a machine's price are learned anew. Where a cell was run again, those that are compared
with it are compared anew.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from math import inf
from typing import Any

import torch

from analysis.learning_cells import (
    ALL_PRICES,
    BY_OP,
    NETWORKS,
    PHOTONS,
    PRICED,
    Cell,
    brought_up_to_date,
    cells,
    is_same,
    is_up_to_date,
    run,
)
from analysis.learning_machines import AMOUNTS, MACHINES
from analysis.noise_table import NOISES, resumable
from archsim.errors import ArchsimError
from archsim.functional import Task
from archsim.functional.learning import Granularity
from archsim.units import format_si
from archsim.workload import load_workload
from workloads.tasks import TASKS

ATTO = 1e-18
LEAST_WHOLE = 0.5
"""Per cent that are not rounded to 0."""

PARTS = dict(zip(MACHINES, ("laser", "writing"), strict=True))
"""Part of each machine's energy that is told."""


def run_all(chosen: argparse.Namespace) -> bool:
    """Run what is missing; return whether all could be run."""
    torch.set_num_threads(chosen.threads)
    complete = True
    task: Task | None = None
    for cell in cells(chosen.networks, chosen.noise):
        began_s = time.perf_counter()
        try:
            if task is None or task.name != cell.network:
                task = TASKS[cell.network]()
            found, said = cell.read(), "kept"
            if not is_same(found, cell, task):
                found = None
            elif found is not None and not is_up_to_date(found, cell):
                found = brought_up_to_date(cell, found, task)
                said = "brought up to date"
            if found is None:
                found = run(cell, task)
                said = f"{time.perf_counter() - began_s:.0f} s"
        except ArchsimError as error:
            complete = False
            sys.stderr.write(f"{cell}: not run\n{error}\n")
            continue
        sys.stderr.write(f"{cell}: {text(found)} ({said})\n")
    return complete


def text(found: Mapping[str, Any] | None) -> str:
    """Return a cell: photons or repetitions a MAC with their interval, and the former's light."""
    if found is None:
        return "not run"
    fewest, most = found["curve"][0][0], found["curve"][-1][0]
    low, high = found["interval"]
    bounds = (
        f"{low:.3g}" if low else f"< {fewest:.3g}",
        f"{high:.3g}" if high else f"> {most:.3g}",
    )
    count = found["repetitions"]
    said = f"{f'{count:.3g}' if count else f'< {fewest:.3g}'}{mark(found)} [{', '.join(bounds)}]"
    one_j = found["energy_per_mac_j"]
    if one_j is None or not count:
        return said
    light_j = one_j / found["plan_repetitions"] * count
    return f"{said} = {light_j / ATTO:.3g} aJ"


def mark(found: Mapping[str, Any]) -> str:
    """Return a star where learning had not settled."""
    return "*" if any(note.startswith("learning:") for note in found["notes"]) else ""


def saved(over: Sequence[float | None] | None) -> str:
    """Return what a ratio with its interval saves, in per cent."""
    if over is None:
        return ""
    value, low, high = over
    if value is None or (low or 0) <= 1 <= (high or inf):
        return "not resolved"
    return f"{percent(value)} % [{percent(high)}, {percent(low)}]"


def percent(ratio: float | None) -> str:
    """Return what a ratio saves, with a digit that is not 0; a bound may be unknown."""
    if ratio is None:
        return "?"
    part = 100 * (1 - ratio)
    return f"{part:.0f}" if abs(part) >= LEAST_WHOLE else f"{part:.1g}"


def least_table(chosen: Sequence[Cell]) -> str:
    """Return the least repetitions of each granularity, and what each saves over those before."""
    heads = ["network", "noise", *Granularity, "op saves", "channel saves", "channel over op"]
    lines: dict[tuple[str, str], list[str]] = {}
    for cell in chosen:
        if cell.price == PHOTONS:
            line = lines.setdefault((cell.network, cell.noise), [cell.network, cell.noise])
            line.append(text(cell.read()))
    for (network, noise), line in lines.items():
        for name, other in (("op", "uniform"), ("channel", "uniform"), ("channel", "op")):
            found = Cell(network, noise, name).read() or {"ratios": {}}
            line.append(saved(found["ratios"].get(other)))
    return markdown(heads, lines.values())


def system_table(chosen: Sequence[Cell]) -> str:
    """Return what whole systems take for the plans."""
    heads = ["network", "noise", "counts", "own light"]
    for machine, part in PARTS.items():
        heads += [f"{machine}: energy", "latency", "inputs/s", part]
    lines = []
    for cell in chosen:
        found = cell.read()
        if found is None or cell.price != PHOTONS:
            continue
        line = [cell.network, cell.noise, cell.granularity, own_light(cell, found)]
        for machine, part in PARTS.items():
            took = found["machines"][machine]
            line += [
                format_si(took["energy_j"], "J", 3),
                format_si(took["latency_s"], "s", 3),
                f"{took['throughput_per_s']:.3g}",
                f"{100 * took[f'{part}_j'] / took['energy_j']:.2g} %",
            ]
        lines.append(line)
    return markdown(heads, lines)


def own_light(cell: Cell, found: Mapping[str, Any]) -> str:
    """Return the light that a plan takes at the detectors, where it was learned with photons."""
    one_j = found["energy_per_mac_j"]
    if one_j is None:
        return ""
    return format_si(one_j * sum(op.gemm.macs for op in load_workload(cell.network).gemms), "J", 3)


def price_table(chosen: Sequence[Cell]) -> str:
    """Return what the machine that was paid takes for plans learned at each price."""
    heads = ["network", "counts", "price", "mean count", "drop", "energy", "latency"]
    heads += [f"{amount} saved" for amount in AMOUNTS]
    rows = [("uniform", PHOTONS), (BY_OP, PHOTONS), *(("channel", price) for price in ALL_PRICES)]
    lines = []
    for network in sorted({cell.network for cell in chosen} & set(PRICED)):
        for granularity, price in rows:
            cell = Cell(network, "shot", granularity, price)
            if (found := cell.read()) is None:
                lines.append([network, granularity, price, "not run", *[""] * (len(heads) - 4)])
                continue
            took, drop = found["machines"][MACHINES[0]], found["drop"]
            examples = drop["over_examples"]
            lines.append(
                [
                    network,
                    granularity,
                    price,
                    f"{found['plan_repetitions']:.3g}{mark(found)}",
                    f"{drop['value']:.2f} [{examples['low']:.2f}, {examples['high']:.2f}]",
                    format_si(took["energy_j"], "J", 3),
                    format_si(took["latency_s"], "s", 3),
                    *(saved(found["paid"].get(amount)) for amount in AMOUNTS),
                ]
            )
    return markdown(heads, lines)


def markdown(heads: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """Return a table."""
    rows = [heads, ["---"] * len(heads), *lines]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


TABLES = {"least": least_table, "systems": system_table, "prices": price_table}


def main() -> None:
    """Run or print what the arguments name."""
    arguments = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    arguments.add_argument("--networks", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    arguments.add_argument("--noise", nargs="+", choices=NOISES, default=list(NOISES))
    arguments.add_argument("--threads", type=int, default=1)
    arguments.add_argument("--print", choices=TABLES, help="print a table and run nothing")
    chosen = arguments.parse_args()
    if chosen.print:
        sys.stdout.write(TABLES[chosen.print](list(cells(chosen.networks, chosen.noise))))
        return
    with resumable():
        complete = run_all(chosen)
    sys.exit(0 if complete else 1)


if __name__ == "__main__":
    main()
