"""Which points a sweep has."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter

import numpy as np
import pytest

from archsim.sweep.designs import design_of, moving, numbers, points_of
from tests.sweeps import sweep_file, sweep_of

VARY = {
    "tiles.rows": [16, 32, 48, 64],
    "schedule": ["serial"],
    "tiles.laser.power": {"from": "1 mW", "to": "1 W", "scale": "log"},
    "repetitions": [1, 2, 3],
}


def design(folder, method, trials, **search):
    found = sweep_of(folder, vary=VARY, search={"method": method, "trials": trials, **search})
    return design_of(found)


def test_a_grid_has_every_combination_in_order(tmp_path):
    grid = design_of(sweep_of(tmp_path, vary={"tiles.rows": [16, 32], "repetitions": [1, 2, 3]}))
    places = [(0, 0, row, count) for row in (0, 1) for count in (0, 1, 2)]
    assert [grid[n] for n in range(len(grid))] == places


@pytest.mark.parametrize(
    ("method", "trials", "points"),
    [("random", 7, 7), ("sobol", 7, 7), ("saltelli", 8, 8 * 5), ("morris", 4, 4 * 4)],
)
def test_each_method_takes_so_many_points(tmp_path, method, trials, points):
    chosen = design(tmp_path, method, trials)
    assert len(chosen) == points
    found = sweep_of(tmp_path, vary=VARY, search={"method": method, "trials": trials})
    assert points_of(found.space, method, trials) == points


@pytest.mark.parametrize("method", ["random", "sobol", "saltelli", "morris"])
def test_places_are_values_that_are_there(tmp_path, method):
    chosen = design(tmp_path, method, 8)
    for number in range(len(chosen)):
        hardware, workload, rows, schedule, power, count = chosen[number]
        assert (hardware, workload, schedule) == (0, 0, 0)
        assert rows in range(4)
        assert count in range(3)
        assert 0 <= power <= 1


def test_every_value_comes_equally_often(tmp_path):
    chosen = design(tmp_path, "sobol", 64)
    rows = Counter(chosen[n][2] for n in range(64))
    assert rows == {0: 16, 1: 16, 2: 16, 3: 16}


@pytest.mark.parametrize("method", ["random", "sobol", "saltelli", "morris"])
def test_the_seed_decides(tmp_path, method):
    def shares(seed):
        chosen = design(tmp_path, method, 8, seed=seed)
        return [chosen[n] for n in range(len(chosen))]

    assert shares(3) == shares(3)
    assert shares(3) != shares(4)


def test_a_longer_sample_begins_with_the_shorter_one(tmp_path):
    for method in ("random", "sobol"):
        short, long = design(tmp_path, method, 5), design(tmp_path, method, 8)
        assert [short[n] for n in range(5)] == [long[n] for n in range(5)]


def test_random_shares_are_uniform(tmp_path):
    chosen = design(tmp_path, "random", 2000)
    power = np.array([chosen[n][4] for n in range(2000)])
    assert abs(power.mean() - 1 / 2) < 4 / np.sqrt(12 * 2000)  # 4 sigma, seed fixed


def test_another_process_chooses_the_same_points(tmp_path):
    path = sweep_file(tmp_path, vary=VARY, search={"method": "sobol", "trials": 4, "seed": 1})
    program = (
        "import sys; from archsim.sweep import load_sweep_file;"
        "from archsim.sweep.designs import design_of;"
        "found = design_of(load_sweep_file(sys.argv[1]));"
        "print([found[n] for n in range(len(found))])"
    )
    told = subprocess.run(
        [sys.executable, "-c", program, path], check=True, capture_output=True, text=True
    )
    chosen = design(tmp_path, "sobol", 4, seed=1)
    assert told.stdout.strip() == str([chosen[n] for n in range(4)])


def test_axes_with_one_value_are_no_part_of_the_choice(tmp_path):
    space = sweep_of(tmp_path, vary=VARY, search={"method": "random", "trials": 1}).space
    columns = [axis.parameters[0].column for axis in moving(space)]
    assert columns == ["tiles.rows", "tiles.laser.power_w", "repetitions"]


def test_equal_points_have_the_number_of_the_first(tmp_path):
    found = sweep_of(
        tmp_path, vary={"repetitions": [1, 2]}, search={"method": "random", "trials": 9}
    )
    known = numbers(design_of(found), lambda places: str(places[2]))
    places = [design_of(found)[n][2] for n in range(9)]
    assert known == {"0": places.index(0), "1": places.index(1)}
