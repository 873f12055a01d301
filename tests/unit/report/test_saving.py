from __future__ import annotations

import json
from dataclasses import replace

import pandas as pd
import pytest

from archsim.errors import ConfigError
from archsim.report import saving
from archsim.report.report import ROW_TYPES
from tests.unit.report.test_report import report
from tests.unit.report.tiny_accuracy import accuracy


@pytest.fixture(scope="module")
def found():
    return report()


def test_a_saved_report_reads_back_as_it_was(found, tmp_path):
    found.save(tmp_path / "run")
    without = {"precision.csv", "precision.parquet", "plan.json"}
    assert {path.name for path in (tmp_path / "run").iterdir()} == saving.FILES - without
    assert json.loads((tmp_path / "run/report.json").read_text()) == found.to_dict()
    for table in ROW_TYPES.keys() - {"precision"}:
        written = pd.read_parquet(tmp_path / f"run/{table}.parquet")
        pd.testing.assert_frame_equal(written, getattr(found, table), check_dtype=False)
        text = pd.read_csv(tmp_path / f"run/{table}.csv")
        pd.testing.assert_frame_equal(text, getattr(found, table), check_dtype=False)


def test_accuracy_is_saved_with_a_table_of_its_own(found, tmp_path):
    with_it = replace(found, accuracy=accuracy())
    with_it.save(tmp_path / "run")
    assert {path.name for path in (tmp_path / "run").iterdir()} == saving.FILES - {"plan.json"}
    told = json.loads((tmp_path / "run/report.json").read_text())
    assert told == with_it.to_dict()
    assert (told["accuracy"]["clean"], told["accuracy"]["trials"]) == (98.5, 2)
    assert [row["name"] for row in told["precision"]] == ["a", "b"]
    written = pd.read_parquet(tmp_path / "run/precision.parquet")
    pd.testing.assert_frame_equal(written, with_it.precision, check_dtype=False)
    assert list(pd.read_csv(tmp_path / "run/precision.csv").op) == ["a", "b"]
    found.save(tmp_path / "run")  # one without replaces it
    assert not (tmp_path / "run/precision.csv").exists()


def test_folders_on_the_way_are_made(found, tmp_path):
    found.save(tmp_path / "a/b/run")
    assert (tmp_path / "a/b/run/report.json").exists()


def test_an_earlier_report_is_replaced_and_nothing_is_left_behind(found, tmp_path):
    found.save(tmp_path / "run")
    (tmp_path / "run/report.json").write_text("old")
    found.save(tmp_path / "run")
    assert json.loads((tmp_path / "run/report.json").read_text())["workload"] == "tiny"
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_an_empty_folder_is_used(found, tmp_path):
    (tmp_path / "run").mkdir()
    found.save(tmp_path / "run")
    assert (tmp_path / "run/report.json").exists()


def test_a_folder_with_anything_else_in_it_is_left_alone(found, tmp_path):
    found.save(tmp_path / "run")
    (tmp_path / "run/thesis.tex").write_text("precious")
    with pytest.raises(ConfigError, match=r"found 'thesis.tex', which is not part of a report"):
        found.save(tmp_path / "run")
    assert (tmp_path / "run/thesis.tex").read_text() == "precious"


def test_a_folder_called_like_a_table_is_left_alone_with_what_is_in_it(found, tmp_path):
    (tmp_path / "run/report.json").mkdir(parents=True)
    (tmp_path / "run/report.json/thesis.tex").write_text("precious")
    with pytest.raises(ConfigError, match=r"found 'report.json', which is not part of a report"):
        found.save(tmp_path / "run")
    assert (tmp_path / "run/report.json/thesis.tex").read_text() == "precious"


def test_tables_without_a_report_are_somebody_elses(found, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run/ops.csv").write_text("precious")
    with pytest.raises(ConfigError, match=r"found 'ops.csv', which is not part of a report"):
        found.save(tmp_path / "run")


def test_a_link_is_left_alone(found, tmp_path):
    found.save(tmp_path / "run")
    (tmp_path / "link").symlink_to("run")
    with pytest.raises(ConfigError, match="found a link; expected a folder"):
        found.save(tmp_path / "link")
    (tmp_path / "run/ops.csv").rename(tmp_path / "ops.csv")
    (tmp_path / "run/ops.csv").symlink_to(tmp_path / "ops.csv")
    with pytest.raises(ConfigError, match=r"found 'ops.csv', which is not part of a report"):
        found.save(tmp_path / "run")


def test_what_came_into_the_folder_meanwhile_is_kept(found, tmp_path, monkeypatch):
    found.save(tmp_path / "run")
    write = saving._write

    def meanwhile(report, folder):
        write(report, folder)
        (tmp_path / "run/thesis.tex").write_text("precious")

    monkeypatch.setattr(saving, "_write", meanwhile)
    with pytest.raises(ConfigError, match="cannot be written"):
        found.save(tmp_path / "run")
    [kept] = tmp_path.glob("**/thesis.tex")
    assert kept.read_text() == "precious"


def test_a_file_of_that_name_is_left_alone(found, tmp_path):
    (tmp_path / "run").write_text("precious")
    with pytest.raises(ConfigError, match="found a file; expected a folder"):
        found.save(tmp_path / "run")
    assert (tmp_path / "run").read_text() == "precious"


@pytest.mark.parametrize("name", [".", "/"])
def test_a_folder_needs_a_name(found, name):
    with pytest.raises(ConfigError, match="found no name; expected a new folder"):
        found.save(name)


def test_a_place_that_cannot_be_written_is_told(found, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="expected a folder"):
        found.save(tmp_path / "file/run")


def test_a_failure_halfway_leaves_nothing(found, tmp_path, monkeypatch):
    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(saving, "_write", fail)
    with pytest.raises(ConfigError, match="No space left on device"):
        found.save(tmp_path / "run")
    assert not list(tmp_path.iterdir())
