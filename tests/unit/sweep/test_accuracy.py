"""Accuracy of a point: what identifies weights and data, and what workers make of others."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from archsim.errors import WorkloadError
from archsim.functional import Conditions, evaluate
from archsim.hardware import load_hardware
from archsim.sweep import load_sweep_file
from archsim.sweep.accuracy import subject_of
from archsim.sweep.file import AccuracyPart
from archsim.sweep.points import Job, Worker
from tests.small_task import forget_small_task, write_small_task

NETWORK = "small_nets:Small"
SCORES = """
import dataclasses

import torch

import small_nets


class Scored(small_nets.Small):
    def forward(self, images):
        return super().forward(images)[:, 0]


def ranked():
    scores = torch.arange(40.0)
    return dataclasses.replace(
        small_nets.task(), model=Scored(), targets=scores, metric="spearman"
    )
"""
FILES = {"weights": ["good.safetensors"], "data": "good.npz", "metric": "top1"}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with a network of one's own, its weights and data."""
    write_small_task(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    forget_small_task()


def sweep_in(folder, **accuracy):
    path = folder / "sweep.json"
    asked = {**FILES, "trials": 2, "limit": 20, **accuracy}
    vary = {"repetitions": [1, 4]}
    entries = {"format": 1, "hardware": "homodyne", "workload": NETWORK, "vary": vary}
    path.write_text(json.dumps({**entries, "accuracy": asked}))
    return load_sweep_file(path)


def digest(folder, target=NETWORK, **changes):
    asked = AccuracyPart.model_validate({**FILES, "limit": 20, **changes})
    return subject_of(target, asked, folder).digest


def rewrite(folder, **changes):
    with np.load(folder / "good.npz") as file:
        arrays = dict(file)
    np.savez(folder / "good.npz", **{**arrays, **changes})


def test_a_point_has_the_accuracy_of_an_evaluation_of_its_own(folder):
    sweep = sweep_in(folder)
    found = Worker(sweep).run(Job("accuracy", (0, 0, 1)))
    subject = subject_of(NETWORK, sweep.accuracy, folder)
    conditions = Conditions(trials=2, seed=0)
    alone = evaluate(subject.task, load_hardware("homodyne"), 4, conditions)
    assert (found.status, found.error) == ("done", "")
    assert found.figures["accuracy"] == alone.noisy.value
    assert found.figures["drop"] == alone.drop.value
    assert found.figures["clean_accuracy"] == alone.clean
    assert len(subject.task.targets) == 20


def test_weights_and_data_are_known_by_what_they_hold(folder):
    first = digest(folder)
    weights = load_file(folder / "good.safetensors")
    save_file(weights, folder / "same.safetensors")
    save_file({**weights, "head.bias": weights["head.bias"] + 1e-6}, folder / "near.safetensors")
    assert digest(folder, weights=["same.safetensors"]) == first
    assert digest(folder, weights=["near.safetensors"]) != first
    rewrite(folder)
    assert digest(folder) == first


@pytest.mark.parametrize("part", ["x", "y", "x_calibration"])
def test_every_part_of_the_data_identifies_it(folder, part):
    first = digest(folder)
    with np.load(folder / "good.npz") as file:
        changed = file[part].copy()
    changed[0] = 1 - changed[0] if part != "y" else (changed[0] + 1) % 3
    rewrite(folder, **{part: changed})
    assert digest(folder) != first


def test_examples_beyond_the_limit_identify_nothing(folder):
    first = digest(folder)
    with np.load(folder / "good.npz") as file:
        changed = file["y"].copy()
    changed[30] = (changed[30] + 1) % 3
    rewrite(folder, y=changed)
    assert digest(folder) == first
    assert digest(folder, limit=40) != first


def test_how_examples_are_prepared_identifies_the_data(folder):
    none = {"weights": [], "data": None, "metric": None}
    plain = digest(folder, "small_nets:task", **none)
    torch.manual_seed(0)
    assert digest(folder, "small_nets:task", **none) == plain
    assert digest(folder, "small_nets:prepares", **none) != plain


def test_the_metric_identifies_the_data(folder):
    (folder / "scores.py").write_text(SCORES)
    none = {"weights": [], "data": None, "metric": None}
    assert digest(folder, "scores:ranked", **none).startswith("spearman ")
    assert digest(folder, "small_nets:task", **none).startswith("top1 ")


@pytest.mark.parametrize("changed", ["weights", "data"])
def test_a_worker_refuses_other_weights_or_data_than_the_sweep_began_with(folder, changed):
    sweep = sweep_in(folder)
    if changed == "weights":
        weights = load_file(folder / "good.safetensors")
        save_file({**weights, "head.bias": torch.ones(3)}, folder / "good.safetensors")
    else:
        rewrite(folder, y=np.zeros(60, dtype=np.int64))
    found = Worker(sweep).run(Job("accuracy", (0, 0, 0)))
    assert (found.status, found.error) == (
        "failed",
        f"OSError: {NETWORK}: found other weights or data than when the sweep began; expected the "
        "same wherever points run; bring them there, and run again with --retry",
    )


def test_a_worker_without_the_weights_says_what_to_bring(folder):
    sweep = sweep_in(folder)
    (folder / "good.safetensors").unlink()
    found = Worker(sweep).run(Job("accuracy", (0, 0, 0)))
    assert found.status == "failed"  # and so it can be tried again
    assert "good.safetensors" in found.error
    assert found.error.endswith("; bring it to where points run")


def test_points_that_differ_in_bandwidth_alone_need_one_evaluation(folder):
    sweep = sweep_in(folder)
    worker = Worker(sweep)
    needs = [worker.run(Job("timing", (0, 0, place))).needs for place in (0, 1)]
    assert all(needs)
    assert needs[0] != needs[1]
    quick = dict(sweep.machines[0].data)
    quick["dram"] = {**quick["dram"], "bandwidth": "1 GB/s"}
    other = replace(sweep, machines=(replace(sweep.machines[0], data=quick),))
    timed = Worker(other).run(Job("timing", (0, 0, 0)))
    assert timed.needs == needs[0]
    assert timed.figures["latency_s"] != worker.run(Job("timing", (0, 0, 0))).figures["latency_s"]


def test_a_workload_without_data_cannot_be_asked_for_accuracy(folder):
    with pytest.raises(WorkloadError, match=r"resnet56: found a workload without .*; name one, or"):
        subject_of("resnet56", AccuracyPart(), folder)
