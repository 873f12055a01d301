"""Power, stalls and what is in the buffer, as steps over time.

The time that is shown is cut into equal bins, and a counter is the mean over each. So the sum of
power times bins is the run's energy, however short works are. An action's energy is spread evenly
over its work; that of skipped periods, and their stalls, evenly over all of them. Static power is
drawn as ``energy`` says. What a ``pipelined`` machine spends on loading its weights is not here.

The buffer holds what mapping planned for the op that began last: live activations, without weights.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from archsim.engine import Ledger
from archsim.hardware import Hardware
from archsim.mapping import Compiled, Program
from archsim.mapping.code import Opcode
from archsim.report.energy import action_costs_j, static_spans
from archsim.report.timeline.history import History, Ints
from archsim.report.windows import ROLE_NAMES, Window

Floats = NDArray[np.float64]

BINS = 2000
"""As many as a wide screen has columns of pixels."""


@dataclass(frozen=True)
class Bins:
    """Equal stretches of time, whole ticks long; the last may be shorter."""

    start_tick: int
    end_tick: int

    @property
    def width_ticks(self) -> int:
        """Return the length of each."""
        return max(1, -((self.start_tick - self.end_tick) // BINS))

    @property
    def starts(self) -> Ints:
        """Return where they begin."""
        return np.arange(self.start_tick, max(self.end_tick, self.start_tick + 1), self.width_ticks)

    @property
    def lengths(self) -> Ints:
        """Return their ticks."""
        ends = np.minimum(self.starts + self.width_ticks, self.end_tick)
        return np.maximum(ends - self.starts, 1)


class Spread:
    """How much of each of some stretches of time is in each bin."""

    def __init__(self, bins: Bins, start: Ints, end: Ints) -> None:
        width_ticks, self._count = bins.width_ticks, len(bins.starts)
        last_tick = max(bins.end_tick, bins.start_tick + 1) - 1
        self._at = (start == end) & (start >= bins.start_tick) & (start <= bins.end_tick)
        at = np.minimum(start[self._at], last_tick) - bins.start_tick
        self._places = at // width_ticks
        self._long = (start < end) & (start < bins.end_tick) & (end > bins.start_tick)
        start, end = start[self._long], end[self._long]
        begin = np.maximum(start, bins.start_tick) - bins.start_tick
        stop = np.minimum(end, bins.end_tick) - bins.start_tick
        self._first, last = begin // width_ticks, (stop - 1) // width_ticks
        self._over = self._first < last
        whole = end - start
        inside = np.where(self._over, (self._first + 1) * width_ticks, stop) - begin
        self._share = inside / whole
        first, self._last, stop = self._first[self._over], last[self._over], stop[self._over]
        self._last_share = (stop - self._last * width_ticks) / whole[self._over]
        # The bins between are covered from end to end. As a unit does one thing at a time, they
        # are at most as many as bins times units; taking sums apart again would leave rounding.
        self._between = self._last - first - 1
        within = np.cumsum(self._between) - self._between - first - 1
        self._covered = np.arange(self._between.sum()) - np.repeat(within, self._between)
        self._full_share = width_ticks / whole[self._over]

    def sums(self, amounts: Floats) -> Floats:
        """Return how much is in each bin of amounts that are spread evenly over the stretches.

        An amount of no length is where it is, one at the very end in the last bin.
        """
        found = self._added(self._places, amounts[self._at])
        amounts = amounts[self._long]
        found += self._added(self._first, amounts * self._share)
        amounts = amounts[self._over]
        found += self._added(self._last, amounts * self._last_share)
        found += self._added(self._covered, np.repeat(amounts * self._full_share, self._between))
        return found

    def _added(self, places: Ints, amounts: Floats) -> Floats:
        return np.bincount(places, amounts, self._count).astype(np.float64)


def power_w(
    hardware: Hardware,
    compiled: Compiled,
    ledger: Ledger,
    works: History,
    windows: Mapping[str, Window],
    bins: Bins,
) -> dict[str, Floats]:
    """Return the mean power of every component that draws some, by bin [W]."""
    spent_j: dict[str, Floats] = {}
    spread = Spread(bins, works.start, works.end)
    for slot, by_line_j in _by_line_j(hardware, works.program).items():
        spent_j[slot] = spread.sums(works.with_skips(by_line_j[works.line]))
    for slot, start, end, static_w in static_spans(hardware, compiled, ledger, windows):
        amount_j = np.array([float(static_w * (end - start) * compiled.tick_s)])
        more_j = Spread(bins, np.array([start]), np.array([end])).sums(amount_j)
        spent_j[slot] = spent_j[slot] + more_j if slot in spent_j else more_j
    seconds = bins.lengths * float(compiled.tick_s)
    return {slot: spent_j[slot] / seconds for slot in hardware.parts() if slot in spent_j}


def _by_line_j(hardware: Hardware, program: Program) -> dict[str, Floats]:
    """Return the energy of one execution of each line in each component that it uses [J]."""
    lines = program.lines
    costs_j = {action: float(cost_j) for action, cost_j in action_costs_j(hardware).items()}
    found: dict[str, Floats] = {}
    for line in lines.of(Opcode.WORK):
        for action, count in lines.actions[line]:
            if amount_j := count * costs_j[action]:
                slot = action.partition(".")[0]
                if slot not in found:
                    found[slot] = np.zeros(len(lines.opcodes) + 1)
                found[slot][line] += amount_j
    return found


def stalled(waits: History, bins: Bins) -> dict[str, Floats]:
    """Return how many units of each role are blocked, on average over each bin."""
    ticks = waits.with_skips(np.where(waits.is_skip, 0, waits.end - waits.start))
    roles = [unit.role for unit in waits.program.units]
    found = {}
    for role in dict.fromkeys(roles):
        rows = np.array([r == role for r in roles])[waits.unit] & (ticks > 0)
        if rows.any():
            spread = Spread(bins, waits.start[rows], waits.end[rows])
            blocked_ticks = spread.sums(ticks[rows].astype(np.float64))
            found[ROLE_NAMES.get(role, role)] = blocked_ticks / bins.lengths
    return found


def buffered_bits(compiled: Compiled, windows: Mapping[str, Window], bins: Bins) -> dict[int, int]:
    """Return, from each tick at which it changes, what activations take of the buffer."""
    began = {
        window.start_tick: compiled.placements[op].buffered_bits
        for op, window in windows.items()
        if op in compiled.placements
    }
    earlier = [tick for tick in sorted(began) if tick <= bins.start_tick]
    found = {bins.start_tick: began[earlier[-1]] if earlier else 0}
    found |= {t: began[t] for t in sorted(began) if bins.start_tick < t < bins.end_tick}
    return found


def steps(name: str, series: Mapping[str, Floats], bins: Bins) -> Iterator[tuple[int, str, str]]:
    """Yield (tick, name, values as JSON) wherever any of some counters changes, and their end."""
    if not series:
        return
    before = None
    texts = [[f"{value:.6g}" for value in values.tolist()] for values in series.values()]
    for tick, *values in zip(bins.starts.tolist(), *texts, strict=True):
        if values != before:
            yield tick, name, _values(series, values)
        before = values
    yield bins.end_tick, name, _values(series, ["0"] * len(series))


def _values(series: Mapping[str, Floats], values: list[str]) -> str:
    return ",".join(f'"{key}":{value}' for key, value in zip(series, values, strict=True))
