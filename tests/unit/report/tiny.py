"""A run small enough to be reckoned by hand: one tick is 1 ns.

========  =======  ==========================================================
op        ticks    what
========  =======  ==========================================================
(input)   0-10     DRAM
a         10-30    2 tiles, array busy 15, 3 times the light; adds to 'r'
r         20-28    rides on a
b         38-50    1 tile, array busy 10, reads ahead from DRAM at 5-9
(output)  50-60    DRAM
========  =======  ==========================================================
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

from archsim import hardware
from archsim.engine import Ledger, Record
from archsim.hardware import Hardware
from archsim.mapping import Compiled, Placement, Program

MAKESPAN_TICKS = 60


def machine(*overrides: str) -> Hardware:
    return hardware.load_hardware(Path(__file__).with_name("tiny.yaml"), overrides)


def record(unit: str, role: str, op: str, **times: Any) -> Record:
    """Return one unit's part in one op; busy from start to end unless said otherwise."""
    start, end = times.get("start"), times.get("end")
    return Record(
        unit=unit,
        role=role,
        op=op,
        busy_ticks=times.get("busy", 0 if start is None else end - start),
        stall_ticks=times.get("stall", 0),
        start_tick=start,
        first_end_tick=times.get("first_end", end),
        end_tick=end,
    )


RECORDS = (
    record("dram", "dram", "(input)", start=0, end=10),
    record("dram", "dram", "b (weights)", start=5, end=9),
    record("dram", "dram", "(output)", start=50, end=60, stall=20),
    record("buffer.read", "buffer_read", "a", start=10, end=24, busy=12, stall=2),
    record("buffer.read", "buffer_read", "b", start=38, end=44),
    record("tiles.array", "array", "a", start=12, end=30, busy=15, stall=3),
    record("tiles.array", "array", "b", start=40, end=50),
    record("tiles.accumulator", "accumulator", "r", start=20, end=28, busy=4),
    record("vector_unit", "vector_unit", "b", stall=7),
    record("dram", "dram", "(stored)", start=60, end=60),
)
STREAM = (*RECORDS[:-1], record("dram", "dram", "(stored)", start=55, end=60, busy=0, first_end=55))
"""The same with the outputs of several inputs, the first complete at 55."""

ACTIONS = {
    "(input)": {"dram.read_bit": 10},
    "a": {"adc.convert": 100, "buffer.read_bit": 1000},
    "b": {"adc.convert": 10, "buffer.write_bit": 50},
    "(output)": {"dram.write_bit": 20},
}


def ledger(**changes: Any) -> Ledger:
    found = {
        "engine": "by hand",
        "makespan_ticks": MAKESPAN_TICKS,
        "end_ticks": {},
        "records": RECORDS,
        "actions": ACTIONS,
        "instructions": 40,
        "executed": 12,
        "skipped": 7,
    } | changes
    return Ledger(**found)


PLACEMENTS = {
    "a": Placement("a", "linear", "array", macs=60, tiles=2, repetitions=3),
    "r": Placement("r", "elementwise", "a"),
    "b": Placement("b", "conv", "array", macs=48, tiles=1),
}


def compiled(**changes: Any) -> Compiled:
    found = {
        "program": Program((), (), ()),
        "programming": None,
        "placements": PLACEMENTS,
        "inputs": 1,
        "schedule": "serial",
        "tick_s": Fraction(1, 10**9),
    } | changes
    return Compiled(**found)
