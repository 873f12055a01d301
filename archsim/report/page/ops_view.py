"""The table of ops, and that of what noise does to them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from archsim.report.loading import SavedReport
from archsim.report.page.grids import Column, Grid, Row, grid
from archsim.report.quantities import NONE, Figure, figure, records
from archsim.units import format_si

_COLUMNS = (
    Column("op", "in the order of the network", figures=False),
    Column("kind", figures=False),
    Column("bound by", "the kind of unit that is busiest in it", figures=False),
    Column("time", "from its first work to its last"),
    Column("of run", "part of the makespan"),
    Column("stall", "time less that of its busiest array"),
    Column("energy"),
    Column("of run", "part of the energy"),
    Column("util.", "MACs over what its place could do in its time"),
    Column("MACs", "of one input"),
    Column("K", "repetitions of each product"),
    Column("tiles", "most in use at a time"),
    Column("rounds", "how often the tiles are loaded"),
    Column("slices", "of inputs and of weights", figures=False),
    Column("spilled", "tensors moved to or from DRAM for want of buffer"),
)


def ops_grid(saved: SavedReport) -> Grid:
    """Return a row for each op, in the order of the network."""
    precise = {row["op"]: row["noise_bits"] for row in records(saved.frames["precision"])}
    columns = [*_COLUMNS, Column("bits", "those that noise leaves")] if precise else _COLUMNS
    rows = []
    for number, row in enumerate(records(saved.frames["ops"])):
        cells = _op(row, saved.headline)
        if precise:
            cells = (*cells, _bits(precise.get(row["op"])))
        rows.append(Row(cells, number=number))
    return Grid("ops", f"Ops ({len(rows)})", tuple(columns), tuple(rows))


def _op(row: Mapping[str, Any], headline: Mapping[str, Any]) -> tuple[str | Figure, ...]:
    product = bool(row["macs"])
    return (
        row["op"],
        row["kind"],
        row["bound_by"] or "",
        figure("duration_s", row["duration_s"]),
        _part(row["duration_s"], headline["makespan_s"]),
        figure("stall_s", row["stall_s"]) if product else NONE,
        figure("energy_j", row["energy_j"]),
        _part(row["energy_j"], headline["energy_j"]),
        figure("utilization", row["utilization"]),
        Figure(format_si(row["macs"], "").strip(), row["macs"]) if product else NONE,
        figure("repetitions", row["repetitions"]) if product else NONE,
        figure("tiles", row["tiles"]) if product else NONE,
        figure("rounds", row["rounds"]) if product else NONE,
        f"{row['input_slices']} × {row['weight_slices']}" if product else "",
        figure("spilled", row["spilled"]) if row["spilled"] else NONE,
    )


def precision_grid(saved: SavedReport) -> Grid:
    """Return a row for each product that noise acted on."""
    columns = (
        Column("op", figures=False),
        Column("K", "repetitions"),
        Column("fan-in", "products of one sum"),
        Column("photons/MAC", "detected ones, in all repetitions together"),
        Column("SNR dB", "variance of results over that of the noise on them"),
        Column("noise bits", "of a quantiser over the results' range that is as noisy"),
        Column("ADC bits", "of the converters that read it"),
    )
    rows = [
        (
            row["op"],
            figure("repetitions", row["repetitions"]),
            figure("fan_in", row["fan_in"]),
            figure("photons_per_mac", row["photons_per_mac"]),
            _decimals(row["snr_db"], 1),
            _bits(row["noise_bits"]),
            figure("adc_bits", row["adc_bits"]),
        )
        for row in records(saved.frames["precision"])
    ]
    return grid("precision", f"Products under noise ({len(rows)})", columns, rows)


def _part(value: float | None, whole: float) -> Figure:
    return NONE if value is None or not whole else figure("share", value / whole)


def _bits(bits: float | None) -> Figure:
    return _decimals(bits, 2)


def _decimals(value: float | None, places: int) -> Figure:
    return NONE if value is None else Figure(f"{value:.{places}f}", value)
