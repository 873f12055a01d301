"""The script that compares plans on the examples of learning and on others, with the digits."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from analysis import overfitting as script
from archsim.workload import RepetitionPlan, load_workload

UNEVEN = {
    "features.0": [120] * 8 + [40] * 8,
    "features.3": [30],
    "features.7": [90],
    "classifier": [60],
}


@pytest.fixture
def small(tmp_path, monkeypatch):
    monkeypatch.setattr(script, "NETWORK", "digits_cnn")
    monkeypatch.setattr(script, "PATH", tmp_path / "overfitting.json")
    monkeypatch.setattr(script, "UNFINISHED", tmp_path / "unfinished")
    monkeypatch.setattr(script, "TRIALS", 2)
    return tmp_path


def plans(monkeypatch, **counts):
    workload = load_workload("digits_cnn")
    made = {
        name: RepetitionPlan.uniform(workload, each)
        if isinstance(each, int)
        else RepetitionPlan.model_validate({"fingerprint": workload.fingerprint, "counts": each})
        for name, each in counts.items()
    }
    monkeypatch.setattr(script, "plan_of", lambda cell, _: made[cell.granularity])


def test_plans_are_compared_at_one_mean_on_the_same_examples_and_noise(small, monkeypatch):
    plans(monkeypatch, op=4, channel=8)
    found = script.run()
    assert found["mean"] == {"op": 4.0, "channel": 4.0}
    for each, examples in zip(found["found"].values(), (1000, 797), strict=True):
        assert each["examples"] == examples
        assert each["cross_entropy"]["op"] == each["cross_entropy"]["channel"] > 0
        assert each["more_by_channel"] == each["interval"]["low"] == each["interval"]["high"] == 0
    assert json.loads(script.PATH.read_text()) == found
    assert not list((small / "unfinished").iterdir())


def test_what_a_worse_plan_leaves_is_more_and_the_table_says_so(small, monkeypatch, capsys):
    plans(monkeypatch, op=40, channel=UNEVEN)
    found = script.run()
    assert found["mean"]["channel"] == pytest.approx(40.0, rel=0.02)
    for each in found["found"].values():
        left = each["cross_entropy"]
        assert left["channel"] - left["op"] == pytest.approx(each["more_by_channel"])
        assert each["interval"]["low"] < each["more_by_channel"] < each["interval"]["high"]
    monkeypatch.setattr("sys.argv", ["overfitting.py", "--print"])
    script.main()
    rows = capsys.readouterr().out.splitlines()
    assert rows[2].startswith("| 1,000 images to learn from | ")
    assert rows[3].startswith("| 797 images that judge | ")


def test_cross_entropy_is_that_of_each_example():
    outputs = torch.tensor([[0.0, 0.0], [0.0, np.log(3.0)]])
    assert script.CrossEntropy().results(outputs, torch.tensor([0, 0])) == pytest.approx(
        [np.log(2.0), np.log(4.0)]
    )
