"""The script that compares plans on the examples of learning and on others, with the digits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from analysis import overfitting as script
from analysis.learning_machines import plan_of
from archsim.errors import ArchsimError
from archsim.functional import exported
from archsim.workload import RepetitionPlan, load_workload
from workloads.tasks import TASKS

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
        else plan_of(workload, each)
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
    assert script.read() == found
    assert not list((small / "unfinished").iterdir())


def test_what_is_found_is_kept_while_cells_stay_as_they_are(small, monkeypatch, capsys):
    plans(monkeypatch, op=40, channel=UNEVEN)
    monkeypatch.setattr("sys.argv", ["overfitting.py"])
    script.main()
    said = capsys.readouterr().err.splitlines()[-4:]
    assert said[2].startswith("| 1,000 images to learn from | ")
    assert said[3].startswith("| 797 images that judge | ")
    found = script.read()
    assert found["mean"]["channel"] == pytest.approx(40.0, rel=0.02)
    for each in found["found"].values():
        left = each["cross_entropy"]
        assert left["channel"] - left["op"] == pytest.approx(each["more_by_channel"])
        assert each["interval"]["low"] < each["more_by_channel"] < each["interval"]["high"]
    ran = []
    monkeypatch.setattr(script, "run", lambda: ran.append(1))
    script.main()
    assert capsys.readouterr().err.splitlines() == said
    assert not ran
    monkeypatch.setattr(script, "NOISE", "weight")
    script.main()
    assert ran


def test_it_goes_on_with_what_is_kept_and_refuses_that_of_another_seed(small, monkeypatch):
    task = replace(TASKS["digits_cnn"](), learning=None)
    plan, kept = RepetitionPlan.uniform(load_workload("digits_cnn"), 4), small / "kept.json"
    network = exported(task)
    first = script.entropies(task, plan, network, kept)
    written = kept.read_text()
    assert np.array_equal(script.entropies(task, plan, network, kept), first)
    assert kept.read_text() == written
    monkeypatch.setattr(script, "SEED", 2)
    with pytest.raises(ArchsimError, match="another run"):
        script.entropies(task, plan, network, kept)


def test_an_interrupt_ends_it_with_its_own_status(small, monkeypatch, capsys):
    def interrupted():
        raise KeyboardInterrupt

    monkeypatch.setattr(script, "run", interrupted)
    monkeypatch.setattr("sys.argv", ["overfitting.py"])
    with pytest.raises(SystemExit) as ended:
        script.main()
    assert ended.value.code == 130
    assert "goes on from here" in capsys.readouterr().err


def test_what_is_shown_is_of_the_plans_in_the_table():
    found = script.read()
    assert script.is_same(found)
    by_op = script.cells()["op"].read()
    assert found["mean"]["op"] == pytest.approx(by_op["plan_repetitions"])
    assert script.table(None) == "Not run.\n"


def test_cross_entropy_is_that_of_each_example():
    metric, outputs = script.CrossEntropy(), torch.tensor([[0.0, 0.0], [0.0, np.log(3.0)]])
    targets = torch.tensor([0, 0])
    results = metric.results(outputs, targets)
    assert results == pytest.approx([np.log(2.0), np.log(4.0)])
    assert metric.value(results, targets) == pytest.approx(np.log(8.0) / 2)
    with pytest.raises(ArchsimError, match="NaN or infinite"):
        metric.results(outputs * float("nan"), targets)
