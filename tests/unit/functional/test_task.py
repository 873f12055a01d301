"""What a task can hold."""

import pytest
import torch

from archsim.errors import WorkloadError
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


def test_all_that_a_task_cannot_hold_is_told_at_once():
    with pytest.raises(WorkloadError) as error:
        task(**{name: value for name, (value, _) in WRONG.items()})
    places = [line.partition(":")[0] for line in str(error.value).splitlines()]
    assert sorted(places) == sorted(f"task.{name}" for name in WRONG)
