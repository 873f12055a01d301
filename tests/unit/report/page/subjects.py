"""Saved runs and sweeps that pages are made of: a usual one, one with accuracy, a hostile one."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd

import archsim
from archsim.report.loading import SavedReport, load_report
from archsim.report.page import Sweep
from archsim.workload import RepetitionPlan
from tests.unit.report.test_report import report
from tests.unit.report.tiny_accuracy import accuracy

SCRIPT = "</script><script>window.hacked = 1</script>"
HOSTILE = {
    "a": f'<img src="x" onerror="window.hacked=1">{SCRIPT}',
    "r": "\"'`&amp;{{ 7 * 7 }}${window.hacked=1}\u202egpj.exe\nnext\tline",
    "b": "🦄" + "x<b>" * 2_500,
}
"""Names of ops that break what does not escape them; the last one is 10 kB long."""

EVIL = f'<svg/onload="window.hacked=1">"\'{SCRIPT}\u202e'


def usual(folder, workload="lenet5", **options) -> SavedReport:
    """Return a shipped network on homodyne."""
    archsim.simulate("homodyne", workload, **options).save(folder)
    return load_report(folder)


def with_accuracy(folder) -> SavedReport:
    """Return a run small enough to be reckoned by hand, with accuracy."""
    dataclasses.replace(_sound(report()), accuracy=accuracy()).save(folder)
    return load_report(folder)


def hostile(folder) -> SavedReport:
    """Return the same with hostile names everywhere."""
    found = report()
    rename = HOSTILE | {None: None}
    machine = found.machine.model_copy(
        update={
            "name": EVIL[:100],
            "description": f"{EVIL}\nsecond line",
            "sources": {"clocks": f"assumed: {EVIL}", EVIL: EVIL},
        }
    )
    machine.__dict__.pop("hash", None)  # that of the machine it was copied from
    plan = RepetitionPlan(
        fingerprint="sha256:" + "0" * 64,
        counts={HOSTILE["a"]: (1, 2, 2), HOSTILE["b"]: (3,)},
        provenance={EVIL: EVIL},
    )
    tables = {
        field.name: tuple(
            dataclasses.replace(row, **_renamed(row, rename))
            for row in getattr(found.tables, field.name)
        )
        for field in dataclasses.fields(found.tables)
    }
    odd = accuracy()
    ops = tuple(dataclasses.replace(op, op=rename.get(op.op, op.op)) for op in odd.ops)
    odd = dataclasses.replace(odd, task=EVIL, ops=ops, provenance={EVIL: EVIL})
    dataclasses.replace(
        _sound(found, machine=machine, plan=plan),
        workload=EVIL,
        hardware=EVIL[:100],
        warnings=(EVIL, HOSTILE["b"]),
        tables=type(found.tables)(**tables),
        accuracy=odd,
    ).save(folder)
    return load_report(folder)


def sweep(**changes) -> Sweep:
    """Return a sweep of which the front is known: points 1, 2 and 3."""
    points = pd.DataFrame(
        {
            "point": [0, 1, 2, 3, 4],
            "tiles.count": [1, 2, 4, 8, 16],
            "tiles.laser.power": ["1 mW", "2 mW", "4 mW", EVIL, "16 mW"],
            "latency_s": [9e-6, 8e-6, 4e-6, 1e-6, np.nan],
            "energy_per_input_j": [5e-6, 1e-6, 2e-6, 4e-6, np.nan],
            "accuracy": [90.0, 91.0, 92.0, 93.0, np.nan],
            "status": ["done"] * 4 + ["failed"],
            "error": [None] * 4 + [EVIL],
        }
    )
    found = {
        "name": f"sweep {EVIL}",
        "points": points,
        "objectives": {"latency_s": "min", "energy_per_input_j": "min"},
        "front": {1, 2, 3},
        "links": {1: "points/1.html"},
        "facts": {"archsim version": "0", EVIL: EVIL},
        "warnings": (EVIL,),
    }
    return Sweep(**(found | changes))


def _sound(found, *, machine=None, plan=None):
    """Return a report whose provenance is that of its machine and plan."""
    machine = machine or found.machine
    provenance = dataclasses.replace(
        found.provenance,
        hardware_hash=machine.hash,
        plan_hash=None if plan is None else plan.hash,
    )
    return dataclasses.replace(found, machine=machine, plan=plan, provenance=provenance)


def _renamed(row, rename):
    """Return the fields of a row that name an op, by their new names."""
    found = {}
    for name in ("op", "place"):
        if hasattr(row, name):
            found[name] = rename.get(getattr(row, name), getattr(row, name))
    bound = getattr(row, "bound_by", None)
    if bound and bound.startswith("with "):
        found["bound_by"] = f"with {rename[bound.removeprefix('with ')]}"
    return found
