"""What comes of a point."""

from __future__ import annotations

import pytest

from archsim import simulate
from archsim.hardware import load_hardware, shipped
from archsim.sweep import points
from archsim.sweep.figures import BY_NAME, COMPONENTS
from archsim.sweep.points import Job, Worker
from archsim.workload import RepetitionPlan, load_workload, save_plan
from tests.sweeps import sweep_of

FIRST = (0, 0, 0)


def timed(folder, place=0, **entries):
    sweep = sweep_of(folder, **entries)
    return Worker(sweep).run(Job("timing", (0, 0, place)))


def test_figures_are_those_of_a_report(tmp_path):
    vary = {"tiles.count": [2]}
    found = timed(tmp_path, vary=vary, batch=3).figures
    report = simulate(load_hardware("homodyne", ["tiles.count=2"]), "lenet5", batch=3)
    names = set(found) & set(type(report).__dataclass_fields__)
    assert names >= {"latency_s", "energy_j", "area_m2", "throughput_per_s", "macs", "power_w"}
    assert {name: found[name] for name in names} == {n: getattr(report, n) for n in names}
    parts = report.energy_by_component_j
    assert {slot: found[f"{slot}_energy_j"] for slot in parts} == parts
    assert found["hardware_hash"] == report.provenance.hardware_hash


def test_every_figure_has_a_column_on_every_machine(tmp_path):
    for name in shipped():
        result = Worker(sweep_of(tmp_path, hardware=name)).run(Job("timing", (0, 0)))
        assert result.status == "done", result.error
        assert set(result.figures) <= set(BY_NAME), name
        assert set(load_hardware(name).parts()) <= set(COMPONENTS)


def test_repetitions_may_be_those_of_a_plan(tmp_path):
    lenet = load_workload("lenet5")
    plan = RepetitionPlan.uniform(lenet, 3)
    save_plan(plan, tmp_path / "plan.json")
    by_plan = timed(tmp_path, vary={"plans": ["plan.json"]}).figures
    by_count = timed(tmp_path, vary={"repetitions": [3]}).figures
    assert by_plan == by_count
    assert by_plan["mean_repetitions"] == 3.0
    assert by_plan["plan_hash"] == plan.hash


def test_bits_batch_and_schedule_reach_the_run(tmp_path):
    base = timed(tmp_path, vary={"batch": [4]}).figures
    narrow = timed(tmp_path, vary={"bits": [4]}, batch=4).figures
    assert narrow["dram_energy_j"] == pytest.approx(base["dram_energy_j"] / 2, rel=0.02)
    vary = {"schedule": ["serial", "pipelined"]}
    both = [timed(tmp_path, n, vary=vary, batch=4, hardware="crossbar") for n in (0, 1)]
    serial, pipelined = (each.figures["throughput_per_s"] for each in both)
    assert pipelined > serial


def test_a_machine_that_cannot_be_is_an_invalid_point(tmp_path):
    result = timed(tmp_path, vary={"tiles.adc.bits": [6]})
    assert result.status == "invalid"
    assert result.error == (
        "homodyne: tiles.adc.enob: found 7.5 effective bits of 6; expected at most the nominal "
        "bits; lower it"
    )
    assert not result.figures


def test_what_a_machine_cannot_run_is_an_invalid_point(tmp_path):
    result = timed(tmp_path, vary={"repetitions": [1.5]})
    assert result.status == "invalid"
    assert "1.5" in result.error


def test_whatever_else_is_raised_is_a_failed_point(tmp_path, monkeypatch):
    def broken(*_, **__):
        raise ZeroDivisionError("<1/0>")

    monkeypatch.setattr(points, "compile_workload", broken)
    result = timed(tmp_path, vary={"repetitions": [1]})
    assert (result.status, result.error) == ("failed", "ZeroDivisionError: <1/0>")


def test_a_point_that_an_area_excludes_is_not_run_unless_that_is_asked(tmp_path):
    sweep = sweep_of(tmp_path, where={"area_m2": "< 1 um^2", "latency_s": "< 1 ns"})
    worker = Worker(sweep)
    result = worker.run(Job("timing", (0, 0)))
    assert result.status == "outside"
    assert set(result.figures) == {"area_m2"}
    assert worker.run(Job("timing", (0, 0), skip=False)).status == "done"
    assert worker.look((0, 0)).status == "outside"


def test_rows_of_ops_are_those_of_a_report(tmp_path):
    found = timed(tmp_path, vary={"repetitions": [2]}, ops=True).ops
    table = simulate("homodyne", "lenet5", repetitions=2).ops
    assert [row["op"] for row in found] == table["op"].tolist()
    for name in ("energy_j", "start_s", "end_s", "macs"):
        assert [row[name] for row in found] == table[name].tolist()


def test_without_accuracy_nothing_more_is_needed(tmp_path):
    assert timed(tmp_path, vary={"repetitions": [2]}).needs == ""
