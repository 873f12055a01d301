"""What a user names, as a task: what it records of where it comes from."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from archsim.errors import ConfigError, WorkloadError
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


WHOLE_TASKS = """
import dataclasses

import torch

import small_nets
from archsim.functional.task import Examples


def learning_from(images, labels, **changes):
    learning = Examples((images,), torch.tensor(labels))
    return dataclasses.replace(small_nets.task(), learning=learning, **changes)


def apart():
    return learning_from(torch.ones(3, 1, 6, 6), [0, 1, 2])


def shared():
    return learning_from(small_nets.task().inputs[0][:3], [0, 1, 2])


def told():
    return learning_from(torch.ones(3, 1, 6, 6), [0, 1, 2], source={"learning": "drawn apart"})


def out_of_range():
    return learning_from(torch.ones(3, 1, 6, 6), [0, 3, 2])


def all_out_of_range():
    return learning_from(torch.ones(3, 1, 6, 6), [0, 3, 2], targets=torch.full((40,), 7))


def unequal():
    return learning_from(torch.ones(3, 1, 6, 6), [0, 1])


def unknown_words():
    task = small_nets.out_of_vocabulary()
    learning = Examples((torch.full((3, 5), 12),), torch.tensor([0, 1, 2]))
    return dataclasses.replace(task, inputs=(task.inputs[0] % 10,), learning=learning)
"""


def task(data="good.npz", **scale):
    own = Belongings(weights=(Path("good.safetensors"),), data=data, **scale)
    return load_task("small_nets:Small", own)


@pytest.fixture
def whole(folder):
    """Returns a function that returns a whole task by its callable's name."""
    (folder / "whole_tasks.py").write_text(WHOLE_TASKS)
    yield lambda name: load_task(f"whole_tasks:{name}")
    sys.modules.pop("whole_tasks", None)


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


def learning_data(folder, labels):
    """Writes the small network's data, five other images and two of the test to learn from."""
    arrays = dict(np.load(folder / "good.npz"))
    others = np.concatenate([arrays["x"][:5] / 2, arrays["x"][:2]])
    np.savez(folder / "learning.npz", **arrays, x_learning=others, y_learning=labels)


def test_learning_data_are_in_the_task_and_what_they_share_with_the_test_is_recorded(folder):
    learning_data(folder, [0, 1, 2, 0, 1, 2, 0])
    found = task("learning.npz")
    assert found.learning.targets.tolist() == [0, 1, 2, 0, 1, 2, 0]
    assert torch.equal(found.learning.inputs[0][:5], found.inputs[0][:5] / 2)
    assert found.source["learning"] == (
        "the data's own 7 examples, 2 of them among those that are tested: the result is biased"
    )
    assert task().learning is None
    assert "learning" not in task().source


def test_labels_to_learn_from_are_out_of_range_where_the_model_has_no_such_class(folder):
    learning_data(folder, [0, 1, 2, 3, 1, 2, 0])
    with pytest.raises(WorkloadError) as error:
        task("learning.npz")
    assert str(error.value) == (
        "learning.targets: found 1 of 7 labels out of range (3 at index 3); expected 0 to 2; "
        "correct them, or take a model of more classes"
    )


def test_learning_data_of_a_whole_task_are_recorded_unless_it_says_what_they_are(whole):
    assert whole("apart").source["learning"] == "the data's own 3 examples"
    assert "3 of them among those that are tested" in whole("shared").source["learning"]
    assert whole("told").source["learning"] == "drawn apart"


@pytest.mark.parametrize(
    ("name", "messages"),
    [
        ("out_of_range", ["learning.targets: found 1 of 3 labels out of range (3 at index 1)"]),
        ("all_out_of_range", ["targets: found 40 of 40 labels", "learning.targets: found 1 of 3"]),
        ("unequal", ["task.learning: found 3 examples and 2 targets; expected as many"]),
        ("unknown_words", ["whole_tasks:unknown_words: found learning data of N x 5 int64 that"]),
    ],
)
def test_fault_of_a_whole_task_s_learning_data_is_told(whole, name, messages):
    with pytest.raises(WorkloadError) as error:
        whole(name)
    lines = str(error.value).splitlines()
    assert len(lines) == len(messages)
    assert all(line.startswith(message) for line, message in zip(lines, messages, strict=True))


def test_scores_to_learn_from_become_double_with_those_of_the_test(folder):
    (folder / "scores.py").write_text(
        "from torch import nn\n\n\nclass Score(nn.Linear):\n"
        "    def __init__(self):\n        super().__init__(3, 1, bias=False)\n\n"
        "    def forward(self, x):\n        return super().forward(x).squeeze(1)\n"
    )
    save_file({"weight": torch.ones(1, 3)}, folder / "score.safetensors")
    x, y = np.random.default_rng(0).random((12, 3), np.float32), np.arange(12)
    np.savez(folder / "scores.npz", x=x, y=y, x_learning=x + 1, y_learning=y)
    own = Belongings((Path("score.safetensors"),), "scores.npz", metric="spearman")
    found = load_task("scores:Score", own)
    sys.modules.pop("scores", None)
    assert found.targets.dtype == found.learning.targets.dtype == torch.float64
