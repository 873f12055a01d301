"""How ticks are shown."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from archsim.report.timeline.history import Ints
from archsim.units import format_si


@dataclass(frozen=True)
class Scale:
    """A tick, and how long it is shown."""

    tick_s: Fraction
    shown_ns: int

    def shown(self, ticks: Ints) -> list[str]:
        """Return ticks as microseconds, exactly."""
        each, rest = divmod(self.shown_ns, 1000)
        if not rest:
            return [str(tick * each) for tick in ticks.tolist()]
        parts = (divmod(tick * self.shown_ns, 1000) for tick in ticks.tolist())
        return [f"{whole}.{thousandths:03d}" for whole, thousandths in parts]

    def whole_us(self, ticks: Ints) -> Ints:
        """Return ticks as microseconds, rounded down."""
        return ticks * self.shown_ns // 1000

    def __str__(self) -> str:
        shown = format_si(Fraction(self.shown_ns, 10**9), "s")
        return f"1 tick ({format_si(self.tick_s, 's', 6)}) is shown as {shown}"
