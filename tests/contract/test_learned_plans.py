"""What learning pays by tables of a machine is what the whole run takes."""

from functools import cache

import pytest

from archsim.errors import ConfigError
from archsim.functional import exported
from archsim.functional.learning import Aim, Rules, learn
from archsim.hardware import load_hardware
from archsim.report import simulate
from archsim.report.machine_price import MachinePrice
from workloads.tasks import TASKS

COLUMNS = 8  # of a tile, where channels of an op are to differ
RULES = Rules(steps=6, batch=16, rate=0.1, start=1.0)


@cache
def digits():
    task = TASKS["digits_cnn"]()
    return task, exported(task)


def machine(*changes):
    return load_hardware("homodyne", ["tiles.detector.photons_per_mac=1", *changes])


def taken(report, name):
    energy_j, latency_s = report.energy_j, report.latency_s
    return {"energy": energy_j, "latency": latency_s, "edp": energy_j * latency_s}[name]


@pytest.mark.parametrize(
    ("name", "granularity"),
    [
        ("energy", "op"),
        pytest.param("latency", "channel", marks=pytest.mark.slow),
        pytest.param("edp", "op", marks=pytest.mark.slow),
    ],
)
def test_a_learned_plan_costs_what_a_whole_run_takes(name, granularity):
    (task, network), hardware = digits(), machine()
    found = learn(
        task, hardware, Aim(granularity, target=6.0), rules=RULES, network=network, trials=1,
        limit=20, price=MachinePrice(hardware, network.workload, name), compare=False,
    )  # fmt: skip
    plan = simulate(hardware, network.workload, found.plan)
    uniform = simulate(hardware, network.workload, repetitions=6)
    assert found.cost == pytest.approx(taken(plan, name), rel=1e-12)
    assert taken(plan, name) <= 1.01 * taken(uniform, name)
    assert found.price == name


@pytest.mark.parametrize("granularity", ["op", "channel"])
def test_the_ledger_holds_as_many_products_as_a_learned_plan_repeats(granularity):
    (task, network), hardware = digits(), machine(f"tiles.columns={COLUMNS}")
    found = learn(
        task, hardware, Aim(granularity, target=5.0), rules=RULES, network=network, trials=1,
        limit=20, compare=False,
    )  # fmt: skip
    ledger = {
        row.op: row.count
        for row in simulate(hardware, network.workload, found.plan).tables.actions
        if row.action == "array.mac"
    }
    assert ledger == {
        op.name: op.gemm.macs // op.channels * sum(paid(found.plan.counts[op.name], op.channels))
        for op in network.workload.gemms
    }


def paid(counts, channels):
    """Return how often each channel is repeated: like the neediest of its sorted neighbours."""
    each = sorted(counts if len(counts) > 1 else counts * channels, reverse=True)
    return [each[place - place % COLUMNS] for place in range(channels)]


def test_a_price_that_there_is_not_is_refused():
    with pytest.raises(ConfigError) as error:
        MachinePrice(machine(), digits()[1].workload, "area")
    assert str(error.value) == (
        "cost: found 'area'; expected photons, energy, latency, edp; choose one"
    )
