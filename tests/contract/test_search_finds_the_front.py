"""On a space small enough to run every point of: a search finds the front that is there."""

from __future__ import annotations

import moocore
import pytest

from archsim.sweep.points import Worker
from tests.sweeps import Inline, run_inline, sweep_of

VARY = {
    "tiles.rows": [8, 16, 32, 64],
    "tiles.columns": [8, 16, 32, 64],
    "tiles.count": [1, 2, 4],
    "dram.bandwidth": ["64 GB/s", "256 GB/s"],
}
OBJECTIVES = {"latency_s": "min", "energy_j": "min", "area_m2": "min"}


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """Return the table of every point, and workers that look points up in it."""
    folder = tmp_path_factory.mktemp("grid")
    sweep = sweep_of(folder, vary=VARY, objectives=OBJECTIVES)
    worker = Worker(sweep)
    results = {}

    def run(job):
        if job.places not in results:
            results[job.places] = worker.run(job)
        return results[job.places]

    _, table = run_inline(sweep, folder / "out", Inline(run))
    assert (table["status"] == "done").all()
    return table, run


def front(table):
    """Return the points of a table that no other one betters, by their parameters."""
    costs = table[list(OBJECTIVES)].to_numpy()
    best = table[moocore.is_nondominated(costs)]
    return {tuple(row) for row in best[COLUMNS].to_numpy().tolist()}


COLUMNS = ["tiles.rows", "tiles.columns", "tiles.count", "dram.bandwidth_byte_per_s"]


def volume(table, reference, scale):
    """Return the hypervolume below a reference point, each objective by its scale."""
    return moocore.hypervolume(table[list(OBJECTIVES)].to_numpy() / scale, ref=reference / scale)


def searched(folder, run, method, trials):
    search = {"method": method, "trials": trials, "population": 16, "seed": 1}
    sweep = sweep_of(folder, vary=VARY, objectives=OBJECTIVES, search=search)
    executor, table = run_inline(sweep, folder / "out", Inline(run))
    return executor, table


@pytest.mark.parametrize(("method", "trials", "share"), [("nsga2", 240, 0.99), ("tpe", 50, 0.9)])
def test_a_search_finds_the_front_with_less_points(tmp_path, ran, method, trials, share):
    every, run = ran
    known = front(every)
    assert len(known) >= 5, "the space has no trade-off"
    executor, table = searched(tmp_path, run, method, trials)
    assert len(executor.jobs) == len(table) < len(every)
    costs = every[list(OBJECTIVES)].to_numpy()
    reference, scale = 1.1 * costs.max(0), costs.max(0)
    found, best = volume(table, reference, scale), volume(every, reference, scale)
    assert found >= share * best
    if method == "nsga2":
        assert front(table) <= known
