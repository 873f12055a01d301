"""What can be varied beside the machine."""

from __future__ import annotations

from itertools import combinations

import pytest

from archsim.documents import Faults
from archsim.sweep.settable import EXCLUSIVE, SETTABLE

COUNT = "found {}; expected a whole number of {}; correct it"
REPETITIONS = "found {}; expected a number of repetitions above 0; give one such as 4"


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("repetitions", 4, 4.0),
        ("repetitions", 1.5, 1.5),
        ("plans", "a.json", "a.json"),
        ("batch", 8, 8),
        ("schedule", "pipelined", "pipelined"),
        ("bits", 4, 4),
        ("activation_bits", 1, 1),
        ("weight_bits", 64, 64),
    ],
)
def test_values_are_kept_as_they_are(name, value, kept):
    found = SETTABLE[name].plain(value)
    assert (found, type(found)) == (kept, type(kept))


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("repetitions", 0, REPETITIONS.format(0)),
        ("repetitions", True, REPETITIONS.format(True)),
        ("repetitions", "4", REPETITIONS.format("'4'")),
        ("repetitions", float("inf"), REPETITIONS.format("inf")),
        ("repetitions", float("nan"), REPETITIONS.format("nan")),
        ("batch", 0, COUNT.format(0, "inputs, 1 at least")),
        ("batch", 1.0, COUNT.format(1.0, "inputs, 1 at least")),
        ("batch", True, COUNT.format(True, "inputs, 1 at least")),
        ("bits", 65, COUNT.format(65, "bits, from 1 to 64")),
        ("weight_bits", None, COUNT.format(None, "bits, from 1 to 64")),
        ("activation_bits", "8", COUNT.format("'8'", "bits, from 1 to 64")),
        ("plans", 3, "found 3; expected the file of a plan; write its name"),
        ("plans", "", "found ''; expected the file of a plan; write its name"),
        (
            "schedule",
            "serail",
            "found 'serail'; expected serial or pipelined; did you mean 'serial'?",
        ),
        ("schedule", 4, "found 4; expected serial or pipelined; choose one"),
        (
            "schedule",
            ["serial"],
            "found ['serial']; expected serial or pipelined; did you mean 'serial'?",
        ),
    ],
)
def test_what_cannot_be_set_is_refused(name, value, message):
    with pytest.raises(Faults) as refused:
        SETTABLE[name].plain(value)
    assert [fault.message for fault in refused.value.faults] == [message]


def test_nothing_has_a_unit_and_counts_are_whole():
    assert all(each.quantity is None for each in SETTABLE.values())
    whole = {name for name, each in SETTABLE.items() if each.whole}
    assert whole == {"batch", "bits", "activation_bits", "weight_bits"}


def test_only_what_says_the_same_excludes_each_other():
    pairs = {frozenset(pair) for pair in combinations(SETTABLE, 2)}
    assert {frozenset(pair) for pair in EXCLUSIVE} < pairs
    assert frozenset(("activation_bits", "weight_bits")) not in map(frozenset, EXCLUSIVE)
