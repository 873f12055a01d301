"""Results that outlast an interruption, and files that are none of theirs."""

import json
from contextlib import closing
from types import SimpleNamespace

import numpy as np
import pytest

from archsim.errors import ConfigError
from archsim.functional.store import EVERY_S, Store

KEY = {"network": "a", "seed": "1"}


def never(_):
    raise AssertionError("computed again")


def given(*values):
    """Return what yields one of some values at a time."""
    return lambda first: (np.array([value]) for value in values[first:])


def kept(path, examples, **results):
    with closing(Store(path, KEY, examples)) as store:
        for name, values in results.items():
            store.get(name, given(*values))


def test_results_are_computed_once():
    store = Store(None, KEY, 2)
    assert "clean" not in store
    assert store.get("clean", given(0.5, 1.0)).tolist() == [0.5, 1.0]
    assert "clean" in store
    assert store.get("clean", never).tolist() == [0.5, 1.0]


def test_a_later_run_finds_the_very_same_numbers(tmp_path):
    path, values = tmp_path / "kept.json", np.array([1 / 3, 1e-300, 100.0, 0.1 + 0.2])
    kept(path, 4, trial=values)
    found = Store(path, dict(reversed(KEY.items())), 4).get("trial", never)
    assert found.dtype == np.float64
    assert np.array_equal(found, values)


def test_what_was_interrupted_goes_on_where_it_was(tmp_path):
    path, asked = tmp_path / "kept.json", []

    def interrupted(_):
        yield np.array([0.25, 0.5])
        raise KeyboardInterrupt

    def rest(first):
        asked.append(first)
        return given(0.25, 0.5, 0.75)(first)

    def killed():
        with closing(Store(path, KEY, 3)) as store:
            store.get("done", given(0.0, 0.0, 1.0))
            store.get("begun", interrupted)

    with pytest.raises(KeyboardInterrupt):
        killed()
    with closing(Store(path, KEY, 3)) as store:
        assert "done" in store
        assert "begun" not in store
        assert store.get("begun", rest).tolist() == [0.25, 0.5, 0.75]
    assert asked == [2]
    assert Store(path, KEY, 3).get("begun", never).tolist() == [0.25, 0.5, 0.75]


def test_what_takes_long_is_written_on_the_way(tmp_path, monkeypatch):
    path, now_s, there = tmp_path / "kept.json", [0.0], []
    clock = SimpleNamespace(monotonic=lambda: now_s[0])
    monkeypatch.setattr("archsim.functional.store.time", clock)

    def slow(_):
        for value in range(9):
            yield np.array([float(value)])
            now_s[0] += EVERY_S / 3
            there.append(len(Store(path, KEY, 9)._found.get("slow", ())))

    Store(path, KEY, 9).get("slow", slow)  # killed: never left
    assert there == [0, 0, 0, 4, 4, 4, 7, 7, 7]


def test_results_of_another_run_are_refused(tmp_path):
    path = tmp_path / "kept.json"
    kept(path, 1, clean=[1.0] * 1)
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
    kept(path, 1, clean=[1.0] * 1)
    path.write_text(json.dumps(json.loads(path.read_text()) | {"format": 99}))
    with pytest.raises(ConfigError, match="found no checkpoint"):
        Store(path, KEY, 2)


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ([0.0, 1.0, 1.0], "found 3 results in 'trial 0'"),
        ([0.0, float("nan")], "found 2 results, 1 of them NaN or infinite, in 'trial 0'"),
        ([float("inf"), 1.0], "found 2 results, 1 of them NaN or infinite, in 'trial 0'"),
    ],
)
def test_results_that_were_damaged_are_refused_and_kept(tmp_path, values, found):
    path = tmp_path / "kept.json"
    kept(path, 2, clean=[1.0] * 2)
    document = json.loads(path.read_text())
    path.write_text(json.dumps(document | {"results": document["results"] | {"trial 0": values}}))
    before = path.read_text()
    with pytest.raises(ConfigError) as error:
        Store(path, KEY, 2)
    assert str(error.value) == (
        f"{path}: {found}; expected 2 finite ones at most, one for each example; remove "
        "the file, so that all are computed anew"
    )
    assert path.read_text() == before


def test_all_damaged_results_are_told_at_once(tmp_path):
    path = tmp_path / "kept.json"
    kept(path, 2, clean=[1.0, 1.0], trial=[1.0, 1.0])
    with pytest.raises(ConfigError, match=r"results in 'clean';.*\n.*results in 'trial';"):
        Store(path, KEY, 1)
