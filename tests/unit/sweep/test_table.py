"""The table: one file, replaced as a whole."""

from __future__ import annotations

import os

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from archsim.errors import ConfigError
from archsim.sweep import table
from archsim.sweep.table import Table, schema_of, schema_of_ops
from tests.sweeps import sweep_of

SCHEMA = pa.schema([("point", pa.int64()), ("key", pa.string()), ("energy_j", pa.float64())])


def rows(*numbers):
    return [{"point": n, "key": f"k{n}", "energy_j": n / 2} for n in numbers]


@pytest.fixture
def made(tmp_path):
    return Table(tmp_path / "points.parquet", SCHEMA)


def test_columns_are_of_the_types_of_what_is_varied(tmp_path):
    vary = {
        "tiles.rows": [16, 32],
        "tiles.adc.enob": [4.5, 5],
        "tiles.readout_buffer": [True, False],
        "repetitions": [1, 2],
        "schedule": ["serial"],
        "tiles.laser.power": {"from": "1 mW", "to": "1 W"},
        "batch": {"from": 1, "to": 100_000},
        "tiles.adc.energy": ["1 pJ", {"survey": {"technology": "14 nm"}}],
    }
    search = {"method": "random", "trials": 2}
    sweep = sweep_of(tmp_path, vary=vary, search=search, where={"area_m2": "< 1 m^2"})
    schema = schema_of(sweep, {"archsim": "1"})
    assert {name: str(schema.field(name).type) for name in schema.names[:14]} == {
        "point": "int64",
        "status": "string",
        "error": "string",
        "hardware": "string",
        "workload": "string",
        "tiles.rows": "int64",
        "tiles.adc.enob": "double",
        "tiles.readout_buffer": "bool",
        "repetitions": "double",
        "schedule": "string",
        "tiles.laser.power_w": "double",
        "batch": "int64",
        "tiles.adc.energy_j": "string",
        "inside": "bool",
    }
    assert schema.names[-1] == "key"
    assert "accuracy" not in schema.names
    assert schema.metadata == {b"archsim": b'{"archsim": "1"}'}


def test_numbers_are_counted_and_words_are_text_in_the_table_of_ops():
    schema = schema_of_ops({})
    kinds = {str(schema.field(name).type) for name in schema.names if name.endswith("_s")}
    assert kinds == {"double"}
    assert schema.names[0] == "point"


def test_rows_are_added_and_read_by_any_reader(tmp_path, made):
    made.extend(rows(2, 1))
    made.extend(rows(4, 3))
    assert made.sound
    assert list(made.column("key")) == ["k1", "k2", "k3", "k4"]
    frame = pd.read_parquet(tmp_path)
    assert frame["energy_j"].tolist() == [0.5, 1.0, 1.5, 2.0]
    assert [path.name for path in tmp_path.iterdir()] == ["points.parquet"]


def test_rows_are_written_in_blocks(made, monkeypatch):
    monkeypatch.setattr(table, "BLOCK", 2)
    made.extend(rows(5, 4, 3, 2, 1))
    assert list(made.column("point")) == [4, 5, 2, 3, 1]


def test_rebuilding_forgets_what_was_there(made):
    made.extend(rows(1, 2))
    made.rebuild(rows(3))
    assert list(made.column("point")) == [3]


def test_a_table_without_rows_is_sound(made):
    assert not made.sound
    assert list(made.column("point")) == []
    made.rebuild([])
    assert made.sound


def test_a_table_of_other_columns_or_origins_is_not_sound(tmp_path, made):
    made.rebuild(rows(1))
    assert not Table(tmp_path / "points.parquet", SCHEMA.with_metadata({"a": "b"})).sound
    assert not Table(tmp_path / "points.parquet", SCHEMA.remove(2)).sound


def test_damage_is_seen_wherever_it_is(tmp_path, made):
    made.rebuild(rows(*range(1000)))
    path = tmp_path / "points.parquet"
    content = path.read_bytes()
    start = pq.ParquetFile(path).metadata.row_group(0).column(2).dictionary_page_offset + 200
    path.write_bytes(content[:-10])
    assert not made.sound
    path.write_bytes(content[:start] + b"\xff\x00\xff" + content[start + 3 :])
    assert not made.sound
    path.write_bytes(b"")
    assert not made.sound
    path.write_bytes(content)
    assert made.sound


def test_a_full_disk_leaves_the_table_as_it_was(tmp_path, made, monkeypatch):
    def refuse(_):
        raise OSError(28, "No space left on device")

    made.rebuild(rows(1))
    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(ConfigError) as refused:
        made.extend(rows(2))
    assert str(refused.value) == (
        f"{tmp_path / 'points.parquet'}: cannot be written (No space left on device); expected "
        "room for results; free some, and run again: what is finished is kept in the log"
    )
    assert list(made.column("point")) == [1]
    assert [path.name for path in tmp_path.iterdir()] == ["points.parquet"]


def test_values_of_several_kinds_are_text_and_long_numbers_are_rounded(tmp_path):
    vary = {
        "tiles.adc.energy": ["1 pJ", {"survey": {"technology": "14 nm"}}],
        "batch": [4, 10**19],
    }
    sweep = sweep_of(tmp_path, vary=vary)
    made = Table(tmp_path / "points.parquet", schema_of(sweep, {}))
    made.rebuild(
        {"point": n, "error": "\ud800"} | sweep.space.shown(sweep.space.places(n)) for n in range(4)
    )
    frame = pd.read_parquet(tmp_path / "points.parquet")
    assert frame["batch"].tolist() == [4.0, 1e19] * 2
    assert frame["tiles.adc.energy_j"][0] == "1e-12"
    assert frame["error"][0] == "\\ud800"
