"""Packing against the ledger: converters skip finished columns, and so count the ideal."""

from __future__ import annotations

import random

import pytest

import archsim
from archsim.hardware import load_hardware
from archsim.workload import RepetitionPlan, load_workload

MACHINES = {
    "homodyne": ("tiles.averaging=digital", "tiles.columns=8"),
    "homodyne in space": (
        "tiles.averaging=digital",
        "tiles.columns=8",
        "tiles.repetition=space",
        "tiles.count=64",
    ),
    "ring_bank": ("tiles.averaging=digital",),
    "crossbar": (),
    "crossbar reloaded": ("tiles.reload=true", "tiles.count=8"),
    "dota_b": ("tiles.averaging=digital",),
}


def counted(report, action):
    return {row.op: row.count for row in report.tables.actions if row.action == action}


@pytest.mark.parametrize("name", MACHINES)
@pytest.mark.parametrize("network", ["lenet5", "mnist_cnn"])
def test_packing_is_what_cells_do_beyond_what_converters_do(name, network):
    """Repetition multiplies an op's conversions by its mean count, its cells' work by more."""
    machine = load_hardware(name.partition(" ")[0], MACHINES[name])
    workload = load_workload(network)
    dice = random.Random(5)
    counts = {op.name: [dice.randint(1, 6) for _ in range(op.channels)] for op in workload.gemms}
    plan = RepetitionPlan(fingerprint=workload.fingerprint, counts=counts)
    once, often = archsim.simulate(machine, workload), archsim.simulate(machine, workload, plan)
    done, did = counted(often, "array.mac"), counted(once, "array.mac")
    read, had = counted(often, "adc.convert"), counted(once, "adc.convert")
    told = {row.op: row.packing_overhead for row in often.tables.ops if row.op in counts}
    for op, ks in counts.items():
        assert read[op] / had[op] == pytest.approx(sum(ks) / len(ks))
        assert told[op] == pytest.approx(done[op] / did[op] / (read[op] / had[op]) - 1, abs=1e-12)
    assert max(told.values()) > 0


@pytest.mark.parametrize(
    ("machine", "network"),
    [
        ("homodyne", "deit_t"),
        ("dota_b", "minilm_l6"),
        ("ring_bank", "shufflenet_v2"),
        ("crossbar", "resnet20_cifar10"),
        ("homodyne", "efficientnet_lite0"),
    ],
)
def test_equal_counts_for_all_channels_have_no_overhead(machine, network):
    """The work of a product done once is its MACs, slices and cells, on any machine."""
    workload = load_workload(network)
    counts = {op.name: 1 if op.gemm.dynamic else [1] * op.channels for op in workload.gemms}
    plan = RepetitionPlan(fingerprint=workload.fingerprint, counts=counts)
    found = archsim.simulate(machine, workload, plan)
    assert found.packing_overhead == 0
    assert {row.packing_overhead for row in found.tables.ops} == {0, None}
