"""What ``archsim check`` and ``archsim components`` print about machines."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console

from archsim.hardware import Entry
from archsim.hardware.check import BITS, Facts
from archsim.hardware.light import Light
from archsim.report.quantities import share
from archsim.report.tables import print_lines, print_table, readable
from archsim.units import format_si


def print_facts(facts: Facts, console: Console) -> None:
    """Print a machine's speed, light, noise, power and area; warnings are the caller's."""
    console.print(readable(facts.name), style="bold", soft_wrap=True)
    print_lines(console, _speed(facts))
    if facts.light is not None:
        console.print()
        print_lines(console, _light(facts, facts.light))
    if facts.noise:
        _print_noise(facts, console)
    _print_parts(facts, console)


def _speed(facts: Facts) -> list[tuple[str, str, str]]:
    lines = [
        ("tick", format_si(facts.tick_s, "s"), "greatest common divisor of the clock periods"),
        ("pass", format_si(facts.pass_s, "s"), "one pass or symbol of an array"),
        ("peak", format_si(facts.macs_per_s, "MAC/s"), f"at {BITS} x {BITS} bit"),
    ]
    if facts.native_bits is not None:
        native = format_si(facts.native_macs_per_s, "MAC/s")
        inputs, weights = facts.native_bits
        lines.append(("", native, f"at the {inputs} x {weights} bit of one pass"))
    if facts.block_s is not None:
        lines.append(("readout", format_si(facts.block_s, "s"), "to convert all sums of an array"))
    return lines


def _light(facts: Facts, light: Light) -> list[tuple[str, str, str]]:
    losses = " + ".join(f"{name} {loss_db:g} dB" for name, loss_db in light.losses_db)
    return [
        ("laser", format_si(light.laser_w, "W"), "of light for one core"),
        ("", format_si(facts.laser_w, "W"), "electrical, all lasers"),
        ("split", f"1 : {light.ways:,}", "over outputs and arms"),
        ("loss", f"{light.loss_db:.4g} dB", losses),
        ("at a detector", format_si(light.detector_w, "W"), "in one arm, operands at full scale"),
        (
            "photons",
            f"{light.photons:,.4g}",
            f"of one {format_si(light.symbol_s, 's')} symbol there",
        ),
        ("electrons", f"{light.detected:,.4g}", f"{light.detection} detection"),
    ]


def _print_noise(facts: Facts, console: Console) -> None:
    title = f"Noise and rounding of one reading of {facts.fan_in:,} products, over its range"
    rows = [
        (figure.name, str(figure.source or "rounding"), f"{figure.std:.3g}", f"{figure.enob:.2f}")
        for figure in facts.noise
    ]
    if facts.enob is not None:
        rows.append(("all together", "", "", f"{facts.enob:.2f}"))
    print_table(console, title, ["source", "repetition", "std", "ENOB alone"], rows, left=2)


def _print_parts(facts: Facts, console: Console) -> None:
    power_w, area_m2 = sum(facts.power_w.values()), sum(facts.area_m2.values())
    rows = [
        (
            slot,
            format_si(part_w, "W"),
            share(part_w, power_w),
            format_si(facts.area_m2[slot], "m2"),
            share(facts.area_m2[slot], area_m2),
        )
        for slot, part_w in facts.power_w.items()
    ]
    rows.append(("all", format_si(power_w, "W"), "", format_si(area_m2, "m2"), ""))
    print_table(console, "Rated power and area", ["part", "power", "", "area", ""], rows)


def print_catalogue(entries: Sequence[Entry], console: Console) -> None:
    """Print what a machine can be made of, a table for each kind of component."""
    for slot, kind in dict.fromkeys((entry.slot, entry.kind) for entry in entries):
        title = f"{slot}: {kind}" if kind else slot
        rows = [
            (
                entry.key,
                entry.unit,
                "(needed)" if entry.default is None else entry.default,
                entry.doc,
            )
            for entry in entries
            if (entry.slot, entry.kind) == (slot, kind)
        ]
        print_table(console, title, ["key", "unit", "default", "meaning"], rows, left=4)
