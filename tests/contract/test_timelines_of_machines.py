"""Timelines of shipped networks on shipped machines: a viewer takes them, and sums are right."""

from __future__ import annotations

import pytest

from archsim.engine import run
from archsim.hardware import load_hardware, shipped
from archsim.mapping import compile_workload
from archsim.report.timeline import Choice
from archsim.workload import load_workload
from tests import timelines

MACHINES = sorted(shipped())
NETWORKS = ("lenet5", "resnet20_cifar10")
RUNS = [
    *((machine, network, "serial", 1, "compiled") for machine in MACHINES for network in NETWORKS),
    *((machine, "lenet5", "serial", 3, "simpy") for machine in MACHINES),
    ("homodyne", "minilm_l6", "serial", 1, "compiled"),
    ("crossbar", "lenet5", "pipelined", 4, "compiled"),
    ("crossbar", "lenet5", "pipelined", 2, "simpy"),
    ("crossbar", "resnet20_cifar10", "pipelined", 3, "compiled"),
]


@pytest.mark.parametrize(("machine", "network", "schedule", "batch", "engine"), RUNS)
def test_a_timeline_adds_up_to_the_report(tmp_path, machine, network, schedule, batch, engine):
    report, document = timelines.drawn(
        tmp_path / "t.json.gz",
        machine,
        network,
        schedule=schedule,
        batch=batch,
        engine=engine,
    )
    assert document["otherData"]["joined_gap_ticks"] is None
    made = compile_workload(
        load_workload(network), load_hardware(machine), batch=batch, schedule=schedule
    )
    ledger = run(made.program)
    assert timelines.busy_us(document) == timelines.ledger_busy_ticks(ledger)
    tick_s = float(timelines.tick_s(document))
    assert tick_s == report.tick_s
    of_components = timelines.integral(document, "power of component [W]")
    total = timelines.integral(document, "power [W]")
    assert total["total"] * tick_s == pytest.approx(report.energy_j, rel=1e-5)
    energy_j = {name: j for name, j in report.energy_by_component_j.items() if j}
    assert of_components.keys() == energy_j.keys()
    for name, j in energy_j.items():
        assert of_components[name] * tick_s == pytest.approx(j, rel=1e-5)
    stalls_ticks = sum(timelines.integral(document, "units stalled").values())
    assert stalls_ticks == pytest.approx(sum(r.stall_ticks for r in ledger.records), rel=1e-5)
    if engine == "simpy":
        assert not timelines.slices(document, "skipped")


def test_a_joined_timeline_adds_up_in_busy_ticks(tmp_path):
    whole = (tmp_path / "whole.json", tmp_path / "joined.json")
    _, every = timelines.drawn(whole[0], "ring_bank", "lenet5")
    limit = whole[0].stat().st_size * 2 // 3
    _, joined = timelines.drawn(whole[1], "ring_bank", "lenet5", choice=Choice(most_bytes=limit))
    assert whole[1].stat().st_size <= limit
    assert joined["otherData"]["joined_gap_ticks"] >= 0
    found = [0, 0]
    for index, document in enumerate((every, joined)):
        for event in timelines.slices(document, "work"):
            found[index] += event["args"]["busy_ticks"] * event["args"]["multiplicity"]
    assert found[0] == found[1]
    works = [sum(e["args"]["works"] for e in timelines.slices(d, "work")) for d in (every, joined)]
    assert works[0] == works[1]
    assert len(timelines.slices(joined)) < len(timelines.slices(every))
