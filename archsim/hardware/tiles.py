"""Tiles: arrays with their converters, in one of two dataflows."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from archsim.hardware._component import Count, Spec
from archsim.hardware._unions import (
    AnyAccumulator,
    AnyAdc,
    AnyArray,
    AnyComb,
    AnyDac,
    AnyDetector,
    AnyLaser,
    AnyModulator,
    AnyTia,
)
from archsim.physics.repetition import Averaging, Repetition


class Tiles(Spec):
    """What both dataflows share."""

    count: Count
    """Tiles of the machine."""

    cores: Count = 1
    """Arrays of one tile."""

    cores_split: Literal["contraction", "columns"] = "contraction"
    """Whether a tile's cores work on parts of one dot product, or as more columns."""

    rows: Count
    """Rows of one array."""

    columns: Count
    """Columns of one array."""

    clock: str = "symbol"
    """Clock of passes and symbols."""

    tiles_split: Literal["rows", "columns", "contraction"]
    """Which dimension of a matrix product the tiles share out: input vectors, outputs, fan-in."""

    inputs_shared_by: Literal["none", "tiles"] = "none"
    """Whether all tiles share one set of input drivers."""

    adc_shared_by: Literal["none", "cores"] = "none"
    """Whether a tile's cores share converters; their sums are then added in the analog domain."""

    readout_buffer: bool
    """Whether the next block is modulated while this one is converted."""

    dynamic_products: Literal["array", "blocks", "vector_unit", "refuse"]
    """Where products of two activations go: onto the array like any other; onto it with every core
    taking whole output blocks in turn; onto the vector unit; or nowhere, and they are refused."""

    repetition: Repetition
    """Where repetitions happen: time, space or power."""

    averaging: Averaging
    """Where repetitions are averaged: analog or digital."""

    laser: AnyLaser | None = None
    """The light of one core."""

    comb: AnyComb | None = None
    """Makes the wavelengths of one tile."""

    modulator: AnyModulator | None = None
    """Puts symbols on light."""

    dac: AnyDac | None = None
    """Drives the inputs."""

    detector: AnyDetector | None = None
    """Turns light into current."""

    tia: AnyTia | None = None
    """Amplifies or integrates the current."""

    adc: AnyAdc | None = None
    """Converts the sums."""

    array: AnyArray
    """Multiplies and sums."""

    accumulator: AnyAccumulator
    """Adds converted sums."""

    @property
    def digital(self) -> bool:
        """Whether the array computes exactly, without converters or noise."""
        return self.array.digital

    @property
    def outputs(self) -> int:
        """Sums of one array: one for each column."""
        return self.columns

    @property
    def arrays(self) -> int:
        """Arrays of the machine."""
        return self.count * self.cores


class WeightStationary(Tiles):
    """Weights sit in the array; one pass turns a vector of R inputs into C sums."""

    dataflow: Literal["weight_stationary"]

    weight_buffers: Annotated[int, Field(ge=1, le=2)] = 1
    """2: a shadow copy can be written while the array computes; storage and area count twice."""

    reload: bool
    """Whether weights may be written again during a run."""

    @property
    def wavelengths(self) -> int:
        """One wavelength for each row is part of the array; no further ones."""
        return 1

    @property
    def products_per_pass(self) -> int:
        """Products of one array in one pass."""
        return self.rows * self.columns


class OutputStationary(Tiles):
    """R x C sums sit in integrators; each symbol adds R x C products of length W."""

    dataflow: Literal["output_stationary"]

    wavelengths: Count = 1
    """W, the length of the products of one symbol."""

    integrate_symbols: Count | None = None
    """Symbols that are summed before a conversion; left out, the whole dot product."""

    own_weight_dac: Annotated[AnyDac | None, Field(alias="weight_dac")] = None
    """Drives the weights; left out, a second set like that of the inputs."""

    @property
    def outputs(self) -> int:
        """Sums of one array: one for each pixel."""
        return self.rows * self.columns

    @property
    def weight_dac(self) -> AnyDac | None:
        """The converters on the weight side."""
        return self.own_weight_dac or self.dac

    @property
    def products_per_pass(self) -> int:
        """Products of one array in one symbol."""
        return self.rows * self.columns * self.wavelengths
