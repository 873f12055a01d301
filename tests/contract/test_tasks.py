"""Labelled tasks: the workload that ships is theirs, and they are as accurate as was measured."""

import hashlib
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.stats import spearmanr

from archsim.errors import ConfigError, WorkloadError
from archsim.frontend import export
from archsim.workload import load_workload
from tests.data import needs
from workloads import digits_cnn
from workloads.tasks import DIGITS_WEIGHTS, TASKS, image_data, text_data


class Known(NamedTuple):
    """What was measured of a task on the unfolded network, by other code save for the digits."""

    data: str
    examples: int
    calibration: int
    learning: int
    figure: float
    slow: bool = False


KNOWN = {
    "digits_cnn": Known("", 797, 1000, 1000, 98.745),
    "resnet20_cifar10": Known("cifar10", 1000, 512, 4000, 91.5),
    "resnet32_cifar10": Known("cifar10", 1000, 512, 4000, 92.8),
    "resnet44_cifar10": Known("cifar10", 1000, 512, 4000, 93.3),
    "resnet56_cifar10": Known("cifar10", 1000, 512, 4000, 92.6),
    "mnist_cnn": Known("mnist", 10_000, 512, 60_000, 99.05),
    "efficientnet_lite0": Known("imagenet", 1000, 100, 300, 83.2, slow=True),
    "squeezenet1_1_caffe": Known("imagenet", 1000, 100, 300, 73.4, slow=True),
    "minilm_sst2": Known("text", 872, 256, 6920, 88.30, slow=True),
    "minilm_stsb": Known("text", 1379, 128, 5732, 0.8203, slow=True),
}
BATCH, SMALL_BATCH = 50, 5
"""Large images are up to four times faster in small batches: they stay in the cache."""


@cache
def task(name):
    if KNOWN[name].data:
        needs(KNOWN[name].data)
    return TASKS[name]()


@cache
def exported(name):
    found = task(name)
    one = found.prepare(*(stored[:1] for stored in found.inputs))
    return export(found.model, one, name=name, source=found.source)


sst2, stsb = cache(text_data.sst2), cache(text_data.stsb)


@pytest.fixture
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def outputs(name):
    found, network = task(name), exported(name).graph_module
    size = SMALL_BATCH if KNOWN[name].slow else BATCH
    batches = zip(*(stored.split(size) for stored in found.inputs), strict=True)
    with torch.no_grad():
        return torch.cat([network(*found.prepare(*batch)) for batch in batches])


def test_each_task_is_known_and_has_a_workload():
    assert set(TASKS) == set(KNOWN)
    assert [load_workload(name).name for name in TASKS] == list(TASKS)


@pytest.mark.parametrize("name", TASKS)
def test_its_workload_is_the_one_that_ships(name):
    assert exported(name).workload.fingerprint == load_workload(name).fingerprint


@pytest.mark.parametrize("name", TASKS)
def test_it_holds_as_many_examples_as_it_says_and_none_of_them_twice(name):
    found, known = task(name), KNOWN[name]
    assert found.name == TASKS[name].name == name
    assert (found.metric, len(found.targets)) == (TASKS[name].metric, TASKS[name].examples)
    assert not found.model.training
    assert {len(stored) for stored in (*found.inputs, found.targets)} == {known.examples}
    assert {len(stored) for stored in found.calibration} == {known.calibration}
    assert {len(stored) for stored in (*found.learning.inputs, found.learning.targets)} == {
        known.learning
    }
    assert {"model", "weights", "data", "calibration", "learning"} == set(found.source)
    assert "sha256:" in found.source["weights"]
    for others in (found.calibration, found.learning.inputs):
        for tested, other in zip(found.inputs, others, strict=True):
            assert (tested.shape[1:], tested.dtype) == (other.shape[1:], other.dtype)
        assert in_common(found.inputs[0], others[0]) == 0
    assert found.learning.targets.dtype == found.targets.dtype


def in_common(tested, others):
    """Return how many examples, in whatever order their sentences are, are tested, too."""
    known = set(map(unordered, tested))
    return sum(unordered(example) in known for example in others)


def unordered(example):
    parts = example if example.shape == (2, text_data.STSB_TOKENS) else example[None]
    return frozenset(part.numpy().tobytes() for part in parts)


def test_images_that_calibrate_are_the_first_of_those_that_are_learned_from():
    needs("imagenet")
    found = task("squeezenet1_1_caffe")
    assert torch.equal(found.calibration[0], found.learning.inputs[0][:100])


def test_images_to_learn_from_are_drawn_from_the_whole_order_with_their_own_labels():
    needs("imagenet")
    lines = image_data.file(image_data.IMAGENET_LABELS).read_text().split()
    labels = [int(line.partition(",")[2]) for line in lines]
    places = [int(place * 1300 / 300) for place in range(300)]
    found = task("squeezenet1_1_caffe")
    assert found.learning.targets.tolist() == [labels[place] for place in places]
    rest = sorted(set(range(1300)) - set(places))
    assert found.targets.tolist() == [labels[place] for place in rest]
    first = lines[rest[0]].partition(",")[0]
    with Image.open(image_data.file(f"{image_data.IMAGENET_IMAGES}/{first}")) as image:
        assert np.array_equal(found.inputs[0][0].permute(1, 2, 0), image.convert("RGB"))


def test_pairs_to_learn_from_keep_their_scores_where_those_of_the_test_are_left_out():
    needs("text")
    found = stsb()
    rows = text_data._scored("text/stsb/stsb-en-train.csv")
    test = {frozenset(row[:2]) for row in text_data._scored("text/stsb/stsb-en-test.csv")}
    kept = [score for *pair, score in rows if frozenset(pair) not in test]
    assert (len(rows), len(kept)) == (5749, 5732)
    assert found.learning.targets.tolist() == kept


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.slow if known.slow else ())
        for name, known in KNOWN.items()
    ],
)
def test_folded_and_exported_it_is_as_accurate_as_was_measured(name, one_thread):
    found, known = task(name), KNOWN[name]
    results = outputs(name)
    if found.metric == "spearman":
        assert spearmanr(results, found.targets).statistic == pytest.approx(known.figure, abs=1e-4)
    else:
        right = int((results.argmax(1) == found.targets).sum())
        assert right == pytest.approx(known.figure / 100 * known.examples, abs=1.07)


def test_no_test_sentence_is_cut_and_eight_tokens_less_would_cut_one():
    needs("text")
    for sentences, length in (
        (sst2(), text_data.SST2_TOKENS),
        (stsb(), text_data.STSB_TOKENS),
    ):
        ids, mask = sentences.inputs
        longest = int(mask.sum(-1).max())
        assert length % 8 == 0
        assert length - 8 < longest < length
        assert bool((ids[~mask] == 0).all())


def test_padding_changes_no_sentence():
    needs("text")
    model, _ = text_data.classifier()
    model.eval()
    ids, mask = (stored[:3] for stored in sst2().inputs)
    longest = int(mask.sum(-1).max())
    noise = torch.where(mask, ids, torch.randint(1, 30_000, ids.shape))
    with torch.no_grad():
        expected = model(ids[:, :longest], mask[:, :longest])
        assert torch.allclose(model(ids, mask), expected, atol=1e-5)
        assert torch.allclose(model(noise, mask), expected, atol=1e-5)


def test_training_the_digits_again_gives_the_same_network(one_thread):
    data = image_data.digits()
    again = digits_cnn.trained(data.training, data.training_labels)
    found = digits_cnn.accuracy(again, data.test, data.test_labels)
    assert found >= 97.5
    assert found == pytest.approx(KNOWN["digits_cnn"].figure, abs=0.4)  # another computer rounds


def test_digits_ship_with_the_program_and_are_small():
    assert DIGITS_WEIGHTS.stat().st_size < 100_000


def test_an_unset_variable_says_what_to_set(monkeypatch):
    monkeypatch.delenv("ARCHSIM_DATA", raising=False)
    with pytest.raises(ConfigError) as caught:
        TASKS["mnist_cnn"]()
    assert str(caught.value) == (
        "ARCHSIM_DATA: found it unset; expected a folder of data; set ARCHSIM_DATA to the folder "
        "that has cifar10/, imagenet/, mnist/ and text/; see docs/data.md of the repository"
    )


@pytest.mark.parametrize("value", ["", "nowhere"])
def test_a_variable_that_names_no_folder_is_refused(value, monkeypatch):
    monkeypatch.setenv("ARCHSIM_DATA", value)
    with pytest.raises(ConfigError, match=rf"ARCHSIM_DATA: found '{value}', no folder; expected"):
        TASKS["resnet20_cifar10"]()


@pytest.mark.parametrize("name", [name for name in TASKS if name != "digits_cnn"])
def test_data_without_the_task_s_own_is_refused(name, monkeypatch, tmp_path):
    monkeypatch.setenv("ARCHSIM_DATA", str(tmp_path))
    with pytest.raises(ConfigError, match=r"found no such file; .*; set ARCHSIM_DATA to the folde"):
        TASKS[name]()


@pytest.mark.parametrize("name", TASKS)
def test_a_task_reads_what_its_listing_looks_for(name, monkeypatch):
    needs(*filter(None, [KNOWN[name].data]))
    assert TASKS[name].missing is None
    read = set()
    whole = image_data.file

    def noted(path):
        read.add("/".join(path.split("/")[:2]) if "val1300/" in path else path)
        return whole(path)

    monkeypatch.setattr(image_data, "file", noted)
    monkeypatch.setattr(text_data, "file", noted)
    TASKS[name]()
    assert read == set(TASKS[name].check.args[0])


@pytest.mark.parametrize("name", [name for name in TASKS if name != "digits_cnn"])
def test_all_that_a_task_lacks_is_listed(name, monkeypatch, tmp_path):
    monkeypatch.setenv("ARCHSIM_DATA", str(tmp_path))
    files = TASKS[name].check.args[0]
    assert TASKS[name].missing == (
        f"{tmp_path}: found no {' and no '.join(files)}; expected all that this task reads; set "
        "ARCHSIM_DATA to the folder that has cifar10/, imagenet/, mnist/ and text/; see "
        "docs/data.md of the repository"
    )
    for path in files[1:]:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    assert TASKS[name].missing.startswith(f"{tmp_path}: found no {files[0]}; expected all")


def test_a_reader_that_is_not_installed_is_listed(monkeypatch):
    needs("text")
    monkeypatch.setattr(image_data, "find_spec", lambda _: None)
    assert TASKS["minilm_sst2"].missing == (
        "tokenizers: found no such module; expected it, to read this task's data; "
        "pip install 'archsim[export]'"
    )
    assert TASKS["mnist_cnn"].missing != TASKS["minilm_sst2"].missing


def test_digits_need_no_data(monkeypatch):
    monkeypatch.setenv("ARCHSIM_DATA", "nowhere")
    assert TASKS["digits_cnn"]().name == "digits_cnn"


def test_arrays_of_other_shapes_are_all_named(monkeypatch, tmp_path):
    (tmp_path / "mnist").mkdir()
    few = np.zeros((3, 28, 28), dtype=np.float32)
    np.savez(tmp_path / "mnist" / "mnist.npz", x_test=few, x_train=few)
    monkeypatch.setenv("ARCHSIM_DATA", str(tmp_path))
    with pytest.raises(ConfigError) as caught:
        image_data.mnist()
    first, second, third, fourth = str(caught.value).splitlines()
    assert "x_test: found 3x28x28 of float32; expected 10000x28x28 of uint8; set" in first
    assert "y_test: found none; expected 10000 of uint8" in second
    assert "x_train: found 3x28x28 of float32; expected 60000x28x28" in third
    assert "y_train: found none" in fourth


@pytest.mark.parametrize(
    ("name", "content", "read", "message"),
    [
        (
            "sst2/dev.tsv",
            "good\t1\nbad\t2\nworse",
            text_data.sst2,
            "line 2: found 'bad\\t2'; expected",
        ),
        ("sst2/dev.tsv", "", text_data.sst2, "found nothing; expected one example a line"),
        (
            "stsb/stsb-en-test.csv",
            "a,b,1\na,b,6\n",
            text_data.stsb,
            "row 2: found 'a,b,6'",
        ),
        (
            "stsb/stsb-en-test.csv",
            "a,b,x\na,b\n",
            text_data.stsb,
            "row 2: found 'a,b'; ",
        ),
    ],
)
def test_lines_of_another_form_are_named(name, content, read, message, monkeypatch, tmp_path):
    path = tmp_path / "text" / name
    path.parent.mkdir(parents=True)
    path.write_text(content)
    monkeypatch.setenv("ARCHSIM_DATA", str(tmp_path))
    with pytest.raises(ConfigError) as caught:
        read()
    assert message in str(caught.value)


@pytest.mark.parametrize("content", [{"w": {}}, {"cls.weight": torch.zeros(2, 384), "odd": 1}])
def test_tuned_weights_without_their_tensors_are_refused(content, monkeypatch, tmp_path):
    needs("text")
    real = image_data.folder() / "text"
    (tmp_path / "text").mkdir()
    (tmp_path / "text" / "minilm").symlink_to(real / "minilm")
    torch.save(content, tmp_path / "text" / "minilm_sst2_finetuned_fp16.pt")
    monkeypatch.setenv("ARCHSIM_DATA", str(tmp_path))
    with pytest.raises(WorkloadError, match=r"cls\.bias.*; expected an encoder under 'w'"):
        text_data.classifier()


def test_tasks_import_from_any_folder_whose_parent_is_on_the_path(tmp_path):
    (tmp_path / "workloads").symlink_to(Path(image_data.__file__).parents[1])
    code = "import workloads.tasks as t; print(t.TASKS['digits_cnn']().name, t.__file__)"
    told = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.split() == [
        "digits_cnn",
        str(tmp_path / "workloads" / "tasks" / "__init__.py"),
    ]


PAGE = Path(__file__).parents[2] / "docs" / "data.md"
LISTED = dict(
    re.findall(r"^\| `([^`]+)` \|.*\| (?:`([0-9a-f]{64})`)? ?\|$", PAGE.read_text(), re.MULTILINE)
)


def test_the_page_on_data_lists_all_that_tasks_read():
    read = {name for task in TASKS.values() for name in task.check.args[0]}
    assert {name.removesuffix("/*.JPEG") for name in LISTED} == read


@pytest.mark.parametrize("name", [name for name, digest in LISTED.items() if digest])
def test_the_page_on_data_has_the_hashes_of_what_is_there(name):
    needs(name.partition("/")[0])
    found = hashlib.sha256((image_data.folder() / name).read_bytes()).hexdigest()
    assert found == LISTED[name]
