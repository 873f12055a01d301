from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time

import pandas as pd
import pytest

import archsim as api
from archsim.cli import evaluating
from archsim.functional.targets import shipped_tasks
from tests.commands import archsim
from tests.small_task import forget_small_task, write_small_task

OWN = ("small_nets:Small", "--weights", "good.safetensors", "--data", "good.npz", "--trials", "2")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    write_small_task(tmp_path)
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    forget_small_task()


def told(*arguments):
    done = archsim(*arguments, "--format", "json")
    assert (done.status, done.err) == (0, ""), done
    return json.loads(done.out)


def test_a_model_of_ones_own_is_evaluated(folder):
    done = archsim("accuracy", "homodyne", *OWN, "-o", "found.json")
    assert (done.status, done.err) == (0, "")
    assert done.out.startswith("Small on homodyne: top-1 accuracy of 60 examples\n")
    found = told("accuracy", "homodyne", *OWN)
    assert json.loads((folder / "found.json").read_text()) == found
    assert [row["name"] for row in found["precision"]] == ["conv", "head"]
    assert (found["trials"], len(found["values"]), found["batch"]) == (2, 2, 100)
    assert found["provenance"]["model"] == "small_nets:Small"


def test_python_gets_the_same_from_the_same(folder):
    machine = api.load_hardware("homodyne", ["tiles.count=2"])
    task = api.load_task("small_nets:task")
    expected = api.evaluate(task, machine, 3, trials=2, seed=5, batch=9)
    found = told(
        "accuracy", "homodyne", "small_nets:task", "--trials", "2", "--seed", "5", "--batch", "9",
        "--repetitions", "3", "--set", "tiles.count=2",
    )  # fmt: skip
    assert found["values"] == list(expected.values)
    assert found["drop"]["value"] == expected.drop.value
    assert [row["repetitions"] for row in found["precision"]] == [3, 3]


def test_csv_is_the_table_of_products():
    options = ("accuracy", "homodyne", *OWN, "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(archsim(*options).out)))
    assert [row["name"] for row in rows] == ["conv", "head"]
    assert float(rows[0]["noise_bits"]) > 0
    silent = archsim(*options, "--noise", "none").out
    assert silent.splitlines()[0].startswith("name,macs,fan_in")
    assert len(silent.splitlines()) == 1


def test_a_plan_gives_each_product_its_count(folder):
    machine, task = api.load_hardware("homodyne"), api.load_task("small_nets:task")
    network = api.exported(task).workload
    plan = api.RepetitionPlan(
        fingerprint=network.fingerprint, counts={"conv": [1, 2, 3, 4], "head": 5}
    )
    api.save_plan(plan, folder / "plan.yaml")
    found = told("accuracy", "homodyne", "small_nets:task", "--plan", "plan.yaml", "--trials", "1")
    assert [row["repetitions"] for row in found["precision"]] == [4, 5]
    expected = api.evaluate(task, machine, plan, trials=1)
    assert found["values"] == list(expected.values)


def test_bits_noise_and_settings_act():
    base = told("accuracy", "homodyne", *OWN)
    few = told("accuracy", "homodyne", *OWN, "--bits", "2", "--noise", "none", "--float")
    assert few["quantised"] == few["clean"] == base["clean"]
    assert (few["noise"], few["provenance"]["bits"]) == ([], "2, 2")
    some = told("accuracy", "homodyne", *OWN, "--noise", "shot", "--adc", "ideal")
    assert some["noise"] == ["detector.shot"]
    assert {row["adc_bits"] for row in some["precision"]} == {None}
    coarse = told("accuracy", "homodyne", *OWN, "--activation-bits", "1", "--weight-bits", "2")
    assert coarse["provenance"]["bits"] == "1, 2"
    page = archsim("accuracy", "homodyne", *OWN, "--adc", "ideal").out
    assert " ".join(page.split()).count("settings changed adc ideal") == 1


def test_a_moving_average_has_a_momentum():
    moving = ("accuracy", "homodyne", *OWN, "--batch", "5", "--ranges", "moving_average")
    usual, given = told(*moving), told(*moving, "--momentum", "0.9")
    assert usual["provenance"]["settings"] != given["provenance"]["settings"]
    assert "momentum=0.9" in given["provenance"]["settings"]
    assert usual == told(*moving, "--momentum", "0.01")
    assert usual["values"] != given["values"]


def test_intervals_are_told_of_after_the_passes(monkeypatch):
    bars = []

    class Bar(evaluating.ProgressBar):
        def __init__(self, doing):
            bars.append([doing])
            super().__init__(doing)

        def __call__(self, done, total):
            bars[-1].append((done, total))

        def __exit__(self, *_):
            bars[-1].append("gone")

    monkeypatch.setattr(evaluating, "ProgressBar", Bar)
    archsim("accuracy", "homodyne", *OWN)
    assert [(bar[0], bar[-2], bar[-1]) for bar in bars] == [
        ("evaluating", (5, 5), "gone"),  # clean, quantised, two trials and what noise does
        ("intervals", (4000, 4000), "gone"),
    ]
    assert all(len(bar) == 2 + bar[-2][1] for bar in bars)


def test_a_part_of_the_data_is_said_to_be_one():
    done = archsim("accuracy", "homodyne", *OWN, "--limit", "20")
    assert "accuracy of 20 examples" in done.out
    assert "first 20 of 60 examples" in done.out
    assert done.err.startswith("warning: --limit: found first 20 of 60 examples; expected all")
    assert archsim("accuracy", "homodyne", *OWN, "--limit", "60").err == ""


def test_test_examples_that_set_ranges_are_said_to_do_so():
    options = [*OWN[:4], "uncalibrated.npz"]
    done = archsim("accuracy", "homodyne", *options, "--trials", "1")
    assert done.status == 0
    assert "no calibration data, so its first 60 test examples set the ranges" in done.err


def test_what_users_code_prints_is_no_data():
    done = archsim("accuracy", "homodyne", "small_nets:prints", *OWN[1:], "--format", "json")
    assert (done.status, done.err) == (0, "building\n")
    assert json.loads(done.out)["task"] == "prints"


def test_a_checkpoint_goes_on_where_it_was(folder):
    kept = ("--checkpoint", "kept.json")
    first = told("accuracy", "homodyne", *OWN, *kept)
    before = json.loads((folder / "kept.json").read_text())["results"]
    longer = told("accuracy", "homodyne", *OWN[:-1], "3", *kept)
    after = json.loads((folder / "kept.json").read_text())["results"]
    assert longer["values"][:2] == first["values"]
    assert set(after) - set(before) == {"trial 2"}


# ---- beside a run -------------------------------------------------------------------------------


def test_one_report_holds_cost_and_accuracy(folder):
    options = ("homodyne", *OWN, "--repetitions", "3")
    found = told("run", *options, "--accuracy", "-o", "saved")
    cost, alone = api.load_hardware("homodyne"), told("accuracy", *options)
    task = api.load_task("small_nets:task")
    expected = api.simulate(cost, api.exported(task).workload, repetitions=3)
    assert found["latency_s"] == expected.latency_s
    assert found["energy_j"] == expected.energy_j
    assert found["accuracy"]["values"] == alone["values"]
    assert found["precision"] == alone["precision"]
    assert found["accuracy"]["provenance"]["plan"] == found["provenance"]["plan_hash"]
    assert (
        found["accuracy"]["provenance"]["workload"] == found["provenance"]["workload_fingerprint"]
    )
    assert json.loads((folder / "saved/report.json").read_text()) == found
    assert list(pd.read_parquet(folder / "saved/precision.parquet").op) == ["conv", "head"]


def test_the_table_of_a_run_has_accuracy_in_its_headline():
    done = archsim("run", "homodyne", *OWN, "--accuracy", "--adc", "full_scale")
    headline = done.out.partition("\n\n")[0]
    assert all(word in headline for word in ("latency", "energy", "accuracy", "drop"))
    assert done.err == "warning: settings: adc full scale\n"


def test_the_csv_of_a_run_gains_columns():
    done = archsim("run", "homodyne", *OWN, "--accuracy", "--format", "csv")
    rows = {row["op"]: row for row in csv.DictReader(io.StringIO(done.out))}
    assert float(rows["conv"]["noise_bits"]) > 0
    assert rows["(input)"]["noise_bits"] == ""


def test_a_shipped_workload_is_that_of_its_task(monkeypatch):
    other = api.load_workload("lenet5").model_copy(update={"name": "digits_cnn"})
    monkeypatch.setattr("archsim.functional.targets.load_workload", lambda _: other)
    done = archsim("run", "homodyne", "digits_cnn", "--accuracy")
    assert (done.status, done.out) == (2, "")
    assert done.err.startswith("digits_cnn: found another network in the task (sha256:")


# ---- precision ----------------------------------------------------------------------------------


def test_precision_is_that_of_an_evaluation():
    options = OWN[:-2]
    found = told("precision", "homodyne", *options, "--repetitions", "2")
    alone = told("accuracy", "homodyne", *OWN, "--repetitions", "2")
    assert found["precision"] == alone["precision"]
    assert not {"noise_bits_check", "clean", "quantised", "noisy", "drop", "values"} & set(found)
    page = archsim("precision", "homodyne", *options).out
    assert page.startswith("Small on homodyne: precision over 60 examples\n")
    assert "ENOB 7.5" in page


def test_precision_is_saved_over_an_earlier_one(folder):
    for repetitions in ("2", "3"):
        found = told(
            "precision", "homodyne", *OWN[:-2], "--repetitions", repetitions, "-o", "p.json"
        )
        assert json.loads((folder / "p.json").read_text()) == found


def test_precision_checks_its_noise_bits(monkeypatch):
    exports = []
    whole = evaluating.exported
    monkeypatch.setattr(evaluating, "exported", lambda task: exports.append(task) or whole(task))
    monkeypatch.delattr("archsim.functional.setup.exported")
    found = told("precision", "homodyne", *OWN, "--repetitions", "64", "--check")
    check = found["noise_bits_check"]
    assert len(exports) == 1
    assert abs(check["difference"]["value"]) < 20
    assert (check["unit"], check["examples"], check["trials"]) == ("%", 60, 2)
    page = archsim("precision", "homodyne", *OWN, "--repetitions", "64", "--check").out
    assert "rounded to its noise bits instead" in page


# ---- tasks --------------------------------------------------------------------------------------


def test_tasks_are_listed_with_metric_and_whether_their_data_is_there(monkeypatch, tmp_path):
    monkeypatch.setenv("ARCHSIM_DATA", str(tmp_path))
    done = archsim("tasks")
    assert done.status == 0
    rows = {line.split()[0]: line.split()[1:4] for line in done.out.splitlines() if line.split()}
    assert rows["digits_cnn"] == ["top1", "797", "there"]
    assert rows["minilm_stsb"] == ["spearman", "1,379", "missing"]
    assert "found no mnist/mnist.npz and no mnist/ccexam_mnistnet.pth; expected all" in done.err
    assert "set ARCHSIM_DATA to the folder" in done.err
    listed = json.loads(archsim("tasks", "--format", "json").out)
    assert [row["task"] for row in listed] == list(shipped_tasks())
    assert archsim("tasks", "--format", "csv").out.startswith("task,about,metric,examples,missing")


def test_tasks_are_listed_without_reading_any(monkeypatch):
    def reads(_):
        raise AssertionError("a task was loaded")

    monkeypatch.setattr(api.Task, "__post_init__", reads)
    assert archsim("tasks").status == 0


@pytest.mark.parametrize("command", ["accuracy", "precision", "tasks"])
def test_help_is_data(command):
    done = archsim(command, "--help")
    assert (done.status, done.err) == (0, "")


def test_control_c_keeps_what_is_done(folder):
    code = (
        "import signal, sys\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from archsim.cli import main\n"
        "main(sys.argv[1:])"
    )
    command = ("accuracy", "homodyne", *OWN[:-1], "100000", "--checkpoint", "kept.json")
    process = subprocess.Popen(
        [sys.executable, "-c", code, *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    with process:
        try:
            until = time.monotonic() + 300
            while not (folder / "kept.json").exists() and time.monotonic() < until:
                time.sleep(0.1)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=120)
        finally:
            process.kill()
    said = "kept.json: what is finished is kept; the same command goes on\ninterrupted\n"
    assert (process.returncode, out, err) == (130, "", said)
    assert "clean" in json.loads((folder / "kept.json").read_text())["results"]


def test_precision_warns_of_a_part_only_where_it_looks_at_fewer(monkeypatch):
    monkeypatch.setattr("archsim.functional.passes.RECORDED", 20)
    for limit, warned in (("20", False), ("19", True)):
        done = archsim("precision", "homodyne", *OWN[:-2], "--limit", limit)
        assert done.err.startswith("warning: --limit: found first 19 of 60") is warned
    checked = archsim("precision", "homodyne", *OWN, "--limit", "20", "--check")
    assert checked.err.startswith("warning: --limit: found first 20 of 60")
