"""Where the energy of a run goes: by component, and by op."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from archsim.report.loading import SavedReport
from archsim.report.page.charts import HUES, Bar, Chart, Part, chart
from archsim.report.quantities import figure, records, share


def by_component(saved: SavedReport) -> Chart:
    """Return the energy of each component: what its actions took, and what it drew while on."""
    whole_j = saved.headline["energy_j"]
    return chart(
        "energy-by-component",
        "Energy by component",
        "Dynamic: actions times their energy. Static: power times the time that the part is on.",
        legend={0: "dynamic", 1: "static"},
        bars=(_component(row, whole_j) for row in records(saved.frames["components"])),
    )


def _component(row: Mapping[str, Any], whole_j: float) -> Bar:
    parts = (
        Part(0, "dynamic", figure("dynamic_j", row["dynamic_j"])),
        Part(1, "static", figure("static_j", row["static_j"])),
    )
    spent = figure("energy_j", row["energy_j"])
    return Bar(row["component"], spent, share(row["energy_j"], whole_j), parts)


def component_order(saved: SavedReport) -> list[str]:
    """Return the components, those that took most first."""
    rows = sorted(records(saved.frames["components"]), key=lambda row: -row["energy_j"])
    return [row["component"] for row in rows]


def by_op(saved: SavedReport) -> Chart:
    """Return the energy of each op, a part for each component that it spent any in."""
    order = component_order(saved)
    series = {name: min(place, HUES - 1) for place, name in enumerate(order)}
    numbers = {op: number for number, op in enumerate(saved.frames["ops"]["op"])}
    spent: dict[str, list[Part]] = {op: [] for op in numbers}
    totals_j = dict.fromkeys(numbers, 0.0)
    for row in records(saved.frames["energy"]):
        parts = spent.setdefault(row["op"], [])
        totals_j[row["op"]] = totals_j.get(row["op"], 0.0) + row["energy_j"]
        if row["energy_j"]:
            part = Part(
                series[row["component"]], row["component"], figure("energy_j", row["energy_j"])
            )
            parts.append(part)
    whole_j = saved.headline["energy_j"]
    bars = (
        Bar(
            op,
            figure("energy_j", totals_j[op]),
            share(totals_j[op], whole_j),
            tuple(sorted(parts, key=lambda part: order.index(part.name))),
            numbers.get(op),
        )
        for op, parts in spent.items()
    )
    return chart(
        "energy-by-op",
        "Energy by op",
        "Each part of a bar is a component. (idle) is what no op was there to pay for.",
        legend=_legend(order),
        bars=bars,
    )


def _legend(order: list[str]) -> dict[int, str]:
    """Return what each colour stands for; the last is shared by what is left."""
    own, shared = order[: HUES - 1], order[HUES - 1 :]
    return dict(enumerate([*own, ", ".join(shared)] if shared else own))
