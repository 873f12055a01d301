"""What a file will consist of, and how large it will be, before it is written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

import numpy as np

from archsim.errors import ConfigError
from archsim.report.timeline import arrows, counters
from archsim.report.timeline.choice import Choice
from archsim.report.timeline.header import END, Ran, header, title
from archsim.report.timeline.history import History
from archsim.report.timeline.names import Places
from archsim.report.timeline.scale import Scale
from archsim.report.timeline.slices import (
    SEPARATOR,
    Drawn,
    Repeats,
    Slices,
    repeats_of,
    works_of,
)
from archsim.report.windows import windows

_MOST_TICKS = 1 << 53
"""Up to which a viewer's numbers are whole."""


@dataclass(frozen=True)
class Content:
    """What will be written.

    Attributes:
        slices: Works, joined where there would be too many.
        executed: How many works they were.
        gap_ticks: How far apart at most those are that were joined; None where none was.
        size_bytes: How large the file will be before it is compressed.
        header: Its first lines.
        around: The events that are no slices.
        repeats: Skipped periods.
        drawn: What makes slices into text.
    """

    slices: Slices
    executed: int
    gap_ticks: int | None
    size_bytes: int
    header: str
    around: list[str]
    repeats: Repeats
    drawn: Drawn

    def described(self) -> str:
        """Return how large it is, and what one has to know of it."""
        slices = f"{len(self.slices):,} slices of {self.executed:,} executed works"
        joined = ""
        if self.gap_ticks is not None:
            joined = f", those of an op up to {self.gap_ticks:,} ticks apart joined"
        return f"{slices}{joined}; {_megabytes(self.size_bytes)} before compression"

    def events(self) -> Iterator[list[str]]:
        """Yield all events, some at a time: names first, arrows after what they hold on to."""
        yield self.around[:1]
        yield from self.drawn.repeats(self.repeats)
        yield from self.drawn.works(self.slices)
        yield self.around[1:]


def content_of(run: Ran, history: History, choice: Choice) -> Content:
    """Return what a timeline will consist of, at most as large as is allowed.

    Raises:
        ConfigError: It cannot be.
    """
    makespan_ticks, program = run.ledger.makespan_ticks, history.program
    scale = Scale(run.compiled.tick_s, choice.tick_ns)
    if max(makespan_ticks, makespan_ticks * choice.tick_ns // 1000) >= _MOST_TICKS:
        raise ConfigError(
            f"timeline: found a run of {makespan_ticks} ticks, each shown as {choice.tick_ns} ns; "
            f"expected less than 2^53 ticks and us, which viewers can count; run fewer inputs, or "
            "give a shorter --timeline-tick"
        )
    window, wanted = choice.ticks(makespan_ticks, scale.tick_s), choice.wanted(program)
    drawn = Drawn(program, scale)
    works = history.works()
    every, repeats = works_of(works, wanted, window), repeats_of(works, wanted, window)
    around = [SEPARATOR.join(Places(program).metadata(title(run, scale)))]
    around += _counters(run, works, history.waits(), counters.Bins(*window), scale)
    fixed_bytes = sum(map(_bytes_of, drawn.repeats(repeats)))
    room_bytes = choice.most_bytes
    while True:
        slices, gap_ticks = _fitting(every, drawn, room_bytes)
        found = arrows.arrows(run.workload, program, slices)
        others = [*around, *arrows.events(found, program, scale)]
        beginning = header(run, choice, scale, window, gap_ticks)
        events_bytes = fixed_bytes + drawn.size_bytes(slices) + _bytes_of(others)
        size_bytes = len(beginning) + events_bytes - len(SEPARATOR) + len(END)
        if size_bytes <= choice.most_bytes:
            return Content(
                slices, len(every), gap_ticks, size_bytes, beginning, others, repeats, drawn
            )
        if (slices.gaps() < 0).all():
            raise _too_large(size_bytes, len(slices) + len(repeats), choice)
        room_bytes = drawn.size_bytes(slices) - (size_bytes - choice.most_bytes)


def _too_large(size_bytes: int, slices: int, choice: Choice) -> ConfigError:
    return ConfigError(
        f"timeline: found {_megabytes(size_bytes)} for {slices:,} slices, which are as few as "
        f"works can be joined to; expected at most {_megabytes(choice.most_bytes)}; choose ops "
        "with --ops or a time with --window, or raise --timeline-limit"
    )


def _fitting(every: Slices, drawn: Drawn, most_bytes: int) -> tuple[Slices, int | None]:
    """Return as many slices as have room, and how far apart at most works are that were joined."""
    gaps = np.sort(every.gaps())
    gaps = gaps[gaps >= 0]
    slices, gap_ticks, joined = every, None, 0
    while joined < len(gaps) and (excess_bytes := drawn.size_bytes(slices) - most_bytes) > 0:
        each_bytes = drawn.size_bytes(slices) // len(slices)
        more = 1 + excess_bytes // each_bytes
        gap_ticks = int(gaps[min(joined + more, len(gaps)) - 1])
        slices = every.joined(gap_ticks)
        joined = len(every) - len(slices)
    return slices, gap_ticks


def _bytes_of(events: Iterable[str]) -> int:
    """Return the bytes of some events, each with what separates it from the next."""
    return sum(len(event) + len(SEPARATOR) for event in events)


def _counters(
    run: Ran, works: History, waits: History, bins: counters.Bins, scale: Scale
) -> Iterator[str]:
    """Yield the events of all counters."""
    when = windows(run.ledger)
    power_w = counters.power_w(run.hardware, run.compiled, run.ledger, works, when, bins)
    total_w = {"total": np.sum(list(power_w.values()), axis=0)} if power_w else {}
    buffered = counters.buffered_bits(run.compiled, when, bins) | {bins.end_tick: 0}
    steps = chain(
        counters.steps("power [W]", total_w, bins),
        counters.steps("power of component [W]", power_w, bins),
        counters.steps("units stalled", counters.stalled(waits, bins), bins),
        ((t, "buffer [bit]", f'"activations":{bits}') for t, bits in buffered.items()),
    )
    place = f'"pid":{Places.MACHINE},"tid":{Places.MACHINE}'
    for tick, name, values in steps:
        [ts] = scale.shown(np.array([tick]))
        yield f'{{"ph":"C","name":"{name}",{place},"ts":{ts},"args":{{{values}}}}}'


def _megabytes(size_bytes: int) -> str:
    return f"{size_bytes / 1e6:.3g} MB"
