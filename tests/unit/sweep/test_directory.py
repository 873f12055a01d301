"""A directory of results: what is finished stays finished."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pandas as pd
import pytest

from archsim.errors import ConfigError
from archsim.hardware import load_hardware
from archsim.report.rows import OpRow
from archsim.sweep import directory as directories
from archsim.sweep import load_sweep, running
from archsim.sweep.designs import design_of
from archsim.sweep.directory import Directory
from archsim.sweep.identity import Identity
from archsim.sweep.points import Result
from tests.sweeps import Inline, by_numbers, done, run_inline, sweep_of

ROWS = [16, 32, 48]


def energy(rows, repetitions=1.0):
    return {"energy_j": rows * repetitions, "area_m2": float(rows)}


def run(folder, sweep, **how):
    """Return how many points a run computed, and the table."""
    executor, table = run_inline(sweep, folder / "out", Inline(by_numbers(sweep, energy)), **how)
    return len(executor.jobs), table


def rows_of(folder, rows=ROWS, **entries):
    return sweep_of(folder, vary={"tiles.rows": rows}, **entries)


def test_what_is_finished_is_not_run_again(tmp_path):
    assert run(tmp_path, rows_of(tmp_path))[0] == 3
    computed, table = run(tmp_path, rows_of(tmp_path))
    assert computed == 0
    assert table["energy_j"].tolist() == [16.0, 32.0, 48.0]


def test_points_that_are_added_to_the_file_are_all_that_is_run(tmp_path):
    run(tmp_path, rows_of(tmp_path))
    computed, table = run(tmp_path, rows_of(tmp_path, [8, *ROWS, 64]))
    assert computed == 2
    assert table["point"].tolist() == [0, 1, 2, 3, 4]
    assert table["tiles.rows"].tolist() == [8, 16, 32, 48, 64]
    assert table["energy_j"].tolist() == [8.0, 16.0, 32.0, 48.0, 64.0]


def test_an_axis_that_is_added_keeps_the_points_that_are_the_same(tmp_path):
    run(tmp_path, rows_of(tmp_path))
    more = sweep_of(tmp_path, vary={"repetitions": [1, 2], "tiles.rows": ROWS})
    computed, table = run(tmp_path, more)
    assert computed == 3
    assert table["energy_j"].tolist() == [16.0, 32.0, 48.0, 32.0, 64.0, 96.0]
    assert table["repetitions"].tolist() == [1, 1, 1, 2, 2, 2]


def test_going_back_to_the_earlier_file_computes_nothing(tmp_path):
    first = run(tmp_path, rows_of(tmp_path))[1]
    run(tmp_path, rows_of(tmp_path, [64, 48]))
    computed, table = run(tmp_path, rows_of(tmp_path))
    assert computed == 0
    pd.testing.assert_frame_equal(table, first)


def test_another_machine_file_runs_every_point_and_the_first_ones_come_back(tmp_path):
    data = load_hardware("homodyne").dump()
    machine = tmp_path / "machine.json"
    machine.write_text(json.dumps(data))
    first = run(tmp_path, rows_of(tmp_path, hardware="machine.json"))[1]
    machine.write_text(json.dumps(data | {"dram": data["dram"] | {"latency": "200 ns"}}))
    computed, other = run(tmp_path, rows_of(tmp_path, hardware="machine.json"))
    assert computed == 3
    assert not set(other["key"]) & set(first["key"])
    machine.write_text(json.dumps(data))
    computed, again = run(tmp_path, rows_of(tmp_path, hardware="machine.json"))
    assert computed == 0
    pd.testing.assert_frame_equal(again, first)


def test_a_changed_sweep_is_told_of(tmp_path):
    run(tmp_path, rows_of(tmp_path))
    with opened(tmp_path / "out", rows_of(tmp_path, [16])) as directory:
        [note] = directory.notes
    assert note == (
        f"{tmp_path / 'out'}: the sweep, a machine or archsim is another than when these results "
        "were made; points that are the same are kept, others wait in the log"
    )


def opened(folder, sweep, **options):
    directory = Directory(folder, Identity(sweep), design_of(sweep))
    directory.open(**options)
    return directory


def test_limits_are_those_of_the_file_as_it_is_now(tmp_path):
    run(tmp_path, rows_of(tmp_path, where={"energy_j": "<= 20 J"}))
    computed, table = run(tmp_path, rows_of(tmp_path, where={"energy_j": "<= 40 J"}))
    assert computed == 0
    assert table["inside"].tolist() == [True, True, False]


def test_a_point_that_a_limit_excluded_runs_once_the_limit_is_gone(tmp_path):
    def skipping(job):
        return Result("outside", figures={"area_m2": 1.0})

    sweep = rows_of(tmp_path, where={"area_m2": "< 1 mm^2"})
    run_inline(sweep, tmp_path / "out", Inline(skipping))
    assert run(tmp_path, rows_of(tmp_path))[0] == 3
    computed, table = run(tmp_path, sweep)  # those that ran tell more than that they are outside
    assert computed == 0
    assert table["status"].tolist() == ["done"] * 3
    assert not table["inside"].any()


def test_points_that_failed_run_again_only_when_asked(tmp_path):
    sweep = rows_of(tmp_path)

    def failing(job):
        return Result("failed", "ZeroDivisionError: 1/0") if job.places[2] else done(energy_j=1.0)

    run_inline(sweep, tmp_path / "out", Inline(failing))
    computed, table = run(tmp_path, sweep)
    assert computed == 0
    assert table["status"].tolist() == ["done", "failed", "failed"]
    computed, table = run(tmp_path, sweep, retry=True)
    assert computed == 2
    assert table["status"].tolist() == ["done"] * 3
    computed, again = run(tmp_path, rows_of(tmp_path, [48, 32, 16]))  # made anew from the log
    assert computed == 0
    assert again["energy_j"].tolist() == [48.0, 32.0, 1.0]


@pytest.mark.parametrize("content", [b"", b"PAR1 and nothing else", None])
def test_a_damaged_table_is_made_anew_from_the_log(tmp_path, content):
    first = run(tmp_path, rows_of(tmp_path))[1]
    path = tmp_path / "out" / "points.parquet"
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
    with opened(tmp_path / "out", rows_of(tmp_path)) as directory:
        assert directory.notes == [
            f"{path}: found it missing or damaged; it was made anew from the log"
        ]
        assert directory.numbers == {0, 1, 2}
    computed, table = run(tmp_path, rows_of(tmp_path))
    assert computed == 0
    pd.testing.assert_frame_equal(table, first)


def test_a_damaged_log_is_told_of_and_what_is_missing_is_run_again(tmp_path):
    first = run(tmp_path, rows_of(tmp_path))[1]
    [segment] = (tmp_path / "out").glob("_log-*.gz")
    segment.write_bytes(segment.read_bytes()[:-12])
    (tmp_path / "out" / "points.parquet").unlink()
    with opened(tmp_path / "out", rows_of(tmp_path)) as directory:
        assert f"{segment}: found something that is no result" in directory.notes[1]
    computed, table = run(tmp_path, rows_of(tmp_path))
    assert computed > 0
    pd.testing.assert_frame_equal(table, first)


@pytest.mark.parametrize("kept", [["_lock"], ["_lock", "_holder.json", "_log.jsonl"]])
def test_a_directory_whose_making_was_cut_short_is_taken_up_again(tmp_path, kept):
    run(tmp_path, rows_of(tmp_path))
    for path in (tmp_path / "out").iterdir():
        if path.name not in kept:
            path.unlink()
    assert run(tmp_path, rows_of(tmp_path))[0] == 3


@pytest.mark.parametrize("name", ["notes.txt", "photo.jpg", "data.parquet", ".git"])
def test_a_folder_of_something_else_is_left_alone(tmp_path, name):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / name).write_text("mine")
    with pytest.raises(ConfigError) as refused:
        run(tmp_path, rows_of(tmp_path))
    assert str(refused.value) == (
        f"{tmp_path / 'out'}: found something else than results of a sweep; expected these, an "
        "empty folder or nothing; choose another folder, so that nothing is lost"
    )
    assert [path.name for path in (tmp_path / "out").iterdir()] == [name]


def test_a_file_is_no_directory_of_results(tmp_path):
    (tmp_path / "out").write_text("mine")
    with pytest.raises(ConfigError, match="found something else than results"):
        run(tmp_path, rows_of(tmp_path))


def test_a_second_coordinator_is_told_who_is_at_work(tmp_path):
    program = (
        "import sys; from filelock import FileLock; from pathlib import Path;"
        "lock = FileLock(Path(sys.argv[1], '_lock')); lock.acquire();"
        "print('held', flush=True); input()"
    )
    run(tmp_path, rows_of(tmp_path))
    holder = subprocess.Popen(
        [sys.executable, "-c", program, tmp_path / "out"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with holder:
        assert holder.stdout.readline() == "held\n"
        about = {"process": 4711, "host": "<b>host</b>"}
        (tmp_path / "out" / "_holder.json").write_text(json.dumps(about))
        with pytest.raises(ConfigError) as refused:
            run(tmp_path, rows_of(tmp_path))
        assert str(refused.value) == (
            f"{tmp_path / 'out'}: found process 4711 on <b>host</b> at work in it; expected "
            "nobody; wait for it, stop it, or choose another folder"
        )
        (tmp_path / "out" / "_holder.json").write_text("?")
        with pytest.raises(ConfigError, match="found another sweep at work in it"):
            run(tmp_path, rows_of(tmp_path))
        holder.communicate("\n")
    assert run(tmp_path, rows_of(tmp_path))[0] == 0


def test_an_entry_that_is_in_the_log_twice_is_one_row(tmp_path, monkeypatch):
    sweep = rows_of(tmp_path)
    with opened(tmp_path / "out", sweep) as directory:
        entry = directory.entry(0, "k", (0, 0, 0), done(energy_j=1.0))
        directory.append([entry])
        directory.append([entry])
        assert len(load_sweep(tmp_path / "out")) == 1
        directory.absorb()
    assert len(load_sweep(tmp_path / "out")) == 1


def ops(job):
    row = dict.fromkeys((field.name for field in fields(OpRow)), None) | {"op": "conv1"}
    return Result("done", figures={"energy_j": 1.0}, ops=(row, row | {"op": "conv2"}))


def test_rows_of_ops_are_there_once_even_if_taking_them_in_was_cut_short(tmp_path, monkeypatch):
    sweep = rows_of(tmp_path, ops=True)
    with monkeypatch.context() as patched:
        patched.setattr(
            directories.Log, "roll", lambda _: (_ for _ in ()).throw(ConfigError("cut"))
        )
        with pytest.raises(ConfigError, match="cut"):
            run_inline(sweep, tmp_path / "out", Inline(ops))
    (before,) = {tuple(load_sweep(tmp_path / "out", "ops")["op"])}
    computed, _ = run(tmp_path, sweep)
    assert computed == 0
    assert tuple(load_sweep(tmp_path / "out", "ops")["op"]) == before == ("conv1", "conv2") * 3


def test_the_log_moves_into_the_table_as_it_grows(tmp_path, monkeypatch):
    monkeypatch.setattr(directories, "ROLL", 4)
    monkeypatch.setattr(running, "_GATHER_S", 0.0)
    sweep = rows_of(tmp_path, list(range(16, 36)))
    absorbed = []
    monkeypatch.setattr(
        Directory, "absorb", spied(Directory.absorb, lambda d: absorbed.append(len(d.finished)))
    )
    run(tmp_path, sweep)
    assert len(absorbed) > 3
    assert absorbed[-1] == 20
    assert len(pd.read_parquet(tmp_path / "out")) == 20


def spied(method, note):
    def call(self):
        note(self)
        method(self)

    return call


def test_pandas_opens_the_folder(tmp_path):
    _, table = run(tmp_path, rows_of(tmp_path))
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "out"), table)
    assert all(
        path.name == "points.parquet" or path.name.startswith("_")
        for path in Path(tmp_path / "out").iterdir()
    )
