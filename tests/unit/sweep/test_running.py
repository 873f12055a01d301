"""The coordinator: every point once, every row on the disk, evaluations shared."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from archsim.errors import ConfigError, SimulationError
from archsim.sweep import load_sweep, run_sweep, running
from archsim.sweep.directory import Directory
from archsim.sweep.file import AccuracyPart
from archsim.sweep.points import Result
from tests.sweeps import Inline, done, run_inline, sweep_of

VARY = {"tiles.rows": [16, 32, 48], "repetitions": [1, 2]}


def grid(folder, **entries):
    return sweep_of(folder, vary=VARY, **entries)


def needing(evaluate):
    """Return workers whose points need one evaluation for each count of repetitions."""

    def run(job):
        _, _, row, count = job.places
        if job.kind == "accuracy":
            return evaluate(count)
        return Result("done", figures={"energy_j": 1.0 + row}, needs=f"counts {count}")

    return run


@pytest.fixture
def asking(tmp_path):
    """Return a sweep that asks for accuracy, without a network that has any."""
    return replace(grid(tmp_path), accuracy=AccuracyPart(), data_hashes=("d",))


@pytest.mark.parametrize("workers", [1, 3])
def test_every_point_runs_once_in_whatever_order(tmp_path, workers):
    executor, table = run_inline(
        grid(tmp_path), tmp_path / "out", Inline(lambda _: done(energy_j=1.0), workers)
    )
    assert len({job.places for job in executor.jobs}) == len(executor.jobs) == 6
    assert table["point"].tolist() == [0, 1, 2, 3, 4, 5]
    assert table["status"].tolist() == ["done"] * 6


def test_an_evaluation_that_points_share_is_made_once(tmp_path, asking):
    evaluate = needing(lambda count: done(accuracy=0.5 + count / 10))
    executor, table = run_inline(asking, tmp_path / "out", Inline(evaluate, workers=3))
    kinds = Counter(job.kind for job in executor.jobs)
    assert kinds == {"timing": 6, "accuracy": 2}
    assert table["accuracy"].tolist() == [0.5, 0.6] * 3
    assert table["energy_j"].tolist() == [1, 1, 2, 2, 3, 3]


def test_evaluations_are_kept_for_points_that_come_later(tmp_path, asking):
    evaluate = needing(lambda _: done(accuracy=0.5))
    run_inline(asking, tmp_path / "out", Inline(evaluate))
    later = replace(asking, batch=2)
    executor, table = run_inline(later, tmp_path / "out", Inline(evaluate))
    assert [job.kind for job in executor.jobs] == ["timing"] * 6
    assert table["accuracy"].tolist() == [0.5] * 6


@pytest.mark.parametrize("status", ["invalid", "failed", "timeout", "lost"])
def test_a_point_is_as_done_as_its_evaluation(tmp_path, asking, status):
    evaluate = needing(lambda count: Result(status, "no data") if count else done(accuracy=0.5))
    _, table = run_inline(asking, tmp_path / "out", Inline(evaluate))
    assert table["status"].tolist() == ["done", status] * 3
    assert table["error"].tolist() == ["", "accuracy: no data"] * 3
    assert table["accuracy"].isna().tolist() == [False, True] * 3
    assert table["energy_j"].notna().all()


def test_points_that_are_not_done_are_rows_that_say_why(tmp_path):
    hostile = 'x: found "<b>";\n\u202eexpected 🙂\x00 \ud800'

    def run(job):
        return Result("failed", hostile) if job.places[3] else done(energy_j=2.0)

    _, table = run_inline(grid(tmp_path), tmp_path / "out", Inline(run))
    assert table["status"].tolist() == ["done", "failed"] * 3
    assert table["error"][1] == 'x: found "<b>";\n\u202eexpected 🙂\x00 \\ud800'
    assert table["energy_j"].isna().tolist() == [False, True] * 3


def test_how_it_goes_counts_points_and_knows_the_best_within_limits(tmp_path):
    told = []

    def tell(news):
        told.append((news.finished, dict(news.best)))

    def run(job):
        return done(energy_j=float(job.places[2]), latency_s=float(job.places[3]))

    sweep = grid(
        tmp_path,
        objectives={"energy_j": "min", "latency_s": "max"},
        where={"energy_j": ">= 1 J"},
    )
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("archsim.sweep.starting._executor", lambda *_: Inline(run))
        news = run_sweep(sweep, tmp_path / "out", tell=tell)
    assert (news.total, news.kept, news.finished, news.counts["done"]) == (6, 0, 6, 6)
    assert told[-1] == (6, {"energy_j": 1.0, "latency_s": 1.0})
    assert [count for count, _ in told] == sorted(count for count, _ in told)


@pytest.mark.parametrize("stop", [1, 2, 5])
def test_a_stopped_sweep_goes_on_where_it_was(tmp_path, stop):
    sweep = grid(tmp_path)

    def run(job):
        return done(energy_j=1.0 + job.places[2] + 10 * job.places[3])

    stopped = Inline(run, stop_after=stop)
    with pytest.raises(KeyboardInterrupt):
        run_inline(sweep, tmp_path / "out", stopped)
    kept = len(load_sweep(tmp_path / "out"))
    assert kept == len(stopped.jobs)
    executor, table = run_inline(sweep, tmp_path / "out", Inline(run))
    assert len(executor.jobs) == 6 - kept
    _, unbroken = run_inline(sweep, tmp_path / "other", Inline(run))
    assert table.equals(unbroken)


def test_workers_that_do_not_start_lose_no_row(tmp_path):
    class Dying(Inline):
        def wait(self, timeout_s):
            if self.jobs:
                raise SimulationError("workers: found 3 that died")
            return super().wait(timeout_s)

    executor = Dying(lambda _: done(energy_j=1.0))
    with pytest.raises(SimulationError):
        run_inline(grid(tmp_path), tmp_path / "out", executor)
    assert len(load_sweep(tmp_path / "out")) == len(executor.jobs) > 0


def test_a_point_is_finished_only_once_it_is_on_the_disk(tmp_path, monkeypatch):
    finished = []
    monkeypatch.setattr(
        running.Listed, "finished", lambda _, point, __: finished.append(point.number)
    )
    monkeypatch.setattr(Directory, "append", refusing)
    with pytest.raises(ConfigError, match="disk"):
        run_inline(grid(tmp_path), tmp_path / "out", Inline(lambda _: done(energy_j=1.0)))
    assert finished == []


def refusing(self, entries):
    raise ConfigError("disk")


def test_equal_points_of_a_sample_are_run_once(tmp_path):
    search = {"method": "random", "trials": 40}
    sweep = sweep_of(tmp_path, vary={"repetitions": [1, 2, 3]}, search=search)
    executor, table = run_inline(sweep, tmp_path / "out", Inline(lambda _: done(energy_j=1.0)))
    assert len(executor.jobs) == len(table) == 3
