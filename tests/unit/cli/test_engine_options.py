"""Which engine runs, whether the other one agrees, and a file of all that happened."""

from __future__ import annotations

import csv
import gzip
import json

import pytest

from archsim.hardware import load_hardware
from archsim.mapping import compile_workload
from archsim.report.trace_file import COLUMNS
from archsim.workload import load_workload
from tests.commands import archsim

RUN = ("run", "crossbar", "lenet5")
FCFS = ("--set", "dram.arbitration=fcfs")


def told(*options: str) -> dict:
    done = archsim(*RUN, "--format", "json", *options)
    assert done.status == 0, done.err
    return json.loads(done.out)


def test_engines_give_the_same_report_but_for_what_they_executed():
    compiled, simpy = told(), told("--engine", "simpy")
    assert (compiled["engine"], simpy["engine"]) == ("compiled", "simpy")
    assert simpy["simulation"]["executed"] == simpy["simulation"]["instructions"]
    assert compiled["simulation"]["executed"] < simpy["simulation"]["executed"]
    for report in (compiled, simpy):
        del report["engine"], report["simulation"], report["provenance"]
    assert compiled == simpy


def test_a_verified_run_says_so():
    out = archsim(*RUN, "--verify-engine").out
    assert "; the other engine agrees" in " ".join(out.split())
    assert told("--verify-engine")["simulation"]["verified"]


def test_the_report_says_why_the_other_engine_ran():
    out = archsim(*RUN, *FCFS).out
    [line] = [line for line in out.splitlines() if line.strip().startswith("engine")]
    assert line.split()[1] == "simpy"
    assert "arbitrated while the program runs" in " ".join(out.split())


@pytest.mark.parametrize("option", [("--engine", "compiled"), ("--verify-engine",)])
def test_a_machine_that_only_simpy_can_run_is_refused_where_more_is_asked_for(option):
    done = archsim(*RUN, *FCFS, *option)
    assert done.status == 2
    assert "arbitrated while the program runs" in done.err
    assert "set dram.arbitration=static" in done.err


def test_a_trace_is_a_csv(tmp_path):
    done = archsim(*RUN, "--trace-engine", str(tmp_path / "trace.json"))
    assert done.status == 2
    assert "found .json; expected .csv or .csv.gz" in done.err


@pytest.mark.parametrize("name", ["trace.csv", "trace.csv.gz"])
def test_a_trace_has_every_instruction_of_the_run(tmp_path, name):
    path = tmp_path / name
    report = told("--engine", "simpy", "--trace-engine", str(path))
    with (gzip.open if name.endswith("gz") else open)(path, "rt") as file:
        header, *rows = csv.reader(file)
    assert tuple(header) == COLUMNS
    assert len(rows) == report["simulation"]["instructions"]
    assert max(int(row[4]) for row in rows) == report["makespan_ticks"]
    program = compile_workload(load_workload("lenet5"), load_hardware(RUN[1])).program
    assert {row[0] for row in rows} <= {unit.name for unit in program.units}
    assert {row[2] for row in rows} == set(program.ops)


def test_a_trace_of_the_compiled_engine_says_what_it_skipped(tmp_path):
    path = tmp_path / "trace.csv"
    report = told("--trace-engine", str(path))
    with path.open() as file:
        rows = list(csv.DictReader(file))
    skipped = [row for row in rows if row["instruction"] == "skipped"]
    assert skipped
    assert len(rows) - len(skipped) == report["simulation"]["executed"]
    for row in skipped:
        assert min(int(row["rows"]), int(row["periods"])) > 0
        assert int(row["shift_ticks"]) >= 0


def test_an_earlier_trace_is_replaced_and_anything_else_is_kept(tmp_path):
    path = tmp_path / "trace.csv"
    told("--trace-engine", str(path))
    first = path.read_text()
    told("--trace-engine", str(path))
    assert path.read_text() == first
    path.write_text("my notes\n")
    done = archsim(*RUN, "--trace-engine", str(path))
    assert (done.status, path.read_text()) == (2, "my notes\n")
    assert "found something that is no trace" in done.err
    assert [entry.name for entry in tmp_path.iterdir()] == ["trace.csv"]


def test_a_trace_that_cannot_be_written_is_told(tmp_path):
    done = archsim(*RUN, "--trace-engine", str(tmp_path / "no" / "trace.csv"))
    assert done.status == 2
    assert "cannot be written" in done.err
