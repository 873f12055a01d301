"""The command that learns plans, on the digits that ship and on a network of a moment's work."""

from __future__ import annotations

import csv
import io
import json
import multiprocessing
import random
import re
import shlex
import time
from pathlib import Path

import numpy as np
import pytest

import archsim as api
from archsim.cli import learning_commands, main
from archsim.cli.options import JudgingOptions
from archsim.functional import store
from archsim.functional.learning import Aim, Rules, keep, learn
from archsim.functional.learning.learning import TRIALS
from archsim.functional.targets import Belongings, load_task
from archsim.workload.plan import plan_document
from tests.commands import archsim
from tests.small_task import forget_small_task, write_small_task

LIGHT = ("--set", "tiles.detector.photons_per_mac=1")
DIGITS = ("homodyne", "digits_cnn", *LIGHT, "--limit", "300")
FEW = ("--steps", "30", "--rate", "0.1")
SMALL = ("homodyne", "small_nets:Small", "--weights", "good.safetensors", "--data", "learn.npz")
PHOTON_J = 6.62607015e-34 * 299792458 / 1.55e-6  # h c / λ of the machine's laser
T_3 = 3.182446  # Student's t, 95 %, three degrees of freedom


@pytest.fixture(scope="module")
def learned(tmp_path_factory):
    """What learning said of the digits, and the plan's file."""
    plan = tmp_path_factory.mktemp("learned") / "plan.json"
    options = ("--target-energy", "0.5 aJ", "--trials", "4", "--seed", "3", "-o", plan)
    done = archsim("learn", *DIGITS, *FEW, *options, "--format", "json")
    assert done.status == 0, done
    return json.loads(done.out), plan, done.err


@pytest.fixture
def folder(tmp_path, monkeypatch):
    write_small_task(tmp_path)
    with np.load(tmp_path / "good.npz") as arrays:
        found = dict(arrays)
    draws = np.random.default_rng(1)
    found["x_learning"] = draws.random((64, 1, 6, 6), dtype=np.float32)
    found["y_learning"] = draws.integers(0, 3, 64)
    np.savez(tmp_path / "learn.npz", **found)
    empty = {name: found[name][:0] for name in ("x_learning", "y_learning")}
    np.savez(tmp_path / "unlearned.npz", **found | empty)
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    forget_small_task()


def refused(*options, model=SMALL, status=2):
    done = archsim("learn", *model, *options)
    assert (done.status, done.out) == (status, ""), done
    return done.err


# ---- what comes of it ---------------------------------------------------------------------------


def test_a_plan_tells_where_it_is_from(learned):
    found, path, _ = learned
    told = json.loads(path.read_text())["provenance"]
    machine = api.load_hardware("homodyne", [LIGHT[1]])
    assert told["model"] == "workloads.models.lenet:DigitsCnn"
    assert re.search("digits_cnn.safetensors sha256:[0-9a-f]{64}$", told["weights"])
    assert told["hardware"] == machine.hash
    assert told["data"].startswith("scikit-learn's load_digits")
    assert (told["seed"], told["trials"], told["limit"]) == ("3", "4", "first 300 of 797 examples")
    value, interval = found["noisy"]["value"], found["noisy"]["over_seeds"]
    assert told["accuracy"].startswith(f"{value:.6g} %, 95 % [")
    assert told["accuracy"].endswith(f"[{interval['low']:.4g}, {interval['high']:.4g}] over seeds")
    assert json.loads(path.read_text()) == found["plan"]


def test_the_document_has_everything(learned):
    found, _, _ = learned
    assert (found["granularity"], found["examples"], found["unit"]) == ("channel", 300, "%")
    assert found["cost"] == {"name": "photons", "value": found["repetitions"], "unit": ""}
    assert (found["crossing"], found["curve"]) == (None, [])
    assert found["energy_per_mac_j"] == pytest.approx(found["repetitions"] * PHOTON_J)
    assert found["energy_per_mac_j"] == pytest.approx(0.5e-18, rel=0.02)
    counts, macs = found["plan"]["counts"], {row["name"]: row["macs"] for row in found["counts"]}
    assert macs == {op.name: op.macs for op in api.load_workload("digits_cnn").gemms}
    light = sum(macs[name] * np.mean(each) for name, each in counts.items())
    assert found["repetitions"] == pytest.approx(light / sum(macs.values()))
    for row in found["counts"]:
        each = counts[row["name"]]
        assert (row["least"], row["most"], row["counts"]) == (min(each), max(each), len(each))
        assert row["repetitions"] == pytest.approx(np.mean(each))
        assert row["macs_share"] == pytest.approx(row["macs"] / sum(macs.values()))
        assert row["repeated_macs_share"] == pytest.approx(row["macs"] * np.mean(each) / light)


def test_what_was_written_is_said_with_commands_that_use_it(learned):
    _, path, words = learned
    last = words.splitlines()[-3:]
    assert last[0].startswith(f"{path}: 4 products, mean repetitions ")
    given = f"--plan {path} --accuracy --trials 4 --seed 3 --limit 300 {' '.join(LIGHT)}"
    assert last[1] == f"  archsim run homodyne digits_cnn {given}"
    assert last[2] == f"  archsim accuracy homodyne digits_cnn {given}".replace(" --accuracy", "")


def test_the_commands_find_the_accuracy_that_was_learned(learned):
    found, _, words = learned
    beside, alone = (
        json.loads(archsim(*line.split()[1:], "--format", "json").out)
        for line in words.splitlines()[-2:]
    )
    assert alone["noisy"] == beside["accuracy"]["noisy"] == found["noisy"]
    assert alone["drop"] == beside["accuracy"]["drop"] == found["drop"]
    assert alone["quantised"] == found["quantised"]


def test_another_seed_finds_an_accuracy_as_near_as_chance_allows(learned):
    found, path, _ = learned
    options = ("--plan", path, "--trials", "4", "--seed", "11", "--format", "json")
    other = json.loads(archsim("accuracy", *DIGITS, *options).out)
    assert other["noisy"]["value"] != found["noisy"]["value"]
    errors = [
        (each["noisy"]["over_seeds"]["high"] - each["noisy"]["value"]) / T_3
        for each in (found, other)
    ]
    error = (sum(each**2 for each in errors) / 2) ** 0.5
    assert error > 0
    assert abs(other["noisy"]["value"] - found["noisy"]["value"]) <= 2.6 * 2**0.5 * error


def test_python_gets_the_same_plan(folder):
    options = ("--target-energy", "3", "--granularity", "op", *FEW, "--trials", "2")
    done = archsim("learn", *SMALL, *options, "--learning-batch", "16", "--format", "json")
    own = Belongings(weights=(Path("good.safetensors"),), data="learn.npz")
    task = load_task("small_nets:Small", own)
    rules = Rules(steps=30, rate=0.1, batch=16)
    expected = learn(task, api.load_hardware("homodyne"), Aim("op", 3.0), trials=2, rules=rules)
    found = json.loads(done.out)
    assert found["plan"] == plan_document(expected.plan)
    even = api.evaluate(task, api.load_hardware("homodyne"), 3, trials=2)
    assert found["uniform"]["repetitions"] == 3
    assert found["uniform"]["noisy"]["value"] == even.noisy.value
    assert found["uniform"]["drop"]["value"] == even.drop.value


def test_what_to_do_is_said_by_options(folder):
    options = ("--target-energy", "3", "--granularity", "op", "--steps", "1", "--rate", "1e-6")
    done = archsim("learn", *SMALL, *options, "--learning-batch", "16", "--trials", "2")
    assert "expected it met; raise --steps or --penalty" in " ".join((done.out + done.err).split())


def test_the_screen_shows_price_accuracy_and_counts(folder):
    options = ("--max-drop", "30", "--granularity", "uniform", "--trials", "2", "--adc", "ideal")
    done = archsim("learn", *SMALL, *options)
    assert done.status == 0, done
    lines = [" ".join(line.split()) for line in done.out.splitlines()]
    assert lines[0] == "Small on homodyne: the same repetitions everywhere"
    starts = ("mean K", "crossing", "quantised", "with noise", "drop", "steps 0", "judged on")
    assert all(any(line.startswith(start) for line in lines) for start in starts)
    assert "settings changed adc ideal" in lines
    assert [line.split()[0] for line in lines[-2:]] == ["conv", "head"]


def test_csv_is_a_row_for_each_product(folder):
    options = ("--target-energy", "3", *FEW, "--trials", "2", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(archsim("learn", *SMALL, *options).out)))
    assert [row["name"] for row in rows] == ["conv", "head"]
    assert [row["channels"] for row in rows] == ["4", "3"]
    assert sum(float(row["repeated_macs_share"]) for row in rows) == pytest.approx(1)


def test_the_machines_own_price_is_that_of_a_run(folder):
    options = ("--target-energy", "4", "--granularity", "uniform", "--cost", "energy")
    done = archsim("learn", *SMALL, *options, "--trials", "2", "--format", "json")
    found = json.loads(done.out)["cost"]
    ran = json.loads(archsim("run", *SMALL, "--accuracy", "--trials", "1", "--repetitions", "4",
                             "--format", "json").out)  # fmt: skip
    assert (found["name"], found["unit"]) == ("energy", "J")
    assert found["value"] == pytest.approx(ran["energy_j"])


def test_examples_are_set_apart_to_learn_from(folder):
    model = (*SMALL[:-1], "good.npz")
    apart = ("--learning", "20", "--learning-batch", "20")
    options = ("--target-energy", "3", *FEW, "--trials", "2", *apart)
    done = archsim("learn", *model, *options, "--format", "json", "-o", "apart.json")
    found = json.loads(done.out)
    assert found["examples"] == 40
    assert found["plan"]["provenance"]["learning"].startswith("first 20 of the 60 test examples")
    commands = [line for line in done.err.splitlines() if line.startswith("  archsim ")]
    assert len(commands) == 2
    for command in commands:
        told = json.loads(archsim(*shlex.split(command)[1:], "--format", "json").out)
        judged = told["accuracy"] if "run" in command.split() else told
        assert judged["noisy"]["value"] == found["noisy"]["value"]
        assert judged["examples"] == 40
        assert not told["warnings"]
    told = json.loads(archsim("accuracy", *model, "--plan", "apart.json", "--format", "json").out)
    assert [note.split(";")[0] for note in told["warnings"]] == [
        "--plan: found one that was learned from the first 20 of the 60 test examples, left out of "
        "the test"
    ]


def test_examples_that_are_also_tested_are_warned_of(folder):
    with np.load("learn.npz") as arrays:
        found = dict(arrays)
    found["x_learning"][:5] = found["x"][:5]
    np.savez("shared.npz", **found)
    options = ("--target-energy", "3", *FEW, "--trials", "2")
    warning = (
        "warning: learning: found 5 of 64 examples among those that are tested, which biases the "
        "result; expected others; remove them from one of the two"
    )
    for data in ("shared.npz", "learn.npz"):
        done = archsim("learn", *SMALL[:-1], data, *options)
        assert (warning in " ".join(done.err.split())) == (data == "shared.npz")


def test_progress_shows_loss_accuracy_and_energy(folder, monkeypatch):
    told = []

    class Bar(learning_commands.ProgressBar):
        def __call__(self, done, of, **words):
            told.append((done, of, words["doing"], words["figures"]))

    monkeypatch.setattr(learning_commands, "ProgressBar", Bar)
    options = ("--target-energy", "3", *FEW, "--trials", "2", *LIGHT)
    assert archsim("learn", *SMALL, *options).status == 0
    number = r"[\d.]+"
    assert told[0][:3] == (1, 30, "learning")
    assert re.fullmatch(rf"loss {number}, {number} [a-z]J/MAC", told[0][3])
    assert told[-1][:3] == (2, 2, "judging")
    assert re.fullmatch(rf"accuracy {number}%, {number} [a-z]J/MAC", told[-1][3])


def test_trials_are_those_of_learning():
    assert JudgingOptions().trials == TRIALS


# ---- what is refused ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "--target-energy, --max-drop: found neither; expected one of them; give what to pay"),
        (("--target-energy", "2", "--max-drop", "2"), "--target-energy, --max-drop: found both;"),
        (
            ("--target-energy", "few"),
            "--target-energy: found 'few'; expected mean repetitions, such as 20, or detected "
            "light for each MAC, such as '2.7 aJ'; write one of them",
        ),
        (
            ("--target-energy", "2 aJ"),
            "--target-energy: found an optical energy per MAC, but 'homodyne' states no photons",
        ),
        (
            ("--max-drop", "2", "--cost", "enrgy"),
            "--cost: found 'enrgy'; expected photons, energy, latency, edp; did you mean 'energy'?",
        ),
        (
            ("--max-drop", "2", "--granularity", "uniform", "--steps", "9", "--rate", "1"),
            "--steps, --rate: found with --granularity uniform, where nothing is learned by steps;",
        ),
        (
            ("--max-drop", "2", "-o", "plan.txt"),
            "plan.txt: found the extension '.txt'; expected .yaml, .yml, .json; choose one of them",
        ),
        (
            ("--max-drop", "2", "-o", "good.json"),
            "good.json: found something that is no plan; expected an earlier plan, or nothing;",
        ),
        (
            ("--max-drop", "2", "-o", "plan.json", "--checkpoint", "plan.json"),
            "plan.json: found it as --output and as --checkpoint; expected a file and a folder;",
        ),
    ],
)
def test_what_is_wrong_is_seen_before_data_are_read(folder, monkeypatch, options, message):
    def reads(*_):
        raise AssertionError("data were read")

    monkeypatch.setattr("archsim.cli.evaluating.load_task", reads)
    (folder / "good.json").write_text("{}")
    assert message in refused(*options)


def test_all_that_is_wrong_with_learning_is_said_at_once(folder):
    options = ("--granularity", "chanel", "--max-drop", "-1", "--penalty", "0", "--steps", "0")
    assert refused(*options).splitlines() == [
        "--granularity: found 'chanel'; expected uniform, op, channel; choose one",
        "--max-drop: found -1; expected a number above 0; correct it",
        "--steps: found 0; expected a whole number, 1 at least; correct it",
        "--penalty: found 0.0; expected a number above 0, since with none counts only grow; "
        "correct it",
    ]


def test_a_target_below_every_plan_is_refused_and_leaves_nothing(folder):
    words = refused("--target-energy", "0.5", *FEW, "--trials", "2", "-o", "plan.json")
    assert words.startswith(
        "--target-energy: found 0.5 mean repetitions; expected more than 1, the least that any "
        "plan has, and at most 16384; correct it"
    )
    assert not list(folder.glob("plan.json*"))


def test_an_empty_folder_can_be_used_after_a_target_was_refused(folder):
    (folder / "kept").mkdir()
    options = (*FEW, "--trials", "2", "--checkpoint", "kept", "--target-energy")
    refused(*options, "0.5")
    assert archsim("learn", *SMALL, *options, "3").status == 0
    before = {path.name: path.read_bytes() for path in (folder / "kept").iterdir()}
    assert len(before) == 3
    assert "found a checkpoint of another run, with other aim; expected" in refused(*options, "2")
    assert {path.name: path.read_bytes() for path in (folder / "kept").iterdir()} == before


def test_uniform_counts_that_cannot_lose_so_little_are_missed_aloud(folder, monkeypatch):
    monkeypatch.setattr("archsim.functional.learning.learning._uniform", lambda *_: None)
    options = ("--max-drop", "50", *FEW, "--trials", "2", "--format", "json")
    done = archsim("learn", *SMALL, *options, "--granularity", "op")
    assert any(
        note.startswith("uniform: found more than 50 lost with the most uniform repetitions")
        for note in json.loads(done.out)["warnings"]
    ), done
    done = archsim("learn", *SMALL, "--max-drop", "50", "--trials", "2", "--format", "json",
                   "--granularity", "uniform")  # fmt: skip
    assert not any(note.startswith("uniform:") for note in json.loads(done.out)["warnings"])


def test_what_could_only_end_in_a_plan_of_no_use_is_refused_by_the_options_name(folder):
    by_power = refused("--target-energy", "2", "--set", "tiles.repetition=power")
    assert by_power.startswith("--granularity: found channel, but 'homodyne' repeats by power;")
    once = refused("--max-drop", "2", "--trials", "1")
    assert once.startswith("--trials: found 1; expected 2 at least, for the interval")


def test_data_to_learn_from_are_needed(folder):
    options = ("--target-energy", "2", *FEW, "--trials", "2")
    unlearned, good = (*SMALL[:-1], "unlearned.npz"), (*SMALL[:-1], "good.npz")
    assert "found no examples in x_learning; expected one at least" in refused(
        *options, model=unlearned
    )
    assert "found no data to learn from; expected other examples than those" in refused(
        *options, model=good
    )
    assert refused(*options, "--learning", "0", model=good) == (
        "--learning: found 0; expected a whole number, 1 at least; correct it\n"
    )
    assert "found 64 examples to learn from; expected none" in refused(*options, "--learning", "9")


def test_a_machine_that_cannot_run_the_network_is_refused_before_learning(folder, monkeypatch):
    def learns(*_, **__):
        raise AssertionError("learning began")

    monkeypatch.setattr("archsim.functional.learning.learn", learns)
    options = ("--max-drop", "2", "--cost", "latency")
    crossbar = ("crossbar", *SMALL[1:])
    narrow = ("--set", "tiles.reload=true", "--set", "tiles.columns=1")
    words = refused(*options, *narrow, model=crossbar, status=3)
    assert words.startswith("conv: a weight takes 4 columns; a core has 1, 3 too few. Raise tiles")
    assert "set tiles.reload: true, or pay photons (--cost photons)" in refused(
        *options, "--set", "tiles.count=9", model=crossbar
    )


def test_a_plan_of_another_network_is_refused(learned):
    _, path, _ = learned
    done = archsim("accuracy", "homodyne", "mnist_cnn", "--plan", path)
    assert done.status == 2
    done = archsim("run", "homodyne", "lenet5", "--plan", path)
    assert done.status == 2
    assert "use the workload that the plan was made for, or make a plan for this one" in done.err


def test_a_folder_of_something_else_is_no_checkpoint(folder):
    (folder / "plan.json.learning").mkdir()
    (folder / "plan.json.learning/mine.txt").write_text("kept")
    words = refused("--target-energy", "2", *FEW, "--trials", "2", "-o", "plan.json")
    assert "plan.json.learning: found something else than a checkpoint of learning" in words
    assert (folder / "plan.json.learning/mine.txt").read_text() == "kept"


# ---- killed and resumed -------------------------------------------------------------------------


IMPORTED = (
    "archsim.cli.evaluating",
    "archsim.cli.learning_commands",
    "archsim.functional.learning",
    "safetensors.torch",
    "torch._dynamo",
    "torch.export._trace",
    "torch.fx.experimental.symbolic_shapes",
)
"""What every run imports, and a server of processes for all of them."""


def keeping_all(arguments):
    """Run a command that keeps every state."""
    keep.EVERY_S = store.EVERY_S = 0.0
    main(arguments)


def test_a_run_that_is_killed_again_and_again_ends_as_an_unbroken_one(folder):
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(list(IMPORTED))

    def started(output):
        options = ("--max-drop", "20", "--steps", "60", "--rate", "0.1", "--trials", "2")
        command = ["learn", *SMALL, *options, "--granularity", "op", "-o", output]
        process = processes.Process(target=keeping_all, args=(command,))
        process.start()
        return process

    def unbroken(output):
        process = started(output)
        process.join(120)
        assert process.exitcode == 0
        assert not (folder / f"{output}.learning").exists()
        return json.loads((folder / output).read_text())

    def kept():
        found = (folder / "killed.json.learning").glob("stage-*.state")
        return {path.name: path.stat().st_mtime_ns for path in found}

    moments = random.Random(0)
    for _ in range(5):
        before, process = kept(), started("killed.json")
        while kept() == before and process.is_alive():
            time.sleep(0.01)
        process.join(moments.uniform(0.0, 0.2))
        process.kill()
        process.join()
    assert kept()
    assert unbroken("killed.json") == unbroken("unbroken.json")


def test_by_power_a_machines_price_is_paid_and_uniform_counts_are_those_of_the_target(folder):
    power = ("--set", "tiles.repetition=power", "--set", "tiles.laser.max_power=100 mW",
             "--set", "tiles.laser.min_power=0.1 mW")  # fmt: skip
    options = ("--target-energy", "3", "--granularity", "op", "--cost", "energy", *FEW)
    done = archsim("learn", *SMALL, *options, *power, "--trials", "2", "--format", "json")
    found = json.loads(done.out)
    assert found["uniform"]["repetitions"] == pytest.approx(3)
    uniform, learned = found["plans"]
    assert learned["energy_j"] == pytest.approx(uniform["energy_j"], rel=0.01)


def test_by_power_a_price_is_paid_within_less_than_one_repetition(folder):
    power = ("--set", "tiles.repetition=power", "--set", "tiles.laser.max_power=1.5 mW",
             "--set", "tiles.laser.min_power=1 mW")  # fmt: skip
    options = ("--max-drop", "90", "--granularity", "uniform", "--cost", "energy", "--no-compare")
    done = archsim("learn", *SMALL, *options, *power, "--trials", "2", "--format", "json")
    assert done.status == 0, done
    found = json.loads(done.out)
    assert found["repetitions"] == 1
    assert found["cost"]["value"] == pytest.approx(found["plans"][0]["energy_j"])


def test_by_power_no_repetition_takes_time_so_that_latency_is_no_price(folder):
    power = ("--set", "tiles.repetition=power", "--set", "tiles.laser.max_power=100 mW",
             "--set", "tiles.laser.min_power=0.1 mW")  # fmt: skip
    options = ("--max-drop", "2", "--granularity", "op", "--cost", "latency", *FEW, *power)
    words = refused(*options, "--trials", "2", "-o", "plan.json")
    assert words.startswith(
        "--max-drop: found 2 at the least latency, which repetitions do not change here; expected "
        "a cost that they raise; choose another one"
    )
    assert not list(folder.glob("plan.json*"))


@pytest.mark.parametrize(("columns", "said"), [(4, True), (2, False)])
def test_a_priced_plan_by_channel_says_where_it_is_by_op(folder, columns, said):
    options = ("--target-energy", "3", "--cost", "energy", *FEW, "--trials", "2", "--no-compare")
    done = archsim("learn", *SMALL, *options, "--set", f"tiles.columns={columns}")
    assert done.status == 0, done
    assert ("holds all channels of each op, so this plan is by op" in done.err) == said


@pytest.mark.parametrize("options", [("-o", "plan.json"), ()], ids=["kept", "nowhere"])
def test_an_interrupted_run_says_where_it_goes_on(folder, monkeypatch, options):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("archsim.functional.learning.learn", interrupted)
    done = archsim("learn", *SMALL, "--target-energy", "3", *FEW, *options)
    assert (done.status, done.out) == (130, "")
    said = "plan.json.learning: what is finished is kept; the same command goes on\n"
    assert done.err == f"{said if options else ''}interrupted\n"


def test_a_plan_is_not_written_into_the_checkpoint(folder):
    (folder / "kept").mkdir()
    done = archsim("learn", *SMALL, "--target-energy", "3", "--checkpoint", "kept", "-o",
                   "kept/plan.json")  # fmt: skip
    assert done.status == 2
    assert done.err.strip() == (
        "kept/plan.json: found it in the folder of --checkpoint; expected it elsewhere, since that "
        "is emptied at the end; choose another folder"
    )


def test_without_an_output_the_checkpoint_stays(folder):
    options = ("--target-energy", "3", "--granularity", "op", *FEW, "--trials", "2")
    assert archsim("learn", *SMALL, *options, "--checkpoint", "kept").status == 0
    assert (folder / "kept" / "learning.json").exists()
