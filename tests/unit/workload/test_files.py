import json

import pytest
import yaml

from archsim.errors import WorkloadError
from archsim.workload import Workload, load_workload, save_workload
from tests.networks import conv, network, relu


@pytest.fixture(params=[".yaml", ".yml", ".json"])
def path(tmp_path, request):
    return tmp_path / f"net{request.param}"


def write(path, **changes):
    path.write_text(yaml.safe_dump(network() | changes, sort_keys=False))
    return path


def test_workload_survives_its_file(path):
    workload = Workload(**network(conv(bits=4, groups=1, parameters=[[4]]), relu()))
    save_workload(workload, path)
    assert load_workload(path) == workload


def test_file_holds_one_op_a_line_and_its_totals(path):
    save_workload(Workload(**network()), path)
    lines = path.read_text().splitlines()
    assert sum('"kind"' in line or "kind:" in line for line in lines) == 2
    content = json.loads(path.read_text()) if path.suffix == ".json" else yaml.safe_load(
        path.read_text()
    )  # fmt: skip
    assert content["macs"] == content["ops"][0]["macs"] == 6912
    assert content["fingerprint"].startswith("sha256:")


def test_edited_op_is_noticed_and_the_remedy_works(path):
    save_workload(Workload(**network()), path)
    text = path.read_text().replace("relu", "tanh")
    path.write_text(text)
    with pytest.raises(WorkloadError, match=r"fingerprint: found .*delete the line `fingerprint`"):
        load_workload(path)
    kept = [line for line in text.splitlines() if "fingerprint" not in line]
    path.write_text("\n".join(kept))
    assert load_workload(path).ops[1].function == "tanh"


def test_wrong_totals_are_noticed_where_they_stand(tmp_path):
    path = write(tmp_path / "net.yaml", macs=1, ops=[conv(macs=5), relu()])
    with pytest.raises(WorkloadError, match=r"net.yaml:\d+:\d+: ops\[0\].macs: conv: found 5; exp"):
        load_workload(path)
    write(path, macs=1)
    with pytest.raises(WorkloadError, match=r"net.yaml:\d+:\d+: macs: found 1; expected 6912"):
        load_workload(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"shape": []}, "found shape scalar; expected 1x4x8x8 from its inputs"),
        ({"shape": [1, 4, 8]}, "found shape 1x4x8; expected 1x4x8x8 from its inputs"),
        ({"groups": 3, "out_channels": 3}, "expected 1x3x8x8 from its inputs"),
        ({"groups": 2}, "found in_channels: 3; expected a multiple of groups: 2; correct one"),
        ({"kernel": [50, 50]}, "expected one that a kernel of 50x50 fits into"),
    ],
)
def test_stated_macs_are_compared_only_where_the_op_is_sound(tmp_path, change, message):
    path = write(tmp_path / "net.yaml", ops=[conv(macs=6912, **change), relu()])
    with pytest.raises(WorkloadError) as error:
        load_workload(path)
    assert message in str(error.value)
    assert "].macs: " not in str(error.value)


def test_faults_of_the_graph_have_line_and_column(tmp_path):
    path = tmp_path / "net.yaml"
    save_workload(Workload(**network()), path)
    text = path.read_text().replace("inputs: [conv]", "inputs: [cnv]")
    path.write_text(text)
    line = next(n for n, t in enumerate(text.splitlines(), 1) if "cnv" in t)
    column = text.splitlines()[line - 1].index("cnv") + 1
    with pytest.raises(
        WorkloadError, match=rf"net.yaml:{line}:{column}: ops\[1\].inputs\[0\]: rel"
    ):
        load_workload(path)


def test_extension_decides_the_format(tmp_path):
    workload = Workload(**network())
    with pytest.raises(WorkloadError, match=r"found extension '.toml'; expected .yaml"):
        save_workload(workload, tmp_path / "net.toml")
    with pytest.raises(WorkloadError, match=r"expected .yaml, .yml or .json"):
        load_workload(tmp_path / "net.toml")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"format": 2}, "format: found 2; expected 1"),
        ({"name": None}, "name: found null; expected text"),
        ({"activation_bits": 8.0}, "activation_bits: found 8.0; expected a whole number"),
        ({"weight_bits": -8}, "weight_bits: found -8; expected at least 1"),
        ({"opps": []}, "opps: found the unknown key 'opps'; expected one of"),
        ({"ops": [relu(kind="elementwize")]}, "found kind 'elementwize'"),
        ({"ops": [{"name": "x"}]}, "expected this key"),
        ({"ops": "conv"}, "ops: found \"conv\"; expected a list"),
        ({"ops": [conv(shape=[1, 4, -8, 8])]}, "found -8; expected at least 1"),
        ({"ops": [conv(shape=[1, 4, 10**30, 8])]}, "expected"),
        ({"ops": [conv(inputs=["image", "image"])]}, "found 2 inputs; expected 1 for conv"),
        ({"ops": [conv(source="conv")]}, "a cycle cannot run"),
        ({"inputs": [{"name": "image", "shape": [1, 4, 8, 8]}]}, "found an input of 1x4x8x8"),
        ({"fingerprint": 7}, "fingerprint: found 7; expected sha256:"),
        ({"macs": "many"}, "macs: found 'many'; expected 6912"),
    ],
)  # fmt: skip
def test_broken_workload_is_told_in_house_form(tmp_path, changes, expected):
    path = write(tmp_path / "net.yaml", **changes)
    with pytest.raises(WorkloadError) as error:
        load_workload(path)
    message = str(error.value)
    assert expected in message
    assert all(line.startswith(f"{path}:") for line in message.splitlines())


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00\xff\xfe",
        b"name: [",
        b"- 1\n- 2\n",
        b"name: a\nname: b\n",
        b"macs: .nan\n",
        b"{}",
    ],
)
def test_file_that_is_no_workload_is_told_in_house_form(tmp_path, content):
    path = tmp_path / "net.yaml"
    path.write_bytes(content)
    with pytest.raises(WorkloadError, match=r"net.yaml"):
        load_workload(path)


def test_missing_file_and_folder_are_told(tmp_path):
    with pytest.raises(WorkloadError, match="no such file"):
        load_workload(tmp_path / "none.yaml")
    (tmp_path / "folder.yaml").mkdir()
    with pytest.raises(WorkloadError, match="found a folder"):
        load_workload(tmp_path / "folder.yaml")
    with pytest.raises(WorkloadError, match="cannot be written"):
        save_workload(Workload(**network()), tmp_path / "none" / "net.yaml")
