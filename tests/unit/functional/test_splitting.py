"""Examples to learn from, taken from those that are tested."""

import pytest
import torch
from torch import nn

from archsim.errors import ConfigError
from archsim.functional import Conditions, Task
from archsim.functional.splitting import learning_source, split
from archsim.functional.task import Examples
from tests.contract.test_bad_input import HOUSE_FORM


def task(examples=10, metric="top1", **changes):
    inputs = torch.arange(float(examples))[:, None]
    given = {"source": {"data": "rows"}} | changes
    return Task("rows", nn.Identity(), (inputs, -inputs), torch.arange(examples), (inputs[:3],),
                metric=metric, **given)  # fmt: skip


def test_the_first_examples_are_learned_from_and_the_others_judge():
    found = split(task(1300), 300)
    assert found.learning.targets.tolist() == list(range(300))
    assert [values[0].item() for values in found.learning.inputs] == [0, 0]
    assert found.targets.tolist() == list(range(300, 1300))
    assert [values.flatten().tolist() for values in found.inputs] == [
        [float(place) for place in range(300, 1300)],
        [-float(place) for place in range(300, 1300)],
    ]
    assert len(found.calibration[0]) == 3
    assert found.source == {
        "data": "rows",
        "learning": "first 300 of the 1,300 test examples, left out of the test",
    }


def test_what_calibrates_is_recorded_by_its_number_before_the_split():
    source = {"calibration": "first 3 test examples"}
    assert split(task(source=source), 2).source["calibration"] == (
        "first 3 test examples (counted before some were left out to learn from)"
    )
    assert split(task(source={"calibration": "others"}), 2).source["calibration"] == "others"


def test_a_limit_takes_of_those_that_judge():
    found = Conditions(limit=4).part_of(split(task(), 3))
    assert found.targets.tolist() == [3, 4, 5, 6]
    assert found.learning.targets.tolist() == [0, 1, 2]
    assert found.source["limit"] == "first 4 of 7 examples"


@pytest.mark.parametrize("learning", [0, -1, 2.5, True, None])
def test_what_is_no_count_is_refused(learning):
    with pytest.raises(ConfigError) as error:
        split(task(), learning)
    assert str(error.value) == (
        f"learning: found {learning!r}; expected a whole number, 1 at least; correct it"
    )


@pytest.mark.parametrize(
    ("metric", "most", "rest"),
    [("top1", 18, "found 1; expected 2 at least"), ("spearman", 10, "found 9; expected 10 at lea")],
)
def test_as_many_are_left_as_the_metric_needs(metric, most, rest):
    assert len(split(task(20, metric), most).targets) == 20 - most
    with pytest.raises(ConfigError) as error:
        split(task(20, metric), most + 1)
    assert str(error.value).startswith(
        f"learning: found {most + 1} of 20 test examples, which leaves too few to judge (examples: "
        f"{rest}"
    )
    assert str(error.value).endswith("; expected fewer; lower it")
    assert HOUSE_FORM.match(str(error.value))
    with pytest.raises(ConfigError, match="found 1,000 of 20 test examples, which leaves too few"):
        split(task(20, metric), 1000)


def test_a_task_that_has_learning_data_is_not_split():
    with pytest.raises(ConfigError) as error:
        split(split(task(), 3), 3)
    assert str(error.value) == (
        "rows: found 3 examples to learn from; expected none where test examples are to be set "
        "apart; leave --learning out"
    )


def test_only_examples_equal_in_all_inputs_are_shared_with_the_test():
    tested = task().inputs
    own = (torch.tensor([[1.0], [2.0], [20.0]]), torch.tensor([[-1.0], [2.0], [-20.0]]))
    assert learning_source(Examples(own, torch.zeros(3)), tested) == {
        "learning": "the data's own 3 examples, 1 of them among those that are tested: the result "
        "is biased"
    }
    apart = tuple(values[1:] for values in own)
    found = learning_source(Examples(apart, torch.zeros(2)), tested)
    assert found == {"learning": "the data's own 2 examples"}
    assert learning_source(None, tested) == {}
