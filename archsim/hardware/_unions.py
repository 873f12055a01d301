"""Types of the fields that hold a component: any kind that is registered for the slot.

Type checkers see the slot's class; pydantic sees the union of its kinds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from archsim.hardware import arrays, converters, digital, optical, receivers
from archsim.hardware._component import one_of

if TYPE_CHECKING:
    from archsim.hardware._slots import ArraySlot as AnyArray
    from archsim.hardware._slots import ModulatorSlot as AnyModulator
    from archsim.hardware.converters import Adc as AnyAdc
    from archsim.hardware.converters import Dac as AnyDac
    from archsim.hardware.digital import Accumulator as AnyAccumulator
    from archsim.hardware.digital import Dram as AnyDram
    from archsim.hardware.digital import Sram as AnyBuffer
    from archsim.hardware.digital import VectorUnit as AnyVectorUnit
    from archsim.hardware.optical import FrequencyComb as AnyComb
    from archsim.hardware.optical import Laser as AnyLaser
    from archsim.hardware.optical import Photodiode as AnyDetector
    from archsim.hardware.receivers import Tia as AnyTia
else:
    AnyLaser = one_of(optical.LaserSlot.slot)
    AnyComb = one_of(optical.CombSlot.slot)
    AnyModulator = one_of(optical.ModulatorSlot.slot)
    AnyDetector = one_of(optical.DetectorSlot.slot)
    AnyDac = one_of(converters.DacSlot.slot)
    AnyAdc = one_of(converters.AdcSlot.slot)
    AnyTia = one_of(receivers.TiaSlot.slot)
    AnyArray = one_of(arrays.ArraySlot.slot)
    AnyAccumulator = one_of(digital.AccumulatorSlot.slot)
    AnyBuffer = one_of(digital.BufferSlot.slot)
    AnyDram = one_of(digital.DramSlot.slot)
    AnyVectorUnit = one_of(digital.VectorUnitSlot.slot)

__all__ = [
    "AnyAccumulator",
    "AnyAdc",
    "AnyArray",
    "AnyBuffer",
    "AnyComb",
    "AnyDac",
    "AnyDetector",
    "AnyDram",
    "AnyLaser",
    "AnyModulator",
    "AnyTia",
    "AnyVectorUnit",
]
