import re

import numpy as np
import pytest
import torch

from archsim.errors import WorkloadError
from archsim.functional.data import load_data
from archsim.functional.task import as_they_are

NAN, INF = float("nan"), float("inf")


@pytest.fixture
def saved(tmp_path):
    """Returns a function that writes arrays and returns the file's path."""

    def save(**arrays):
        path = tmp_path / "set.npz"
        np.savez(path, **arrays)
        return str(path)

    return save


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Returns a function that writes a callable's body and returns what names it."""

    def write(returned):
        name = f"some_data_{tmp_path.name}"
        (tmp_path / f"{name}.py").write_text(
            "import torch\nfrom archsim.functional.data import Data, load_data\n"
            "from archsim.functional.task import Examples\n"
            "x, y = torch.ones(2, 3), torch.tensor([0, 1])\n"
            f"def make():\n    {returned}\n"
        )
        monkeypatch.chdir(tmp_path)
        return f"{name}:make"

    return write


def refused(text, **options):
    with pytest.raises(WorkloadError) as caught:
        load_data(text, **options)
    return [line.removeprefix(f"{text}: ") for line in str(caught.value).splitlines()]


def test_arrays_of_a_file_become_examples_and_labels(saved):
    x = np.arange(6.0, dtype=np.float32).reshape(3, 2)
    data = load_data(saved(x=x, y=np.array([2, 0, 1], np.int32), x_calibration=x[:1] + 1))
    assert np.array_equal(data.inputs[0].numpy(), x)
    assert data.targets.dtype == torch.int64
    assert data.targets.tolist() == [2, 0, 1]
    assert data.calibration[0].tolist() == [[1.0, 2.0]]
    assert data.metric is None
    assert data.prepare is as_they_are


@pytest.mark.parametrize("kind", [np.float16, np.float64])
def test_other_precisions_become_single(saved, kind):
    data = load_data(saved(x=np.ones((2, 2), kind), y=[0, 1], x_calibration=np.ones((1, 2), kind)))
    assert (data.inputs[0].dtype, data.calibration[0].dtype) == (torch.float32, torch.float32)


def test_labels_may_be_whole_numbers_in_floating_point_or_few_bits(saved):
    for kind in (np.float64, np.uint8, np.uint16, np.int8, np.uint64):
        data = load_data(saved(x=np.ones((2, 2)), y=np.array([3, 0], kind)))
        assert data.targets.dtype == torch.int64
        assert data.targets.tolist() == [3, 0]


def test_arrays_to_learn_from_become_examples_of_the_same_types(saved):
    x = np.ones((2, 3), np.float16)
    learning = {"x_learning": 2 * np.ones((3, 3)), "y_learning": np.array([0.0, 4.0, 1.0])}
    data = load_data(saved(x=x, y=[0, 1], **learning))
    (inputs,), targets = data.learning.inputs, data.learning.targets
    assert (inputs.dtype, targets.dtype) == (torch.float32, torch.int64)
    assert inputs.tolist() == [[2.0] * 3] * 3
    assert targets.tolist() == [0, 4, 1]
    assert load_data(saved(x=x, y=[0, 1])).learning is None


def test_every_fault_of_what_is_to_be_learned_from_is_told(saved):
    wrong = {"x_learning": np.array([[1, NAN]], np.float32), "y_learning": [3, -2]}
    assert refused(saved(x=np.ones((1, 3)), y=[-1], **wrong)) == [
        "found 1 of 1 y wrong (-1 at index 0); expected labels, whole numbers of 0 or more; number "
        "the classes from 0; scores take module:callable, which names their metric",
        "found NaN or infinite values in 1 of 1 examples of x_learning (at index 0); expected "
        "numbers; correct or remove them",
        "found examples of N x 2, float32 in x_learning; expected N x 3, float32 as in x; convert "
        "them",
        "found 1 examples and 2 of y_learning; expected as many; check how they were cut",
        "found 1 of 2 y_learning wrong (-2 at index 1); expected labels, whole numbers of 0 or "
        "more; number the classes from 0; scores take module:callable, which names their metric",
    ]


@pytest.mark.parametrize(
    ("learning", "messages"),
    [
        (
            {"x_learning": np.ones((1, 3))},
            ["found x_learning without y_learning; expected both or neither; add y_learning"],
        ),
        (
            {"y_learning": [0]},
            ["found y_learning without x_learning; expected both or neither; add x_learning"],
        ),
        (
            {"x_learning": np.ones((0, 3)), "y_learning": []},
            [
                "found no examples in x_learning; expected one at least; fill it, or leave "
                "x_learning and y_learning out"
            ],
        ),
        (
            {"x_learning": np.ones((1, 3)), "y_learn": [0]},
            [
                "found x_learning without y_learning; expected both or neither; add y_learning",
                "found an array 'y_learn'; expected x, y, x_calibration, x_learning, y_learning; "
                "did you mean 'y_learning'?; rename or remove it",
            ],
        ),
        (
            {"x_learning": np.ones((1, 3), np.uint8), "y_learning": [0]},
            [
                "found examples of N x 3, uint8 in x_learning; expected N x 3, float32 as in x; "
                "convert them"
            ],
        ),
    ],
)
def test_nothing_is_learned_from_halves(saved, learning, messages):
    assert refused(saved(x=np.ones((2, 3)), y=[0, 1], **learning)) == messages


def test_words_are_left_as_they_are(saved):
    data = load_data(saved(x=np.array([[5, 6]]), y=[0]))
    assert data.prepare(*data.inputs)[0].tolist() == [[5, 6]]
    assert data.prepare(*data.inputs)[0].dtype == torch.int64


def test_bytes_are_pixels_that_the_network_gets_as_0_to_1(saved):
    data = load_data(saved(x=np.array([[[[0, 51, 255]]]], np.uint8), y=[0]))
    assert data.inputs[0].dtype == torch.uint8
    (given,) = data.prepare(*data.inputs)
    assert given.dtype == torch.float32
    assert given.flatten().tolist() == pytest.approx([0.0, 0.2, 1.0])


def test_mean_and_std_act_by_channel_on_what_the_network_gets(saved):
    pixels = np.array([[[[255, 0]], [[51, 255]]]], np.uint8)  # 1 x 2 x 1 x 2
    data = load_data(saved(x=pixels, y=[0]), mean=[0.5, 0.2], std=[0.5, 0.4])
    (given,) = data.prepare(*data.inputs)
    assert given.shape == (1, 2, 1, 2)
    assert given.flatten().tolist() == pytest.approx([1.0, -1.0, 0.0, 2.0])
    data = load_data(saved(x=np.array([[3.0, 4.0]]), y=[0]), mean=[1, 2], std=[2, 4])
    assert data.prepare(*data.inputs)[0].tolist() == [[1.0, 0.5]]


def test_every_fault_of_a_file_is_told(saved):
    x = np.ones((8, 3))
    x[2:8, 0] = NAN
    x[1, 1] = INF
    path = saved(x=x, y=[0, -1, 0.5, NAN, 1], x_calibration=np.ones((2, 4), np.float32))
    assert refused(path, mean=[0.0]) == [
        "found NaN or infinite values in 7 of 8 examples of x (at index 1, 2, 3, 4, 5 and 2 more); "
        "expected numbers; correct or remove them",
        "found examples of N x 4, float32 in x_calibration; expected N x 3, float32 as in x; "
        "convert them",
        "found 8 examples and 5 of y; expected as many; check how they were cut",
        "found 3 of 5 y wrong (-1.0 at index 1, 0.5 at index 2, nan at index 3); expected labels, "
        "whole numbers of 0 or more; number the classes from 0; scores take module:callable, "
        "which names their metric",
        "found mean without std; expected both or neither; give std",
        "found 1 values of mean; expected 3, one for each channel; correct them",
    ]


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"x": np.ones((0, 3)), "y": []}, "found no examples in x; expected one at least; fill it"),
        ({"x": np.ones((2, 0)), "y": [0, 1]}, "found no examples in x"),
        ({"x": 1.0, "y": [0]}, "found no examples in x"),
        ({"x": np.full((1, 1), 1e300), "y": [0]}, "found NaN or infinite values in 1 of 1"),
        (
            {"x": np.ones((1, 1), bool), "y": [0]},
            "found x of bool; expected uint8, int32, int64, f",
        ),
        ({"x": np.ones((1, 1), np.int16), "y": [0]}, "found x of int16; expected uint8"),
        ({"x": np.ones((1, 1), complex), "y": [0]}, "found x of complex128; expected uint8"),
        ({"x": np.ones((2, 1)), "y": [[0], [1]]}, "found y of 2x1, int64; expected one number for"),
        ({"x": np.ones((2, 1)), "y": [True, False]}, "found y of 2, bool; expected one number"),
        ({"x": np.ones((1, 1)), "y": 0}, "found y of one number, int64; expected one number for"),
        ({"x": np.ones((1, 1)), "y": [2**31]}, "found 1 of 1 y wrong (2147483648 at index 0)"),
        ({"x": np.ones((1, 1)), "y": [1e30]}, "found 1 of 1 y wrong (1e+30 at"),
        (
            {"x": np.ones((1, 1)), "y": np.array([2**64 - 1], np.uint64)},
            "found 1 of 1 y wrong (18446744073709551615 at index 0)",
        ),
        (
            {"x": np.ones((1, 1)), "y": [0], "x_calibration": np.full((1, 1), NAN)},
            "found NaN or infinite values in 1 of 1 examples of x_calibration (at index 0)",
        ),
        (
            {"x": np.ones((1, 1)), "y": [0], "x_calibration": np.ones((0, 1))},
            "found no examples in x_calibration",
        ),
        (
            {"x": np.ones((1, 1)), "y": [0], "x_calib": np.ones((1, 1))},
            "found an array 'x_calib'; expected x, y, x_calibration, x_learning, y_learning; did "
            "you mean 'x_calibration'?; rename or remove it",
        ),
        ({"y": [0]}, "found no array 'x'; expected x and y; add it"),
        ({"x": ["a"], "y": [0]}, "found no plain arrays (TypeError: "),
        ({"x": np.array([{}]), "y": [0]}, "found no plain arrays (ValueError: Object arrays"),
    ],
)
def test_fault_of_arrays_is_told(saved, arrays, message):
    path = saved(**arrays)
    assert any(line.startswith(message) for line in refused(path))


@pytest.mark.parametrize(
    ("x", "mean", "std", "message"),
    [
        (np.ones((1, 2)), None, [1.0, 1.0], "found std without mean; expected both or neither; g"),
        (np.ones((1, 2)), [0.0], [1.0, 1.0], "found 1 values of mean; expected 2, one for each ch"),
        (np.ones((1, 2)), [0, NAN], [1, 1], "found mean 0, nan; expected numbers; correct them"),
        (np.ones((1, 2)), [0, 0], [1, INF], "found std 1, inf; expected numbers; correct them"),
        (np.ones((1, 2)), [0, 0], [1, 0], "found std 1, 0; expected numbers over 0; correct them"),
        (np.ones(1), [0], [1], "found mean or std for x of N, float32; expected floating point or"),
        (np.array([[1]]), [0], [1], "found mean or std for x of N x 1, int64; expected floating"),
    ],
)
def test_scale_that_does_not_fit_is_refused(saved, x, mean, std, message):
    (line,) = refused(saved(x=x, y=[0]), mean=mean, std=std)
    assert line.startswith(message)


def test_labels_beside_a_file_of_arrays_are_refused(saved):
    path = saved(x=np.ones((1, 1)), y=[0])
    assert refused(path, labels="labels.csv") == [
        "found labels; expected them only for a folder of images; leave them out"
    ]


@pytest.mark.parametrize("content", [b"", b"not arrays", b"PK\x03\x04broken"])
def test_file_of_no_arrays_is_refused(tmp_path, content):
    path = tmp_path / "set.npz"
    path.write_bytes(content)
    (line,) = refused(str(path))
    assert re.match(
        r"found no plain arrays \(.*\); expected x and y; write them with numpy.savez", line
    )


def test_what_is_not_there_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert refused("none.npz") == ["found no such file; expected one; check the path"]
    expected = "found no data; expected a file .npz, a folder of images or module:callable; check"
    for text in ("none", "none.csv", "a/b:c"):
        assert refused(text) == [f"{expected} the path"]
    assert refused("") == [f"data: {expected} the path"]


def test_callable_gives_its_own_data(module):
    data = load_data(
        module(
            "return Data((x, x.double()), y.float() / 3, (x[:1], x[:1]), "
            "lambda *a: a[:1], 'spearman')"
        )
    )
    assert [tensor.dtype for tensor in data.inputs] == [torch.float32, torch.float32]
    assert data.targets.dtype == torch.float64
    assert data.targets.tolist() == pytest.approx([0.0, 1 / 3])
    assert len(data.prepare(*data.inputs)) == 1
    assert (data.metric, len(data.calibration)) == ("spearman", 2)


def test_scores_to_learn_from_stay_scores_where_those_of_the_test_are_whole(module):
    made = "return Data((x,), y, metric='spearman', learning=Examples((x.half(),), y / 2))"
    data = load_data(module(made))
    assert data.learning.inputs[0].dtype == torch.float32
    assert data.targets.dtype == data.learning.targets.dtype == torch.float64
    assert data.learning.targets.tolist() == [0.0, 0.5]


def test_bytes_of_a_callable_are_its_own_affair(module):
    data = load_data(module("return Data((x.byte(),), y)"))
    assert data.prepare(*data.inputs)[0].dtype == torch.uint8


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            "raise RuntimeError('no luck')",
            "found a callable that raises RuntimeError (no luck); exp",
        ),
        (
            "return x, y",
            "found a callable that returns a tuple; expected an archsim.functional.dat",
        ),
        (
            "return Data(x, y)",
            "found inputs of another type; expected inputs and calibration to be",
        ),
        ("return Data((), [1], x)", "found inputs and calibration and targets of another type; ex"),
        (
            "return Data((x, x[:1]), y)",
            "found 1 examples in inputs[1] and 2 in inputs[0]; expected as many; check how they w",
        ),
        (
            "return Data((x,), y, (x, x))",
            "found 2 tensors in calibration; expected 1, one for each of inputs; add or remove",
        ),
        ("return Data((x,), y, learning=(x, y))", "found learning of another type; expected input"),
        (
            "return Data((x,), y, learning=Examples(x, y))",
            "found learning of another type; expecte",
        ),
        (
            "return Data((x,), y, learning=Examples((x, x), y))",
            "found 2 tensors in learning.inputs; expected 1, one for each of inputs; add or remove",
        ),
        (
            "return Data((x,), y, learning=Examples((x,), y - 1))",
            "found 1 of 2 learning.targets wrong (-1 at index 0); expected labels",
        ),
        (
            "return Data((x,), y, metric='top5')",
            "found the metric 'top5'; expected top1 or spearman; did you mean 'top1'?; choose one",
        ),
        (
            "return Data((x,), y / 0, metric='spearman')",
            "found 2 of 2 targets wrong (nan at index 0, inf at index 1); expected numbers",
        ),
        ("return Data((x,), -y)", "found 1 of 2 targets wrong (-1 at index 1); expected labels"),
        ("return load_data('none.npz')", "none.npz: found no such file; expected one; check the"),
    ],
)
def test_fault_of_a_callable_is_told(module, body, message):
    (line,) = refused(module(body))
    assert line.startswith(message)


def test_callable_that_is_not_there_is_refused(module):
    target = module("return None")
    assert refused(f"{target}s") == [
        "found no 'makes'; expected something to call that returns an "
        "archsim.functional.data.Data; check its name"
    ]


def test_options_of_files_beside_a_callable_are_refused(module):
    assert refused(module("return Data((x,), y)"), labels="a.csv", mean=[1.0]) == [
        "found labels, mean; expected them only for files; let what is called return them as "
        "prepare; leave them out"
    ]


def test_path_that_no_file_can_have_is_refused():
    assert refused("x" * 300) == [
        "found a path that cannot be read (File name too long); expected a file .npz, a folder of "
        "images or module:callable; check the path"
    ]
