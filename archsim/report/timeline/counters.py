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
from archsim.mapping import Compiled
from archsim.mapping.code import Opcode
from archsim.report.energy import action_costs_j, static_spans
from archsim.report.timeline.history import History, Ints
from archsim.report.windows import ROLE_NAMES, Window

Floats = NDArray[np.float64]

BINS = 2000
"""As many as a wide screen has columns of pixels."""

_WAITS = (Opcode.RECV, Opcode.SEND, Opcode.ACQUIRE)


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

    def sums(self, start: Ints, end: Ints, amounts: Floats) -> Floats:
        """Return how much of some amounts is in each, every one spread from its start to its end.

        An amount of no length is where it is, one at the very end in the last bin.
        """
        width_ticks, count = self.width_ticks, len(self.starts)
        last_tick = max(self.end_tick, self.start_tick + 1) - 1
        at = (start == end) & (start >= self.start_tick) & (start <= self.end_tick)
        places = (np.minimum(start[at], last_tick) - self.start_tick) // width_ticks
        found = _summed(places, amounts[at], count)
        long = (start < end) & (start < self.end_tick) & (end > self.start_tick)
        per_tick = amounts[long] / (end[long] - start[long])
        begin = np.maximum(start[long], self.start_tick) - self.start_tick
        stop = np.minimum(end[long], self.end_tick) - self.start_tick
        first, last = begin // width_ticks, (stop - 1) // width_ticks
        over = first < last
        inside = np.where(over, (first + 1) * width_ticks, stop) - begin
        found += _summed(first, per_tick * inside, count)
        first, last, stop, per_tick = first[over], last[over], stop[over], per_tick[over]
        found += _summed(last, per_tick * (stop - last * width_ticks), count)
        # The bins between are covered from end to end. As a unit does one thing at a time, they
        # are at most as many as bins times units; taking sums apart again would leave rounding.
        between = last - first - 1
        offsets = np.arange(between.sum()) - np.repeat(np.cumsum(between) - between, between)
        places = np.repeat(first + 1, between) + offsets
        found += _summed(places, np.repeat(per_tick * width_ticks, between), count)
        return found


def _summed(places: Ints, amounts: Floats, count: int) -> Floats:
    return np.bincount(places, amounts, count).astype(np.float64)


def power_w(
    hardware: Hardware,
    compiled: Compiled,
    ledger: Ledger,
    history: History,
    windows: Mapping[str, Window],
    bins: Bins,
) -> dict[str, Floats]:
    """Return the mean power of every component that draws some, by bin [W]."""
    spent_j: dict[str, Floats] = {}
    for slot, by_line_j in _by_line_j(hardware, history).items():
        amounts_j = history.with_skips(np.where(history.is_work, by_line_j[history.line], 0.0))
        spent_j[slot] = bins.sums(history.start, history.end, amounts_j)
    for slot, start, end, static_w in static_spans(hardware, compiled, ledger, windows):
        amount_j = np.array([float(static_w * (end - start) * compiled.tick_s)])
        more_j = bins.sums(np.array([start]), np.array([end]), amount_j)
        spent_j[slot] = spent_j[slot] + more_j if slot in spent_j else more_j
    seconds = bins.lengths * float(compiled.tick_s)
    return {slot: spent_j[slot] / seconds for slot in hardware.parts() if slot in spent_j}


def _by_line_j(hardware: Hardware, history: History) -> dict[str, Floats]:
    """Return the energy of one execution of each line in each component that it uses [J]."""
    lines = history.program.lines
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


def stalled(history: History, bins: Bins) -> dict[str, Floats]:
    """Return how many units of each role are blocked, on average over each bin."""
    waits = np.isin(history.opcode, _WAITS)
    ticks = history.with_skips(np.where(waits, history.end - history.start, 0)).astype(np.float64)
    roles = [unit.role for unit in history.program.units]
    found = {}
    for role in dict.fromkeys(roles):
        rows = np.array([r == role for r in roles])[history.unit] & (ticks > 0)
        if rows.any():
            sums = bins.sums(history.start[rows], history.end[rows], ticks[rows])
            found[ROLE_NAMES.get(role, role)] = sums / bins.lengths
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
