from __future__ import annotations

import importlib
import os
import subprocess
import sys

import numpy as np
import pytest

import archsim
from archsim.report.loading import load_report
from archsim.report.page import OPENING, run_page, sweep_page
from archsim.report.page.charts import Bar, Part, chart
from archsim.report.page.machine_view import machine_file, machine_grid, sources_of
from archsim.report.page.plan_view import plan_view
from archsim.report.page.plots import axis_of
from archsim.report.page.rendering import shown, soft
from archsim.report.page.rules import RULES
from archsim.report.page.sweep_page import _stairs
from archsim.report.quantities import Figure, figure, label_of, rate
from tests.unit.report.page import subjects


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    return subjects.usual(tmp_path_factory.mktemp("saved") / "run")


def test_the_same_report_gives_the_same_page_wherever_it_is(saved, tmp_path):
    page = run_page(saved)
    assert page.startswith(OPENING)
    assert str(saved.folder) not in page
    archsim.simulate("homodyne", "lenet5").save(tmp_path / "elsewhere")
    code = (
        "from archsim.report.loading import load_report\n"
        "from archsim.report.page import run_page\n"
        f"import sys; sys.stdout.write(run_page(load_report({str(tmp_path / 'elsewhere')!r})))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONHASHSEED": "7", "PYTHONUTF8": "1"},
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    assert done.stdout == page


def test_a_page_asks_for_nothing(saved):
    page = run_page(saved)
    for word in ("http://", "https://", "src=", "@import", "url("):
        assert word not in page
    assert "default-src &#39;none&#39;" in page


def test_a_page_holds_machine_and_plan_and_provenance(saved):
    page = run_page(saved).replace("<wbr>", "")
    for said in (
        "Hamerly et al., PRX 9, 021032 (2019): one, multiplexed in time",
        "Every product is done once.",
        saved.headline["provenance"]["hardware_hash"],
        saved.headline["provenance"]["workload_fingerprint"],
        "wall_plug_efficiency: 0.2",
    ):
        assert said in page


def test_a_stream_shows_its_programming_and_no_shares_of_overlapping_ops(tmp_path):
    archsim.simulate("crossbar", "lenet5", batch=3, schedule="pipelined").save(tmp_path / "run")
    page = run_page(load_report(tmp_path / "run"))
    assert "programming time" in page
    assert "rate of outputs in the stream" in page
    assert "energy of the run" in page
    assert "time-by-bound" not in page


def test_a_workload_without_products_has_no_plan(saved):
    assert "None: this workload has no products" in run_page(
        type(saved)(saved.folder, saved.headline, saved.frames, saved.machine, None)
    )


def test_what_cannot_be_seen_is_spelt_out_and_lines_stay_lines():
    assert shown("a\x00\u202eb\nc\ud800") == "a\\u0000\\u202eb\nc\\ud800"
    assert shown("été 🦄 <b>") == "été 🦄 <b>"
    assert shown(None) == ""


def test_names_may_break_after_dots_but_not_within_numbers():
    assert soft("layer1.0.conv:add") == "layer1.0.<wbr>conv:<wbr>add"
    assert soft("<b>.x") == "&lt;b&gt;.<wbr>x"


def test_bars_are_drawn_to_the_scale_of_the_longest():
    bars = [
        Bar("small", Figure("1", 1.0), "", (Part(0, "a", Figure("1", 1.0)),)),
        Bar("large", Figure("4", 4.0), "", tuple(Part(i, "a", Figure("2", 2.0)) for i in (0, 2))),
    ]
    found = chart("key", "Title", "", legend={0: "a", 1: "never", 2: "c"}, bars=bars)
    assert [bar.name for bar in found.bars] == ["large", "small"]
    assert [(p.start, p.width) for p in found.bars[0].parts] == [(0.0, 500.0), (500.0, 500.0)]
    assert found.bars[1].parts[0].width == 250.0
    assert found.legend == ((0, "a"), (2, "c"))


def test_a_chart_of_nothing_is_empty():
    nothing = Bar("n", Figure("0", 0.0), "", (Part(0, "a", Figure("0", 0.0)),))
    assert chart("key", "T", "", legend={}, bars=[nothing]).bars[0].parts[0].width == 0.0
    assert chart("key", "T", "", legend={}, bars=[]).bars == ()


def test_an_axis_is_logarithmic_where_values_span_decades():
    wide = axis_of("latency_s", [1e-6, 1e-3], better="min", upright=False)
    assert wide.log
    assert wide.title == "latency (less is better, logarithmic)"
    assert [tick.text for tick in wide.ticks] == ["1 us", "10 us", "100 us", "1 ms"]
    steps = np.diff([tick.at for tick in wide.ticks])
    assert steps == pytest.approx([steps[0]] * 3, abs=0.2)


def test_an_axis_has_round_ticks_within_it():
    near = axis_of("accuracy", [61.0, 92.0], better="max", upright=True)
    assert not near.log
    assert [tick.text for tick in near.ticks] == ["60", "70", "80", "90"]
    assert near.place(61.0) > near.place(92.0)  # more is higher up
    assert axis_of("x", [3.0], better="min", upright=False).place(3.0) == pytest.approx(370.0)
    assert axis_of("x", [-5.0, 0.0], better="max", upright=False).ticks[0].text == "-4"


def test_the_border_of_the_front_is_a_staircase_inside_what_it_beats():
    # less x and less y (higher on the page is more): from (1, 4) right, then down to (2, 8)
    assert _stairs([(1.0, 4.0), (2.0, 8.0)], "min") == "M1.0 4.0H2.0V8.0"
    assert _stairs([(1.0, 4.0), (2.0, 8.0)], "max") == "M1.0 4.0V8.0H2.0"
    assert _stairs([], "min") == ""


def test_a_sweep_without_figures_is_said_and_has_no_plot():
    points = subjects.sweep().points.tail(1)
    page = sweep_page(subjects.sweep(points=points, front=set()))
    assert "1 of the points came to no figures" in page
    assert '<svg class="plot"' not in page


def test_of_many_points_the_front_is_whole_and_the_rest_is_thinned():
    points = subjects.sweep().points.head(1).loc[[0] * 5_003].reset_index(drop=True)
    points["point"] = range(5_003)
    page = sweep_page(subjects.sweep(points=points, front={1, 2, 5_001}))
    # 5,000 others at 2,000 at most: every third of them, 1,667
    assert page.count('<tr id="point-') == 1_667 + 3
    assert "3,333 points that are not on the front are left out" in page
    assert "5,003 points, 3 of them on the front" in page
    assert 'id="point-5001"' in page


def test_parameters_of_any_kind_are_shown_as_they_are():
    points = subjects.sweep().points.assign(odd=[[1, 2], {"a": 1}, True, None, "text"])
    page = sweep_page(subjects.sweep(points=points)).replace("<wbr>", "")
    for text in ("[1, 2]", "{&#39;a&#39;: 1}", ">True<", ">text<"):
        assert text in page


def test_sources_are_told_apart_by_how_they_begin(saved):
    found = sources_of(saved.machine)
    assert len(found.assumed) + len(found.published) + len(found.derived) == len(
        saved.machine.sources
    )
    assert ("tiles.count", "four detector planes") in found.assumed
    assert ("tiles.array.static_power", "passive") in found.derived
    assert "tiles.wavelengths" in dict(found.published)
    assert not [path for path, said in found.published if said.startswith("assumed")]


def test_values_of_a_machine_come_with_the_source_that_covers_them():
    machine = archsim.load_hardware("dota_b", ["tiles.adc.bits=6"])
    rows = {row.cells[0]: row.cells[1:] for row in machine_grid(machine).rows}
    assert rows["tiles.adc.bits"][0] == "6"
    assert rows["tiles.adc.bits"][1] == machine.sources["tiles.adc"]
    assert rows["tiles.readout_buffer"] == ("true", "")
    assert "bits: 6" in machine_file(machine)


def test_a_plan_says_least_and_most_and_how_many_channels_have_which():
    found = plan_view({"counts": {"a": [1, 2, 2], "b": 4}, "provenance": {"made": "by hand"}})
    assert found.says == "Products are done 1 to 4 times."
    assert found.made == (("made", "by hand"),)
    cells = [[getattr(c, "text", c) for c in row.cells] for row in found.counts.rows]
    assert cells == [
        ["a", "1", "1.667", "2", "3", "1 × K 1, 2 × K 2"],
        ["b", "4", "4", "4", "1", ""],
    ]
    many = plan_view({"counts": {"a": list(range(1, 11))}})
    assert many.counts.rows[0].cells[-1] == "10 different counts"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.about)
def test_rules_are_defined_where_they_say(rule):
    assert len(importlib.import_module(rule.module).__doc__) > 100


def test_figures_have_prefixes_and_keep_their_values():
    assert figure("energy_j", 2.5e-12) == Figure("2.5 pJ", 2.5e-12, "J")
    assert figure("energy_j", 2.5e-12).exact == "2.5e-12 J"
    assert figure("area_m2", 1.8e-5) == Figure("18 mm²", 1.8e-5, "m²")
    assert figure("throughput_per_s", 3500.4).text == "3,500 /s"
    assert figure("dram.bandwidth_byte_per_s", 128e9).exact == "128000000000.0 B/s"
    assert figure("dram.bandwidth_byte_per_s", 128e9).text == "128 GB/s"
    assert figure("tiles.array.loss_db", 0.5).text == "0.5 dB"
    assert figure("buffer.read_energy_j_per_bit", 2e-13).text == "200 fJ/bit"
    assert figure("utilization", 0.00545).text == "0.55%"
    assert figure("count", 1234).text == "1,234"
    assert figure("bits", None).text == figure("bits", None).exact == ""
    assert rate(12.3456) == "12.35 /s"
    labels = {
        "energy_per_input_j": "energy per input",
        "throughput_per_s": "throughput",
        "tiles.rows": "tiles.rows",
        "dram.bandwidth_byte_per_s": "dram.bandwidth",
    }
    assert {name: label_of(name) for name in labels} == labels
