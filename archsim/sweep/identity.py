"""What makes two points the same: everything that can change a figure, hashed.

The machine is told by the leaves of its resolved file, so that a key that was varied and one that
was edited in the file give the same point, and a point that is there already is never run again.
Hashing takes some microseconds a point and needs no machine to be built: a sweep of 100,000 points
is compared with what is done within seconds (``bench_sweep``).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib.metadata import version
from typing import Any

from archsim.documents import plain
from archsim.sweep.file import ADAPTIVE
from archsim.sweep.space import Axis, Places, setting_of
from archsim.sweep.sweep import Settings, Sweep

UNNAMED = frozenset({"description", "sources"})
"""Keys of a machine that change no figure."""

Path = tuple[str, ...]
_BYTES = 16


class Identity:
    """Keys of a sweep's points.

    Attributes:
        sweep: The sweep.
        digest: What identifies it.
    """

    def __init__(self, sweep: Sweep) -> None:
        """Look up once what most points share."""
        self.sweep = self._sweep = sweep
        self.digest = sweep_digest(sweep)
        # in the order of their texts, which a leaf's value has no part in: paths differ before it
        self._machines = [
            dict(sorted(_leaves(m.data), key=lambda leaf: leaf[1])) for m in sweep.machines
        ]
        self._version = version("archsim")
        paths = [p.path for p in sweep.space.parameters if p.path is not None]
        self._under = [
            {path: {leaf for leaf in leaves if leaf[: len(path)] == path} for path in paths}
            for leaves in self._machines
        ]
        self._workload = lru_cache(maxsize=None)(self._workload_text)

    def key(self, places: Places) -> str:
        """Return the key of a point: 32 hexadecimal digits."""
        settings = self._sweep.settings(places)
        text = "\n".join((self._machine_text(settings), self._rest_text(settings)))
        return hashlib.sha256(text.encode()).hexdigest()[: 2 * _BYTES]

    def _machine_text(self, settings: Settings) -> str:
        index = setting_of(settings, "hardware", 0)
        leaves = self._machines[index].copy()
        moved = False
        for parameter, value in settings.items():
            if parameter.path is None:
                continue
            there = self._under[index][parameter.path]
            new = dict(_leaves(value.plain, parameter.path)) if value.plain is not None else {}
            if new.keys() == there:
                leaves.update(new)
                continue
            moved = True
            for leaf in there:
                del leaves[leaf]
            leaves.update(new)
        return "\n".join(sorted(leaves.values()) if moved else leaves.values())

    def _rest_text(self, settings: Settings) -> str:
        sweep = self._sweep
        counts = sweep.counts(settings)
        rest = {
            "workload": self._workload(setting_of(settings, "workload", 0)),
            "bits": sweep.bits(settings),
            "repetitions": counts if isinstance(counts, int | float) else counts.hash,
            "batch": setting_of(settings, "batch", sweep.batch),
            "schedule": setting_of(settings, "schedule", sweep.schedule),
            "ops": sweep.ops,
            "archsim": self._version,
        }
        return json.dumps(rest)

    def _workload_text(self, index: int) -> str:
        """Return what tells a workload apart, and how its accuracy is found, if it is asked."""
        workload = self._sweep.workloads[index]
        bits = (workload.activation_bits, workload.weight_bits)
        accuracy = self._sweep.accuracy
        asked = (
            None if accuracy is None else [accuracy_text(accuracy), self._sweep.data_hashes[index]]
        )
        return json.dumps([workload.fingerprint, bits, asked])


def sweep_digest(sweep: Sweep) -> str:
    """Return what identifies a sweep: all that decides which points it has, and what they are.

    How many points a search tries is no part of it: a search that is to try more goes on.
    """
    search = sweep.search
    adaptive = search.method in ADAPTIVE
    whole = [
        [[plain(axis.parameters), _axis_text(axis)] for axis in sweep.space.axes],
        [[m.name, m.data] for m in sweep.machines],
        [[w.fingerprint, w.activation_bits, w.weight_bits] for w in sweep.workloads],
        {file: plan.hash for file, plan in sweep.plans.items()},
        [sweep.batch, sweep.schedule, sweep.ops],
        plain(sweep.limits),
        dict(sweep.objectives) if adaptive else {},
        [search.method, search.seed, None if adaptive else search.trials, search.population],
        [accuracy_text(sweep.accuracy), sweep.data_hashes] if sweep.accuracy else None,
        version("archsim"),
    ]
    text = json.dumps(whole, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[: 2 * _BYTES]


def _axis_text(axis: Axis) -> Any:
    if axis.values:
        return [[value.plain for value in values] for values in axis.values]
    return [[span.first, span.last, span.logarithmic] for span in axis.spans]


def evaluation_key(sweep: Sweep, settings: Settings, told: str) -> str:
    """Return what makes two evaluations the same.

    Args:
        sweep: The sweep.
        settings: The point.
        told: Hash of what the functional side is told of machine and plan.
    """
    index = setting_of(settings, "workload", 0)
    workload = sweep.workloads[index].with_bits(*sweep.bits(settings))
    whole = [
        told,
        workload.fingerprint,
        (workload.activation_bits, workload.weight_bits),
        sweep.data_hashes[index],
        accuracy_text(sweep.accuracy),
        version("archsim"),
        version("torch"),
    ]
    return hashlib.sha256(json.dumps(whole).encode()).hexdigest()[: 2 * _BYTES]


def accuracy_text(accuracy: Any) -> str:
    """Return how accuracy is found, without what the hash of the data says."""
    left_out = {"weights", "data", "labels"}
    return json.dumps(accuracy.model_dump(mode="json", exclude=left_out), sort_keys=True)


def _leaves(data: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Yield the paths of plain values, each with a text of path and value."""
    if isinstance(data, Mapping) and data:
        for key in sorted(data):
            if path or key not in UNNAMED:
                yield from _leaves(data[key], (*path, key))
    else:
        yield path, f"{json.dumps(path)}={json.dumps(data, sort_keys=True)}"
