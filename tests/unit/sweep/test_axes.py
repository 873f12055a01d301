"""From what varies to axes, and points on them."""

from __future__ import annotations

import json

import pytest

from archsim.errors import ConfigError
from archsim.hardware import load_hardware
from tests.sweeps import sweep_of


def varied(sweep):
    """Return the columns of each axis beside machines and workloads."""
    return [[p.column for p in axis.parameters] for axis in sweep.space.axes[2:]]


def test_axes_come_in_the_order_of_the_file_with_units_in_their_columns(tmp_path):
    vary = {"tiles.laser.power": ["1 mW", "2 mW"], "repetitions": [1, 2], "buffer.size": ["1 MiB"]}
    sweep = sweep_of(tmp_path, vary=vary)
    assert varied(sweep) == [["tiles.laser.power_w"], ["repetitions"], ["buffer.size_bits"]]


def test_a_key_may_be_written_as_in_python_too(tmp_path):
    one = sweep_of(tmp_path, vary={"tiles.laser.power_w": ["1 mW", "2 mW"]})
    other = sweep_of(tmp_path, vary={"tiles.laser.power": ["1 mW", "2 mW"]})
    assert one.space.parameters[2].path == other.space.parameters[2].path


def test_keys_that_move_together_are_one_axis(tmp_path):
    vary = {"tiles.rows": [16, 32], "repetitions": [1, 2], "tiles.columns": [8, 4]}
    sweep = sweep_of(tmp_path, vary=vary, together=[["tiles.rows", "tiles.columns"]])
    assert varied(sweep) == [["tiles.rows", "tiles.columns"], ["repetitions"]]
    found = [sweep.space.shown(sweep.space.places(n)) for n in range(sweep.space.size)]
    assert [(f["tiles.rows"], f["tiles.columns"], f["repetitions"]) for f in found] == [
        (16, 8, 1),
        (16, 8, 2),
        (32, 4, 1),
        (32, 4, 2),
    ]


def test_spans_move_together_too(tmp_path):
    vary = {
        "tiles.laser.power": {"from": "1 mW", "to": "3 mW"},
        "tiles.tia.static_power": {"from": "1 uW", "to": "100 uW", "scale": "log"},
    }
    search = {"method": "random", "trials": 3}
    sweep = sweep_of(tmp_path, vary=vary, together=[list(vary)], search=search)
    found = sweep.space.shown((0, 0, 0.5))
    assert (found["tiles.laser.power_w"], found["tiles.tia.static_power_w"]) == (2e-3, 1e-5)


def test_machines_of_one_name_are_told_apart_by_file(tmp_path):
    data = load_hardware("homodyne").dump()
    (tmp_path / "copy.json").write_text(json.dumps(data))
    sweep = sweep_of(tmp_path, hardware=["homodyne", "copy.json", "crossbar"])
    assert [v.shown for v in sweep.space.axes[0].values[0]] == ["homodyne", "copy.json", "crossbar"]


def test_a_key_has_to_mean_the_same_on_all_machines(tmp_path):
    with pytest.raises(ConfigError) as refused:
        sweep_of(
            tmp_path,
            hardware=["homodyne", "crossbar"],
            vary={"tiles.laser.power": ["1 mW"], "tiles.wavelengths": [1, 2]},
        )
    first, second = str(refused.value).splitlines()
    assert (
        "vary.tiles.laser.power: found 'tiles.laser.power', but tiles.laser is nothing on" in first
    )
    assert "vary.tiles.wavelengths: found the unknown key 'wavelengths'" in second


def test_one_value_for_all_points_beside_several_is_refused(tmp_path):
    with pytest.raises(ConfigError) as refused:
        sweep_of(
            tmp_path, batch=2, schedule="serial",
            vary={"batch": [1, 4], "schedule": ["serial", "pipelined"]},
        )  # fmt: skip
    first, second = str(refused.value).splitlines()
    assert first.endswith(
        "vary.batch: found it beside batch: 2, which is one value for all points; expected one of "
        "the two; remove one"
    )
    assert "vary.schedule: found it beside schedule: serial, which is one value" in second


def test_a_component_that_is_there_or_not_is_a_value(tmp_path):
    sweep = sweep_of(tmp_path, vary={"tiles.readout_buffer": [True, False]})
    machines = [sweep.hardware(sweep.settings((0, 0, place))) for place in (0, 1)]
    assert [machine.tiles.readout_buffer for machine in machines] == [True, False]
