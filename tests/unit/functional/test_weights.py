import hashlib
import re
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from archsim.errors import WorkloadError
from archsim.functional.weights import load_weights


def network(seed=0):
    torch.manual_seed(seed)
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(8, 3))
    net[1].running_mean += seed
    return net


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Linear(2, 2, bias=False)
        self.decoder = nn.Linear(2, 2, bias=False)
        self.decoder.weight = self.embedding.weight


def save(state, path):
    if path.suffix == ".safetensors":
        save_file(state, path)
    elif path.suffix == ".npz":
        np.savez(path, **{name: tensor.numpy() for name, tensor in state.items()})
    else:
        torch.save(state, path)
    return path


def assert_same(model, state):
    own = model.state_dict()
    assert all(torch.equal(own[name], tensor) for name, tensor in state.items())


@pytest.fixture
def state():
    return network(seed=3).state_dict()


@pytest.mark.parametrize("extension", ["pt", "pth", "th", "safetensors", "npz", "PT"])
def test_weights_of_every_kind_of_file_arrive(tmp_path, state, extension):
    path = tmp_path / f"w.{extension}"
    if extension == "PT":
        torch.save(state, path)
    else:
        save(state, path)
    model = network()
    digest = load_weights(model, [path])
    assert_same(model, state)
    assert digest == hashlib.sha256(path.read_bytes()).hexdigest()


def test_later_files_win_and_the_digest_is_of_all_bytes(tmp_path, state):
    first = save(state, tmp_path / "a.pt")
    bias = torch.tensor([1.0, 2.0, 3.0])
    second = save({"3.bias": bias}, tmp_path / "b.npz")
    model = network()
    digest = load_weights(model, [first, second])
    assert torch.equal(model[3].bias, bias)
    assert digest == hashlib.sha256(first.read_bytes() + second.read_bytes()).hexdigest()


@pytest.mark.parametrize("wrapper", ["", "module."])
def test_state_dict_of_a_checkpoint_is_taken_and_its_wrapper_dropped(tmp_path, state, wrapper):
    wrapped = {f"{wrapper}{name}": tensor for name, tensor in state.items()}
    path = save({"epoch": 3, "state_dict": wrapped}, tmp_path / "w.th")
    model = network()
    load_weights(model, [path])
    assert_same(model, state)


def test_module_that_is_called_so_in_the_model_keeps_its_name(tmp_path):
    model = nn.ModuleDict({"module": nn.Linear(2, 2)})
    weights = {"module.weight": torch.ones(2, 2), "module.bias": torch.ones(2)}
    load_weights(model, [save(weights, tmp_path / "w.pt")])
    assert_same(model, weights)


def test_other_precisions_become_that_of_the_model(tmp_path, state):
    halved = {k: v.half() if v.is_floating_point() else v for k, v in state.items()}
    model = network()
    load_weights(model, [save(halved, tmp_path / "w.safetensors")])
    assert model[0].weight.dtype == torch.float32
    assert torch.equal(model[0].weight, state["0.weight"].half().float())


def test_counters_of_batches_may_be_missing(tmp_path, state):
    del state["1.num_batches_tracked"]
    model = network()
    load_weights(model, [save(state, tmp_path / "w.pt")])
    assert_same(model, state)


def test_tensor_by_two_names_needs_one_of_them(tmp_path):
    model = Tied()
    load_weights(model, [save({"embedding.weight": torch.eye(2)}, tmp_path / "w.safetensors")])
    assert torch.equal(model.decoder.weight, torch.eye(2))


def test_every_fault_of_the_tensors_is_told_and_nothing_is_loaded(tmp_path, state):
    before = network()
    model = network()
    del state["0.weight"]
    state["3.weight"] = torch.ones(3, 9)
    state["3.bias"] = torch.tensor([1, 2, 3])
    state["1.bias"] = torch.tensor([1.0, float("nan")])
    state["1.weight"] = torch.tensor([1e300, 0.0], dtype=torch.float64)  # infinite as float32
    state["head"] = torch.ones(1)
    path = save(state, tmp_path / "w.pt")
    with pytest.raises(WorkloadError) as caught:
        load_weights(model, [path])
    assert str(caught.value).splitlines() == [
        f"{path}: found no values for 1 of the model's 9 tensors (0.weight); expected all; "
        "give the file that holds them",
        f"{path}: found 1 of 9 tensors that the model has not (head); expected its own only; "
        "check that the weights are this model's",
        f"{path}: found another shape in 1 of 9 tensors (3.weight: 3x9, not 3x8); expected "
        "the model's; check that the weights are this model's, made with the same arguments",
        f"{path}: found a type that cannot be converted in 1 of 9 tensors (3.bias: int64); "
        "expected floating point where the model has it, whole numbers elsewhere; convert them",
        f"{path}: found NaN or infinite values in 2 of 9 tensors (1.weight: 1 of 2, 1.bias: 1 "
        "of 2); expected numbers; train again, or take an earlier checkpoint",
    ]
    assert_same(model, before.state_dict())


def test_of_many_faults_five_are_named(tmp_path):
    path = save({"0.bias": torch.ones(2)}, tmp_path / "w.pt")
    with pytest.raises(
        WorkloadError,
        match=re.escape(
            "for 7 of the model's 9 tensors (0.weight, 1.weight, 1.bias, 1.running_mean, "
            "1.running_var and 2 more)"
        ),
    ):
        load_weights(network(), [path])


def test_two_names_of_one_tensor_agree(tmp_path):
    weights = {"embedding.weight": torch.eye(2), "decoder.weight": torch.ones(2, 2)}
    with pytest.raises(
        WorkloadError,
        match=r"found values that differ from those of the same tensor by another name in 1 of 2 "
        r"tensors \(decoder.weight\); expected equal ones",
    ):
        load_weights(Tied(), [save(weights, tmp_path / "w.pt")])


class Malicious:
    def __reduce__(self):
        return Path.touch, (Path("executed"),)


def test_code_in_a_file_is_never_executed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save({"0.weight": Malicious()}, "w.pt")
    arrays = np.empty(1, object)
    arrays[0] = Malicious()
    np.savez("w.npz", weight=arrays)
    for name in ("w.pt", "w.npz"):
        with pytest.raises(
            WorkloadError,
            match=rf"{name}: found no plain tensors .*; expected a file that holds a state_dict",
        ):
            load_weights(network(), [name])
    assert not Path("executed").exists()


@pytest.mark.parametrize("extension", ["pt", "safetensors", "npz"])
@pytest.mark.parametrize("content", [b"", b"weights", b"PK\x03\x04broken"])
def test_file_that_holds_something_else_is_refused(tmp_path, extension, content):
    path = tmp_path / f"w.{extension}"
    path.write_bytes(content)
    with pytest.raises(
        WorkloadError, match=r"found no plain tensors .*save model.state_dict\(\) alone"
    ):
        load_weights(network(), [path])


def test_compiled_model_is_refused(tmp_path):
    path = tmp_path / "w.pt"
    exported = torch.export.export(nn.Linear(2, 2), (torch.ones(1, 2),))
    torch.export.save(exported, path)
    with pytest.raises(WorkloadError, match=r"w\.pt: found no plain tensors"):
        load_weights(network(), [path])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({}, "found none; expected tensors by name, or in state_dict; save model.state_dict()"),
        ([torch.ones(1)], "found none; expected tensors by name"),
        (torch.ones(1), "found none; expected tensors by name"),
        ({"model": {}, "epoch": 3}, "found only model, epoch; expected tensors by name"),
        ({"state_dict": {}}, "found none; expected tensors by name"),
        (
            {"a": torch.ones(1), "epoch": 3, "best": 0.5},
            r"found 2 of its entries no tensors \(epoch, best\); expected tensors only",
        ),
    ],
)
def test_file_without_tensors_by_name_is_refused(tmp_path, content, message):
    with pytest.raises(WorkloadError, match=f"w.pt: {message}"):
        load_weights(network(), [save(content, tmp_path / "w.pt")])


def test_faults_of_all_files_are_told_together(tmp_path):
    (tmp_path / "folder.pt").mkdir()
    with pytest.raises(WorkloadError) as caught:
        load_weights(network(), [tmp_path / n for n in ("w.onnx", "none.pt", "folder.pt")])
    lines = [line.removeprefix(f"{tmp_path}/") for line in str(caught.value).splitlines()]
    assert lines == [
        "w.onnx: found the extension '.onnx'; expected .pt, .pth, .th, .safetensors, .npz; "
        "convert the file, or name another",
        "none.pt: found no such file; expected one; check the path",
        "folder.pt: found a folder or pipe; expected a file; name one",
    ]


def test_file_that_may_not_be_read_is_refused(tmp_path, monkeypatch):
    def refuse(_):
        raise PermissionError(13, "Permission denied")

    path = save({"a": torch.ones(1)}, tmp_path / "w.pt")
    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(WorkloadError, match=r"cannot be read \(Permission denied\).*your rights"):
        load_weights(network(), [path])


def test_no_file_at_all_is_refused():
    with pytest.raises(WorkloadError, match="weights: found no file; expected one at least"):
        load_weights(network(), [])


def test_missing_package_is_named_with_how_to_get_it(tmp_path, state, monkeypatch):
    path = save(state, tmp_path / "w.safetensors")
    monkeypatch.setitem(sys.modules, "safetensors.torch", None)
    with pytest.raises(
        WorkloadError, match=r"safetensors: found no such package; .*; pip install safetensors"
    ):
        load_weights(network(), [path])


@pytest.mark.parametrize(
    ("tensor", "kind"),
    [
        (torch.eye(2).to_sparse(), "float32 sparse_coo"),
        (torch.eye(2).to(torch.complex64), "complex64"),
        (torch.empty(2, 2, device="meta"), "float32 meta"),
        (torch.ones(2, 2, dtype=torch.int8), "int8"),
    ],
)
def test_tensor_without_plain_values_is_refused(tmp_path, tensor, kind):
    path = save({"embedding.weight": tensor}, tmp_path / "w.pt")
    with pytest.raises(
        WorkloadError,
        match=rf"found a type that cannot be converted in 1 of 1 tensors "
        rf"\(embedding.weight: {kind}\)",
    ):
        load_weights(Tied(), [path])


def test_model_without_memory_takes_no_weights(tmp_path):
    path = save({"weight": torch.eye(2)}, tmp_path / "w.pt")
    with pytest.raises(
        WorkloadError, match=r"weights: found a model on device 'meta' \(weight\); expected tensors"
    ):
        load_weights(nn.Linear(2, 2, bias=False, device="meta"), [path])


def test_message_about_code_does_not_advise_to_run_it(tmp_path):
    path = tmp_path / "w.pt"
    torch.save(network(), path)
    with pytest.raises(
        WorkloadError,
        match=r"found no plain tensors \(UnpicklingError: Weights only load failed\);",
    ):
        load_weights(network(), [path])


def test_path_that_no_file_can_have_is_refused():
    with pytest.raises(WorkloadError, match=r"cannot be read \(File name too long\); expected one"):
        load_weights(network(), ["x" * 300 + ".pt"])
