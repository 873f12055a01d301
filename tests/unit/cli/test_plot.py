from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from shutil import copytree

import pytest

import archsim
from archsim.workload import Workload
from tests.commands import archsim as command
from tests.networks import network


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("saved") / "run"
    archsim.simulate("homodyne", Workload(**network())).save(folder)
    return folder


@pytest.fixture
def report(saved, tmp_path):
    return Path(copytree(saved, tmp_path / "run"))


def test_a_figure_goes_beside_the_report(report):
    done = command("plot", report, "energy-by-component")
    target = report.with_name("run.energy-by-component.png")
    assert (done.status, done.out) == (0, "")
    assert done.err == f"{target}: Energy by component\n"
    assert target.read_bytes().startswith(b"\x89PNG")
    assert command("plot", report, "energy-by-component").status == 0  # and replaces the earlier


def test_a_figure_goes_where_it_is_told_in_the_format_of_that(report, tmp_path):
    assert command("plot", report, "time-by-op", "-o", tmp_path / "time.svg").status == 0
    assert (tmp_path / "time.svg").read_text().startswith("<?xml")


def test_all_draws_what_there_is_and_says_what_is_left_out(report, tmp_path):
    done = command("plot", report, "all", "-o", tmp_path / "f.svg")
    assert done.status == 0
    written = {path.name for path in tmp_path.glob("*.svg")}
    names = ("energy-by-op", "energy-by-component", "time-by-op", "utilization", "roofline")
    assert written == {f"f.{name}.svg" for name in (*names, "repetitions")}
    assert "noise-bits: left out (" in done.err
    assert "run it again with --accuracy" in done.err
    assert "pareto: left out (" in done.err


def test_a_figure_without_its_data_says_what_to_do(report):
    done = command("plot", report, "noise-bits")
    assert done.status == 2
    assert (
        "found no accuracy; expected it for this figure; run it again with --accuracy" in done.err
    )


def test_a_name_that_is_none_is_told_with_the_nearest(report):
    done = command("plot", report, "energy")
    assert done.status == 2
    assert (
        "WHAT: found 'energy'; expected energy-by-op, energy-by-component, time-by-op" in done.err
    )
    assert "did you mean 'roofline'?" in command("plot", report, "roof-line").err


def test_files_of_somebody_else_are_left_alone_before_anything_is_read(report, tmp_path):
    (tmp_path / "run.roofline.png").write_text("precious")
    done = command("plot", report, "all")
    assert done.status == 2
    assert "found something that is no figure of archsim's" in done.err
    assert [path.name for path in tmp_path.glob("*.png")] == ["run.roofline.png"]


def test_reports_and_plans_are_drawn_side_by_side(report, tmp_path):
    small = Workload(**network())
    archsim.save_plan(archsim.RepetitionPlan.uniform(small, 7), tmp_path / "seven.yaml")
    archsim.simulate("homodyne", small, repetitions=2).save(tmp_path / "two")
    with_ = ("--with", tmp_path / "two", "--with", tmp_path / "seven.yaml")
    assert command("plot", report, "repetitions", *with_).status == 0
    assert command("plot", report, "pareto", *with_[:2]).status == 0
    assert "expected none for roofline" in command("plot", report, "roofline", *with_).err
    assert "found no such folder" in command("plot", report, "pareto", "--with", "nowhere").err


def test_what_is_no_report_is_refused(tmp_path):
    done = command("plot", tmp_path, "roofline")
    assert done.status == 2
    assert "found no report.json; expected the folder of a saved report" in done.err


def test_a_run_waits_neither_for_matplotlib_nor_for_pandas():
    code = (
        "import sys; from archsim.cli.entry import run; run(['run', 'homodyne', 'lenet5']); "
        "sys.exit(any(m in sys.modules for m in ('matplotlib', 'pandas', 'torch')))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True).returncode == 0
