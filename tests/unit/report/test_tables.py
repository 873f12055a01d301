from __future__ import annotations

import io
import itertools
import re

import pytest
from rich.console import Console

from archsim.report.tables import print_lines, print_table

COLUMNS = ["op", "kind", "time", "", "energy"]
ROWS = [
    ("layer4.0.downsample.0", "conv", "8.371 us", "12.9%", "119.2 uJ"),
    ("fc", "linear", "6,739.25 us", "2.4%", "114.5 uJ"),
]


def lines(print_it, width, *arguments, **options):
    screen = Console(file=io.StringIO(), width=width, markup=False, highlight=False)
    print_it(screen, *arguments, **options)
    return [line.rstrip() for line in screen.file.getvalue().splitlines()]


def table(width):
    return lines(print_table, width, "Title", COLUMNS, ROWS, left=2)


def test_where_there_is_room_every_cell_is_whole():
    shown = "\n".join(table(100))
    assert all(cell in shown for row in ROWS for cell in row)
    assert "too narrow" not in shown


@pytest.mark.parametrize("width", range(20, 100))
def test_no_figure_is_ever_cut(width):
    whole = {cell for row in ROWS for cell in row[2:]}
    shown = "\n".join(table(width)[4:])
    figures = re.findall(r"[\d,.]+ u[sJ]|[\d.]+%", shown)
    assert figures
    assert set(figures) <= whole


@pytest.mark.parametrize("width", range(33, 100))
def test_no_line_runs_over_the_edge_and_the_names_stay(width):
    shown = table(width)
    assert all(len(line) <= width for line in shown[:-1])  # the last may tell what is left out
    body = itertools.takewhile(lambda line: "too narrow" not in line, shown[4:])
    names = "".join(line[: line.find("  ")] if "  " in line else line for line in body)
    assert "".join(row[0] for row in ROWS) in re.sub(r"\s", "", names)


def test_columns_go_from_the_right_and_are_named():
    assert table(50)[-1] == " (too narrow for: energy)"
    assert "kind" in table(50)[2]
    assert table(33)[-1] == " (too narrow for: kind, energy)"


def test_meanings_wrap_and_are_left_out_where_there_is_no_room():
    rows = [("latency", "598.8 ns", "first input's start to its stored output")]
    assert lines(print_lines, 80, rows) == [f"    latency  598.8 ns  {rows[0][2]}"]
    assert len(lines(print_lines, 50, rows)) == 2
    assert lines(print_lines, 40, rows) == ["    latency  598.8 ns"]
    assert lines(print_lines, 10, rows) == ["    latency  598.8 ns"]
