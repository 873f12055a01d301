from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

import archsim
from archsim.report.comparing import Change, compare, described
from archsim.report.comparing_text import print_comparison
from archsim.report.loading import load_report
from archsim.workload import RepetitionPlan, load_workload


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """The same network three times, and another one."""
    folder, lenet = tmp_path_factory.mktemp("saved"), load_workload("lenet5")
    plan = RepetitionPlan.uniform(lenet, 2)
    plan = plan.model_copy(update={"counts": plan.counts | {"c1": (4, 4, 2, 2, 1, 1)}})
    runs = {
        "base": archsim.simulate("homodyne", "lenet5"),
        "twice": archsim.simulate("homodyne", "lenet5", repetitions=2),
        "planned": archsim.simulate(
            archsim.load_hardware("homodyne", ["tiles.count=8"]), lenet, plan
        ),
        "digital": archsim.simulate("digital_int8", "lenet5", batch=2),
        "digits": archsim.simulate("homodyne", "digits_cnn"),
    }
    for name, run in runs.items():
        run.save(folder / name)
    return {name: load_report(folder / name) for name in runs}


def printed(found, **options):
    screen = Console(file=io.StringIO(), width=100, markup=False, highlight=False)
    print_comparison(found, screen, **options)
    return screen.file.getvalue()


def test_ratios_are_of_the_second_run_to_the_first(saved):
    found = compare(saved["base"], saved["twice"])
    pairs = {pair.name: pair for pair in found.headline}
    one, other = (saved[name].headline["latency_s"] for name in ("base", "twice"))
    assert pairs["latency"].ratio == other / one > 1
    assert pairs["latency"].difference == other - one
    assert pairs["area"].ratio == 1


def test_a_run_does_not_differ_from_itself(saved):
    found = compare(saved["base"], saved["base"])
    assert found.settings == found.machine == found.plan == ()
    assert found.alone == ((), ())
    assert {pair.difference for pair in (*found.headline, *found.energies, *found.times)} == {0.0}
    text = printed(found)
    for title in ("Energy by op", "Time by op", "Settings", "Machine", "Plan"):
        assert f"{title}: the same in both runs" in text


def test_uniform_plans_differ_in_one_line(saved):
    found = compare(saved["base"], saved["twice"])
    assert found.plan == (Change("every product", "1", "2"),)


def test_machines_differ_by_path_and_plans_by_op(saved):
    found = compare(saved["base"], saved["planned"])
    assert found.machine == (Change("tiles.count", "4", "8"),)
    by_op = {change.name: (change.one, change.other) for change in found.plan}
    assert by_op["c1"] == ("1", "1 to 4, mean 2.333, in 6 channels")
    assert by_op["f6"] == ("1", "2")


def test_parts_that_only_one_machine_has_are_there(saved):
    found = compare(saved["base"], saved["digital"])
    by_path = {change.name: (change.one, change.other) for change in found.machine}
    assert by_path["tiles.laser.power"][1] is None
    lasers = next(pair for pair in found.components if pair.name == "laser")
    assert (lasers.other.value, lasers.ratio) == (None, None)
    assert Change("batch", "1", "2") in found.settings
    assert "(none)" in printed(found)


def test_ops_that_ride_along_have_no_time_to_compare(saved):
    found = compare(saved["base"], saved["twice"])
    ops = saved["base"].frames["ops"]
    riding = set(ops[ops.bound_by.str.startswith("with ", na=False)].op)
    assert riding
    assert {pair.name for pair in found.times if pair.one.value is None} >= riding


def test_ops_in_one_run_only_are_named(saved):
    one = saved["base"]
    gone = {name: frame.copy() for name, frame in one.frames.items()}
    gone["ops"].loc[1, "op"] = "elsewhere"
    first = one.frames["ops"].op[1]
    found = compare(one, replace(one, frames=gone))
    assert found.alone == ((first,), ("elsewhere",))
    text = printed(found)
    assert f"Ops only in A (1): {first}" in text
    assert "Ops only in B (1): elsewhere" in text


def test_of_different_networks_only_whole_runs_are_compared(saved):
    found = compare(saved["base"], saved["digits"])
    assert not found.same_network
    assert found.energies == found.times == found.plan == ()
    text = printed(found)
    assert "different networks: only whole runs are compared" in text
    assert "by op" not in text
    assert "Plan" not in text


def test_accuracy_is_compared_where_a_run_has_it(saved):
    one = saved["base"]
    known = {"accuracy": {"noisy": {"value": 96.84}, "unit": "%"}}
    other = replace(one, headline=one.headline | known)
    [pair] = [pair for pair in compare(one, other).headline if pair.name == "accuracy"]
    assert (pair.one.text, pair.other.text, pair.ratio) == ("", "96.84%", None)
    ranks = {"accuracy": {"noisy": {"value": 0.5}, "unit": ""}}
    [pair] = [
        pair
        for pair in compare(other, replace(one, headline=one.headline | ranks)).headline
        if pair.name == "accuracy"
    ]
    assert (pair.other.text, pair.ratio) == ("0.5000", None)


def test_long_lists_are_cut_unless_all_is_asked_for(saved):
    found = compare(saved["base"], saved["digital"])
    assert "--all-ops lists them all" in printed(found)
    assert f"Machine: what differs (24 of {len(found.machine)})" in printed(found)
    every = printed(found, all_ops=True)
    assert "--all-ops" not in every
    assert found.machine[-1].name in every


def test_hostile_names_reach_no_terminal(saved):
    one = saved["base"]
    other = replace(one, headline=one.headline | {"workload": "a\x1b[31m\nb"})
    assert "B: a?[31m?b on homodyne" in printed(compare(one, other))


def test_counts_are_told_in_a_few_words():
    assert described((4,)) == "4"
    assert described((2, 2)) == "2 in 2 channels"
    assert described((1, 2.5)) == "1 to 2.5, mean 1.75, in 2 channels"
