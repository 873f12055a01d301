"""Results that outlast an interruption, and files that are none of theirs."""

import json

import numpy as np
import pytest

from archsim.errors import ConfigError
from archsim.functional.store import Store

KEY = {"network": "a", "seed": "1"}


def never():
    raise AssertionError("computed again")


def test_results_are_computed_once():
    store = Store(None, KEY, 2)
    assert "clean" not in store
    assert store.get("clean", lambda: np.array([0.5, 1.0])).tolist() == [0.5, 1.0]
    assert "clean" in store
    assert store.get("clean", never).tolist() == [0.5, 1.0]


def test_a_later_run_finds_the_very_same_numbers(tmp_path):
    path, values = tmp_path / "kept.json", np.array([1 / 3, 1e-300, 100.0, 0.1 + 0.2])
    Store(path, KEY, 4).get("trial 0", lambda: values)
    found = Store(path, dict(reversed(KEY.items())), 4).get("trial 0", never)
    assert found.dtype == np.float64
    assert np.array_equal(found, values)


def test_what_was_interrupted_leaves_what_was_done(tmp_path):
    path = tmp_path / "kept.json"
    store = Store(path, KEY, 2)
    store.get("trial 0", lambda: np.ones(2))
    with pytest.raises(KeyboardInterrupt):
        store.get("trial 1", interrupt)
    assert "trial 0" in Store(path, KEY, 2)
    assert "trial 1" not in Store(path, KEY, 2)


def interrupt():
    raise KeyboardInterrupt


def test_results_of_another_run_are_refused(tmp_path):
    path = tmp_path / "kept.json"
    Store(path, KEY, 1).get("clean", lambda: np.ones(1))
    with pytest.raises(ConfigError, match=r"kept\.json: found results of another run; expected"):
        Store(path, KEY | {"seed": "2"}, 1)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"format": 1}', '{"format": 2}', "3"])
def test_files_that_are_no_checkpoints_are_refused_and_kept(tmp_path, text):
    path = tmp_path / "kept.json"
    path.write_text(text)
    with pytest.raises(ConfigError, match=r"found no checkpoint; expected one, or nothing; choose"):
        Store(path, KEY, 2)
    assert path.read_text() == text


def test_checkpoints_of_another_format_are_refused(tmp_path):
    path = tmp_path / "kept.json"
    Store(path, KEY, 1).get("clean", lambda: np.ones(1))
    path.write_text(json.dumps(json.loads(path.read_text()) | {"format": 99}))
    with pytest.raises(ConfigError, match="found no checkpoint"):
        Store(path, KEY, 2)


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ([0.0], "found 1 results in 'trial 0'"),
        ([0.0, 1.0, 1.0], "found 3 results in 'trial 0'"),
        ([0.0, float("nan")], "found 2 results, 1 of them NaN or infinite, in 'trial 0'"),
        ([float("inf"), 1.0], "found 2 results, 1 of them NaN or infinite, in 'trial 0'"),
    ],
)
def test_results_that_were_damaged_are_refused_and_kept(tmp_path, values, found):
    path = tmp_path / "kept.json"
    Store(path, KEY, 2).get("clean", lambda: np.ones(2))
    document = json.loads(path.read_text())
    path.write_text(json.dumps(document | {"results": document["results"] | {"trial 0": values}}))
    before = path.read_text()
    with pytest.raises(ConfigError) as error:
        Store(path, KEY, 2)
    assert str(error.value) == (
        f"{path}: {found}; expected 2 finite ones, one for each example; remove the file, so that "
        "all are computed anew"
    )
    assert path.read_text() == before


def test_all_damaged_results_are_told_at_once(tmp_path):
    path = tmp_path / "kept.json"
    store = Store(path, KEY, 2)
    store.get("clean", lambda: np.ones(2))
    store.get("trial 0", lambda: np.ones(2))
    with pytest.raises(ConfigError, match=r"results in 'clean';.*\n.*results in 'trial 0';"):
        Store(path, KEY, 3)
