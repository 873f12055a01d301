"""Bad sweep files: refused before anything runs, every fault at its line and column."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import pytest
import yaml

from archsim.errors import ConfigError
from archsim.sweep import load_sweep_file
from archsim.sweep.designs import design_of
from archsim.sweep.file import SweepFile, schema
from archsim.sweep.points import Job, Worker
from archsim.workload import RepetitionPlan, load_workload, save_plan
from tests.commands import archsim

HEAD = "format: 1\nhardware: homodyne\nworkload: lenet5\n"
EVERYTHING = """\
format: 1
hardware: homodyne
workload: lenet5
colour: red
vary:
  tiles.rws: [16, 32]
  tiles.adc.bits: [8, 900]
  tiles.laser.power: {from: 10 mJ, to: 1 W, points: 8, scale: log}
  tiles.laser.power_w: [1 mW]
  tiles.columns: []
  tiles.count: {from: 4, to: 2}
  dram.bandwidth: {from: 64 GB/s, to: 512 GB/s, scal: log2}
  tiles.adc: [{kind: adc}]
  buffer.size: 5
  repetitions: [1, 0, x]
  plans: [nowhere.json]
  bits: {from: 1, to: 8}
  activation_bits: [4]
together: [[tiles.columns, tiles.count], [nothing, bits]]
where: {area_m2: < 100, enrgy_j: "< 1 J", latency_s: 5}
objectives: {energy: min, latency_s: least}
search: {method: nsga}
"""
FAULTS = [
    (4, 1, "colour: found the unknown key 'colour'; expected one of accuracy, batch, format"),
    (6, 3, "vary.tiles.rws: found the unknown key 'rws' in tiles; expected one of"),
    (7, 23, "vary.tiles.adc.bits[1]: found 900; expected at most 32; change it"),
    (8, 23, "vary.tiles.laser.power.from: found '10 mJ'; expected a quantity in W, not negative"),
    (9, 3, "vary.tiles.laser.power_w: found 'tiles.laser.power_w' beside 'tiles.laser.power', "),
    (10, 3, "vary.tiles.columns: found an empty list; expected one value at least; add some"),
    (11, 26, "vary.tiles.count.to: found 2, not above 4; expected a range with values in it"),
    (12, 49, "vary.dram.bandwidth.scal: found the unknown key 'scal'; expected one of from"),
    (13, 3, "vary.tiles.adc: found 'tiles.adc' beside 'tiles.adc.bits', which is the same key"),
    (14, 3, "vary.buffer.size: found 5; expected a list of values, or a range with from and to"),
    (15, 20, "vary.repetitions[1]: found 0; expected a number of repetitions above 0; give one"),
    (15, 23, "vary.repetitions[2]: found 'x'; expected a number of repetitions above 0; give"),
    (16, 3, "vary.plans: found 'plans' beside 'repetitions', which says the same; expected one"),
    (16, 11, "vary.plans[0]: {tmp}/nowhere.json: found no such file; expected one; check the path"),
    (18, 3, "vary.activation_bits: found 'activation_bits' beside 'bits', which says the same"),
    (19, 43, "together[1][0]: found 'nothing', which does not vary; expected one of"),
    (20, 9, "where.area_m2: found '100'; expected a quantity in m^2, not negative; write it"),
    (20, 25, "where.enrgy_j: found 'enrgy_j', which is no figure of a point; expected one of"),
    (20, 43, "where.latency_s: found 5; expected <=, >=, < or > and a bound, as text; write such"),
    (21, 14, "objectives.energy: found 'energy', which is no figure of a point; expected one of"),
    (21, 27, 'objectives.latency_s: found "least"; expected min or max; choose one'),
    (22, 10, 'search.method: found "nsga"; expected grid or random or sobol or saltelli or morris'),
]


def lines_of(folder: Path, text: str) -> list[str]:
    """Return what is said of a sweep file, without its name."""
    path = folder / "sweep.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as refused:
        load_sweep_file(path)
    return [line.removeprefix(f"{path}:") for line in str(refused.value).splitlines()]


def test_every_fault_of_a_file_is_listed_at_once_in_its_order(tmp_path):
    found = lines_of(tmp_path, EVERYTHING)
    told = [line.split(": ", 1)[0] for line in found]
    expected = [f"{line}:{column}" for line, column, _ in FAULTS]
    missing = set(expected) - set(told)
    assert not missing, found
    for line, column, text in FAULTS:
        start = f"{line}:{column}: {text.format(tmp=tmp_path)}"
        assert any(each.startswith(start) for each in found), (start, found)
    assert [int(place.split(":")[0]) for place in told] == sorted(
        int(place.split(":")[0]) for place in told
    )


def test_the_command_line_says_it_and_runs_nothing(tmp_path):
    path = tmp_path / "sweep.yaml"
    path.write_text(EVERYTHING, encoding="utf-8")
    for options in ((), ("--dry-run",)):
        found = archsim("sweep", str(path), "-o", str(tmp_path / "out"), *options)
        assert (found.status, found.out) == (2, "")
        assert found.err.count(f"{path}:") >= len(FAULTS)
        assert "Traceback" not in found.err
    assert not (tmp_path / "out").exists()


ONE = {
    "vary: {tiles.rows: {from: 1, to: 1000}, tiles.columns: {from: 1, to: 1000}, "
    "tiles.count: {from: 1, to: 1000}}": "4:1: vary: found 1,000,000,000 points "
    "(1000 x 1000 x 1000); expected at most 1,000,000; take fewer values, move some together, or "
    "search: {method: sobol, trials: 1000}",
    "vary: {tiles.rows: [1, 2], repetitions: [1]}\ntogether: [[tiles.rows, repetitions]]": (
        "5:12: together[0]: found different numbers of values (tiles.rows: 2, repetitions: 1); "
        "expected as many in each, to move in step; correct them"
    ),
    "vary: {tiles.rows: [1, 2]}\ntogether: [[tiles.rows, tiles.rows]]": "5:25: together[0][1]: "
    "found 'tiles.rows' again; expected it in one group, once; remove it",
    "vary: {tiles.rows: [1, 2]}\ntogether: [[tiles.rows, tiles.row]]": "5:25: together[0][1]: "
    "found 'tiles.row', which does not vary; expected one of tiles.rows; did you mean "
    "'tiles.rows'?; add it to vary, or remove it here",
    "vary: {tiles.rows: [1, 2, 1]}": "4:27: vary.tiles.rows[2]: found 1, which is there already; "
    "expected it once; remove one",
    "vary: {tiles.rows: 4}": "4:8: vary.tiles.rows: found 4; expected a list of values, or a range "
    "with from and to; write [4]",
    "vary: {tiles.laser.power: [5]}": "4:28: vary.tiles.laser.power[0]: found 5; expected a "
    "quantity in W, not negative; write it with its unit, such as 5 mW",
    "vary: {reptitions: [1, 2]}": "4:8: vary.reptitions: found the unknown key 'reptitions'; "
    "expected one of buffer, clocks, description, dram, format, name, sources, tiles, "
    "vector_unit; correct it; did you mean 'repetitions'?",
    "vary: {name: [a, b]}": "4:8: vary.name: found 'name', which changes no figure; expected a key "
    "of the machine's parts, such as tiles.count; remove it",
    "vary: {schedule: [pipelind]}": "4:19: vary.schedule[0]: found 'pipelind'; expected serial or "
    "pipelined; did you mean 'pipelined'?",
    "vary: {batch: [0, 2.5, true]}": "4:16: vary.batch[0]: found 0; expected a whole number of "
    "inputs, 1 at least; correct it",
    "vary: {bits: [999]}": "4:15: vary.bits[0]: found 999; expected a whole number of bits, from 1 "
    "to ",
    "vary: {plans: [7]}": "4:16: vary.plans[0]: found 7; expected the file of a plan; write its "
    "name",
    "vary: {plans: [foreign.json]}": "4:16: vary.plans[0]: ",
    "vary: {tiles.laser.power: {from: 1 mW, to: 1 W}}": "4:8: vary.tiles.laser.power: found a "
    "range without a number of points in a grid; expected points or step; add one, or choose "
    "another search.method",
    "vary: {tiles.rows: {from: 1}}": "4:8: vary.tiles.rows.to: found nothing; expected this key "
    "(Where it ends); add it",
    "search: {method: grid, trials: 3}": "4:24: search.trials: found it with method: grid, which "
    "takes every point; expected none; remove it",
    "search: {method: random, trials: 3}": "1:1: vary: found nothing to choose from; expected some "
    "keys with method: random; add one",
    "vary: {tiles.rows: [1, 2]}\nsearch: {method: sobol}": "5:1: search: found no trials with "
    "method: sobol; expected how many points to try; add such as trials: 200",
    "vary: {tiles.rows: [1, 2]}\nsearch: {method: tpe, trials: 9}": "5:10: search.method: found "
    "tpe without objectives; expected what to search for; add such as objectives: {energy_j: min}",
    "vary: {tiles.rows: [1, 2]}\nsearch: {method: random, trials: 9, population: 3}": "5:37: "
    "search.population: found it with method: random; expected it with nsga2 or tpe only; remove "
    "it",
    "vary: {tiles.rows: [1, 2]}\nsearch: {method: saltelli, trials: 9}": "5:28: search.trials: "
    "found 9 with method: saltelli; expected a power of two, for which Sobol' points are even; "
    "write 8 or 16",
    "vary: {tiles.rows: [1, 2]}\nsearch: {method: morris, trials: 1000000}": "5:26: search.trials: "
    "found 2,000,000 points; expected at most 1,000,000; lower it",
    'where: {hardware_hash: "<= 3"}': "4:9: where.hardware_hash: found 'hardware_hash', which is "
    "no figure of a point; expected one of latency_s, ",
    'where: {utilization: "<= 50 %"}': "4:9: where.utilization: found '50 %' as bound of "
    'utilization, which has no unit; expected a number; write such as "<= 10"',
    "objectives: {accuracy: max}\naccuracy: false": "4:14: objectives.accuracy: found it with "
    "accuracy: false; expected accuracy: true; set that, or remove it",
    "objectives: {accuracy: max}": "3:1: workload: lenet5: found a workload without labelled data; "
    "expected one with, to find accuracy: digits_cnn, ",
    "accuracy: 5": "4:1: accuracy: found 5; expected true, false, or how it is to be found; write "
    "such as {trials: 5}",
    "accuracy: {trial: 5}": "4:12: accuracy.trial: found the unknown key 'trial'; expected one of "
    "adc, data, device, examples, labels, limit, metric, noise, seed, trials, weights; did you "
    "mean 'trials'?",
    "batch: 0": "4:1: batch: found 0; expected at least 1; change it",
}


@pytest.mark.parametrize("text", ONE)
def test_a_fault_is_told_where_it_is(tmp_path, text):
    plan = RepetitionPlan.uniform(load_workload("mnist_cnn"), 2)
    save_plan(plan, tmp_path / "foreign.json")
    found = lines_of(tmp_path, f"{HEAD}{text}\n")
    assert any(line.startswith(ONE[text]) for line in found), found


def test_files_that_are_not_there_hide_nothing_else(tmp_path):
    text = (
        "format: 1\nhardware: [homodyne, homodine, homodyne]\nworkload: [lenet5, ../nonet.yaml]\n"
        "vary: {tiles.rws: [1, 2]}\nsearch: {trials: 5}\nobjectives: {energy: min}\n"
    )
    found = lines_of(tmp_path, text)
    assert [line.split(": found")[0] for line in found] == [
        "2:22: hardware[1]: homodine",
        "2:32: hardware[2]",
        f"3:20: workload[1]: {tmp_path}/../nonet.yaml",
        "5:10: search.trials",
        "6:14: objectives.energy",
    ]
    assert "did you mean 'homodyne'?" in found[0]
    assert found[1].endswith("found 'homodyne' again; expected it once; remove one")


def test_a_file_without_what_it_needs_says_so(tmp_path):
    found = lines_of(tmp_path, "format: 2\nvary: {x: []}\n")
    places = [line.split(": found")[0] for line in found]
    assert sorted(places) == ["1:1: format", "1:1: hardware", "1:1: workload", "2:8: vary.x"]


@pytest.mark.parametrize(
    "text", ["", "42\n", "- 1\n", "a: &b 1\nc: *b\n", "format: 1\nformat: 1\n"]
)
def test_what_is_no_mapping_is_refused(tmp_path, text):
    assert lines_of(tmp_path, text)


HOSTILE = [
    '<script>alert("x")</script>',
    "a\nb\x1b[31m",
    "\u202eevil",
    "🙂" * 3000,
    "..",
    "a.b.c.d",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_text_in_messages(tmp_path, name):
    data = {"format": 1, "hardware": name, "workload": name, "vary": {name: [name]}}
    path = tmp_path / "sweep.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    found = archsim("sweep", str(path))
    assert found.status == 2
    assert "\x1b" not in found.err
    assert "\u202e" not in found.err
    assert "Traceback" not in found.err


# ---- the schema ----------------------------------------------------------------------------

SWEEPS = sorted((Path(__file__).parents[2] / "analysis" / "sweeps").glob("*.yaml"))
VALIDATOR = jsonschema.Draft202012Validator(schema())


@pytest.mark.parametrize("path", SWEEPS, ids=lambda path: path.stem)
def test_shipped_sweeps_keep_to_the_schema(path):
    VALIDATOR.validate(yaml.safe_load(path.read_text(encoding="utf-8")))


def test_the_example_of_the_page_on_sweeps_loads_and_keeps_to_the_schema(tmp_path):
    text = (Path(__file__).parents[2] / "docs" / "sweeps.md").read_text(encoding="utf-8")
    [example] = re.findall(r"^```yaml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    VALIDATOR.validate(yaml.safe_load(example))
    path = tmp_path / "example.yaml"
    path.write_text(example, encoding="utf-8")
    sweep = load_sweep_file(path)
    workloads, tiles, bandwidths, lasers, arrays, counts = 2, 4, 2, 5, 2, 2
    expected = workloads * tiles * bandwidths * lasers * arrays * counts
    assert len(design_of(sweep)) == expected
    found = Worker(sweep).run(Job("timing", (0,) * len(sweep.space.axes)))
    assert (found.status, found.error) == ("done", "")


@pytest.mark.parametrize("part", SweepFile.model_fields)
def test_every_key_of_a_sweep_file_is_in_its_page(part):
    text = (Path(__file__).parents[2] / "docs" / "sweeps.md").read_text(encoding="utf-8")
    assert f"`{part}`" in text or part == "format"


@pytest.mark.parametrize(
    "entries",
    [
        {"hardwar": "x"},
        {"hardware": 5},
        {"vary": {"tiles.rows": 4}},
        {"vary": {"tiles.rows": {"from": 1}}},
        {"vary": {"tiles.rows": {"from": 1, "to": 2, "scal": "log"}}},
        {"search": {"method": "nsga"}},
        {"search": {"trails": 5}},
        {"objectives": {"energy_j": "least"}},
        {"where": {"area_m2": 5}},
        {"accuracy": {"trial": 5}},
        {"together": [["one"]]},
        {"format": 2},
    ],
)
def test_the_schema_refuses_typos(entries):
    good = {"format": 1, "hardware": "homodyne", "workload": ["lenet5"]}
    VALIDATOR.validate(good)
    assert not VALIDATOR.is_valid(good | entries)


def test_the_command_line_prints_the_schema():
    found = archsim("schema", "sweep")
    assert found.status == 0
    assert json.loads(found.out) == schema()
    assert "expected machine or sweep" in archsim("schema", "network").err
