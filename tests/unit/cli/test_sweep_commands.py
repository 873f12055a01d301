"""``archsim sweep``: what it says of a sweep, and which options do not go together."""

from __future__ import annotations

import re

import pytest

from archsim.sweep import load_sweep_file, starting
from archsim.sweep.points import Worker
from tests.commands import archsim
from tests.sweeps import Inline, sweep_file


@pytest.fixture(autouse=True)
def inline(monkeypatch):
    """Let points run in this process."""
    monkeypatch.setattr(starting, "_executor", lambda sweep, _: Inline(Worker(sweep).run))


def lines(text):
    """Return what a table of lines says: a number and what it means."""
    return [" ".join(line.split()) for line in text.splitlines()]


def test_points_that_a_random_choice_repeats_are_told_of(tmp_path):
    search = {"method": "random", "trials": 20}
    file = sweep_file(tmp_path, vary={"tiles.rows": [16, 32]}, search=search)
    done = archsim("sweep", file, "-o", tmp_path / "out")
    assert done.status == 0
    found = lines(done.out)
    assert "points 20 in all" in found
    assert "repeated 18 the same as others, run once" in found
    assert "done 2 ran" in found
    again = lines(archsim("sweep", file, "-o", tmp_path / "out").out)
    assert "kept 2 finished before" in again
    assert "repeated 18 the same as others, run once" in again
    assert not any(line.startswith("done") for line in again)


def test_a_rehearsal_runs_nothing_and_writes_nothing(tmp_path):
    vary = {"tiles.adc.bits": [6, 8], "tiles.count": [1, 1000]}
    file = sweep_file(tmp_path, vary=vary, where={"area_m2": "<= 1000 mm^2"})
    done = archsim("sweep", file, "--dry-run", "-o", tmp_path / "out")
    found = lines(done.out)
    assert "points 4 grid" in found
    assert "invalid 2 of all that were looked at" in found
    assert "excluded 1 of all, by a limit known before they run" in found
    assert "Points that cannot be" in found
    assert re.search(r"expected +under 1 s +on \d+ workers", done.out)
    assert not (tmp_path / "out").exists()


def test_a_sweep_of_which_no_point_runs_fails_and_says_why(tmp_path):
    file = sweep_file(tmp_path, vary={"tiles.adc.bits": [6, 7]})
    done = archsim("sweep", file, "-o", tmp_path / "out")
    assert done.status == 2
    assert "invalid 2 no such machine, or it cannot run this" in lines(done.out)
    reason, end = done.err.strip().splitlines()
    why = "homodyne: tiles.adc.enob: found 7.5 effective bits of 6; expected at most the nominal"
    assert reason.startswith(f"warning: invalid, the first of 2: {why}")
    assert end.startswith(f"{tmp_path / 'out'}: found no point that could be run ({why}")
    assert end.endswith("); expected some; correct the sweep file")
    again = archsim("sweep", file, "-o", tmp_path / "out")
    assert (again.status, again.err.strip()) == (2, end)
    some = sweep_file(tmp_path, vary={"tiles.adc.bits": [6, 8]})
    done = archsim("sweep", some, "-o", tmp_path / "some")
    assert done.status == 0
    assert "warning: invalid, the first of 1: homodyne: tiles.adc.enob: " in done.err


def test_options_without_their_values_name_the_command_that_has_them():
    assert (
        archsim("sweep", "--compare", "a")
        .err.strip()
        .endswith("expected what 'archsim sweep --help' lists; correct them")
    )


def test_a_comparison_takes_no_options_of_a_run(tmp_path):
    file = sweep_file(tmp_path)
    done = archsim("sweep", file, "--compare", "a", "b", "--timeout", "5", "--retry", "--dry-run")
    assert done.status == 2
    assert done.err.strip() == (
        f"--compare: found it beside {file}, --timeout, --retry, --dry-run; expected two folders "
        "of results, which it only reads; leave one out"
    )


def test_a_format_is_refused_where_it_would_change_nothing(tmp_path):
    for options in ([], ["--dry-run"]):
        done = archsim("sweep", sweep_file(tmp_path), "--format", "json", *options)
        assert done.status == 2
        assert done.err.strip() == (
            "--format: found json without --compare; expected it there, as a sweep writes its "
            "results to a folder; leave it out, and read them with pandas or archsim pareto "
            "--format"
        )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--jobs", "0"], "jobs: found 0; expected 1 at least; raise it"),
        (["--timeout", "0"], "timeout: found 0 s; expected more; raise it"),
        (
            ["--jobs", "2", "--dask", "tcp://h:1"],
            "jobs: found it beside a Dask address; expected one of the two, as the cluster knows "
            "its workers; leave one out",
        ),
    ],
)
def test_how_a_sweep_cannot_be_run(tmp_path, options, message):
    done = archsim("sweep", sweep_file(tmp_path), *options)
    assert (done.status, done.err.strip()) == (2, message)


def test_without_a_file_it_says_what_it_needs():
    done = archsim("sweep")
    assert (done.status, done.err.strip()) == (
        2,
        "sweep: found no FILE; expected a sweep file; name one",
    )


def test_a_search_may_not_be_retried(tmp_path):
    parts = {"objectives": {"energy_j": "min"}, "search": {"method": "nsga2", "trials": 2}}
    file = sweep_file(tmp_path, vary={"tiles.rows": [16, 32]}, **parts)
    assert load_sweep_file(file).search.method == "nsga2"
    done = archsim("sweep", file, "--retry", "-o", tmp_path / "out")
    assert done.status == 2
    assert "retry: found it with search.method: nsga2, which has learned" in done.err
