"""One product on analog arrays: readings with their noise, conversion and repetition, added up.

    y = bias + sum over slices and readings of Q(w·x + noise)

Levels relative to the whole product act once: before the converter where there is one reading, on
the sum where there are several. Inputs' modulators err independently for each output here; in a
machine, outputs that share a modulator share its error, so only each output's spread is modelled.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from archsim.functional.converter import EXACT_UP_TO
from archsim.functional.cutting import FIRST, Cutting
from archsim.functional.draws import Draws
from archsim.functional.levels import Repeating
from archsim.functional.path import AnalogPath
from archsim.functional.products import Product
from archsim.functional.quantisers import Grid
from archsim.functional.reading import Reading, drawn
from archsim.functional.readout import Readout
from archsim.functional.recording import Recorder
from archsim.functional.spread import Spread, plus_noise, whole
from archsim.hardware import Draw
from archsim.mapping import AnalogProduct
from archsim.physics import noise
from archsim.physics.repetition import Source


class AnalogGemm(nn.Module):
    """A product on analog arrays, in place of the exact one in a graph.

    Attributes:
        cutting: Its operands, and how they are cut into readings.
        readout: Its converters.
        draws: Where random numbers come from; None: no noise.
        recorder: Gathers what noise does, if anyone wants to know.
        stand_in: Step and one level of a quantiser that stands for the noise, by channel.
    """

    weight: Tensor | None
    bias: Tensor | None
    repetitions: Tensor

    def __init__(
        self,
        op: str,
        product: Product,
        path: AnalogPath,
        spec: AnalogProduct,
        held: tuple[Tensor, Grid, Tensor | None] | None = None,
    ) -> None:
        """Make it.

        Args:
            op: Its name.
            product: What it computes.
            path: What it goes through.
            spec: How it is cut and repeated.
            held: Weights, their grid, and one bias for each channel; None for two activations.
        """
        super().__init__()
        weight, grid, bias = held or (None, None, None)
        self.op, self.product, self.path = op, product, path
        self.register_buffer("weight", weight)
        self.register_buffer("bias", bias)
        self.register_buffer("repetitions", torch.tensor(spec.repetitions, dtype=torch.float64))
        self.cutting = Cutting(op, product, spec, grid)
        self.readout = Readout(path, max(reading.products for reading in spec.readings))
        self.draws: Draws | None = None
        self.recorder: Recorder | None = None
        self.stand_in: tuple[Tensor, Tensor] | None = None
        self._spreads: dict[tuple[str, int, int, int], Spread] = {}

    def forget(self) -> None:
        """Forget the converters' ranges, and all that follows from those of quantisers."""
        self.readout.forget()
        self._spreads.clear()

    def settle(self) -> None:
        """Fix the converters' ranges from the sums that were seen."""
        self.readout.settle()
        self._spreads.clear()

    def repeat(self, repetitions: Tensor) -> None:
        """Give it other repetition counts: one, or one for each channel."""
        self.repetitions = repetitions
        self._spreads.clear()

    def forward(self, inputs: Tensor, other: Tensor | None = None) -> Tensor:
        """Return the product as the arrays give it; exactly so where nothing acts on it."""
        exact = self.weight if other is None else other
        if exact is None:
            raise TypeError(f"{self.op}: a product of two activations was given one")
        drawing = self.draws is not None and bool(self.path.sources.names or self.recorder)
        if not (self.readout.acts or drawing or self.stand_in is not None):
            return self.product(inputs, exact, self.bias)
        total, variance = self._read_all(inputs, exact)  # in memory of its own
        if self.recorder is not None:
            self.recorder.add(self.product(inputs, exact), variance, self.product.channel_axis)
        if self.stand_in is not None:
            steps, level = (self.product.by_channel(ends).to(total.dtype) for ends in self.stand_in)
            total = torch.where(steps > 0, ((total - level) / steps).round() * steps + level, total)
        if self.bias is None or self._adds_bias_first:
            return total
        return total.add_(self.product.by_channel(self.bias))

    def _read_all(self, inputs: Tensor, held: Tensor) -> tuple[Tensor, Tensor]:
        """Return the sum of all readings, and the variance of its noise if it is recorded."""
        total = variance = None
        sources = self.path.sources
        readings = self._readings(inputs, held)
        for reading in readings:
            normal = sources.per_reading + (sources.per_product if len(readings) == 1 else ())
            result, spread = self._read(reading, normal)
            total = result if total is None else total.add_(result)
            variance = spread if variance is None else variance + spread
        if total is None or variance is None:
            raise TypeError(f"{self.op}: a product without readings")
        if self.draws is not None and len(readings) > 1 and sources.per_product:
            product = self.cutting.whole(inputs, held)
            factors = product.normal_std(self._spread(product, sources.per_product, each=False))
            draw = drawn(product, self.draws, factors, None)[1]
            total = plus_noise(total, factors, draw)
            variance = variance + whole(factors, total).square()
        if self.recorder is not None and sources.of_weights:
            product = self.cutting.whole(inputs, held)
            factors = product.normal_std(product.spread(sources.of_weights, self._repeating))
            variance = variance + whole(factors, total).square()
        return total, variance

    def _readings(self, inputs: Tensor, held: Tensor) -> list[Reading]:
        """Return what is read one by one; all as one where nothing happens to a single reading."""
        errors, sources = self._errors(held), self.path.sources
        if not (self.readout.acts or sources.per_reading or sources.counted):
            return [self.cutting.uncut(inputs, held, errors)]
        return [*map(self.readout.scaled, self.cutting.readings(inputs, held, errors))]

    def _read(self, reading: Reading, normal: tuple[Any, ...]) -> tuple[Tensor, Tensor]:
        """Return what a reading adds to the product, and the variance of its noise."""
        sums = self._sums(reading)
        variance = sums.new_zeros(())
        if self.readout.watching:
            self.readout.watch(reading, sums)
            return sums.mul_(reading.unit), variance
        if self.draws is None:
            return self.readout.convert(reading, sums), variance
        each = self.path.converts_each
        factors = reading.normal_std(self._spread(reading, normal, each=each))
        factors, draw = drawn(reading, self.draws, factors, self._counted(reading, sums))
        if self.recorder is not None:
            variance = self._recorded(reading, sums, whole(factors, sums), normal)
        if each and self.readout.acts and factors:  # else all repetitions are the same
            std, counts = whole(factors, sums), self._counts.to(sums.dtype)
            return self.readout.average(reading, sums, std, counts, draw), variance
        return self.readout.convert(reading, plus_noise(sums, factors, draw)), variance

    def _sums(self, reading: Reading) -> Tensor:
        """Return the noiseless sums of a reading, in their unit."""
        held = reading.held.values
        if reading.errors is not None:
            held = held + reading.errors
        if self.readout.acts:
            held = held / self.product.by_held(reading.unit)
        first = self._adds_bias_first and reading.key == FIRST
        return reading.product(reading.driven.values, held, self.bias if first else None)

    def _counted(self, reading: Reading, sums: Tensor) -> tuple[Tensor, Tensor] | None:
        """Return the standard deviation and the mean counts of photons, where they are counted."""
        if not self.path.sources.counted:
            return None
        [source] = self.path.sources.counted  # one detector
        if not self.path.converts_each:
            return reading.counted(sums, source, self._repeating)
        std, mean = reading.counted(sums, source, None)
        # What is drawn at once has the shape of the counts of all.
        at_once = torch.where(self._counts > EXACT_UP_TO, self._counts, 1)
        return std, mean * at_once.to(mean)

    def _recorded(
        self, reading: Reading, sums: Tensor, std: Tensor, normal: tuple[Any, ...]
    ) -> Tensor:
        """Return the variance of a reading's noise in the product, and record its photons."""
        for source in (*normal, *self.path.sources.counted):
            if source.source is Source.SHOT and self.recorder is not None:
                products = sums.numel() * reading.fan_in
                photons = products * reading.photons_per_mac(sums, source, self._repeating)
                self.recorder.add_photons(photons, 0 if any(reading.pair) else products)
        variance: Tensor = (std * reading.unit).square()
        return variance / self._counts if self.path.converts_each else variance

    def _spread(self, reading: Reading, normal: tuple[Any, ...], *, each: bool) -> Spread:
        """Return how normal sources spread sums, kept from pass to pass where nothing moves it."""
        repeating = None if each else self._repeating
        if self.weight is None or self.repetitions.requires_grad:
            return reading.spread(normal, repeating)
        key = (reading.op, *reading.key)
        if key not in self._spreads:
            self._spreads[key] = reading.spread(normal, repeating)
        return self._spreads[key]

    def _errors(self, held: Tensor) -> Tensor | None:
        """Return the errors of the held operand that last for a forward pass or longer.

        Activations are written anew for each pass, so what freezes lasts no longer.
        """
        if self.draws is None or not self.path.sources.of_weights:
            return None
        total = torch.zeros_like(held)
        repeating = Repeating(self.repetitions, self.path.mode, self.path.averaging)
        for source in self.path.sources.of_weights:
            frozen = source.draw is Draw.FROZEN and self.weight is not None
            range_ = self.cutting.held_grid.range * repeating.factor(source.source)
            std = noise.weight_std(
                source.parameters["std"],
                weight_range=self.product.by_held(range_),
                input_norm=1.0,
            )
            errors = self.draws.normal_like(held, self.op, source.name, frozen=frozen)
            total = torch.addcmul(total, std.to(held.dtype), errors)
        return total

    @property
    def _counts(self) -> Tensor:
        return self.product.by_channel(self.repetitions)

    @property
    def _repeating(self) -> Repeating:
        return Repeating(self._counts, self.path.mode, self.path.averaging)

    @property
    def _adds_bias_first(self) -> bool:
        """Whether the bias may be part of the first reading, which saves a pass over the result.

        So it may where nothing happens to sums but that normal noise is added.
        """
        return not (self.readout.acts or self.path.sources.counted or self.stand_in is not None)
