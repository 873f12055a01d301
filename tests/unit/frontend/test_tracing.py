import logging
from importlib.metadata import version

import pytest
import torch

from archsim.errors import WorkloadError
from archsim.frontend import InputSpec, trace

LENET = "workloads.models.lenet:lenet5"


def test_input_text_gives_shape_and_type():
    assert InputSpec.parse("1x3x224x224") == InputSpec((1, 3, 224, 224), torch.float32)
    assert InputSpec.parse("1x128:int64") == InputSpec((1, 128), torch.int64)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "found ''; expected sizes joined by x"),
        ("1,3,224", "found '1,3,224'; expected sizes"),
        ("1x-3", "found '1x-3'; expected sizes"),
        ("1x0x3", "found a size of 0"),
        ("1x99999999999", "found a size of"),
        ("1x3:int", "found type 'int'.*expected one of float32"),
    ],
)
def test_text_that_is_no_input_is_refused(text, message):
    with pytest.raises(WorkloadError, match=f"--input: {message}"):
        InputSpec.parse(text)


def test_trace_records_where_the_workload_comes_from():
    workload = trace(LENET, ["2x1x32x32"], name="two")
    assert workload.name == "two"
    assert workload.inputs[0].shape == (2, 1, 32, 32)
    assert workload.macs == 2 * 416_520
    assert workload.source == {
        "model": LENET,
        "kwargs": "{}",
        "input": "2x1x32x32",
        "torch": version("torch"),
    }


@pytest.fixture
def module(tmp_path, monkeypatch):
    """A module in the working directory, with one callable for each fault."""
    (tmp_path / "faulty_models.py").write_text(
        "import torch\n"
        "number = 3\n"
        "def raises(): raise RuntimeError('no luck')\n"
        "def no_module(): return [1]\n"
        "def sized(width): return torch.nn.Linear(width, 2)\n"
        "class Branches(torch.nn.Module):\n"
        "    def forward(self, x): return x if x.sum() > 0 else -x\n"
        "def needs_data(): return torch.nn.Linear(int(torch.ones(1).item()), 2)\n"
    )
    (tmp_path / "broken_models.py").write_text("this is no python\n")
    (tmp_path / "orphan_models.py").write_text("import not_there_at_all\n")
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("module")
def test_module_in_the_working_directory_is_found_and_given_its_arguments():
    workload = trace("faulty_models:sized", ["1x5"], kwargs='{"width": 5}')
    assert workload.macs == 10
    assert workload.source["kwargs"] == '{"width": 5}'


@pytest.mark.usefixtures("module")
@pytest.mark.parametrize(
    ("target", "options", "message"),
    [
        ("faulty_models", {}, "faulty_models: found no module:callable"),
        ("nowhere_models:f", {}, "found no module 'nowhere_models'.*install it"),
        ("orphan_models:f", {}, "found no module 'not_there_at_all'"),
        ("broken_models:f", {}, "cannot be imported .SyntaxError"),
        ("faulty_models:f", {}, "found no 'f'"),
        ("faulty_models:number", {}, "found a int; expected something to call"),
        ("faulty_models:raises", {}, "raises RuntimeError .no luck.*--device cpu"),
        ("faulty_models:no_module", {}, "returns a list; expected a torch.nn.Module"),
        ("faulty_models:needs_data", {}, "use --device cpu"),
        ("faulty_models:sized", {}, "raises TypeError"),
        ("faulty_models:sized", {"kwargs": "{width: 5}"}, "--kwargs: found .*expected a JSON obj"),
        (
            "faulty_models:sized",
            {"kwargs": '{"width": 5, "width": 6}'},
            "--kwargs: found the key 'width' twice; expected each once",
        ),
        ("faulty_models:sized", {"kwargs": '{"width": 5}', "name": ""}, "name: found ''; expected"),
        ("faulty_models:sized", {"kwargs": "[5]"}, "--kwargs: found a JSON list"),
        (
            "faulty_models:sized",
            {"kwargs": {"width": 4}},
            "Linear: found a model that torch.export",
        ),
        ("faulty_models:sized", {"device": "tpu"}, "--device: found 'tpu'; expected meta or cpu"),
        ("faulty_models:sized", {"inputs": []}, "--input: found none"),
    ],
)
def test_fault_of_the_user_is_told_in_house_form(target, options, message):
    with pytest.raises(WorkloadError, match=message):
        trace(target, **{"inputs": ["1x5"]} | options)


@pytest.mark.usefixtures("module")
def test_model_that_needs_data_is_built_on_the_cpu():
    assert trace("faulty_models:needs_data", ["1x1"], device="cpu").macs == 2


def test_inputs_without_a_common_batch_need_a_fixed_one():
    with pytest.raises(WorkloadError, match=r"inputs: found 1x1x32x32, 2x4; expected the same"):
        trace(LENET, ["1x1x32x32", "2x4"])


@pytest.mark.usefixtures("module")
def test_torch_says_nothing_beside_the_message(capfd):
    with pytest.raises(WorkloadError, match=r"Branches: found a model that torch.export refuses"):
        trace("faulty_models:Branches", ["1x5"])
    assert capfd.readouterr() == ("", "")
    assert logging.root.manager.disable == logging.NOTSET
