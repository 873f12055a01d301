"""The page of a sweep's results."""

from __future__ import annotations

import pytest

from archsim.errors import ConfigError
from archsim.sweep.page import page_of
from archsim.sweep.points import Result
from tests.sweeps import Inline, run_inline, sweep_of

VARY = {"tiles.rows": [16, 32, 48]}


def kept(folder, result, **entries):
    """Keep a sweep of three points, of which this comes; return its folder."""
    folder.mkdir(exist_ok=True)
    sweep = sweep_of(folder, vary=VARY, **entries)
    run_inline(sweep, folder / "out", Inline(lambda job: result(job.places[2])))
    return folder / "out"


def test_points_beyond_a_limit_are_told_from_those_within(tmp_path):
    def result(place):
        return Result("done", figures={"energy_j": 1.0 + place, "latency_s": 3.0 - place})

    page = page_of(kept(tmp_path, result, where={"latency_s": "<= 2 s"}))
    assert "3 points, 2 of them on the front" in page
    assert "1 points beyond a limit" in page
    assert page.count(">False<") == 1
    assert page.count(">True<") == 2
    assert ">False<" not in page_of(kept(tmp_path / "free", result))


def test_points_that_failed_say_why(tmp_path):
    def result(place):
        figures = {"energy_j": 1.0, "latency_s": 1.0}
        return Result("failed", "<b>no</b>") if place == 0 else Result("done", figures=figures)

    page = page_of(kept(tmp_path, result))
    assert "&lt;b&gt;no&lt;/<wbr>b&gt;" in page
    assert "<b>no</b>" not in page
    assert "2 done, 1 failed" in page


def test_results_without_a_point_that_ran_have_no_page(tmp_path):
    with pytest.raises(ConfigError, match=r"points: found none to compare \(3 not done\)"):
        page_of(kept(tmp_path, lambda _: Result("failed", "no")))
