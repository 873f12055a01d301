"""What makes two points the same: everything that can change a figure, hashed.

The machine is told by the leaves of its resolved file, so that a key that was varied and one that
was edited in the file give the same point, and a point that is there already is never run again.
Each leaf becomes a number of 256 bits, and a machine the sum of its leaves: what a value adds to it
is found once, and a point costs a few additions. So a sweep of 100,000 points is compared with what
is done within seconds (``bench_sweep``), without a machine being built.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from typing import Any

from archsim.documents import plain
from archsim.sweep.file import ADAPTIVE
from archsim.sweep.space import Axis, Parameter, Places, setting_of
from archsim.sweep.sweep import Settings, Sweep
from archsim.sweep.values import Value

UNNAMED = frozenset({"description", "sources"})
"""Keys of a machine that change no figure."""

Path = tuple[str, ...]
_BYTES = 16
_MODULUS = 2**256
_KEPT = 2**14


@dataclass(frozen=True, slots=True)
class _Share:
    """What a place of one axis has in a key.

    Attributes:
        leaves: What it adds to each machine.
        others: Values of what is not part of the machine, by name.
    """

    leaves: tuple[int, ...]
    others: tuple[tuple[str, Any], ...]


class Identity:
    """Keys of a sweep's points.

    Attributes:
        sweep: The sweep.
        digest: What identifies it.
    """

    def __init__(self, sweep: Sweep) -> None:
        """Look up once what most points share."""
        self.sweep = sweep
        self.digest = sweep_digest(sweep)
        machines = [dict(_leaves(machine.data)) for machine in sweep.machines]
        self._machines = [sum(leaves.values()) for leaves in machines]
        paths = [p.path for p in sweep.space.parameters if p.path is not None]
        self._written = [
            {path: sum(n for at, n in leaves.items() if at[: len(path)] == path) for path in paths}
            for leaves in machines
        ]
        self._share = lru_cache(_KEPT)(self._share_of)
        self._rest = lru_cache(_KEPT)(self._rest_text)

    def key(self, places: Places) -> str:
        """Return the key of a point: 32 hexadecimal digits."""
        shares = [self._share(axis, place) for axis, place in enumerate(places)]
        others = tuple(other for share in shares for other in share.others)
        index = dict(others).get("hardware", 0)
        machine = self._machines[index] + sum(share.leaves[index] for share in shares)
        text = f"{machine % _MODULUS:064x}\n{self._rest(others)}"
        return hashlib.sha256(text.encode()).hexdigest()[: 2 * _BYTES]

    def _share_of(self, axis: int, place: int | float) -> _Share:
        settings = list(self.sweep.space.axes[axis].at(place))
        leaves = tuple(
            sum(_added(p.path, value, written) for p, value in settings if p.path is not None)
            for written in self._written
        )
        return _Share(leaves, tuple((p.name, v.plain) for p, v in settings if p.path is None))

    def _rest_text(self, others: tuple[tuple[str, Any], ...]) -> str:
        """Return what tells a point apart beside its machine."""
        sweep = self.sweep
        settings = {Parameter(name, name): Value(value, value) for name, value in others}
        counts = sweep.counts(settings)
        rest = {
            "workload": self._workload_text(setting_of(settings, "workload", 0)),
            "bits": sweep.bits(settings),
            "repetitions": counts if isinstance(counts, int | float) else counts.hash,
            "batch": setting_of(settings, "batch", sweep.batch),
            "schedule": setting_of(settings, "schedule", sweep.schedule),
            "ops": sweep.ops,
            "archsim": version("archsim"),
        }
        return json.dumps(rest)

    def _workload_text(self, index: int) -> str:
        """Return what tells a workload apart, and how its accuracy is found, if it is asked."""
        workload = self.sweep.workloads[index]
        bits = (workload.activation_bits, workload.weight_bits)
        accuracy = self.sweep.accuracy
        asked = (
            None if accuracy is None else [accuracy_text(accuracy), self.sweep.data_hashes[index]]
        )
        return json.dumps([workload.fingerprint, bits, asked])


def _added(path: Path, value: Value, written: Mapping[Path, int]) -> int:
    """Return what a value adds to the number of a machine in which another one is written."""
    new = sum(number for _, number in _leaves(value.plain, path)) if value.plain is not None else 0
    return new - written[path]


def sweep_digest(sweep: Sweep) -> str:
    """Return what identifies a sweep: all that decides which points it has, and what they are.

    How many points a search tries is no part of it: a search that is to try more goes on.
    """
    search = sweep.search
    adaptive = search.method in ADAPTIVE
    whole = [
        [[plain(axis.parameters), _axis_text(axis)] for axis in sweep.space.axes],
        [
            {key: value for key, value in machine.data.items() if key not in UNNAMED}
            for machine in sweep.machines
        ],
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
    return [[str(span.first), str(span.last), span.logarithmic] for span in axis.spans]


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


def _leaves(data: Any, path: Path = ()) -> Iterator[tuple[Path, int]]:
    """Yield the paths of plain values, each with a number that stands for path and value."""
    if isinstance(data, Mapping) and data:
        for key in data:
            if path or key not in UNNAMED:
                yield from _leaves(data[key], (*path, key))
    else:
        text = f"{json.dumps(path)}={json.dumps(data, sort_keys=True)}"
        yield path, int.from_bytes(hashlib.sha256(text.encode()).digest())
