"""The machine: what it is made of, and what each part says about itself.

A component answers three questions from one set of physical parameters: its area, what its actions
cost, what noise it adds. The laser's power stands once and gives both its energy and shot noise.
Neither time nor repetition formulas live here: cycles follow from named clocks, and how repetition
acts is :mod:`archsim.physics.repetition`'s alone.

Three decisions:

* One component is one instance. How many of it there are follows from the geometry and the sharing
  rules in one table (:class:`Part`), which area, static power and reports all read.
* What a designer may forget is an error, what physics implies is computed: there is no default for
  energy, area, power or loss. Only what is neutral may be left out (one core, one wavelength, no
  sharing, no noise of that kind).
* A converter's effective bits stand once, in the converter, for its energy, area and noise alike.

A component of your own is a class derived from that of its slot, such as :class:`ModulatorSlot`,
with a ``kind`` of its own; from then on machine files can have it.
"""

from __future__ import annotations

from archsim.hardware import _latecomers  # noqa: F401 - lets users add kinds
from archsim.hardware._catalogue import Entry, catalogue, schema
from archsim.hardware._component import Component
from archsim.hardware._load import load_hardware, save_hardware, shipped
from archsim.hardware._noise_source import Draw, Formula, NoiseSource
from archsim.hardware._parts import Part
from archsim.hardware._slots import (
    AccumulatorSlot,
    AdcSlot,
    ArraySlot,
    BufferSlot,
    CombSlot,
    DacSlot,
    DetectorSlot,
    DramSlot,
    LaserSlot,
    ModulatorSlot,
    TiaSlot,
    VectorUnitSlot,
)
from archsim.hardware.converters import Adc, Dac
from archsim.hardware.machine import Hardware
from archsim.hardware.receivers import Tia
from archsim.hardware.tiles import OutputStationary, Tiles, WeightStationary

__all__ = [
    "AccumulatorSlot",
    "Adc",
    "AdcSlot",
    "ArraySlot",
    "BufferSlot",
    "CombSlot",
    "Component",
    "Dac",
    "DacSlot",
    "DetectorSlot",
    "DramSlot",
    "Draw",
    "Entry",
    "Formula",
    "Hardware",
    "LaserSlot",
    "ModulatorSlot",
    "NoiseSource",
    "OutputStationary",
    "Part",
    "Tia",
    "TiaSlot",
    "Tiles",
    "VectorUnitSlot",
    "WeightStationary",
    "catalogue",
    "load_hardware",
    "save_hardware",
    "schema",
    "shipped",
]
