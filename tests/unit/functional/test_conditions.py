"""How an evaluation is run: what can be chosen, and what cannot."""

import numpy as np
import pytest
import torch
from torch import nn

from archsim.errors import ConfigError
from archsim.functional import Conditions, Settings, Task
from archsim.functional.task import Examples
from tests.contract.test_bad_input import HOUSE_FORM

WRONG = {
    "trials": (0, "trials: found 0; expected a whole number, 1 at least"),
    "seed": (-1, "seed: found -1; expected a whole number, 0 at least"),
    "batch": (0.5, "batch: found 0.5; expected a whole number, 1 at least"),
    "limit": (1, "limit: found 1; expected 2 examples at least"),
    "settings": (None, "settings: found None; expected Settings"),
    "bits": (8, "bits: found 8; expected two whole numbers, of activations and of weights"),
    "device": ("moon", "device: found 'moon'; expected cpu or cuda"),
}


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        *((name, *case) for name, case in WRONG.items()),
        ("trials", True, "trials: found True; expected a whole number"),
        ("trials", None, "trials: found None; expected a whole number"),
        ("seed", 1.0, "seed: found 1.0; expected a whole number"),
        ("limit", 2.5, "limit: found 2.5; expected a whole number, 2 at least"),
        ("bits", (8,), "bits: found (8,); expected two whole numbers"),
        ("bits", (8, "8"), "bits: found (8, '8'); expected two whole numbers"),
        ("device", "mps", "device: found 'mps'; expected cpu or cuda"),
        (
            "device",
            "cuda:99",
            "device: found 'cuda:99', which is not there; expected",
        ),
    ],
)
def test_what_cannot_be_is_refused(name, value, message):
    with pytest.raises(ConfigError) as error:
        Conditions(**{name: value})
    assert str(error.value).startswith(message)
    assert HOUSE_FORM.match(str(error.value))


def test_all_that_cannot_be_is_told_at_once():
    with pytest.raises(ConfigError) as error:
        Conditions(**{name: value for name, (value, _) in WRONG.items()})
    places = [line.partition(":")[0] for line in str(error.value).splitlines()]
    assert sorted(places) == sorted(WRONG)


def test_some_are_changed_and_checked_again():
    conditions = Conditions(trials=3, settings=Settings(sources=frozenset()))
    changed = Conditions.of(conditions, {"seed": 4})
    assert (changed.trials, changed.seed, changed.settings) == (3, 4, conditions.settings)
    assert Conditions.of(None, {}) == Conditions()
    with pytest.raises(ConfigError, match=r"^seed: found -4"):
        Conditions.of(conditions, {"seed": -4})


def test_what_is_as_good_as_a_plain_value_becomes_one():
    found = Conditions(seed=np.int64(3), limit=np.int32(9), bits=[4, None])
    assert found == Conditions(seed=3, limit=9, bits=(4, None))
    assert (type(found.seed), type(found.limit)) == (int, int)
    assert repr(Conditions(device=torch.device("cpu"))) == repr(Conditions(device="cpu"))


def test_settings_in_the_place_of_conditions_are_refused():
    with pytest.raises(ConfigError, match=r"^conditions: found a Settings; expected") as error:
        Conditions.of(Settings(), {})
    assert HOUSE_FORM.match(str(error.value))


def test_an_unknown_condition_is_told_with_those_that_there_are():
    words = r"^trails: found no such condition; expected one of trials, .*; did you mean 'trials'\?"
    with pytest.raises(TypeError, match=words) as error:
        Conditions.of(None, {"trails": 3})
    assert HOUSE_FORM.match(str(error.value))


def test_a_limit_takes_the_first_examples_and_leaves_all_others():
    inputs, targets = torch.arange(10.0)[:, None], torch.arange(10)
    learning = Examples((inputs,), targets)
    source = {"data": "ten"}
    task = Task(
        "ten", nn.Identity(), (inputs,), targets, (inputs,), source=source, learning=learning
    )
    part = Conditions(limit=4).part_of(task)
    assert part.inputs[0].flatten().tolist() == part.targets.tolist() == [0, 1, 2, 3]
    assert len(part.calibration[0]) == 10
    assert part.learning is learning
    assert part.source == {"data": "ten", "limit": "first 4 of 10 examples"}
    assert Conditions(limit=10).part_of(task) is task
    assert Conditions(limit=4).part_of(part) is part
