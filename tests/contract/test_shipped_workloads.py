"""Shipped workloads against the models they were made from, counted by others."""

import importlib
import importlib.util
import json
from pathlib import Path

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from archsim.frontend import InputSpec, trace
from archsim.frontend.torchvision_operators import declared_if_missing
from archsim.workload import RepetitionPlan, load_workload, save_workload

FOLDER = Path(__file__).parents[2] / "workloads"
NAMES = sorted(path.stem for path in FOLDER.glob("*.yaml"))
REQUIRED = {
    "bert_base", "deit_b", "deit_t", "googlenet", "lenet5", "mobilenet_v2", "resnet20_cifar10",
    "resnet50", "shufflenet_v2",
}  # fmt: skip

EXTRA = ("torchvision", "transformers")
"""What only exporting needs."""


def workload(name):
    return load_workload(FOLDER / f"{name}.yaml")


def model(name):
    """Return the model that a workload file says it was made from, without memory."""
    source = workload(name).source
    module, _, function = source["model"].partition(":")
    needed = "transformers" if module.endswith(".bert") else module.partition(".")[0]
    # Looked up, not imported: torchvision needs what declared_if_missing declares first.
    if needed in EXTRA and importlib.util.find_spec(needed) is None:
        pytest.skip(f"{needed} is not installed (the export extra)")
    with torch.device("meta"):
        found = getattr(declared_if_missing(lambda: importlib.import_module(module)), function)
        return found(**json.loads(source["kwargs"])).eval()


def test_each_workload_has_the_script_that_made_it():
    assert set(NAMES) >= REQUIRED
    assert sorted(path.stem for path in FOLDER.glob("*.py")) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_workload_loads_survives_its_file_and_takes_a_plan(name, tmp_path):
    found = workload(name)
    assert (found.name, found.activation_bits, found.weight_bits) == (name, 8, 8)
    save_workload(found, tmp_path / "copy.json")
    assert load_workload(tmp_path / "copy.json") == found
    RepetitionPlan.uniform(found, 2).check(found, mode="space")


@pytest.mark.parametrize("name", NAMES)
def test_every_lane_count_is_known_and_only_products_and_moves_have_none(name):
    found = workload(name)
    for op in found.ops:
        work = found.lane_operations(op)
        assert min(work.simple, work.special) >= 0
        idle = work.simple == work.special == 0
        bare_product = op.gemm is not None and not op.parameters
        assert idle == (op.kind in ("layout", "embedding") or bare_product)


@pytest.mark.export
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the packages that hold the models
@pytest.mark.parametrize("name", NAMES)
def test_multiplications_are_those_that_torch_counts(name):
    found = workload(name)
    inputs = [InputSpec.parse(text).tensor("meta") for text in found.source["input"].split()]
    counter = FlopCounterMode(display=False)
    with counter, torch.no_grad():
        model(name)(*inputs)
    assert counter.get_total_flops() == 2 * found.macs


@pytest.mark.export
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("name", ["lenet5", "resnet20_cifar10", "squeezenet1_1", "minilm_l6"])
def test_exporting_again_gives_the_same_fingerprint(name):
    found = workload(name)
    source = found.source
    again = trace(source["model"], source["input"].split(), kwargs=source["kwargs"], name=name)
    assert again.fingerprint == found.fingerprint
