from __future__ import annotations

import dataclasses
import io
from math import ceil

import pytest
from rich.cells import cell_len
from rich.console import Console

import archsim
from archsim.report.report import Programming
from archsim.report.short_text import print_screen
from tests.unit.report.test_report import report
from tests.unit.report.tiny_accuracy import accuracy

WARNING = "buffer.size: found too little of it; " + "some words " * 8


def screen(found, width, height, **options):
    """Return what is printed on a screen of this size, and how many lines it takes there."""
    console = Console(
        file=io.StringIO(),
        width=width,
        height=height,
        force_terminal=True,
        color_system=None,
        highlight=False,
        markup=False,
    )
    print_screen(found, console, **options)
    lines = [line.rstrip() for line in console.file.getvalue().splitlines()]
    told = [*lines, *(f"warning: {text}" for text in found.warnings)]
    return lines, sum(max(1, ceil(cell_len(line) / width)) for line in told)


@pytest.fixture(scope="module")
def runs():
    """What ran, with names as long as networks have."""
    tiny = dataclasses.replace(report(), accuracy=accuracy(), warnings=(WARNING,))
    return {
        "resnet50": archsim.simulate("homodyne", "resnet50"),
        "bert_base": archsim.simulate("dota_b", "bert_base"),
        "lenet5": archsim.simulate("crossbar", "lenet5"),
        "tiny": tiny,
    }


@pytest.mark.parametrize(("width", "height"), [(80, 24), (80, 40), (100, 30), (100, 40)])
@pytest.mark.parametrize("name", ["resnet50", "bert_base", "lenet5", "tiny"])
def test_a_report_with_its_warnings_fits_on_a_screen(runs, name, width, height):
    lines, taken = screen(runs[name], width, height)
    assert taken < height  # and one for the prompt
    assert lines[0].startswith(f"{name} on ")
    assert sum("latency" in line for line in lines) == 1


def test_a_low_screen_shows_five_ops_and_five_components(runs):
    lines, _ = screen(runs["resnet50"], 80, 24)
    told = " ".join(lines[1].split())
    assert told == "latency 285.7 us throughput 3,500 /s makespan 285.7 us"
    heads = [number for number, line in enumerate(lines) if line.startswith((" component", " op"))]
    assert [lines[number].split("  ")[0] for number in heads] == [
        " component (5 of 12)",
        " op (5 of 123)",
    ]
    longest = runs["resnet50"].ops
    own = longest[~longest.bound_by.str.startswith("with ", na=True)]
    top = own.nlargest(5, "duration_s").op
    assert [line.split()[0] for line in lines[heads[1] + 1 : heads[1] + 6]] == list(top)


def test_a_low_screen_has_accuracy_in_one_line():
    lines, _ = screen(dataclasses.replace(report(), accuracy=accuracy()), 80, 20)
    [found] = [line for line in lines if "accuracy" in line]
    assert " ".join(found.split()) == (
        "accuracy 96.00% 95 % over examples: 94.50 to 97.25; drop 2.00"
    )
    assert any(line.endswith("bits") for line in lines)


def test_a_low_screen_tells_what_a_stream_and_a_plan_add():
    found = dataclasses.replace(
        report(),
        schedule="pipelined",
        batch=2,
        packing_overhead=0.0312,
        programming=Programming(time_s=2e-3, energy_j=3e-6),
    )
    lines, _ = screen(found, 80, 10)
    told = " ".join(" ".join(lines).split())
    assert "packing +3.1%" in told
    assert "programming 2 ms 3 uJ" in told
    assert "Time by what bounds" not in told


def test_all_ops_need_no_screen(runs):
    lines, taken = screen(runs["resnet50"], 80, 24, all_ops=True)
    assert taken > 123
    assert "Ops in order (123)" in lines
