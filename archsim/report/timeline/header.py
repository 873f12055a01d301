"""The beginning of a file: what it shows, and of what."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from archsim.engine import Ledger
from archsim.hardware import Hardware
from archsim.mapping import Compiled
from archsim.report.report import Provenance
from archsim.report.timeline.choice import Choice
from archsim.report.timeline.names import LONGEST, quoted
from archsim.report.timeline.scale import Scale
from archsim.workload import Workload

BEGINNING = '{"otherData":{"what":"archsim timeline",'
"""How every timeline begins."""

END = "\n]}\n"
"""How every timeline ends."""


@dataclass(frozen=True)
class Ran:
    """A run that is over, and what ran."""

    hardware: Hardware
    workload: Workload
    compiled: Compiled
    ledger: Ledger
    provenance: Provenance


def title(run: Ran, scale: Scale) -> str:
    """Return what the machine's process is called: names cut short, so that the scale is seen."""
    names = [name[: LONGEST // 4] for name in (run.workload.name, run.hardware.name)]
    return f"{names[0]} on {names[1]}: {scale}"


def header(
    run: Ran, choice: Choice, scale: Scale, window: tuple[int, int], gap_ticks: int | None
) -> str:
    """Return the beginning of the file: what it shows, and of what."""
    program = run.compiled.program
    long = {str(i): op for i, op in enumerate(program.ops) if len(op) > LONGEST}
    data = {
        "scale": str(scale),
        "tick_s": str(scale.tick_s),
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
    return f'{BEGINNING}\n{",".join(lines)}}},\n"displayTimeUnit":"ns",\n"traceEvents":[\n'


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
