"""What a user names, as a task: what it records of where it comes from."""

from pathlib import Path

import pytest

from archsim.errors import ConfigError
from archsim.functional import evaluate
from archsim.functional.targets import Belongings, load_task
from archsim.hardware import load_hardware
from tests.small_task import forget_small_task, write_small_task


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    write_small_task(tmp_path)
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    forget_small_task()


def task(**scale):
    own = Belongings(weights=(Path("good.safetensors"),), data="good.npz", **scale)
    return load_task("small_nets:Small", own)


def test_what_examples_are_scaled_by_is_recorded(folder):
    scaled = task(mean=(0.5,), std=(0.25,))
    assert (scaled.source["mean"], scaled.source["std"]) == ("0.5", "0.25")
    assert not {"mean", "std"} & task().source.keys()


def test_a_checkpoint_is_of_what_examples_are_scaled_by(folder):
    machine, kept = load_hardware("homodyne"), folder / "kept.json"
    scaled = evaluate(task(mean=(0,), std=(1,)), machine, trials=1, checkpoint=kept)
    assert scaled.provenance["std"] == "1.0"
    with pytest.raises(ConfigError, match="found results of another run"):
        evaluate(task(), machine, trials=1, checkpoint=kept)  # the same numbers, but not by record
