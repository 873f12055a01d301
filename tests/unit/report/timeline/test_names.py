"""Processes and threads: one for each tile or subsystem, one for each unit, whatever the names."""

from __future__ import annotations

import json

import pytest

from archsim.mapping.program import Program, Unit
from archsim.report.timeline.names import LONGEST, Places, quoted, shown

HOSTILE = (
    "<script>alert(1)</script>",
    "\"'`\\",
    "💥\U0001f469\u200d\U0001f52c",
    "two\nlines\ttab\x00",
    "\u202eright-to-left\u2066",
    "%s{0}${x}",
    "\ud800half",
    "n" * 10_000,
    "é" * 10_000,
)


def processes(*units: tuple[str, str]) -> list[str]:
    """Return the process of each unit."""
    program = Program((), tuple(Unit(name, role, ()) for name, role in units), ())
    names = {pid: name for name, pid in Places(program).processes.items()}
    return [names[pid] for pid, _ in Places(program).of_units]


def test_a_tile_is_a_process_and_so_is_each_subsystem():
    serial = [("dram", "dram"), ("buffer.read", "buffer_read"), ("buffer.fill", "buffer_fill")]
    tiles = [("group[0].array", "array"), ("group[0].adc", "adc"), ("group[1].writer", "writer")]
    assert processes(*serial, *tiles, ("vector_unit", "vector_unit")) == [
        "dram",
        "buffer",
        "buffer",
        "group[0]",
        "group[0]",
        "group[1]",
        "vector_unit",
    ]


def test_shares_of_a_subsystem_are_together_and_dots_in_ops_are_none_of_its_own():
    shares = [("layer1.0.conv1/dram", "dram"), ("(input)/dram", "dram"), ("a/b.c/dram.x", "dram")]
    tiles = [("layer1.0.conv1/group[0].array", "array"), ("tiles.adc", "adc"), ("u0", "unit")]
    found = processes(*shares, *tiles)
    assert found == ["dram", "dram", "dram", "layer1.0.conv1/group[0]", "tiles", "u0"]


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_any_name_is_text(name):
    text = quoted(name)
    assert text.isascii()
    assert text.isprintable()
    assert json.loads(text).replace("\ufffd", "?") == name.replace("\ud800", "?")
    program = Program((name,), (Unit(f"{name}/tile.adc", "adc", ()),), ())
    events = [json.loads(event) for event in Places(program).metadata(name)]
    assert len(events) == 6
    assert all(len(str(e["args"].get("name", ""))) <= LONGEST for e in events)


def test_long_names_are_cut_and_stay_apart():
    one, other = shown("n" * 10_000, 17), shown("n" * 10_000, 18)
    assert one != other
    assert len(one) <= LONGEST
    assert one.endswith("... (17)")
    assert shown("n" * LONGEST, 17) == "n" * LONGEST
