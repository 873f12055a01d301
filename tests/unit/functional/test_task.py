"""What a task can hold."""

import pytest
import torch

from archsim.errors import WorkloadError
from archsim.functional.task import Examples
from tests.contract.test_bad_input import HOUSE_FORM
from tests.unit.functional.test_evaluation import task

WRONG = {
    "name": (3, "3; expected a text"),
    "model": ([1], "a list of int; expected a torch.nn.Module"),
    "inputs": (torch.zeros(3, 8), "a Tensor; expected a tuple of tensors"),
    "calibration": ((), "a tuple of nothing; expected a tuple of tensors"),
    "targets": ([1, 2], "a list of int; expected a tensor"),
    "metric": ("top", "'top'; expected top1 or spearman; did you mean 'top1'?; choose one"),
    "prepare": (None, "None; expected a function"),
    "batch": ("x", "'x'; expected a whole number, 1 at least"),
    "source": ({"a": 1}, "a dict of int; expected texts by name"),
    "learning": (
        (torch.zeros(3, 8), torch.zeros(3)),
        "a tuple of Tensor; expected Examples; write Examples(inputs, targets), or leave it out",
    ),
}


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        *((name, *case) for name, case in WRONG.items()),
        ("batch", 0, "0; expected a whole number, 1 at least"),
        ("source", None, "None; expected texts by name"),
        ("metric", ["top1"], "a list of str; expected top1 or spearman; choose one"),
        ("inputs", ([1, 2],), "a tuple of list; expected a tuple of tensors"),
    ],
)
def test_what_a_task_cannot_hold_is_refused(name, value, found):
    with pytest.raises(WorkloadError) as error:
        task(**{name: value})
    assert str(error.value).startswith(f"task.{name}: found {found}")
    assert HOUSE_FORM.match(str(error.value))


def test_examples_to_learn_from_are_checked_like_those_that_are_tested():
    with pytest.raises(WorkloadError) as error:
        task(learning=Examples(torch.zeros(3, 8), [1, 2]))
    assert str(error.value).splitlines() == [
        "task.learning.inputs: found a Tensor; expected a tuple of tensors, one for each input of "
        "the network; convert it",
        "task.learning.targets: found a list of int; expected a tensor of one number for each "
        "example; convert it",
    ]


@pytest.mark.parametrize(
    ("inputs", "targets", "message"),
    [
        (
            torch.zeros(0, 8),
            torch.zeros(0),
            "no examples; expected one at least; fill it, or leave",
        ),
        (
            torch.zeros(3, 8),
            torch.zeros(0),
            "no examples; expected one at least; fill it, or leave",
        ),
        (torch.tensor(1.0), torch.tensor(1), "no examples; expected one at least; fill it, or lea"),
        (torch.zeros(3, 8), torch.zeros(2), "3 examples and 2 targets; expected as many; check ho"),
    ],
)
def test_there_is_something_to_learn_from_and_a_target_for_each(inputs, targets, message):
    with pytest.raises(WorkloadError) as error:
        task(learning=Examples((inputs,), targets))
    assert str(error.value).startswith(f"task.learning: found {message}")
    assert HOUSE_FORM.match(str(error.value))


def test_all_that_a_task_cannot_hold_is_told_at_once():
    with pytest.raises(WorkloadError) as error:
        task(**{name: value for name, (value, _) in WRONG.items()})
    places = [line.partition(":")[0] for line in str(error.value).splitlines()]
    assert sorted(places) == sorted(f"task.{name}" for name in WRONG)
