"""Searches: what is tried depends on the sweep alone, and what is found is the front."""

from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
import pytest

from archsim.errors import ConfigError
from archsim.sweep import load_sweep
from archsim.sweep.points import Result
from archsim.sweep.running import Coordinator
from tests.sweeps import Inline, by_numbers, done, run_inline, sweep_of

VARY = {
    "tiles.rows": {"from": 1, "to": 16},
    "tiles.columns": {"from": 1, "to": 16},
    "tiles.laser.power": {"from": "1 mW", "to": "1 W", "scale": "log"},
}
OBJECTIVES = {"energy_j": "min", "latency_s": "min"}


def figures(rows, columns, power):
    """Return figures between which there is a trade, best where rows and columns are alike."""
    apart = 1 + abs(rows - columns)
    return {"energy_j": apart * rows * (1 + power), "latency_s": apart / rows / power**0.1}


def searching(folder, method="nsga2", trials=24, population=6, **entries):
    search = {"method": method, "trials": trials, "population": population, "seed": 5}
    return sweep_of(folder, vary=VARY, objectives=OBJECTIVES, search=search, **entries)


def workers(sweep, count=2, **options):
    return Inline(by_numbers(sweep, figures), count, **options)


@pytest.mark.parametrize("method", ["nsga2", "tpe"])
def test_what_is_tried_does_not_depend_on_the_number_of_workers(tmp_path, method):
    sweep = searching(tmp_path, method)
    tables = [
        run_inline(sweep, tmp_path / str(count), workers(sweep, count))[1] for count in (1, 3)
    ]
    assert tables[0].equals(tables[1])
    assert tables[0]["key"].is_unique
    assert len(tables[0]) > 12  # points that are asked for again have one row


def test_the_seed_decides_what_is_tried(tmp_path):
    one = searching(tmp_path)
    other = sweep_of(
        tmp_path,
        vary=VARY,
        objectives=OBJECTIVES,
        search={"method": "nsga2", "trials": 24, "population": 6, "seed": 6},
    )
    found = [
        set(run_inline(sweep, tmp_path / str(n), workers(sweep))[1]["key"])
        for n, sweep in enumerate((one, other))
    ]
    assert found[0] != found[1]


@pytest.mark.parametrize("method", ["nsga2", "tpe"])
@pytest.mark.parametrize("stop", [1, 8, 15])
def test_a_search_that_was_stopped_ends_as_an_unbroken_one(tmp_path, method, stop):
    sweep = searching(tmp_path, method)
    _, unbroken = run_inline(sweep, tmp_path / "unbroken", workers(sweep))
    stopped = workers(sweep, 3, stop_after=stop)
    with pytest.raises(KeyboardInterrupt):
        run_inline(sweep, tmp_path / "out", stopped)
    executor, table = run_inline(sweep, tmp_path / "out", workers(sweep))
    assert table.equals(unbroken)
    assert len(stopped.jobs) + len(executor.jobs) == len(table)


def journal_of(folder):
    [path] = folder.glob("_optuna-*.log")
    return path


def test_a_search_that_was_killed_at_any_moment_ends_as_an_unbroken_one(tmp_path):
    """A killed process leaves a journal that ends anywhere, and rows of what it was told of."""
    sweep = searching(tmp_path, "tpe", trials=9, population=3)
    _, unbroken = run_inline(sweep, tmp_path / "unbroken", workers(sweep))
    whole = journal_of(tmp_path / "unbroken").read_bytes()
    ends = np.random.default_rng(0).integers(400, len(whole), 6)
    for end in sorted({*ends.tolist(), len(whole)}):
        folder = tmp_path / f"out{end}"
        run_inline(sweep, folder, workers(sweep))
        journal_of(folder).write_bytes(whole[:end])
        executor, table = run_inline(sweep, folder, workers(sweep))
        assert table.equals(unbroken)
        assert executor.jobs == []  # all rows were on the disk


def test_a_row_is_on_the_disk_before_the_search_learns_of_it(tmp_path, monkeypatch):
    sweep = searching(tmp_path)
    monkeypatch.setattr(Coordinator, "_keep", lambda _: (_ for _ in ()).throw(ConfigError("disk")))
    with pytest.raises(ConfigError):
        run_inline(sweep, tmp_path / "out", workers(sweep))
    assert '"state":' not in journal_of(tmp_path / "out").read_text()
    monkeypatch.undo()
    _, table = run_inline(sweep, tmp_path / "out", workers(sweep))
    _, unbroken = run_inline(sweep, tmp_path / "unbroken", workers(sweep))
    assert table.equals(unbroken)


def test_more_trials_go_on_with_what_was_found(tmp_path):
    short, long = searching(tmp_path, trials=12), searching(tmp_path, trials=24)
    run_inline(short, tmp_path / "out", workers(short))
    executor, table = run_inline(long, tmp_path / "out", workers(long))
    assert len(executor.jobs) < len(table)
    _, unbroken = run_inline(long, tmp_path / "unbroken", workers(long))
    assert table.equals(unbroken)


def test_points_that_another_sweep_ran_are_not_run_again(tmp_path):
    sweep = searching(tmp_path)
    run_inline(sweep, tmp_path / "out", workers(sweep))
    other = searching(tmp_path, where={"energy_j": "<= 100 J"})
    asked = run_inline(other, tmp_path / "fresh", workers(other))[1]
    executor, table = run_inline(other, tmp_path / "out", workers(other))
    assert set(table["key"]) == set(asked["key"])
    assert len(executor.jobs) < len(table)  # the first round is the same


def test_a_point_that_a_grid_left_out_is_run_by_a_search(tmp_path):
    vary = {"tiles.rows": [1, 2]}
    where = {"area_m2": "<= 1 um^2"}
    grid = sweep_of(tmp_path, vary=vary, where=where)
    run_inline(
        grid, tmp_path / "out", Inline(lambda _: Result("outside", figures={"area_m2": 1.0}))
    )
    search = {"method": "nsga2", "trials": 4, "population": 2}
    sweep = sweep_of(
        tmp_path, vary=vary, where=where, search=search, objectives={"energy_j": "min"}
    )
    _, table = run_inline(
        sweep, tmp_path / "out", Inline(lambda _: done(energy_j=1.0, area_m2=1.0))
    )
    assert set(table["status"]) == {"done"}
    assert not table["inside"].any()


def test_points_that_cannot_be_are_trials_that_failed(tmp_path):
    def run(job):
        places = job.places
        if places[2] % 2:
            return Result("invalid", "no such machine")
        return done(energy_j=float(places[2]), latency_s=1.0)

    sweep = searching(tmp_path, "nsga2")
    _, table = run_inline(sweep, tmp_path / "out", Inline(run))
    assert set(table["status"]) == {"done", "invalid"}
    told = journal_of(tmp_path / "out").read_text()
    assert told.count('"state":3') == (table["status"] == "invalid").sum()


def test_a_search_keeps_to_limits(tmp_path):
    sweep = searching(tmp_path, trials=120, population=20, where={"latency_s": "<= 0.4 s"})
    _, table = run_inline(sweep, tmp_path / "out", workers(sweep))
    first, last = table[:20], table[-40:]
    assert last["inside"].mean() > first["inside"].mean() + 0.1


def test_a_search_gets_better(tmp_path):
    sweep = searching(tmp_path, "tpe", trials=60, population=10)
    _, table = run_inline(sweep, tmp_path / "out", workers(sweep))
    product = table["energy_j"] * table["latency_s"]
    halves = [product[at : at + 30].median() for at in (0, 30)]
    assert all(later < earlier for earlier, later in pairwise(halves))


def test_a_storage_that_others_share_may_keep_it(tmp_path):
    search = {"method": "tpe", "trials": 6, "population": 3}
    search |= {"storage": f"sqlite:///{tmp_path / 'search.db'}"}
    sweep = sweep_of(tmp_path, vary=VARY, objectives=OBJECTIVES, search=search)
    with pytest.raises(KeyboardInterrupt):
        run_inline(sweep, tmp_path / "out", workers(sweep, 1, stop_after=2))
    _, table = run_inline(sweep, tmp_path / "out", workers(sweep))
    assert len(table) == 6
    executor, other = run_inline(sweep, tmp_path / "other", workers(sweep))
    assert len(other) == len(executor.jobs) == 0  # the search is over: it was made together


def test_a_storage_that_cannot_be_opened_is_refused(tmp_path):
    search = {"method": "tpe", "trials": 4, "storage": "nosql://nowhere"}
    sweep = sweep_of(tmp_path, vary=VARY, objectives=OBJECTIVES, search=search)
    with pytest.raises(ConfigError, match=r"search\.storage: 'nosql://nowhere' cannot be opened"):
        run_inline(sweep, tmp_path / "out", workers(sweep))


def test_a_search_cannot_take_back_what_failed(tmp_path):
    with pytest.raises(ConfigError, match=r"retry: found it with search\.method: nsga2"):
        run_inline(searching(tmp_path), tmp_path / "out", retry=True)


def test_a_moved_directory_goes_on(tmp_path):
    sweep = searching(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        run_inline(sweep, tmp_path / "out", workers(sweep, stop_after=8))
    (tmp_path / "out").rename(tmp_path / "moved")
    _, table = run_inline(sweep, tmp_path / "moved", workers(sweep))
    _, unbroken = run_inline(sweep, tmp_path / "unbroken", workers(sweep))
    assert table.equals(unbroken)
    assert json.loads((tmp_path / "moved" / "_sweep.json").read_text())["objectives"] == OBJECTIVES
    assert load_sweep(tmp_path / "moved").equals(table)
