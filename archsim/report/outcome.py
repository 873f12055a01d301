"""What a run came to, exactly: the arithmetic that reports and prices share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from archsim.engine import Ledger
from archsim.hardware import Hardware
from archsim.mapping import Compiled
from archsim.report.energy import Energy, of_run
from archsim.report.windows import Window, output_ticks, windows


@dataclass(frozen=True, slots=True)
class Outcome:
    """Time and energy of a run.

    Attributes:
        windows: When each op ran.
        energy: Where the energy went.
        first_output_s: From the start to the first input's outputs in DRAM: the latency.
        last_output_s: The same of the last input.
    """

    windows: Mapping[str, Window]
    energy: Energy
    first_output_s: Fraction
    last_output_s: Fraction


def outcome(hardware: Hardware, compiled: Compiled, ledger: Ledger) -> Outcome:
    """Return what a run that is over came to.

    Raises:
        SimulationError: The ledger does not fit the machine or the network.
    """
    when = windows(ledger)
    first_tick, last_tick = output_ticks(ledger)
    return Outcome(
        windows=when,
        energy=of_run(hardware, compiled, ledger, when),
        first_output_s=first_tick * compiled.tick_s,
        last_output_s=last_tick * compiled.tick_s,
    )
