"""The script behind the tables of learned repetitions, made small: one network, a few steps."""

from __future__ import annotations

import re
from argparse import Namespace

import numpy as np
import pytest
import torch

from analysis import learning_cells, learning_machines
from analysis import learning_table as script
from archsim.functional.learning import Crossing
from archsim.functional.learning.crossing import Resampling
from archsim.functional.statistics import Interval
from archsim.hardware import load_hardware
from archsim.report import simulate
from archsim.workload import RepetitionPlan, load_plan, load_workload, save_plan
from workloads.tasks import TASKS

CHOSEN = Namespace(networks=["digits_cnn"], noise=["thermal"], threads=1)
FEW = 4


@pytest.fixture
def small(tmp_path, monkeypatch):
    monkeypatch.setattr(learning_cells, "FOLDER", tmp_path / "cells")
    monkeypatch.setattr(learning_cells, "UNFINISHED", tmp_path / "unfinished")
    monkeypatch.setattr(learning_cells, "NETWORKS", {"digits_cnn": FEW})
    monkeypatch.setattr(learning_cells, "TRIALS", {FEW: 2})
    monkeypatch.setattr(learning_cells, "MAX_DROP", 1.0)
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


def test_cells_are_run_once_and_what_is_missing_is_said(small, capsys):
    chosen = list(script.cells(CHOSEN.networks, CHOSEN.noise))
    assert script.least_table(chosen).count("not run") == 3
    assert script.run_all(CHOSEN)
    first = capsys.readouterr().err
    assert first.count(" s)") == 3
    assert script.run_all(CHOSEN)
    assert capsys.readouterr().err.count("(kept)") == 3
    cells = {cell.granularity: cell.read() for cell in chosen}
    assert set(cells["channel"]["ratios"]) == {"uniform", "op"}
    low, high = cells["op"]["interval"]
    assert low <= cells["op"]["repetitions"] <= high
    row = script.least_table(chosen).splitlines()[2].split(" | ")
    assert row[0] == "| digits_cnn"
    assert row[2].startswith(f"{cells['uniform']['repetitions']:.3g} [")
    assert script.system_table(chosen).count("| thermal |") == 3
    kept = chosen[0].read()
    learning_cells.write(
        chosen[0], kept | {"machines": {}, "uneven": {}}
    )  # as another mapping had it
    assert script.run_all(CHOSEN)
    assert capsys.readouterr().err.count("(brought up to date)") == 1
    assert chosen[0].read() == kept
    assert script.run_all(CHOSEN)
    assert capsys.readouterr().err.count("(kept)") == 3


def test_cells_are_compared_anew_where_another_was_run_again(small, monkeypatch):
    uniform, by_op, channel = script.cells(["digits_cnn"], ["thermal"])
    uneven = learning_machines.uneven("digits_cnn")
    for cell, mean in ((uniform, 8.0), (by_op, 4.0), (channel, 2.0)):
        cell.keep(crossing(mean))
        others = learning_cells.counts_of(cell.others)
        learning_cells.write(cell, {"repetitions": mean, "uneven": uneven, "others": others})
    assert all(script.is_up_to_date(cell.read(), cell) for cell in (uniform, by_op, channel))
    uniform.keep(crossing(16.0))
    learning_cells.write(uniform, {"repetitions": 16.0, "uneven": uneven, "others": {}})
    for cell, ratios in ((by_op, {"uniform": 1 / 4}), (channel, {"uniform": 1 / 8, "op": 1 / 2})):
        assert not script.is_up_to_date(cell.read(), cell)
        found = script.brought_up_to_date(cell, cell.read(), None)  # no plan is there, or needed
        assert found["ratios"] == {name: approx3(value) for name, value in ratios.items()}
        assert found == cell.read()
        assert script.is_up_to_date(found, cell)
    uniform.crossing_path.unlink()
    by_op.crossing_path.unlink()
    assert script.brought_up_to_date(by_op, by_op.read(), None) is None


def test_a_cell_is_run_again_where_what_others_need_of_it_is_gone(small, monkeypatch):
    cell, ran = script.Cell("digits_cnn", "thermal", "uniform"), []
    monkeypatch.setattr(learning_cells, "run", lambda *of: ran.append(of))
    with pytest.raises(ValueError, match="digits_cnn-thermal-uniform: nothing was kept"):
        learning_cells.crossing_of(cell, task=None)
    assert ran == [(cell, None)]


def test_a_plan_that_is_gone_or_was_learned_otherwise_is_learned_again(small, monkeypatch):
    cell, ran = script.Cell("digits_cnn", "thermal", "op"), []
    workload = load_workload("digits_cnn")
    one, other = (RepetitionPlan.uniform(workload, k) for k in (1, 2))

    def run(*of):
        ran.append(of)
        save_plan(other, cell.plan_path)
        learning_cells.write(cell, {"provenance": other.provenance})

    monkeypatch.setattr(learning_cells, "run", run)
    learning_cells.UNFINISHED.mkdir()
    assert learning_cells.plan_of(cell, None) == other
    assert learning_cells.plan_of(cell, None) == other
    assert len(ran) == 1
    save_plan(one, cell.plan_path)
    assert learning_cells.plan_of(cell, None) == other
    assert ran == [(cell, None)] * 2


def test_plans_are_compared_by_what_their_runs_take(small):
    workload = load_workload("digits_cnn")
    counts = {"op": 8, "channel": 4}
    cells = {name: script.Cell("digits_cnn", "shot", name) for name in counts}
    learning_cells.UNFINISHED.mkdir()
    for name, cell in cells.items():
        plan = RepetitionPlan.uniform(workload, counts[name])
        save_plan(plan, cell.plan_path)
        learning_cells.write(cell, {"provenance": plan.provenance})
        cell.keep(crossing(float(counts[name])))
    of = cells["channel"]
    plan = load_plan(of.plan_path, workload)
    took = {k: simulate("homodyne", workload, repetitions=k) for k in counts.values()}
    found = learning_cells.runs_compared(of, of.kept(), plan, None)
    assert list(found) == ["energy", "latency", "product"]
    for amount, (value, low, high) in found.items():
        ratios = {
            "energy": took[4].energy_j / took[8].energy_j,
            "latency": took[4].latency_s / took[8].latency_s,
        }
        ratios["product"] = ratios["energy"] * ratios["latency"]
        assert [value, low, high] == pytest.approx([ratios[amount]] * 3)
    assert learning_cells.runs_compared(cells["op"], crossing(8.0), plan, None) == {}


def test_what_a_machine_executes_digitally_has_one_count_there():
    workload = load_workload("minilm_sst2")
    plan = RepetitionPlan.uniform(workload, 4)
    on_homodyne = learning_machines.repeated(workload, load_hardware("homodyne"), plan)
    assert on_homodyne.counts == plan.counts
    counts = learning_machines.repeated(workload, load_hardware("crossbar"), plan).counts
    ones = {op.name for op in workload.gemms if counts[op.name] == (1,)}
    assert ones == {op.name for op in workload.gemms if op.gemm.dynamic}
    assert len(ones) == 12  # scores, and what they weigh, of each of 6 blocks


def test_what_had_not_settled_has_a_star_and_light_is_that_of_all_products():
    found = {"notes": ["max_drop: the plan is that one"], "energy_per_mac_j": 2e-18}
    assert script.mark(found) == ""
    assert script.mark({"notes": ["learning: found counts that still moved"]}) == "*"
    cell = script.Cell("digits_cnn", "shot", "op")
    assert script.own_light(cell, found) == "913 fJ"  # 456,704 products
    assert script.own_light(cell, found | {"energy_per_mac_j": None}) == ""


def test_a_cell_with_a_price_is_learned_again_where_mapping_has_changed(small, monkeypatch, capsys):
    cell, ran = script.Cell("digits_cnn", "shot", "channel", "energy"), []
    monkeypatch.setattr(script, "cells", lambda *_: [cell])
    monkeypatch.setattr(script, "is_same", lambda *_: True)
    monkeypatch.setattr(script, "run", lambda *of: ran.append(of))
    monkeypatch.setattr(script, "text", str)
    found = {"uneven": learning_machines.uneven("digits_cnn"), "others": {"op": None}}
    learning_cells.write(cell, found)
    script.run_all(CHOSEN)
    assert not ran
    learning_cells.write(cell, found | {"uneven": {}})
    script.run_all(CHOSEN)
    assert [of[0] for of in ran] == [cell]


def test_the_table_of_prices_says_what_each_saves_and_what_takes_more(small):
    drop = {"value": 2.0, "over_examples": {"low": 1.0, "high": 3.0}}
    took = {"homodyne": {"energy_j": 2e-6, "latency_s": 3e-6}}
    found = {"plan_repetitions": 5.0, "drop": drop, "machines": took, "notes": []}
    for granularity, price, over in (
        ("op", "photons", None), ("channel", "photons", [1.5, 1.25, 2.0]),
        ("channel", "energy", [0.5, 0.25, 0.75]), ("channel", "edp", [0.9, 0.8, 1.1]),
    ):  # fmt: skip
        cell = script.Cell("digits_cnn", "shot", granularity, price)
        learning_cells.write(cell, found | {"paid": {"energy": over} if over else {}})
    cells = list(script.cells(["digits_cnn"], ["shot"]))
    rows = [line.strip("| ").split(" | ")[1:] for line in script.price_table(cells).splitlines()]
    shown = {(row[0], row[1]): row[2:] for row in rows[2:]}
    assert shown["uniform", "photons"][0] == shown["channel", "latency"][0] == "not run"
    assert shown["op", "photons"][:4] == ["5", "2.00 [1.00, 3.00]", "2 uJ", "3 us"]
    assert [shown["channel", price][4] for price in ("photons", "energy", "edp")] == [
        "-50 % [-100, -25]", "50 % [25, 75]", "not resolved",
    ]  # fmt: skip


def test_what_is_saved_has_an_interval_that_does_not_hold_nothing():
    assert script.saved([0.5, 0.25, 0.75]) == "50 % [25, 75]"
    assert script.saved([0.5, 0.25, 0.9997]) == "50 % [0.03, 75]"
    assert script.saved([0.5, None, 0.75]) == "50 % [25, ?]"
    assert script.saved([0.5, 0.25, None]) == "not resolved"
    assert script.saved([None, 0.25, 0.75]) == "not resolved"
    assert script.saved(None) == ""


def approx3(value):
    return pytest.approx([value] * 3)


def crossing(mean, samples=()):
    found = np.log([mean] * 40 if not len(samples) else samples)
    return Crossing(
        drop=2.0, repetitions=mean, bracket=Interval(1, 16), interval=Interval(1, 16),
        tried=Interval(1, 16), censored_low=0.0, censored_high=0.0, samples=np.resize(found, 40),
        resampling=Resampling(10, 2, 0, 40), targets_hash="a",
    )  # fmt: skip


# ---- what the page beside the tables says of them ------------------------------------------------


FOUND = [
    (cell, found)
    for cell in script.cells(list(script.NETWORKS), list(script.NOISES))
    if (found := cell.read()) is not None
]
KEPT = [(cell, found) for cell, found in FOUND if cell.crossing_path.exists()]
"""Those that were run since resamples are kept."""


def test_cells_are_kept_by_any_build_of_their_release_of_torch(monkeypatch):
    task = TASKS["digits_cnn"]()
    chosen = [(cell, found) for cell, found in FOUND if cell.network == "digits_cnn"]
    assert len(chosen) == 12
    for cell, found in chosen:
        release = found["provenance"]["torch"].partition("+")[0]
        for torch_, kept in ((release, True), (f"{release}+cu130", True), (f"{release}.1", False)):
            installed = found["provenance"] | {"torch": torch_}
            monkeypatch.setattr(learning_cells, "version", installed.get)
            assert script.is_same(found, cell, task) == kept


@pytest.mark.parametrize(("cell", "found"), FOUND, ids=[str(cell) for cell, _ in FOUND])
def test_light_takes_little_of_a_machine_and_a_plan_s_own_light_next_to_nothing(cell, found):
    took = found["machines"]["homodyne"]
    assert 0 < took["laser_j"] < 0.01 * took["energy_j"]
    if found["energy_per_mac_j"] is not None:
        macs = sum(op.gemm.macs for op in load_workload(cell.network).gemms)
        assert found["energy_per_mac_j"] * macs < 2e-6 * took["energy_j"]


@pytest.mark.parametrize(("cell", "found"), FOUND, ids=[str(cell) for cell, _ in FOUND])
def test_cells_are_compared_with_those_that_stand_beside_them(cell, found):
    assert found["others"] == learning_cells.counts_of(cell.others)
    for name, (value, _, _) in found["ratios"].items():
        if value is not None:
            assert found["repetitions"] / found["others"][name] == pytest.approx(value)


@pytest.mark.parametrize(("cell", "found"), KEPT, ids=[str(cell) for cell, _ in KEPT])
def test_intervals_are_those_of_the_resamples_that_are_kept(cell, found):
    kept = cell.kept()
    assert middle(kept.samples) == pytest.approx(found["interval"])
    for granularity, (_, *interval) in found["ratios"].items():
        other = cell.beside(granularity).kept()
        if other is not None and np.isfinite([kept.samples, other.samples]).all():
            assert middle(kept.samples - other.samples) == pytest.approx(interval)


def middle(logarithms):
    """Return between which 95 % are, at values that there are; None for a bound not known."""
    low = np.exp(np.percentile(logarithms, 2.5, method="higher"))
    high = np.exp(np.percentile(logarithms, 97.5, method="lower"))
    return [float(low) or None, float(high) if np.isfinite(high) else None]


@pytest.mark.parametrize(("cell", "found"), FOUND, ids=[str(cell) for cell, _ in FOUND])
def test_a_target_is_given_up_only_after_learning_was_prolonged_for_it(cell, found):
    rules = cell.rules
    assert found["converged"] or found["steps"] >= rules.steps + 5 * rules.more_steps


@pytest.mark.parametrize(("cell", "found"), FOUND, ids=[str(cell) for cell, _ in FOUND])
def test_learned_counts_take_fewer_wherever_that_is_resolved(cell, found):
    for _, low, _high in found["ratios"].values():
        assert low is None or low < 1  # never resolved the other way


def test_columns_of_a_tile_hold_all_channels_of_each_op_whose_price_is_learned():
    for cell, _ in FOUND:
        if cell.price != script.PHOTONS:
            tiles = load_hardware(script.MACHINES[0]).tiles
            assert max(op.channels for op in load_workload(cell.network).gemms) <= tiles.columns


def test_channels_of_squeezenet_took_more_than_three_times_as_much_after_they_were_learned_on():
    found = script.Cell("squeezenet1_1_caffe", "shot", "channel").read()
    (note,) = (note for note in found["notes"] if " % more " in note)
    assert 1 + int(re.search(r"(\d+) % more ", note)[1]) / 100 > 3
    assert sum(op.channels for op in load_workload("squeezenet1_1_caffe").gemms) == 3944
