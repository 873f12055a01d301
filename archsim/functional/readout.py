"""The converters that read one product: their ranges, their unit, and what leaves them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from torch import Tensor

from archsim.functional.converter import Converter
from archsim.functional.path import AnalogPath
from archsim.functional.reading import Reading
from archsim.functional.settings import AdcRange


class Readout:
    """A converter for each pair of slices; sums are in units of both operands at full scale.

    Attributes:
        watching: Whether the ranges are being found.
        converters: By places of input slice and weight slice; none until ranges are settled.
    """

    def __init__(self, path: AnalogPath, reach: int) -> None:
        """Make it.

        Args:
            path: What sums go through.
            reach: Products of the longest sum.
        """
        self._path, self._reach = path, float(reach)
        self._seen: dict[tuple[int, int], tuple[float, float]] = {}
        self.watching = False
        self.converters: dict[tuple[int, int], Converter] = {}

    @property
    def acts(self) -> bool:
        """Whether sums are converted, or are to be."""
        return self._path.adc_bits is not None and (self.watching or bool(self.converters))

    def forget(self) -> None:
        """Forget all ranges, and those that were being found."""
        self.watching = False
        self._seen.clear()
        self.converters.clear()

    def settle(self) -> None:
        """Fix the ranges from the sums that were seen."""
        self.watching = False
        bits = self._path.adc_bits
        for pair, (least, most) in self._seen.items():
            if self._path.adc_range is AdcRange.FULL_SCALE:
                least, most = 0.0 if self._path.intensities else -self._reach, self._reach
            if bits is not None:  # where nothing but zeros was seen, any range does
                self.converters[pair] = Converter(least, most if most > least else 1.0, bits)

    def scaled(self, reading: Reading) -> Reading:
        """Return a reading whose sums are in the converters' unit."""
        if not self.acts:
            return reading
        driven, held = reading.driven, reading.held
        unit: Any = held.full_scale * float(driven.full_scale)
        if self._path.intensities:
            unit = held.range * float(driven.range)
        converter = self.converters.get(reading.pair)
        return replace(
            reading,
            unit=reading.product.by_channel(unit).to(held.values.dtype),
            sums_range=None if converter is None else converter.high - converter.low,
        )

    def watch(self, reading: Reading, sums: Tensor) -> None:
        """Take note of sums."""
        low, high = self._seen.get(reading.pair, (0.0, 0.0))
        seen = sums + reading.offset() if self._path.intensities else sums
        least, most = (float(end) for end in seen.aminmax())
        self._seen[reading.pair] = min(low, least), max(high, most)

    def convert(self, reading: Reading, sums: Tensor) -> Tensor:
        """Return sums as they leave the converter, in the unit of the product; they are used up."""
        if not self.acts:
            return sums
        converter = self.converters[reading.pair]
        if not self._path.intensities:
            return converter.convert(sums).mul_(reading.unit)
        offset = reading.offset()
        return (converter.convert(sums + offset) - offset).mul_(reading.unit)

    def average(
        self,
        reading: Reading,
        sums: Tensor,
        std: Tensor,
        counts: Tensor,
        draw: Callable[[Tensor], Tensor],
    ) -> Tensor:
        """Return the mean of noisy conversions of noiseless sums, in the unit of the product.

        Args:
            reading: What is read; it has a converter.
            sums: Noiseless.
            std: Of the noise of one conversion.
            counts: How many conversions there are.
            draw: Returns fresh standard normal numbers, shaped like its argument.
        """
        offset = reading.offset() if self._path.intensities else 0.0
        converted = self.converters[reading.pair].average(sums + offset, std, counts, draw)
        averaged: Tensor = (converted - offset) * reading.unit
        return averaged
