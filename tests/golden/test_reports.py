"""Whole reports, small: a difference means *changed*, not *wrong*.

After a wanted change: ``pytest tests/golden --update-golden``, and a line in CHANGELOG.md under
"Results changed".
"""

import json
from pathlib import Path

import pytest

import archsim

FOLDER = Path(__file__).parent / "reports"
RUNS = {
    "homodyne": {},
    "ring_bank": {},
    "crossbar": {},
    "dota_b": {"repetitions": 3},
    "digital_int8": {"batch": 2},
    "crossbar-pipelined": {"batch": 3, "schedule": "pipelined"},
}


def found(name):
    machine = name.partition("-")[0]
    data = json.loads(json.dumps(archsim.simulate(machine, "lenet5", **RUNS[name]).to_dict()))
    del data["provenance"]
    return data


def near(expected):
    """Compare floats to twelve digits: libraries round their last ones as they please."""
    if isinstance(expected, dict):
        return {key: near(value) for key, value in expected.items()}
    if isinstance(expected, list):
        return [near(value) for value in expected]
    return pytest.approx(expected, rel=1e-12) if isinstance(expected, float) else expected


@pytest.mark.parametrize("name", RUNS)
def test_the_report_is_the_recorded_one(name, request):
    path = FOLDER / f"{name}.json"
    if request.config.getoption("--update-golden"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(found(name), indent=1) + "\n", encoding="utf-8")
    assert found(name) == near(json.loads(path.read_text(encoding="utf-8")))
