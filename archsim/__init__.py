"""Latency, throughput, energy, area and accuracy of neural networks on analog accelerators.

>>> import archsim
>>> report = archsim.simulate("homodyne", "lenet5", batch=4)
>>> report.latency_s, report.energy_j, report.ops  # doctest: +SKIP
>>> task = archsim.load_task("digits_cnn")  # doctest: +SKIP
>>> archsim.evaluate(task, archsim.load_hardware("homodyne"), 4).drop  # doctest: +SKIP

Importing ``archsim`` costs nothing: what is named here is loaded when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from archsim.errors import (
        ArchsimError,
        ConfigError,
        MappingError,
        SimulationError,
        WorkloadError,
    )
    from archsim.functional import Accuracy, Settings, Task, evaluate, exported
    from archsim.functional.targets import load_task
    from archsim.hardware import Hardware, load_hardware
    from archsim.report import Report, simulate
    from archsim.report.loading import SavedReport, load_report
    from archsim.sweep import load_sweep, run_sweep
    from archsim.workload import (
        RepetitionPlan,
        Workload,
        load_plan,
        load_workload,
        save_plan,
        save_workload,
    )

__all__ = [
    "Accuracy",
    "ArchsimError",
    "ConfigError",
    "Hardware",
    "MappingError",
    "RepetitionPlan",
    "Report",
    "SavedReport",
    "Settings",
    "SimulationError",
    "Task",
    "Workload",
    "WorkloadError",
    "evaluate",
    "exported",
    "load_hardware",
    "load_plan",
    "load_report",
    "load_sweep",
    "load_task",
    "load_workload",
    "run_sweep",
    "save_plan",
    "save_workload",
    "simulate",
]

_HOMES = {
    "archsim.errors": (
        "ArchsimError",
        "ConfigError",
        "MappingError",
        "SimulationError",
        "WorkloadError",
    ),
    "archsim.functional": ("Accuracy", "Settings", "Task", "evaluate", "exported"),
    "archsim.functional.targets": ("load_task",),
    "archsim.hardware": ("Hardware", "load_hardware"),
    "archsim.report": ("Report", "simulate"),
    "archsim.report.loading": ("SavedReport", "load_report"),
    "archsim.sweep": ("load_sweep", "run_sweep"),
    "archsim.workload": (
        "RepetitionPlan",
        "Workload",
        "load_plan",
        "load_workload",
        "save_plan",
        "save_workload",
    ),
}


def __getattr__(name: str) -> Any:
    """Load a name of ``__all__`` from the package it lives in."""
    from importlib import import_module, metadata  # importing archsim costs nothing

    if name == "__version__":
        return metadata.version("archsim")
    for home, names in _HOMES.items():
        if name in names:
            value = getattr(import_module(home), name)
            globals()[name] = value
            return value
    raise AttributeError(f"module 'archsim' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
