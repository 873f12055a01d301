from __future__ import annotations

import dataclasses
import io

import pytest
from rich.console import Console

from archsim import hardware
from archsim.hardware.check import facts
from archsim.report.facts_text import print_catalogue, print_facts
from archsim.report.report import Programming
from archsim.report.tables import readable
from archsim.report.text import print_report, share
from tests.unit.report.test_report import report


def page(print_it, *arguments, **options):
    screen = Console(file=io.StringIO(), width=100, markup=False, highlight=False)
    print_it(*arguments, screen, **options)
    return [line.rstrip() for line in screen.file.getvalue().splitlines()]


def line(lines, word):
    [found] = [each for each in lines if each.strip().startswith(word)]
    return " ".join(found.split())


@pytest.fixture(scope="module")
def found():
    return report()


def test_the_headline_comes_first(found):
    lines = page(print_report, found)
    assert lines[0] == "tiny on tiny: serial, batch 1, 6.912 kMAC an input"
    assert line(lines, "latency") == "latency 60 ns first input's start to its stored output"
    assert line(lines, "makespan") == "makespan 60 ns 60 ticks of 1 ns"
    assert (
        line(lines, "engine") == "engine by hand executed 12 of 40 instructions, skipped 7 periods"
    )
    assert line(lines, "area") == "area 27 mm² of the machine"


def test_components_come_by_energy(found):
    lines = page(print_report, found)
    # 528 nJ of laser in 745.6 nJ: 480 for a, 48 for b
    assert line(lines, "laser") == "laser 528 nJ 70.8% 0 J 528 nJ 8 8 mm²"
    order = [each.split()[0] for each in lines if each.strip().endswith("mm²")][:3]
    assert order == ["laser", "accumulator", "buffer"]


def test_ops_show_what_bounds_them(found):
    lines = page(print_report, found)
    # laser 480, buffer 61, accumulators 32, the rest 0.28 nJ
    assert line(lines, "a ") == "a linear array 20 ns 33.3% 5 ns 573.3 nJ 6.2%"
    assert line(lines, "r ") == "r elementwise with a 8 ns 13.3% 8 nJ"
    assert line(lines, "Time by what") == "Time by what bounds the op: array 53.3%, DRAM 33.3%"


def test_a_batch_shows_the_energy_of_an_input(found):
    assert "for an input" not in "".join(page(print_report, found))
    assert "for an input" in "".join(page(print_report, dataclasses.replace(found, batch=2)))


def test_packing_is_shown_where_channels_have_counts(found):
    assert not [each for each in page(print_report, found) if each.strip().startswith("packing")]
    packed = dataclasses.replace(found, packing_overhead=0.0312)
    assert line(page(print_report, packed), "packing") == (
        "packing +3.1% column passes over the ideal of each channel its own count"
    )


def test_programming_is_shown_apart(found):
    stream = dataclasses.replace(
        found, schedule="pipelined", programming=Programming(time_s=2e-3, energy_j=3e-6)
    )
    lines = page(print_report, stream)
    assert line(lines, "programming").startswith("programming 2 ms and 3 uJ, once, not in")
    assert line(lines, "throughput").endswith("rate of outputs in the stream")
    assert not [each for each in lines if each.startswith("Time by what")]


def test_facts_of_an_optical_machine_name_its_light():
    lines = page(print_facts, facts(hardware.load_hardware("homodyne")))
    assert line(lines, "loss").endswith("modulator 3 dB + array 3 dB")
    assert line(lines, "all together")


def test_facts_of_a_digital_machine_name_no_light():
    lines = page(print_facts, facts(hardware.load_hardware("digital_int8")))
    assert line(lines, "peak")
    assert not [each for each in lines if "photons" in each or "ENOB" in each]


def test_the_catalogue_says_what_must_be_given():
    lines = page(print_catalogue, hardware.catalogue())
    assert "adc: adc" in lines
    assert "(needed)" in line(lines[lines.index("adc: adc") :][:6], "rate")


def test_a_share_of_nothing_is_none():
    assert share(1, 4) == "25.0%"
    assert share(0, 0) == "-"


def test_control_characters_are_not_shown():
    assert readable("a\x1b[31m\tb") == "a?[31m?b"
