"""Tables of prices against whole runs: what learning descends is what the user pays."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from archsim.functional.learning import Bounds
from archsim.hardware import load_hardware
from archsim.report.machine_price import MachinePrice
from archsim.report.pricing import outlay
from archsim.workload import RepetitionPlan, load_workload

BOUNDS = (2, 32)
MACHINES = {
    "homodyne": ("homodyne",),
    "crossbar": ("crossbar",),
    "crossbar, weights reloaded": ("crossbar", "tiles.reload=true", "tiles.count=4096"),
}


@pytest.mark.parametrize("name", MACHINES.values(), ids=MACHINES)
def test_the_sum_over_ops_agrees_with_a_whole_run_within_a_percent(name):
    """All 20 counts differ, each by up to a factor of 2 from where the tables were made."""
    hardware, workload = load_hardware(name[0], name[1:]), load_workload("resnet20_cifar10")
    names = [op.name for op in workload.gemms]
    dice = np.random.default_rng(7)

    def plan_of(vector):
        counts = dict(zip(names, vector, strict=True))
        return RepetitionPlan(fingerprint=workload.fingerprint, counts=counts)

    at = dice.integers(4, 17, len(names)).tolist()
    bounds = Bounds(*(torch.tensor([end] * len(names)).double() for end in BOUNDS))
    prices = {
        name: MachinePrice(hardware, workload, name).near(plan_of, torch.tensor(at), bounds)
        for name in ("energy", "latency")
    }
    for _ in range(2):
        factors = 2.0 ** dice.uniform(-1, 1, len(names))
        near = np.rint(at * factors).astype(int).tolist()
        told = {name: float(price.cost(torch.tensor(near))) for name, price in prices.items()}
        run = outlay(hardware, workload, plan_of(near))
        assert told["energy"] == pytest.approx(run.energy_j, rel=0.01)
        assert told["latency"] == pytest.approx(run.latency_s, rel=0.01)
