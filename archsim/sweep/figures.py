"""The figures of a point: what each column of the results holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["float", "int", "text"]


@dataclass(frozen=True, slots=True)
class Figure:
    """A column of the results.

    Attributes:
        name: With its unit.
        kind: What it holds.
        of_accuracy: Whether only accuracy gives it.
    """

    name: str
    kind: Kind = "float"
    of_accuracy: bool = False


COMPONENTS = (
    "laser",
    "comb",
    "modulator",
    "dac",
    "weight_dac",
    "detector",
    "tia",
    "adc",
    "array",
    "accumulator",
    "buffer",
    "dram",
    "vector_unit",
)
"""Parts of machines, as ``Hardware.parts`` names them."""

FIGURES = (
    Figure("latency_s"),
    Figure("throughput_per_s"),
    Figure("energy_j"),
    Figure("energy_per_input_j"),
    Figure("power_w"),
    Figure("area_m2"),
    Figure("utilization"),
    Figure("makespan_s"),
    Figure("makespan_ticks", "int"),
    Figure("tick_s"),
    Figure("macs", "int"),
    Figure("mean_repetitions"),
    Figure("programming_time_s"),
    Figure("programming_energy_j"),
    *(Figure(f"{slot}_energy_j") for slot in COMPONENTS),
    Figure("accuracy", of_accuracy=True),
    Figure("accuracy_low", of_accuracy=True),
    Figure("accuracy_high", of_accuracy=True),
    Figure("drop", of_accuracy=True),
    Figure("drop_low", of_accuracy=True),
    Figure("drop_high", of_accuracy=True),
    Figure("quantised_accuracy", of_accuracy=True),
    Figure("clean_accuracy", of_accuracy=True),
    Figure("accuracy_unit", "text", of_accuracy=True),
    Figure("hardware_hash", "text"),
    Figure("workload_fingerprint", "text"),
    Figure("plan_hash", "text"),
)
"""All figures in the order of their columns; intervals are those over examples like these."""

BY_NAME = {figure.name: figure for figure in FIGURES}

Figures = dict[str, Any]
"""Figures of a point by name; those that it does not have are left out."""
