"""Whatever is wrong with a model, its weights, its data or options: a sentence, never a number."""

from __future__ import annotations

import json
import sys

import pytest

from archsim.workload import RepetitionPlan, load_workload, save_plan
from tests.commands import archsim
from tests.contract.test_bad_input import HOUSE_FORM, named
from tests.small_task import forget_small_task, write_small_task

OWN = "homodyne small_nets:Small --weights good.safetensors --data good.npz --trials 1"
GOOD = {"weights": "good.safetensors", "data": "good.npz", "model": "small_nets:Small"}


def own(**changes: str) -> str:
    """Return a command on the small network, one of its belongings exchanged."""
    command = f"accuracy {OWN}"
    for name, other in changes.items():
        command = command.replace(GOOD[name], other)
    return command


TASKS = """
import dataclasses

import torch
from torch import nn

from small_nets import task


def wrong_types():
    return dataclasses.replace(
        task(), model=[1], batch="x", source={"a": 1}, prepare=None, metric="top"
    )


class Score(nn.Module):
    def forward(self, images):
        return images.sum((1, 2, 3))


def alike():
    targets = torch.zeros(40)
    targets[0] = 1
    return dataclasses.replace(task(), model=Score(), targets=targets, metric="spearman")
"""

CASES = {
    own(weights="foreign.safetensors"): "found no values for 4 of the model's 4 tensors",
    own(weights="shape.safetensors"): "found another shape in 1 of 4 tensors (head.weight: 5x64",
    own(weights="nan.safetensors"): "found NaN or infinite values in 1 of 4 tensors (head.bias",
    own(weights="nowhere.pt"): "nowhere.pt: found no such file",
    own(weights="labels.npz"): "labels.npz: found no values for 4 of the model's 4 tensors",
    own(data="narrow.npz"): "found data of N x 1 x 5 x 6 float32 that the model does not take",
    own(data="channels.npz"): "found data of N x 3 x 6 x 6 float32 that the model does not take",
    own(data="labels.npz"): "labels out of range (3 at index",
    own(data="empty.npz"): "found no examples in x",
    own(data="fewer.npz"): "found 60 examples and 50 of y; expected as many",
    own(data="nowhere.npz"): "nowhere.npz: found no such file",
    own(data="nowhere"): "nowhere: found no data",
    own(data="small_nets:raises"): "found a callable that raises RuntimeError (no [red] weights)",
    own(data="small_nets:exits"): "found code that exits (0)",
    own(data="small_nets:number"): "found a callable that returns a int; expected",
    own(model="small_nets:raises"): "found a callable that raises RuntimeError (no [red] weights)",
    own(model="small_nets:exits"): "found code that exits (0)",
    own(model="small_nets:number"): "found a callable that returns a int; expected a torch.nn.Mod",
    own(model="small_nets:nothing"): "found no 'nothing'",
    own(model="small_nets:task"): "found --weights, --data beside a callable that returns a whole",
    own() + " --kwargs {": "--kwargs: found '{'",
    own() + ' --kwargs {"width":3}': "found a callable that raises TypeError",
    own() + ' --kwargs {"classes":5}': "found another shape in 2 of 4 tensors",
    own() + " --metric top5": "--metric: found 'top5'; expected top1 or spearman",
    own() + " --metric spearman": "outputs: found 1x3; expected N scores",
    own() + " --mean 1,x --std 1": "--mean: found '1,x'",
    own() + " --mean 1": "found mean without std",
    own() + " --mean 1,2 --std 1,2": "found 2 values of mean; expected 1",
    own() + " --labels labels.csv": "found labels; expected them only for a folder of images",
    own() + " --limit 1": "limit: found 1; expected 2 examples at least",
    own() + " --trials 0": "'--trials'",
    own() + " --batch 0": "'--batch'",
    own() + " --seed -1": "'--seed'",
    own() + " --noise shots": "noise: found 'shots'; expected sources of the machine: adc.noise",
    own() + " --noise shot,": "--noise: found 'shot,'",
    own() + " --adc best": "--adc: found 'best'; expected calibrated, full_scale, ideal",
    own() + " --ranges max": "--ranges: found 'max'",
    own() + " --percentile 99": "--percentile: found it with ranges by min_max",
    own() + " --ranges percentile --percentile 40": "percentile: found 40",
    own()
    + " --momentum 0.1": "--momentum: found it with ranges by min_max; expected it with --ran",
    own() + " --ranges percentile --momentum 0.1": "--momentum: found it with ranges by percentile",
    own() + " --ranges moving_average --momentum 1": "momentum: found 1; expected above 0, below 1",
    own() + " --ranges moving_average --momentum 0": "momentum: found 0; expected above 0, below 1",
    own() + " --ranges moving_average --percentile 99": "--percentile: found it with ranges by mov",
    own() + " --float --percentile 0": "--float: found it beside --percentile",
    own() + " --float --momentum 0": "--float: found it beside --momentum",
    own() + " --float --symmetric": "--float: found it beside --symmetric",
    own() + " --device moon": "device: found 'moon'; expected cpu or cuda",
    own() + " --bits 0": "activation_bits: found 0",
    own() + " --bits 4 --weight-bits 4": "--bits: found it beside",
    own() + " --repetitions 1.5": "found 1.5; expected whole numbers",
    own() + " --repetitions 2 --plan lenet5_plan.yaml": "beside a plan; expected one of the two",
    own() + " --plan lenet5_plan.yaml": "use the workload that the plan was made for",
    own() + " --plan good.npz": "good.npz",
    own() + " --checkpoint other_run.json": "other_run.json: found results of another run",
    own() + " --checkpoint thesis.json": "thesis.json: found no checkpoint",
    own() + " --checkpoint nowhere/kept.json": "found no folder nowhere",
    own() + " -o thesis.json": "thesis.json: found something that is no accuracy report",
    own() + " -o found.yaml": "found the extension '.yaml'; expected .json",
    own() + " -o nowhere/found.json": "found no folder nowhere",
    own() + " -o kept.json --checkpoint kept.json": "found it as --output and as --checkpoint",
    own() + " --set tiles.adc.bit=6": "did you mean 'bits'?",
    own().replace("homodyne", "crossbar")
    + " --float": "quantisation: found it off, but 2 products",
    own().replace("homodyne", "digital_int8")
    + " --repetitions 2": "conv, head: repeated, but exec",
    own().replace("homodyne", "digital_int8") + " --noise shot": "expected sources of the machine",
    "accuracy homodyne small_nets:Small": "found no weights and no data; expected both",
    "accuracy homodyne small_nets:Small --data good.npz": "found no weights; expected both",
    "accuracy homodyne small_nets:prepare_raises": "found a prepare that raises ZeroDivisionError",
    "accuracy homodyne small_nets:prepare_exits": "found code that exits (0)",
    "accuracy homodyne small_nets:prepare_returns_a_tensor": "a prepare that returns a Tensor",
    "accuracy homodyne small_nets:without_examples": "found no examples in inputs",
    "accuracy homodyne small_nets:without_tensors": "task.inputs: found a tuple of list",
    "accuracy homodyne small_nets:without_metric": "task.metric: found 'top5'; expected top1",
    "accuracy homodyne small_tasks:wrong_types": "task.prepare: found None; expected a function",
    "accuracy homodyne small_nets:out_of_vocabulary": "that the model does not take (IndexError",
    "accuracy homodyne digits_cn": "digits_cn: found no such task; expected one of digits_cnn",
    "accuracy homodyne lenet5": "lenet5: found no such task",
    "accuracy homodyne ": "found no such task",
    "accuracy homodyne digits_cnn --weights good.safetensors": "found --weights beside the name of",
    "accuracy homodyne resnet20_cifar10": "found no such file; expected it for this task",
    "run homodyne resnet50 --accuracy": "found a workload without labelled data; expected one",
    "run homodyne lenet5 --trials 3 --limit 9": "--trials, --limit: found without --accuracy",
    "run homodyne lenet5 --accuracy-batch 3": "--accuracy-batch: found without --accuracy",
    f"run {OWN} --accuracy --noise shots": "noise: found 'shots'",
    f"run {OWN} --accuracy --plan lenet5_plan.yaml": "use the workload that the plan was made for",
    f"run {OWN} --accuracy --schedule sequential": "sequential",
    f"precision {OWN}": "--trials: found it without --check",
    f"precision {OWN} --check --noise none": "found no noise that acts",
    "accuracy homodyne small_tasks:alike": "targets: found 39 of 40 equal, so that a share of 0.36",
    f"precision {OWN} --check --checkpoint kept.json": "--checkpoint: found it; expected it for",
}


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp("small")
    write_small_task(folder)
    lenet = load_workload("lenet5")
    save_plan(RepetitionPlan.uniform(lenet, 2), folder / "lenet5_plan.yaml")
    (folder / "thesis.json").write_text("{}")
    (folder / "small_tasks.py").write_text(TASKS)
    stranger = {"format": 1, "key": "0" * 64, "results": {"clean": [1.0]}}
    (folder / "other_run.json").write_text(json.dumps(stranger))
    yield folder
    forget_small_task()
    sys.modules.pop("small_tasks", None)


@pytest.fixture
def folder(root, monkeypatch):
    monkeypatch.chdir(root)
    monkeypatch.setenv("ARCHSIM_DATA", str(root))
    return root


@pytest.mark.parametrize("command", CASES, ids=map(named, CASES))
def test_wrong_input_gets_a_sentence(command, folder):
    before = {path.name for path in folder.iterdir()}
    done = archsim(*command.split(" "))
    assert done.status == (3 if "repeated, but" in done.err else 2), done
    assert done.out == "", done.out
    for line in done.err.splitlines():
        assert HOUSE_FORM.match(line), line
    assert CASES[command] in done.err
    assert {path.name for path in folder.iterdir()} - before <= {"__pycache__"}


@pytest.mark.parametrize("value", ["", "nowhere"])
def test_a_missing_folder_of_data_is_told(value, folder, monkeypatch):
    monkeypatch.setenv("ARCHSIM_DATA", value)
    done = archsim("accuracy", "homodyne", "resnet20_cifar10")
    assert (done.status, done.out) == (2, "")
    assert done.err.startswith(f"ARCHSIM_DATA: found {value!r}, no folder; expected one; set")


def test_another_package_by_the_name_of_ours_is_told(monkeypatch, tmp_path):
    import workloads.tasks

    monkeypatch.setattr(workloads.tasks, "__file__", str(tmp_path / "tasks.py"))
    done = archsim("accuracy", "homodyne", "digits_cnn")
    assert (done.status, done.out) == (2, "")
    assert done.err.startswith("workloads: found another package of this name; expected the one")


def test_a_task_whose_reader_is_not_installed_is_told(monkeypatch):
    import workloads.tasks

    def needs_tokenizers():
        raise ModuleNotFoundError("No module named 'tokenizers'", name="tokenizers")

    monkeypatch.setitem(workloads.tasks.TASKS, "minilm_sst2", needs_tokenizers)
    done = archsim("accuracy", "homodyne", "minilm_sst2")
    assert (done.status, done.out) == (2, "")
    assert done.err == (
        "minilm_sst2: found no module 'tokenizers'; expected it, to read this task's data; "
        "pip install 'archsim[export]'\n"
    )
