"""A sweep as its points need it: everything read and checked, nothing left to look up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from archsim.hardware import Hardware
from archsim.hardware.keys import changed, machine_of
from archsim.sweep.file import AccuracyPart, Search
from archsim.sweep.limits import Limit
from archsim.sweep.space import Parameter, Places, Space, setting_of
from archsim.sweep.values import Value
from archsim.workload import RepetitionPlan, Workload

Settings = dict[Parameter, Value]


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine that a sweep starts from.

    Attributes:
        name: What tables call it.
        data: What a saved one holds.
    """

    name: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Sweep:
    """Everything that a point needs beside its places; sent to each worker once.

    Attributes:
        name: The file's.
        folder: What files are relative to that workers read.
        space: What is varied.
        machines: Those that it starts from.
        workloads: What runs on them.
        models: For each workload the task or module:callable that accuracy is found for.
        plans: Repetition plans by their file.
        batch: Inputs, where the space does not say.
        schedule: Order of ops, where the space does not say.
        limits: What figures have to keep.
        objectives: Figures to judge by, ``min`` or ``max``.
        search: How points are chosen.
        accuracy: How accuracy is found; None if it is not asked.
        data_hashes: For each workload what identifies its weights and data; none without accuracy.
        ops: Whether rows of single ops are kept.
    """

    name: str
    folder: Path
    space: Space
    machines: tuple[Machine, ...]
    workloads: tuple[Workload, ...]
    models: tuple[str, ...]
    plans: Mapping[str, RepetitionPlan]
    batch: int
    schedule: str
    limits: tuple[Limit, ...]
    objectives: Mapping[str, str]
    search: Search
    accuracy: AccuracyPart | None
    data_hashes: tuple[str, ...]
    ops: bool

    def hardware(self, settings: Settings) -> Hardware:
        """Return the machine of a point.

        Raises:
            ConfigError: There is no such machine.
        """
        machine = self.machines[setting_of(settings, "hardware", 0)]
        changes = {p.path: value.plain for p, value in settings.items() if p.path is not None}
        return machine_of(changed(machine.data, changes), machine.name)

    def settings(self, places: Places) -> Settings:
        """Return the value of every parameter at a point."""
        return self.space.settings(places)

    def bits(self, settings: Settings) -> tuple[int | None, int | None]:
        """Return the bits of activations and of weights; None where the workload says."""
        both = setting_of(settings, "bits", None)
        if both is not None:
            return both, both
        return setting_of(settings, "activation_bits", None), setting_of(
            settings, "weight_bits", None
        )

    def counts(self, settings: Settings) -> RepetitionPlan | int | float:
        """Return the repetitions of a point."""
        file = setting_of(settings, "plans", None)
        if file is not None:
            return self.plans[file]
        count = setting_of(settings, "repetitions", 1)
        return int(count) if count == int(count) else float(count)
