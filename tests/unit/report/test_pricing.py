from __future__ import annotations

from functools import cache

import numpy as np
import pytest

import archsim
from archsim.errors import ConfigError, MappingError, WorkloadError
from archsim.hardware import load_hardware
from archsim.report import pricing
from archsim.report.pricing import Outlay, grid, marginal, outlay
from archsim.workload import RepetitionPlan, Workload, load_workload
from tests.networks import network
from tests.unit.report.tiny import machine

COUNTS = (1, 2, 4, 8)
SPACE = ("tiles.repetition=space", "tiles.count=3")


def counted(workload, names=None):
    """Return how a vector becomes a plan: a count for each of these GEMMs, once for the rest."""
    names = names or [op.name for op in workload.gemms]
    once = {op.name: 1 for op in workload.gemms}

    def plan_of(vector):
        counts = once | dict(zip(names, vector, strict=True))
        return RepetitionPlan(fingerprint=workload.fingerprint, counts=counts)

    return plan_of


@pytest.fixture(scope="module")
def lenet():
    return load_workload("lenet5")


@cache
def tables(name="homodyne", *overrides, at=(4, 1, 2, 4, 3)):
    lenet = load_workload("lenet5")
    return marginal(load_hardware(name, overrides), lenet, counted(lenet), at, counts=COUNTS)


@pytest.mark.parametrize("name", ["homodyne", "ring_bank", "crossbar", "dota_b", "digital_int8"])
@pytest.mark.parametrize("network_name", ["lenet5", "mnist_cnn"])
def test_an_outlay_is_what_the_report_says_exactly(name, network_name):
    hardware, workload = load_hardware(name), load_workload(network_name)
    repetitions = 1 if name == "digital_int8" else 3
    report = archsim.simulate(hardware, workload, repetitions=repetitions, batch=2)
    found = outlay(hardware, workload, repetitions, batch=2)
    assert found == Outlay(report.energy_j, report.latency_s)


def test_every_entry_is_a_whole_run_with_one_count_changed(lenet):
    found = tables()
    for parameter, place in ((0, 0), (1, 3), (4, 2)):
        vector = [*map(int, found.at)]
        vector[parameter] = COUNTS[place]
        plan = counted(lenet)(vector)
        report = archsim.simulate("homodyne", lenet, plan=plan)
        assert found.energy_j[parameter, place] == report.energy_j
        assert found.latency_s[parameter, place] == report.latency_s
    assert found.least == outlay(load_hardware("homodyne"), lenet, 1)


def test_tables_are_exact_where_they_were_made_even_off_the_grid(lenet):
    found = tables()
    assert found.at[4] == 3
    assert found.here == outlay(load_hardware("homodyne"), lenet, counted(lenet)((4, 1, 2, 4, 3)))
    assert list(found.knots) == [1, 2, 3, 4, 8]
    for amount in ("energy_j", "latency_s"):
        table = found.table(amount)
        assert (table[:, [0, 1, 3, 4]] == getattr(found, amount)).all()
        assert table[4, 2] == getattr(found.here, amount)
        assert table[:4, 2] == pytest.approx(table[:4, [1, 3]].mean(1))  # between counts, linear


def test_no_run_is_done_twice(lenet, monkeypatch):
    runs = []
    monkeypatch.setattr(pricing, "outlay", lambda *of: runs.append(of) or Outlay(1.0, 1.0))
    marginal(load_hardware("homodyne"), lenet, counted(lenet), (1, 1, 1, 1, 2), counts=COUNTS)
    # here; all at 1; three others for each of five parameters, of which one is all at 1 again
    assert len(runs) == 1 + 5 * 3


@pytest.mark.parametrize("name", ["homodyne", "ring_bank", "dota_b"])
def test_more_repetitions_never_save_energy_or_time(name):
    found = tables(name)
    assert (np.diff(found.energy_j) >= 0).all()
    assert (np.diff(found.latency_s) >= 0).all()
    assert (found.energy_j[:, -1] > found.energy_j[:, 0]).all()


def test_a_repetition_is_free_while_dram_is_slower(lenet):
    # The 48,000 weights of c5 take 48 us at 1 GB/s. Until they are there, c3 does its 2 waves of
    # 150 symbols of 0.2 ns as often as it likes: 64 times are 4 us, 4,096 times 246 us.
    hardware = load_hardware("homodyne", ["dram.bandwidth=1 GB/s"])
    counts = (1, 8, 64, 4096)
    found = marginal(hardware, lenet, counted(lenet, ["c3"]), [1], counts=counts)
    [latency_s] = found.latency_s
    assert latency_s[0] == latency_s[1] == latency_s[2]
    assert latency_s[3] > latency_s[0] + 150e-6
    assert (np.diff(found.energy_j) > 0).all()


def test_laser_power_makes_straight_lines_of_fractions():
    workload = Workload(**network())
    found = marginal(machine(), workload, counted(workload), [2.5], counts=(1, 10))
    assert found.here.latency_s == found.least.latency_s
    [energies_j] = found.table("energy_j")
    between_j = np.interp(4.75, found.knots, energies_j)
    assert between_j == pytest.approx(outlay(machine(), workload, 4.75).energy_j, rel=1e-12)


def test_a_plan_that_cannot_run_names_the_op_and_the_count(lenet):
    hardware = load_hardware("homodyne", SPACE)
    first = lenet.gemms[0].name
    for at in (1, 4):
        with pytest.raises(MappingError, match=f"{first}: 4 repetitions in space need 4 tiles"):
            marginal(hardware, lenet, counted(lenet, [first]), [at], counts=COUNTS)
    with pytest.raises(WorkloadError, match=rf"plan: counts\.{first}: found 0\.5"):
        marginal(hardware, lenet, counted(lenet, [first]), [1], counts=(0.5, 1))


def test_machines_that_keep_their_weights_are_refused_where_shares_of_tiles_would_move(lenet):
    whole = archsim.simulate("crossbar", lenet).ops.query("place == 'array'").tiles.sum()
    enough, short = (
        load_hardware("crossbar", [f"tiles.count={count}"]) for count in (whole, whole - 1)
    )
    marginal(enough, lenet, counted(lenet), [1] * 5, counts=COUNTS)
    with pytest.raises(
        ConfigError,
        match=rf"prices: found tiles\.reload: false in 'crossbar', whose {whole - 1} tiles are "
        rf"shared out.*; raise tiles\.count to {whole}, set tiles\.reload: true, or pay photons",
    ):
        marginal(short, lenet, counted(lenet), [1] * 5, counts=COUNTS)
    copies = load_hardware("crossbar", ["tiles.repetition=space"])
    with pytest.raises(
        ConfigError, match=r"only what that op takes; repeat in time, set tiles\.reload: true"
    ):
        marginal(copies, lenet, counted(lenet), [1] * 5, counts=COUNTS)


@pytest.mark.parametrize("counts", [(), (0, 1), (1, 1), (2, 1)])
def test_a_grid_that_does_not_rise_is_refused(lenet, counts):
    hardware = load_hardware("homodyne")
    with pytest.raises(ConfigError, match=r"prices: found counts .*; expected rising numbers"):
        marginal(hardware, lenet, counted(lenet), [1] * 5, counts=counts)


def test_prices_of_nothing_are_refused(lenet):
    with pytest.raises(ConfigError, match="prices: found no parameter; expected one at least"):
        marginal(load_hardware("homodyne"), lenet, counted(lenet, ["x"]), [], counts=COUNTS)


def test_the_grid_doubles_up_to_the_most():
    assert grid(1, 16) == (1, 2, 4, 8, 16)
    assert grid(1, 20) == (1, 2, 4, 8, 16, 20)
    assert grid(3, 13) == (3, 6, 12, 13)
    assert grid(1, 1) == (1,)
    with pytest.raises(ConfigError, match="prices: found counts from 2 to 1; expected 1 <= least"):
        grid(2, 1)
