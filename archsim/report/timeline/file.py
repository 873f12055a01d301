"""The file: a header that says what it shows, then events, written as they are made."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from itertools import chain
from pathlib import Path

import numpy as np

from archsim.engine import Ledger
from archsim.engine.trace import Rows
from archsim.errors import ConfigError
from archsim.hardware import Hardware
from archsim.mapping import Compiled, Program
from archsim.report.report import Provenance
from archsim.report.timeline import arrows, counters
from archsim.report.timeline.choice import Choice
from archsim.report.timeline.history import History, Ints, Recording
from archsim.report.timeline.names import LONGEST, Places, quoted
from archsim.report.timeline.slices import Drawn, Repeats, Slices, repeats_of, works_of
from archsim.report.whole_file import Sort, WholeFile
from archsim.report.windows import windows
from archsim.units import format_si
from archsim.workload import Workload

_BEGINNING = '{"otherData":{"what":"archsim timeline",'
_SORT = Sort("timeline", (".json", ".json.gz"), _BEGINNING)
_MOST_TICKS = 1 << 53
"""Up to which a viewer's numbers are whole."""

_SAMPLE = 2000
"""Slices that are turned into text to learn how long one is."""


@dataclass(frozen=True)
class Ran:
    """A run that is over, and what ran."""

    hardware: Hardware
    workload: Workload
    compiled: Compiled
    ledger: Ledger
    provenance: Provenance


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

    def events(self) -> Iterator[list[str]]:
        """Yield all events, some at a time: names first, arrows after what they hold on to."""
        yield self.around[:1]
        yield from self.drawn.repeats(self.repeats)
        yield from self.drawn.works(self.slices)
        yield self.around[1:]


class TimelineFile(WholeFile):
    """A timeline: told of a run while it is under way, written when it is over."""

    def __init__(
        self,
        path: Path,
        choice: Choice | None = None,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Open it.

        Args:
            path: Where to.
            choice: What to draw.
            say: Told how large it will be, before it is written.

        Raises:
            ConfigError: It cannot be written, or something else is there.
        """
        super().__init__(path, _SORT)
        self._choice, self._say, self._recording = choice or Choice(), say, Recording()

    def begins(self, program: Program) -> None:
        """Take note of what runs.

        Raises:
            ConfigError: Ops are asked for that are not in it.
        """
        self._choice.wanted(program)
        self._recording.begins(program)

    def happened(self, rows: Rows) -> None:
        """Keep what happened."""
        self._recording.happened(rows)

    def ran(
        self,
        hardware: Hardware,
        workload: Workload,
        compiled: Compiled,
        ledger: Ledger,
        provenance: Provenance,
    ) -> None:
        """Write the timeline of a run that is over.

        Raises:
            ConfigError: It would be larger than it may be, or the window is outside the run.
        """
        run = Ran(hardware, workload, compiled, ledger, provenance)
        content = content_of(run, self._recording.history(), self._choice)
        self._say(f"{self._path}: {_described(content, run, self._choice)}")
        write, before = self.file.write, ""
        write(content.header)
        for some in content.events():
            if some:
                write(before + ",\n".join(some))
                before = ",\n"
        write(_END)


_END = "\n]}\n"


def content_of(run: Ran, history: History, choice: Choice) -> Content:
    """Return what a timeline will consist of, at most as large as is allowed.

    Raises:
        ConfigError: It cannot be.
    """
    makespan_ticks, tick_s = run.ledger.makespan_ticks, run.compiled.tick_s
    if makespan_ticks * max(1, choice.tick_ns // 1000) >= _MOST_TICKS:
        raise ConfigError(
            f"timeline: found a run of {makespan_ticks} ticks shown as {choice.tick_ns} ns each; "
            f"expected less than {_MOST_TICKS} us; run fewer inputs"
        )
    window, wanted = choice.ticks(makespan_ticks, tick_s), choice.wanted(history.program)
    shown_ticks = _scaled(choice.tick_ns)
    drawn = Drawn(history, shown_ticks)
    every = works_of(history, wanted, window)
    repeats = repeats_of(history, wanted, window)
    around = [",\n".join(Places(history.program).metadata(_title(run, choice)))]
    around += _counters(run, history, counters.Bins(*window), shown_ticks)
    fixed = _bytes_of(around) + sum(map(_bytes_of, drawn.repeats(repeats))) + len(_END)
    room_bytes = choice.most_bytes - fixed
    while True:
        slices, gap_ticks = _fitting(every, drawn, room_bytes)
        tied = arrows.events(
            arrows.arrows(run.workload, history.program, slices), history.program, shown_ticks
        )
        header = _header(run, choice, window, gap_ticks)
        content = Content(
            slices, len(every), gap_ticks, 0, header, [*around, *tied], repeats, drawn
        )
        size_bytes = len(header) + len(_END) + sum(map(_bytes_of, content.events())) - len(",\n")
        if size_bytes <= choice.most_bytes:
            return replace(content, size_bytes=size_bytes)
        if (slices.gaps() < 0).all():
            raise _too_large(size_bytes, len(slices) + len(repeats), choice)
        room_bytes -= size_bytes - choice.most_bytes + choice.most_bytes // 100


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
    slices, gap_ticks = every, None
    while len(gaps):
        sample = slices.part(slice(None, None, max(1, len(slices) // _SAMPLE)))
        each_bytes = sum(map(_bytes_of, drawn.works(sample))) / max(1, len(sample))
        too_many = len(slices) * each_bytes - most_bytes
        if too_many <= 0:
            return slices, gap_ticks
        merged = len(every) - len(slices) + int(too_many / each_bytes) + 1
        if gap_ticks is not None and gap_ticks >= gaps[-1]:
            break
        gap_ticks = int(gaps[min(merged, len(gaps)) - 1])
        slices = every.joined(gap_ticks)
    return slices, gap_ticks


def _bytes_of(events: Iterable[str]) -> int:
    """Return the bytes of some events, each with what separates it from the next."""
    return sum(len(event) + len(",\n") for event in events)


def _counters(
    run: Ran, history: History, bins: counters.Bins, shown_ticks: Callable[[Ints], list[str]]
) -> Iterator[str]:
    """Yield the events of all counters."""
    when = windows(run.ledger)
    power_w = counters.power_w(run.hardware, run.compiled, run.ledger, history, when, bins)
    total_w = {"total": np.sum(list(power_w.values()), axis=0)} if power_w else {}
    buffered = counters.buffered_bits(run.compiled, when, bins) | {bins.end_tick: 0}
    steps = chain(
        counters.steps("power [W]", total_w, bins),
        counters.steps("power of component [W]", power_w, bins),
        counters.steps("units stalled", counters.stalled(history, bins), bins),
        ((t, "buffer [bit]", f'"activations":{bits}') for t, bits in buffered.items()),
    )
    place = f'"pid":{Places.MACHINE},"tid":0'
    for tick, name, values in steps:
        [ts] = shown_ticks(np.array([tick]))
        yield f'{{"ph":"C","name":"{name}",{place},"ts":{ts},"args":{{{values}}}}}'


def _scaled(tick_ns: int) -> Callable[[Ints], list[str]]:
    """Return what writes ticks as microseconds, exactly."""
    each, rest = divmod(tick_ns, 1000)
    if not rest:
        return lambda ticks: [str(tick * each) for tick in ticks.tolist()]

    def decimal(ticks: Ints) -> list[str]:
        parts = (divmod(tick * tick_ns, 1000) for tick in ticks.tolist())
        return [f"{whole}.{thousandths:03d}" for whole, thousandths in parts]

    return decimal


def _scale(run: Ran, choice: Choice) -> str:
    tick, shown = format_si(run.compiled.tick_s, "s"), format_si(choice.tick_ns * 1e-9, "s")
    return f"1 tick ({tick}) is shown as {shown}"


def _title(run: Ran, choice: Choice) -> str:
    """Return what the machine's process is called: names cut short, so that the scale is seen."""
    names = [name[: LONGEST // 4] for name in (run.workload.name, run.hardware.name)]
    return f"{names[0]} on {names[1]}: {_scale(run, choice)}"


def _header(run: Ran, choice: Choice, window: tuple[int, int], gap_ticks: int | None) -> str:
    """Return the beginning of the file: what it shows, and of what."""
    program = run.compiled.program
    long = {str(i): op for i, op in enumerate(program.ops) if len(op) > LONGEST}
    data = {
        "scale": _scale(run, choice),
        "tick_s": str(run.compiled.tick_s),
        "tick_shown_ns": choice.tick_ns,
        "machine": run.hardware.name,
        "workload": run.workload.name,
        "schedule": run.compiled.schedule,
        "batch": run.compiled.inputs,
        "makespan_ticks": run.ledger.makespan_ticks,
        "window_ticks": list(window),
        "ops": list(choice.ops),
        "joined_gap_ticks": gap_ticks,
        "long_names": long,
        "provenance": asdict(run.provenance),
        "reading": _READING,
    }
    lines = (f"{json.dumps(key)}:{_json(value)}" for key, value in data.items())
    return f'{_BEGINNING}\n{",".join(lines)}}},\n"displayTimeUnit":"ns",\n"traceEvents":[\n'


_READING = (
    "Category 'work': a unit's work for an op. It happens 'multiplicity' times in the run and is "
    "shown once; duration times multiplicity, summed over a unit, is its busy time (busy_ticks "
    "instead of the duration where works were joined across waits). Category 'skipped': when the "
    "periods before it happen again, which their multiplicity counts. Counters are means."
)


def _json(value: object) -> str:
    """Return plain data as JSON; text of any kind in ASCII."""
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, dict):
        return f"{{{','.join(f'{quoted(k)}:{_json(v)}' for k, v in value.items())}}}"
    if isinstance(value, list):
        return f"[{','.join(map(_json, value))}]"
    return json.dumps(value)


def _described(content: Content, run: Ran, choice: Choice) -> str:
    """Return how large a timeline will be, and what one has to know of it."""
    slices = f"{len(content.slices):,} slices of {content.executed:,} executed works"
    joined = ""
    if content.gap_ticks is not None:
        joined = f"; works of an op up to {content.gap_ticks:,} ticks apart are joined"
    size = f"{_megabytes(content.size_bytes)} before compression"
    return f"{slices}, {size}; {_scale(run, choice)}{joined}"


def _megabytes(size_bytes: int) -> str:
    return f"{size_bytes / 1e6:.3g} MB"
