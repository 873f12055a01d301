from __future__ import annotations

import subprocess
import sys

import pytest

import archsim
from archsim.errors import ConfigError, MappingError, WorkloadError
from archsim.workload import RepetitionPlan, save_plan


@pytest.fixture(scope="module")
def lenet():
    return archsim.load_workload("lenet5")


def test_objects_files_and_names_are_all_taken(lenet):
    machine = archsim.load_hardware("homodyne")
    by_name = archsim.simulate("homodyne", "lenet5")
    assert archsim.simulate(machine, lenet).to_dict() == by_name.to_dict()


def test_a_plan_of_equal_counts_is_the_same_as_a_number(lenet, tmp_path):
    save_plan(RepetitionPlan.uniform(lenet, 3), tmp_path / "plan.yaml")
    by_plan = archsim.simulate("homodyne", lenet, plan=tmp_path / "plan.yaml")
    by_number = archsim.simulate("homodyne", lenet, repetitions=3)
    assert by_plan.makespan_ticks == by_number.makespan_ticks
    assert by_plan.energy_j == by_number.energy_j
    assert by_plan.provenance.plan_hash == by_number.provenance.plan_hash


def test_repetition_costs_time_and_energy(lenet):
    once, often = (archsim.simulate("homodyne", lenet, repetitions=k) for k in (1, 16))
    assert often.latency_s > once.latency_s
    assert often.energy_j > once.energy_j


def test_a_plan_and_a_number_exclude_each_other(lenet):
    plan = RepetitionPlan.uniform(lenet, 3)
    with pytest.raises(ConfigError, match="found 2 beside a plan; expected one of the two"):
        archsim.simulate("homodyne", lenet, plan=plan, repetitions=2)


def test_a_number_is_no_plan(lenet):
    with pytest.raises(ConfigError, match="plan: found 4; expected a plan or its file; write rep"):
        archsim.simulate("homodyne", lenet, 4)


def test_a_name_that_is_nearly_right_gets_a_hint():
    with pytest.raises(WorkloadError, match=r"my_nets:Net: found a model; .* archsim trace"):
        archsim.simulate("homodyne", "my_nets:Net")
    with pytest.raises(WorkloadError, match=r"lenet: found no such workload.*'lenet5'\?"):
        archsim.load_workload("lenet")


def test_a_pipelined_run_tells_its_programming_apart():
    found = archsim.simulate("crossbar", "lenet5", batch=3, schedule="pipelined")
    assert found.programming.time_s > 0
    assert found.programming.energy_j > 0
    assert "array.write" not in set(found.actions.action)


def test_a_machine_that_holds_no_weights_cannot_pipeline():
    with pytest.raises(MappingError, match="output stationary"):
        archsim.simulate("homodyne", "lenet5", batch=2, schedule="pipelined")


def test_a_report_knows_what_it_came_from(lenet):
    machine = archsim.load_hardware("homodyne", ["tiles.adc.bits=9"])
    came_from = archsim.simulate(machine, lenet.with_bits(4, 4)).provenance
    assert came_from.hardware_hash == machine.hash != archsim.load_hardware("homodyne").hash
    assert came_from.workload_fingerprint == lenet.fingerprint
    assert (came_from.activation_bits, came_from.weight_bits) == (4, 4)
    assert came_from.plan_hash == RepetitionPlan.uniform(lenet, 1).hash
    assert came_from.archsim_version == archsim.__version__
    assert (came_from.engine, came_from.engine_asked) == ("compiled", "auto")


def test_importing_archsim_costs_nothing():
    heavy = {"torch", "pandas", "numpy", "pydantic", "simpy", "rich", "yaml"}
    code = f"import archsim, sys; print(sorted({heavy} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_everything_named_is_there():
    assert all(getattr(archsim, name) is not None for name in archsim.__all__)
    assert set(archsim.__all__) <= set(dir(archsim))
    with pytest.raises(AttributeError, match="no attribute 'simulat'"):
        _ = archsim.simulat
