"""Timelines for tests: made, read back, and held against a schema and against the ledger.

The schema is what viewers need of trace events, written down from the format's public description:
which phases there are, which fields each has, and what has to be true between events.
"""

from __future__ import annotations

import gzip
import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from math import inf
from pathlib import Path
from typing import Any

from archsim import simulate
from archsim.engine import Ledger
from archsim.report import Report
from archsim.report.timeline import Choice, TimelineFile

Event = dict[str, Any]

INT, TEXT, NUMBER = (int,), (str,), (int, Decimal)
PLACE = {"pid": INT, "tid": INT}
FIELDS = {
    "M": PLACE | {"name": TEXT, "args": (dict,)},
    "X": PLACE | {"name": TEXT, "cat": TEXT, "ts": NUMBER, "dur": NUMBER, "args": (dict,)},
    "i": PLACE | {"name": TEXT, "cat": TEXT, "ts": NUMBER, "s": TEXT, "args": (dict,)},
    "C": PLACE | {"name": TEXT, "ts": NUMBER, "args": (dict,)},
    "s": PLACE | {"name": TEXT, "cat": TEXT, "ts": NUMBER, "id": INT},
    "f": PLACE | {"name": TEXT, "cat": TEXT, "ts": NUMBER, "id": INT, "bp": TEXT},
}
"""The fields of each phase, all of them needed, none else known."""

METADATA = {
    "process_name": {"name": TEXT},
    "thread_name": {"name": TEXT},
    "process_sort_index": {"sort_index": INT},
    "thread_sort_index": {"sort_index": INT},
}


def drawn(path: Path, machine: Any, network: Any, **options: Any) -> tuple[Report, dict[str, Any]]:
    """Run a network and return its report and its timeline, which has passed the schema."""
    choice = options.pop("choice", Choice())
    said: list[str] = []
    with TimelineFile(path, choice, said.append) as timeline:
        report = simulate(machine, network, timeline=timeline, **options)
    document = read(path)
    assert len(said) == 1
    return report, document


def read(path: Path) -> dict[str, Any]:
    """Return a timeline, which has passed the schema."""
    content = path.read_bytes()
    text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode("ascii")
    document: dict[str, Any] = json.loads(text, object_pairs_hook=unique, parse_float=Decimal)
    assert list(document) == ["otherData", "displayTimeUnit", "traceEvents"]
    assert document["displayTimeUnit"] == "ns"
    found = list(faults(document["traceEvents"]))
    assert not found, found[:5]
    return document


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object of which no key is there twice."""
    found = dict(pairs)
    assert len(found) == len(pairs), pairs
    return found


def faults(events: list[Event]) -> Iterator[str]:
    """Yield what a viewer would stumble over."""
    for event in events:
        yield from _field_faults(event)
    yield from _name_faults(events)
    slices = defaultdict(list)
    for event in events:
        if event["ph"] == "X":
            slices[event["pid"], event["tid"]].append((event["ts"], event["ts"] + event["dur"]))
    for place, of_thread in slices.items():
        of_thread.sort()
        for (_, end), (start, _) in pairwise(of_thread):
            if start < end:
                yield f"thread {place}: slices overlap at {start}"
    yield from _arrow_faults(events, slices)


def _field_faults(event: Event) -> Iterator[str]:
    fields = FIELDS.get(event.get("ph"), {})
    if event.keys() != fields.keys() | {"ph"}:
        yield f"{event}: other fields than {list(fields)}"
        return
    for name, types in fields.items():
        if not isinstance(event[name], types) or isinstance(event[name], bool):
            yield f"{event}: {name} is no {types}"
    if event.get("ts", 0) < 0 or event.get("dur", 1) <= 0:
        yield f"{event}: before the beginning of time, or a slice of no length"
    amounts = event["args"].values() if event["ph"] == "C" else ()
    if not all(isinstance(value, NUMBER) and 0 <= value < inf for value in amounts):
        yield f"{event}: a counter that is no amount"
    if event["ph"] == "M":
        expected = METADATA.get(event["name"], {})
        if event["args"].keys() != expected.keys():
            yield f"{event}: metadata that viewers do not know"
    for name, value in (("s", "t"), ("bp", "e")):  # an instant of its thread; a slice around
        if event.get(name, value) != value:
            yield f"{event}: {name} is not {value}"


def _name_faults(events: list[Event]) -> Iterator[str]:
    named = Counter((e["name"], e["pid"], e["tid"]) for e in events if e["ph"] == "M")
    yield from (f"{key}: said twice" for key, times in named.items() if times > 1)
    for event in events:
        pid, tid = event["pid"], event["tid"]
        if ("process_name", pid, pid) not in named:
            yield f"{event}: a process without a name"
        if event["ph"] in "Xisf" and ("thread_name", pid, tid) not in named:
            yield f"{event}: a thread without a name"
    numbers = [tid for name, _, tid in named if name.endswith("_name")]
    if len(set(numbers)) != len(numbers) or 0 in numbers:
        yield "threads: numbers that are not their own"


def _arrow_faults(events: list[Event], slices: dict[tuple[int, int], Any]) -> Iterator[str]:
    ends: dict[int, list[Event]] = defaultdict(list)
    for event in events:
        if event["ph"] in "sf":
            ends[event["id"]].append(event)
            inside = slices[event["pid"], event["tid"]]
            if not any(start <= event["ts"] < end for start, end in inside):
                yield f"{event}: an arrow that holds on to nothing"
    for number, pair in ends.items():
        if [event["ph"] for event in pair] != ["s", "f"] or pair[0]["ts"] > pair[1]["ts"]:
            yield f"arrow {number}: {pair}"


def threads(document: dict[str, Any]) -> dict[tuple[int, int], str]:
    """Return the name of each thread: the unit's."""
    return {
        (event["pid"], event["tid"]): event["args"]["name"]
        for event in document["traceEvents"]
        if event["ph"] == "M" and event["name"] == "thread_name"
    }


def slices(document: dict[str, Any], category: str | None = None) -> list[Event]:
    """Return the slices, or those of a category; works of no length are among them."""
    events = (event for event in document["traceEvents"] if event["ph"] in "Xi")
    return [event for event in events if category in (None, event["cat"])]


def busy_us(document: dict[str, Any]) -> dict[str, int]:
    """Return the sum of duration times multiplicity over each unit's slices."""
    names, found = threads(document), Counter[str]()
    for event in slices(document):
        found[names[event["pid"], event["tid"]]] += (
            event.get("dur", 0) * event["args"]["multiplicity"]
        )
    return {unit: ticks for unit, ticks in found.items() if ticks}


def ledger_busy_ticks(ledger: Ledger) -> dict[str, int]:
    """Return how long each unit was busy."""
    found = Counter[str]()
    for record in ledger.records:
        found[record.unit] += record.busy_ticks
    return {unit: ticks for unit, ticks in found.items() if ticks}


def integral(document: dict[str, Any], counter: str) -> dict[str, float]:
    """Return the time integral of each series of a counter [its unit times ticks]."""
    events = [e for e in document["traceEvents"] if e["ph"] == "C" and e["name"] == counter]
    found = Counter[str]()
    for event, following in pairwise(events):
        for series, value in event["args"].items():
            found[series] += float(value * (following["ts"] - event["ts"]))
    return dict(found)


def tick_s(document: dict[str, Any]) -> Fraction:
    """Return the exact length of a tick."""
    return Fraction(document["otherData"]["tick_s"])
