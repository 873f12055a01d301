"""What a sweep would be, told before it runs."""

from __future__ import annotations

import pytest

from archsim.sweep import rehearsal
from archsim.sweep.rehearsal import Rehearsal, rehearse
from tests.sweeps import sweep_of


def test_points_that_cannot_be_are_counted_by_reason(tmp_path):
    vary = {"tiles.adc.bits": [6, 8], "repetitions": [1, 2, 4]}
    found = rehearse(sweep_of(tmp_path, vary=vary))
    assert (found.points, found.checked, found.excluded) == (6, 6, 0)
    [misfit] = found.misfits
    assert misfit.points == 3
    assert "found 7.5 effective bits of 6" in misfit.reason
    assert misfit.examples[0] == (
        "hardware=homodyne, workload=lenet5, tiles.adc.bits=6, repetitions=1.0"
    )
    assert found.timing_s > 0
    assert found.evaluating_s is None
    least, most = found.expected_s(1)
    assert least == most == pytest.approx(3 * found.timing_s)
    assert found.expected_s(3)[0] == pytest.approx(found.timing_s)


def test_points_that_cannot_run_are_found_by_the_sample(tmp_path):
    found = rehearse(sweep_of(tmp_path, vary={"repetitions": [1.5, 2.5]}))
    assert sum(misfit.points for misfit in found.misfits) == 2
    assert found.timing_s is None
    assert found.expected_s(1) is None


def test_points_that_an_area_excludes_are_counted(tmp_path):
    vary = {"tiles.count": [1, 1000]}
    found = rehearse(sweep_of(tmp_path, vary=vary, where={"area_m2": "<= 1000 mm^2"}))
    assert (found.excluded, found.misfits) == (1, ())


def test_of_many_points_an_even_sample_is_looked_at(tmp_path, monkeypatch):
    monkeypatch.setattr(rehearsal, "MOST_CHECKED", 10)
    told = []
    found = rehearse(
        sweep_of(tmp_path, vary={"tiles.adc.bits": {"from": 1, "to": 32}}),
        lambda done, total: told.append((done, total)),
    )
    assert (found.points, found.checked) == (32, 10)
    assert told == [(n, 10) for n in range(1, 11)]


def test_a_search_is_rehearsed_by_a_random_sample(tmp_path):
    sweep = sweep_of(
        tmp_path,
        vary={"tiles.rows": [16, 32]},
        objectives={"energy_j": "min"},
        search={"method": "nsga2", "trials": 12},
    )
    assert rehearse(sweep).points == 12


def test_a_search_runs_what_a_limit_excludes_so_its_time_counts(tmp_path):
    parts = {"where": {"area_m2": "<= 1 um^2"}, "objectives": {"energy_j": "min"}}
    vary = {"tiles.rows": [16, 32]}
    search = {"method": "nsga2", "trials": 12}
    found = rehearse(sweep_of(tmp_path, vary=vary, search=search, **parts))
    assert found.excluded == found.checked > 0
    assert found.expected_s(1)[0] == pytest.approx(12 * found.timing_s)
    found = rehearse(sweep_of(tmp_path, vary=vary, **parts))
    assert (found.excluded, found.timing_s) == (2, None)


def test_evaluations_that_points_share_take_their_time_once():
    shared = Rehearsal(
        points=100,
        checked=50,
        misfits=(),
        excluded=10,
        skipped=10,
        sampled=8,
        timing_s=0.5,
        evaluating_s=2.0,
        evaluations=4,
    )
    assert shared.expected_s(1) == (80 * 0.5 + 2.0, 80 * 0.5 + 40 * 2.0)


def test_reasons_that_differ_in_numbers_alone_are_one(tmp_path):
    vary = {"tiles.laser.power": ["0.3 W", "0.4 W", "0.5 W"], "tiles.adc.bits": [8, 6]}
    found = rehearse(sweep_of(tmp_path, vary=vary))
    [misfit] = found.misfits
    assert misfit.points == 6
    assert misfit.reason == (
        "homodyne: tiles.laser.max_power: found 200 mW, below the power of 300 mW; expected at "
        "least the power; raise it"
    )
    assert len(misfit.examples) == 3
