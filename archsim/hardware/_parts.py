"""How many instances of each component a machine has, and how many serve some of its tiles."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from archsim.hardware._component import Component
from archsim.hardware.tiles import OutputStationary

if TYPE_CHECKING:
    from archsim.hardware.machine import Hardware


@dataclass(frozen=True, slots=True)
class Part:
    """A component and how often the machine has it."""

    slot: str
    """Name in ledgers and reports."""

    component: Component
    """One instance."""

    tiles: int
    """Tiles of the machine."""

    shared: int
    """Instances that serve all tiles together."""

    per_tile: int
    """Instances that each tile has for itself."""

    @property
    def per_machine(self) -> int:
        """Instances of the whole machine."""
        return self.instances(self.tiles)

    def instances(self, tiles: int) -> int:
        """Return how many instances serve that many tiles; shared ones serve even one."""
        return self.shared + self.per_tile * tiles if tiles else 0

    @property
    def area_m2(self) -> float:
        """Area of all instances [m²]."""
        return self.component.area_m2 * self.per_machine

    @property
    def static_w(self) -> float:
        """Power of all instances that is drawn regardless of actions [W]."""
        return self.component.static_w() * self.per_machine


def parts_of(hardware: Hardware) -> dict[str, Part]:
    """Return the parts in use by slot, in a fixed order.

    With T tiles of Q cores: lasers, detectors and arrays T·Q; combs T; input drivers T·Q sets, or Q
    sets where all tiles share them; weight drivers of an output-stationary machine T·Q sets;
    amplifiers and converters T·Q sets, or T where the cores share them; T sets of adders.
    """
    return {
        slot: Part(slot, component, hardware.tiles.count, shared, per_tile)
        for slot, component, shared, per_tile in _counted(hardware)
        if component is not None
    }


def _counted(hardware: Hardware) -> Iterator[tuple[str, Component | None, int, int]]:
    tiles = hardware.tiles
    cores = tiles.cores
    in_common = tiles.inputs_shared_by == "tiles"
    readouts = 1 if tiles.adc_shared_by == "cores" else cores

    def inputs(each: int) -> tuple[int, int]:
        return (cores * each, 0) if in_common else (0, cores * each)

    shared, per_tile = inputs(tiles.rows * tiles.wavelengths)
    dynamic = isinstance(tiles, OutputStationary)
    if dynamic:
        per_tile += cores * tiles.columns * tiles.wavelengths
    copies = getattr(tiles, "weight_buffers", 1)
    yield "laser", tiles.laser, 0, cores
    yield "comb", tiles.comb, 0, 1
    yield "modulator", tiles.modulator, shared, per_tile
    yield "dac", tiles.dac, *inputs(tiles.dac.count if tiles.dac else 0)
    if isinstance(tiles, OutputStationary):
        driver = tiles.weight_dac
        yield "weight_dac", driver, 0, cores * (driver.count if driver else 0)
    yield "detector", tiles.detector, 0, cores * (tiles.detector.count if tiles.detector else 0)
    yield "tia", tiles.tia, 0, readouts * (tiles.tia.count if tiles.tia else 0)
    yield "adc", tiles.adc, 0, readouts * (tiles.adc.count if tiles.adc else 0)
    yield "array", tiles.array, 0, cores * copies
    yield "accumulator", tiles.accumulator, 0, tiles.accumulator.count
    yield "buffer", hardware.buffer, 1, 0
    yield "dram", hardware.dram, 1, 0
    yield "vector_unit", hardware.vector_unit, 1, 0
