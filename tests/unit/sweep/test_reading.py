"""Results are read while they are made, and after."""

from __future__ import annotations

import json

import pytest

from archsim import load_sweep as public
from archsim.errors import ConfigError
from archsim.sweep import load_sweep, reading
from archsim.sweep.designs import design_of
from archsim.sweep.directory import Directory
from archsim.sweep.identity import Identity
from tests.sweeps import Inline, done, run_inline, sweep_of


@pytest.fixture
def sweep(tmp_path):
    return sweep_of(tmp_path, vary={"tiles.rows": [16, 32, 48]})


@pytest.fixture
def folder(tmp_path, sweep):
    run_inline(sweep, tmp_path / "out", Inline(lambda _: done(energy_j=1.0)))
    return tmp_path / "out"


def test_rows_that_are_in_the_log_only_are_read_too(tmp_path, sweep):
    identity = Identity(sweep)
    with Directory(tmp_path / "out", identity, design_of(sweep)) as directory:
        directory.open()
        assert load_sweep(tmp_path / "out").empty
        for number in (2, 0):
            places = (0, 0, number)
            key = identity.key(places)
            directory.append([directory.entry(number, key, places, done(energy_j=number / 2))])
        table = load_sweep(tmp_path / "out")
    assert table["point"].tolist() == [0, 2]
    assert table["tiles.rows"].tolist() == [16, 48]
    assert table["energy_j"].tolist() == [0.0, 1.0]


def test_rows_that_move_into_the_table_meanwhile_are_read_once(tmp_path, sweep, monkeypatch):
    identity = Identity(sweep)
    with Directory(tmp_path / "out", identity, design_of(sweep)) as directory:
        directory.open()
        directory.append([directory.entry(0, "k", (0, 0, 0), done(energy_j=1.0))])
        read = reading.pq.read_table

        def late(*args, **options):
            directory.absorb()
            return read(*args, **options)

        monkeypatch.setattr(reading.pq, "read_table", late)
        assert load_sweep(tmp_path / "out")["key"].tolist() == ["k"]


def test_a_log_that_is_gone_takes_nothing_from_the_table(folder):
    (folder / "_log.jsonl").unlink()
    assert len(load_sweep(folder)) == 3
    assert public is load_sweep


def test_what_is_no_directory_of_results_is_refused(tmp_path):
    with pytest.raises(ConfigError) as refused:
        load_sweep(tmp_path)
    assert str(refused.value) == (
        f"{tmp_path}: found no results of a sweep (_sweep.json is missing); expected the folder "
        "that archsim sweep wrote; check the path, or run the sweep again"
    )


@pytest.mark.parametrize("content", ["", "{}", "[1]", json.dumps({"digest": 3})])
def test_a_damaged_directory_is_refused(folder, content):
    (folder / "_sweep.json").write_text(content)
    with pytest.raises(ConfigError, match=r"_sweep\.json is damaged"):
        load_sweep(folder)


def test_a_damaged_table_is_refused(folder):
    path = folder / "points.parquet"
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(ConfigError, match="cannot be read") as refused:
        load_sweep(folder)
    assert "run the sweep again, which makes it anew from the log" in str(refused.value)


def test_a_table_that_is_not_there_is_refused(folder):
    with pytest.raises(ConfigError, match="table: found 'units'; expected points or ops"):
        load_sweep(folder, "units")
    with pytest.raises(ConfigError, match="found no table of ops; expected a sweep with ops: true"):
        load_sweep(folder, "ops")
