"""The headline figures of a run, without its tables: what a sweep asks of every point."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from archsim import engine as engines
from archsim.engine import Ledger
from archsim.hardware import Hardware
from archsim.mapping import Compiled
from archsim.report import energy as spending
from archsim.report.peak import peak_macs_per_s
from archsim.report.windows import Span, output_ticks, spans


@dataclass(frozen=True, slots=True)
class Headline:
    """Headline figures; ``report.Report`` says what each means.

    Attributes:
        energy_by_component_j: In the machine's order; 0 for what spent nothing.
    """

    latency_s: float
    throughput_per_s: float
    makespan_ticks: int
    makespan_s: float
    tick_s: float
    energy_j: float
    energy_per_input_j: float
    power_w: float
    area_m2: float
    utilization: float
    energy_by_component_j: Mapping[str, float]


def headline(
    hardware: Hardware,
    compiled: Compiled,
    ledger: Ledger,
    when: Mapping[str, Span] | None = None,
) -> Headline:
    """Return the headline figures of a run that is over.

    Args:
        hardware: The machine.
        compiled: What ran.
        ledger: What the run left behind.
        when: When each op ran, if that is known already.

    Raises:
        SimulationError: The ledger does not fit the machine or the network.
    """
    when = spans(ledger) if when is None else when
    spent_j = spending.by_component_j(hardware, compiled, ledger, when)
    total_j = sum(spent_j.values(), Fraction())
    makespan_s = ledger.makespan_ticks * compiled.tick_s
    first_s, last_s = (tick * compiled.tick_s for tick in output_ticks(ledger))
    parts = hardware.parts()
    return Headline(
        latency_s=float(first_s),
        throughput_per_s=float(_throughput_hz(compiled, makespan_s, last_s - first_s)),
        makespan_ticks=ledger.makespan_ticks,
        makespan_s=float(makespan_s),
        tick_s=float(compiled.tick_s),
        energy_j=float(total_j),
        energy_per_input_j=float(total_j / compiled.inputs),
        power_w=float(total_j / makespan_s),
        area_m2=sum(part.area_m2 for part in parts.values()),
        utilization=float(_utilization(hardware, compiled, makespan_s)),
        energy_by_component_j={slot: float(spent_j.get(slot, 0)) for slot in parts},
    )


def programming(hardware: Hardware, compiled: Compiled, engine: str) -> tuple[float, float] | None:
    """Return time [s] and energy [J] of loading the weights ahead of a run; None without.

    Args:
        hardware: The machine.
        compiled: What runs.
        engine: What it runs on.
    """
    if compiled.programming is None:
        return None
    ledger = engines.run(compiled.programming, engine)
    energy_j = spending.of_programming(hardware, compiled, ledger)
    return float(ledger.makespan_ticks * hardware.tick_s), float(energy_j)


def _throughput_hz(compiled: Compiled, makespan_s: Fraction, streamed_s: Fraction) -> Fraction:
    if compiled.schedule == "serial":
        return compiled.inputs / makespan_s
    return (compiled.inputs - 1) / streamed_s


def _utilization(hardware: Hardware, compiled: Compiled, makespan_s: Fraction) -> Fraction:
    """Return the time its arrays would need for their MACs without any stall, over the makespan.

    MACs of the vector unit do not count: moving work there leaves the arrays idle.
    """
    macs: dict[tuple[int, int], int] = defaultdict(int)  # added up before they meet a rate
    rates: dict[tuple[int, int], Fraction] = {}
    for placement in compiled.placements.values():
        if placement.macs and placement.place == "array":
            slices = placement.input_slices, placement.weight_slices
            macs[slices] += placement.macs * compiled.inputs
            if slices not in rates:
                rates[slices] = peak_macs_per_s(hardware, placement)
    least_s = sum((count / rates[slices] for slices, count in macs.items()), Fraction())
    return least_s / makespan_s
