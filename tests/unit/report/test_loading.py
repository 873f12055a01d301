from __future__ import annotations

import json
import re
from dataclasses import replace

import pandas as pd
import pytest

import archsim
from archsim.errors import ConfigError
from archsim.report import saving
from archsim.report.report import ROW_TYPES
from archsim.workload import RepetitionPlan, Workload
from archsim.workload.plan import plan_document
from tests.networks import conv, network, relu
from tests.unit.report.tiny_accuracy import accuracy

NAME = "'b'\"c\"<i>$x_1$:\N{PILE OF POO}" + "long" * 50


@pytest.fixture(scope="module")
def found():
    """A run of a network with names that a file format may stumble over."""
    names = conv(NAME), relu("relu", NAME)
    return archsim.simulate("homodyne", Workload(**network(*names)), repetitions=3)


@pytest.fixture
def folder(found, tmp_path):
    found.save(tmp_path / "run")
    return tmp_path / "run"


def test_a_report_reads_back_whole(found, folder):
    saved = archsim.load_report(folder)
    assert saved.folder == folder
    assert saved.headline == found.to_dict()
    assert saved.machine == found.machine == archsim.load_hardware("homodyne")
    assert saved.plan == plan_document(found.plan)
    assert saved.plan["counts"] == {NAME: 3}
    assert saved.frames.keys() == ROW_TYPES.keys()
    for table, frame in saved.frames.items():
        pd.testing.assert_frame_equal(frame, found.frame(table))
    assert saved.frames["precision"].empty


def test_the_machine_is_the_one_that_ran_with_what_was_set(tmp_path):
    machine = archsim.load_hardware("homodyne", ["tiles.adc.bits=9"])
    archsim.simulate(machine, Workload(**network())).save(tmp_path / "run")
    assert archsim.load_report(tmp_path / "run").machine == machine
    assert archsim.load_hardware(tmp_path / "run/machine.yaml") == machine


def test_a_plan_by_channel_loads_as_a_plan_for_its_network(tmp_path):
    small = Workload(**network())
    plan = RepetitionPlan(fingerprint=small.fingerprint, counts={"conv": [1, 2, 3, 4]})
    archsim.simulate("homodyne", small, plan).save(tmp_path / "run")
    assert archsim.load_plan(tmp_path / "run/plan.json", small) == plan
    assert archsim.load_report(tmp_path / "run").plan["counts"] == {"conv": [1, 2, 3, 4]}


def test_a_network_without_products_has_no_plan(tmp_path):
    only = Workload(**network(relu(shape=[1, 3, 8, 8], source="image")))
    archsim.simulate("homodyne", only).save(tmp_path / "run")
    assert not (tmp_path / "run/plan.json").exists()
    assert archsim.load_report(tmp_path / "run").plan is None


def test_accuracy_comes_back_with_its_table(found, tmp_path):
    with_it = replace(found, accuracy=accuracy())
    with_it.save(tmp_path / "run")
    saved = archsim.load_report(tmp_path / "run")
    assert saved.headline["accuracy"]["trials"] == 2
    pd.testing.assert_frame_equal(saved.frames["precision"], with_it.precision)


def test_machine_and_plan_are_part_of_a_report(folder, found):
    assert {"machine.yaml", "plan.json"} <= saving.FILES
    found.save(folder)  # and are replaced with it


def refused(folder):
    with pytest.raises(ConfigError) as fault:
        archsim.load_report(folder)
    return str(fault.value)


def test_what_is_no_report_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    expected = "expected the folder of a saved report; name one that archsim run MACHINE WORKLOAD"
    for name, found in (("none", "no such folder"), ("file", "a file"), ("", "no report.json")):
        assert f"{tmp_path / name}: found {found}; {expected}" in refused(tmp_path / name)


def test_results_of_a_sweep_are_sent_to_what_reads_them(tmp_path):
    (tmp_path / "_sweep.json").write_text("{}")
    assert refused(tmp_path) == (
        f"{tmp_path}: found the results of a sweep; expected the folder of a saved report; "
        "archsim report makes a page of a sweep, archsim pareto -o draws its front, and archsim "
        "sweep --compare sets two beside each other"
    )


def test_a_folder_of_an_earlier_version_says_to_run_it_again(folder):
    (folder / "machine.yaml").unlink()
    (folder / "plan.json").unlink()
    assert refused(folder).splitlines() == [
        f"{folder / name}: found no such file, as earlier versions left it out; expected it; run "
        f"it again with -o {folder}"
        for name in ("machine.yaml", "plan.json")
    ]


def test_another_machine_or_plan_than_the_one_that_ran_is_refused(folder):
    other = archsim.load_hardware("homodyne", ["tiles.adc.bits=9"])
    (folder / "machine.yaml").unlink()
    (folder / "plan.json").write_text((folder / "plan.json").read_text().replace(": 3", ": 4"))
    from archsim.hardware import save_hardware

    save_hardware(other, folder / "machine.yaml")
    machine, plan = refused(folder).splitlines()
    assert f"machine.yaml: found the machine {other.hash}; expected sha256:" in machine
    assert re.search(r"plan.json: found the plan sha256:\w+; expected sha256:\w+, which ran", plan)


def test_damaged_parts_are_told_all_at_once(folder):
    (folder / "ops.parquet").write_bytes(b"PAR1")
    (folder / "units.parquet").unlink()
    pd.DataFrame({"op": ["a"]}).to_parquet(folder / "actions.parquet")
    (folder / "machine.yaml").write_text("format: 1\n\tname")
    machine, ops, units, actions = refused(folder).splitlines()
    assert "machine.yaml:2:1: found" in machine
    assert "ops.parquet: found no table (" in ops
    assert "units.parquet: found no such file; expected it; run it again with -o" in units
    assert "actions.parquet: found the columns op; expected op, action, count; run" in actions


def test_tables_of_another_run_are_refused(folder, tmp_path):
    archsim.simulate("homodyne", Workload(**network())).save(tmp_path / "other")
    for table in ("ops", "energy"):
        (tmp_path / f"other/{table}.parquet").replace(folder / f"{table}.parquet")
    ops, energy = refused(folder).splitlines()
    assert "ops.parquet: found other ops than report.json; expected the same" in ops
    assert re.search(r"energy.parquet: found \S+ J in all; expected \S+ J; run it again", energy)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"format": 2}, "format: found 2; expected 1; read it with the archsim that wrote it"),
        ({"energy_j": "much"}, "found energy_j 'much'; expected what archsim writes there"),
        ({"ops": [{}]}, "found ops without names; expected a name in each"),
        ({"units": 1, "provenance": None}, "found provenance None; expected what archsim writes"),
    ],
)
def test_a_headline_that_is_not_ours_is_refused(folder, change, told):
    headline = json.loads((folder / "report.json").read_text())
    (folder / "report.json").write_text(json.dumps(headline | change))
    assert told in refused(folder)


def test_a_headline_without_its_figures_is_refused(folder):
    (folder / "report.json").write_text('{"format": 1}')
    assert "report.json: found no energy_j; expected it; run it again" in refused(folder)
    (folder / "report.json").write_text("[1]")
    assert "format: found no keys; expected 1" in refused(folder)
