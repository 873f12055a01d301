"""What the functional side is told of a machine and a plan: cuts, counts, noise, conversion."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from archsim.documents import plain
from archsim.functional.levels import select
from archsim.functional.path import AnalogPath
from archsim.functional.settings import AdcRange, Quantisation, Settings
from archsim.hardware import Hardware
from archsim.mapping import Arithmetic, arithmetic
from archsim.workload import RepetitionPlan, Workload


@dataclass(frozen=True, slots=True)
class Specification:
    """All that a network's numbers depend on beside the network: two equal ones, equal numbers.

    Attributes:
        numbers: How every product is cut, and how often it is repeated.
        path: What its sums go through.
        quantisation: Levels of activations and weights; None: single precision.
    """

    numbers: Arithmetic
    path: AnalogPath
    quantisation: Quantisation | None

    @classmethod
    def of(
        cls,
        workload: Workload,
        hardware: Hardware,
        plan: RepetitionPlan | int | float,
        settings: Settings,
    ) -> Specification:
        """Return that of a workload on a machine.

        Raises:
            ArchsimError: The plan or the machine does not fit the workload, or a source is unknown.
        """
        path = _path(hardware, settings)
        return cls(arithmetic(workload, hardware, plan), path, settings.quantisation)

    @property
    def hash(self) -> str:
        """What identifies it: machines that differ in time and energy alone have the same."""
        text = json.dumps(plain(self), sort_keys=True, allow_nan=False)
        return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def _path(hardware: Hardware, chosen: Settings) -> AnalogPath:
    tiles = hardware.tiles
    ideal = chosen.adc is AdcRange.IDEAL or tiles.adc is None
    sources = () if tiles.digital else hardware.noise()
    return AnalogPath(
        sources=select(sources, chosen.sources, converter=not ideal),
        mode=tiles.repetition,
        averaging=tiles.averaging,
        adc_bits=None if ideal or tiles.adc is None else tiles.adc.bits,
        adc_range=chosen.adc,
        intensities=tiles.detector is not None and tiles.detector.detection == "direct",
    )
