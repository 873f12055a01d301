"""When two points are the same."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from archsim.hardware import load_hardware
from archsim.sweep.file import AccuracyPart
from archsim.sweep.identity import Identity, sweep_digest
from archsim.sweep.space import Space
from archsim.workload import RepetitionPlan, load_workload, save_plan
from tests.sweeps import sweep_of


def keys(sweep):
    """Return the keys of a grid."""
    identity = Identity(sweep)
    return [identity.key(sweep.space.places(n)) for n in range(sweep.space.size)]


def edited(folder, *changes, **entries):
    """Return the name of a copy of the shipped machine with other values in its file."""
    data = load_hardware("homodyne", list(changes)).dump() | entries
    path = folder / f"edited{len(list(folder.iterdir()))}.json"
    path.write_text(json.dumps(data))
    return path.name


VARIED = [
    ("tiles.rows", 32, 64),
    ("tiles.laser.power", "2 mW", "1 mW"),
    ("clocks.symbol", "2.5 GHz", "5 GHz"),
    ("tiles.adc.energy", "1 pJ", {"survey": {"technology": "14 nm"}}),
    ("tiles.adc.area", "100 um^2", {"survey": {"technology": "14 nm"}}),
    ("buffer.size", "2 MiB", "4 MiB"),
    ("tiles.readout_buffer", False, True),
    ("tiles.inputs_shared_by", "none", "tiles"),
]


@pytest.mark.parametrize(("path", "other", "its_own"), VARIED)
def test_a_varied_key_and_an_edited_file_are_the_same_point(tmp_path, path, other, its_own):
    written = other if isinstance(other, str) else json.dumps(other)
    one, two = keys(sweep_of(tmp_path, vary={path: [other, its_own]}))
    [plain] = keys(sweep_of(tmp_path))
    [file] = keys(sweep_of(tmp_path, hardware=edited(tmp_path, f"{path}={written}")))
    assert one == file
    assert two == plain
    assert one != two


def test_a_part_as_a_whole_and_its_key_alone_are_the_same_point(tmp_path):
    laser = load_hardware("homodyne").dump()["tiles"]["laser"] | {"power": "2 mW"}
    assert keys(sweep_of(tmp_path, vary={"tiles.laser": [laser]})) == keys(
        sweep_of(tmp_path, vary={"tiles.laser.power": ["2 mW"]})
    )


def test_ranges_and_lists_give_the_same_points(tmp_path):
    assert keys(sweep_of(tmp_path, vary={"repetitions": [1, 2, 4]})) == keys(
        sweep_of(tmp_path, vary={"repetitions": {"from": 1, "to": 4, "scale": "log2"}})
    )
    assert keys(sweep_of(tmp_path, vary={"clocks.symbol": ["1 GHz", "2 GHz"]})) == keys(
        sweep_of(tmp_path, vary={"clocks.symbol": {"from": "1 GHz", "to": "2 GHz", "points": 2}})
    )


def test_what_is_not_varied_and_what_is_varied_to_the_same_are_the_same_point(tmp_path):
    vary = {"repetitions": [1], "batch": [1], "schedule": ["serial"], "tiles.count": [4]}
    assert keys(sweep_of(tmp_path, vary=vary)) == keys(sweep_of(tmp_path))


def test_the_order_of_axes_has_no_part_in_a_key(tmp_path):
    vary = {"tiles.rows": [16, 32], "tiles.columns": [4, 8], "batch": [1, 2]}
    backwards = dict(reversed(vary.items()))
    assert sorted(keys(sweep_of(tmp_path, vary=vary))) == sorted(
        keys(sweep_of(tmp_path, vary=backwards))
    )


def test_values_that_change_places_are_other_points(tmp_path):
    vary = {"tiles.rows": [16, 32], "tiles.columns": [16, 32]}
    assert len(set(keys(sweep_of(tmp_path, vary=vary)))) == 4


@pytest.mark.parametrize(
    "vary",
    [
        {"tiles.rows": [16, 32]},
        {"tiles.laser.power": {"from": "1 mW", "to": "2 mW", "points": 5}},
        {"repetitions": [1, 2]},
        {"batch": [1, 2]},
        {"schedule": ["serial", "pipelined"], "batch": [2]},
        {"bits": [4, 8]},
        {"activation_bits": [4, 8]},
        {"weight_bits": [4, 8]},
    ],
)
def test_everything_that_varies_is_part_of_the_key(tmp_path, vary):
    found = keys(sweep_of(tmp_path, vary=vary))
    assert len(set(found)) == len(found) > 1


def test_plans_are_told_apart_by_their_counts_and_not_by_their_files(tmp_path):
    lenet = load_workload("lenet5")
    for name, count in (("one", 2), ("same", 2), ("other", 3)):
        save_plan(RepetitionPlan.uniform(lenet, count), tmp_path / f"{name}.json")
    plans = ["one.json", "same.json", "other.json"]
    one, same, other = keys(sweep_of(tmp_path, vary={"plans": plans}))
    assert one == same != other


def test_workloads_and_machines_are_part_of_the_key(tmp_path):
    sweep = sweep_of(tmp_path, hardware=["homodyne", "dota_b"], workload=["lenet5", "mnist_cnn"])
    assert len(set(keys(sweep))) == 4


def test_description_and_sources_change_neither_points_nor_sweep(tmp_path):
    sweep = sweep_of(tmp_path)
    other = sweep_of(tmp_path, hardware=edited(tmp_path, description="new", sources={}))
    assert keys(other) == keys(sweep)
    assert sweep_digest(other) == sweep_digest(sweep)


@pytest.mark.parametrize(
    "changes",
    [{"batch": 2}, {"batch": 2, "schedule": "pipelined"}, {"ops": True}, {"workload": "mnist_cnn"}],
)
def test_what_all_points_share_is_part_of_the_key(tmp_path, changes):
    assert keys(sweep_of(tmp_path, **changes)) != keys(sweep_of(tmp_path))


def test_limits_objectives_and_search_are_no_part_of_a_point(tmp_path):
    search = {"method": "random", "trials": 1}
    sweep = sweep_of(tmp_path, where={"area_m2": "<= 1 m^2"}, objectives={"energy_j": "min"})
    chosen = sweep_of(tmp_path, vary={"tiles.rows": [64, 32]}, search=search)
    assert keys(sweep) == keys(sweep_of(tmp_path)) == keys(chosen)[:1]


def test_how_accuracy_is_found_is_part_of_the_key(tmp_path):
    sweep = sweep_of(tmp_path)
    accuracy = AccuracyPart(limit=20)
    found = {
        Identity(replace(sweep, accuracy=asked, data_hashes=(data,))).key((0, 0))
        for asked, data in [
            (accuracy, "a"),
            (accuracy, "b"),
            (accuracy.model_copy(update={"trials": 6}), "a"),
            (accuracy.model_copy(update={"seed": 1}), "a"),
            (accuracy.model_copy(update={"adc": "ideal"}), "a"),
            (accuracy.model_copy(update={"noise": ("shot",)}), "a"),
        ]
    }
    assert len(found | set(keys(sweep))) == 7


def test_another_version_of_the_program_runs_everything_again(tmp_path, monkeypatch):
    before = keys(sweep_of(tmp_path))
    monkeypatch.setattr("archsim.sweep.identity.version", lambda _: "0.0")
    assert keys(sweep_of(tmp_path)) != before


def test_a_search_that_is_to_try_more_is_the_same_sweep(tmp_path):
    def digest(**search):
        vary = {"tiles.rows": [16, 32]}
        sweep = sweep_of(tmp_path, vary=vary, objectives={"energy_j": "min"}, search=search)
        return sweep_digest(sweep)

    assert digest(method="tpe", trials=10) == digest(method="tpe", trials=20)
    assert digest(method="random", trials=10) != digest(method="random", trials=20)
    assert digest(method="tpe", trials=10) != digest(method="tpe", trials=10, seed=1)
    assert digest(method="tpe", trials=10) != digest(method="tpe", trials=10, population=5)


def test_a_space_without_machines_to_choose_from_has_keys_too(tmp_path):
    sweep = sweep_of(tmp_path, vary={"tiles.rows": [16, 32]})
    alone = replace(sweep, space=Space(sweep.space.axes[2:]))
    assert keys(alone) == keys(sweep)
