"""One product on analog arrays: slices, readings, noise, conversion, repetition.

    y = bias + sum over slices and readings of Q(w·x + noise)

Levels relative to the whole product act once: before the converter where there is one reading, on
the sum where there are several. Inputs' modulators err independently for each output here; in a
machine, outputs that share a modulator share its error, so only each output's spread is modelled.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from archsim.errors import ConfigError
from archsim.functional.converter import EXACT_UP_TO, Converter
from archsim.functional.draws import Draws
from archsim.functional.levels import Repeating, Sources
from archsim.functional.products import Linear, MatMul, Product
from archsim.functional.quantisers import Grid, Quantiser
from archsim.functional.reading import Reading, drawn
from archsim.functional.recording import Recorder
from archsim.functional.settings import AdcRange
from archsim.functional.slices import Slice, cut
from archsim.functional.spread import Spread, plus_noise, whole
from archsim.hardware import Draw
from archsim.mapping import AnalogProduct
from archsim.physics import noise
from archsim.physics.repetition import Averaging, Repetition, Source

_FIRST = (0, 0, 0)  # input slice, weight slice and reading


@dataclass(frozen=True, slots=True)
class AnalogPath:
    """What all products of a machine go through.

    Attributes:
        sources: Noise that acts.
        mode: Where repetitions happen.
        averaging: Where they are averaged.
        adc_bits: Resolution of the converters; None where sums are taken as they are.
        adc_range: What the converters' range covers.
        intensities: Whether sums are of light, with operands shifted to begin at zero, until they
            have been converted.
    """

    sources: Sources
    mode: Repetition
    averaging: Averaging
    adc_bits: int | None
    adc_range: AdcRange
    intensities: bool = False

    @property
    def converts_each(self) -> bool:
        """Whether each repetition is converted, rather than what they integrate to."""
        digital = self.averaging is Averaging.DIGITAL and self.mode is not Repetition.POWER
        return digital and self.adc_bits is not None


class AnalogGemm(nn.Module):
    """A product on analog arrays, in place of the exact one in a graph.

    Attributes:
        inputs_from: Quantiser of what is driven.
        held_from: Quantiser of the held operand, if that is an activation.
        draws: Where random numbers come from; None: no noise.
        recorder: Gathers what noise does, if anyone wants to know.
        watching: Whether the converters' ranges are being found.
        stand_in: Step and one level of a quantiser that stands for the noise, by channel.
    """

    weight: Tensor | None
    bias: Tensor | None
    weight_step: Tensor
    weight_low: Tensor
    weight_high: Tensor
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
        self.op, self.product, self.path, self.spec = op, product, path, spec
        self.register_buffer("weight", weight)
        self.register_buffer("bias", bias)
        for name in ("step", "low", "high"):
            self.register_buffer(f"weight_{name}", None if grid is None else getattr(grid, name))
        self.register_buffer("repetitions", torch.tensor(spec.repetitions, dtype=torch.float64))
        self.inputs_from: Quantiser | None = None
        self.held_from: Quantiser | None = None
        self.draws: Draws | None = None
        self.recorder: Recorder | None = None
        self.watching = False
        self.stand_in: tuple[Tensor, Tensor] | None = None
        self._seen: dict[tuple[int, int], tuple[float, float]] = {}
        self._converters: dict[tuple[int, int], Converter] = {}
        self._spreads: dict[tuple[str, int, int, int], Spread] = {}

    # ---- settling ------------------------------------------------------------------------

    def forget(self) -> None:
        """Forget the converters' ranges, and all that follows from those of quantisers."""
        self._seen.clear()
        self._converters.clear()
        self._spreads.clear()

    def settle(self) -> None:
        """Fix the converters' ranges from the sums that were seen."""
        self.watching = False
        self._spreads.clear()
        bits, reach = self.path.adc_bits, float(max(r.products for r in self.spec.readings))
        for pair, (least, most) in self._seen.items():
            full = self.path.adc_range is AdcRange.FULL_SCALE
            if full:
                least, most = 0.0 if self.path.intensities else -reach, reach
            if bits is not None:  # where nothing but zeros was seen, any range does
                self._converters[pair] = Converter(least, most if most > least else 1.0, bits)

    def repeat(self, repetitions: Tensor) -> None:
        """Give it other repetition counts: one, or one for each channel."""
        self.repetitions = repetitions
        self._spreads.clear()

    @property
    def _adds_bias_first(self) -> bool:
        """Whether the bias may be part of the first reading, which saves a pass over the result.

        So it may where nothing happens to sums but that normal noise is added.
        """
        counted = self.path.sources.counted
        return not (self._converting or counted or self.stand_in is not None)

    @property
    def _converting(self) -> bool:
        return self.path.adc_bits is not None and (self.watching or bool(self._converters))

    # ---- running -------------------------------------------------------------------------

    def forward(self, inputs: Tensor, other: Tensor | None = None) -> Tensor:
        """Return the product as the arrays give it; exactly so where nothing acts on it."""
        exact = self.weight if other is None else other
        if exact is None:
            raise TypeError(f"{self.op}: a product of two activations was given one")
        drawing = self.draws is not None and bool(self.path.sources.names or self.recorder)
        if not (self._converting or drawing or self.stand_in is not None):
            return self.product(inputs, exact, self.bias)
        total, variance = self._read_all(inputs, exact)  # in memory of its own
        if self.recorder is not None:
            axis = None if isinstance(self.product, MatMul) else self._channel_axis
            self.recorder.add(self.product(inputs, exact), variance, axis)
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
        readings = list(self._readings(inputs, held))
        for reading in readings:
            normal = sources.per_reading + (sources.per_product if len(readings) == 1 else ())
            result, spread = self._read(reading, normal)
            total = result if total is None else total.add_(result)
            variance = spread if variance is None else variance + spread
        if total is None or variance is None:
            raise TypeError(f"{self.op}: a product without readings")
        if self.draws is not None and len(readings) > 1 and sources.per_product:
            product = self._whole(inputs, held)
            factors = product.normal_std(self._spread(product, sources.per_product, each=False))
            draw = drawn(product, self.draws, factors, None)[1]
            total = plus_noise(total, factors, draw)
            variance = variance + whole(factors, total).square()
        if self.recorder is not None and sources.of_weights:
            product = self._whole(inputs, held)
            factors = product.normal_std(product.spread(sources.of_weights, self._repeating))
            variance = variance + whole(factors, total).square()
        return total, variance

    def _read(self, reading: Reading, normal: tuple[Any, ...]) -> tuple[Tensor, Tensor]:
        """Return what a reading adds to the product, and the variance of its noise."""
        held = reading.held.values
        if reading.errors is not None:
            held = held + reading.errors
        if self._converting:
            held = held / self._per_weight(reading.unit)
        first = self._adds_bias_first and reading.key == _FIRST
        sums = reading.product(reading.driven.values, held, self.bias if first else None)
        nothing = sums.new_zeros(())
        if self.watching:
            pair = reading.key[:2]
            low, high = self._seen.get(pair, (0.0, 0.0))
            seen = sums + reading.offset() if self.path.intensities else sums
            least, most = (float(end) for end in seen.aminmax())
            self._seen[pair] = min(low, least), max(high, most)
            return sums.mul_(reading.unit), nothing
        if self.draws is None:
            return self._converted(sums, reading), nothing
        each, acting = self.path.converts_each, (*normal, *self.path.sources.counted)
        counted = [
            reading.counted(sums, source, None if each else self._repeating)
            for source in self.path.sources.counted
        ]
        factors = reading.normal_std(self._spread(reading, normal, each=each))
        counts = self.product.by_channel(self.repetitions)
        if each and counted:  # what is drawn at once has the shape of the counts of all
            (photon, mean) = counted[0]
            counted = [(photon, mean * torch.where(counts > EXACT_UP_TO, counts, 1).to(mean))]
        factors, draw = drawn(reading, self.draws, factors, counted[0] if counted else None)
        variance = nothing
        if self.recorder is not None:
            std = whole(factors, sums) * reading.unit
            variance = std.square() / (counts if each else 1.0)
            for source in acting:
                if source.source is Source.SHOT:
                    products = sums.numel() * reading.fan_in
                    photons = products * reading.photons_per_mac(sums, source, self._repeating)
                    self.recorder.add_photons(photons, 0 if any(reading.key[:2]) else products)
        converter = self._converters.get(reading.key[:2])
        if each and converter is not None and factors:  # else all repetitions are the same
            std, counts = whole(factors, sums), counts.to(sums.dtype)
            offset = reading.offset() if self.path.intensities else 0.0
            return (converter.average(sums + offset, std, counts, draw) - offset) * (
                reading.unit
            ), variance
        return self._converted(plus_noise(sums, factors, draw), reading), variance

    def _converted(self, sums: Tensor, reading: Reading) -> Tensor:
        """Return sums as they leave the converter, in the unit of the product."""
        converter = self._converters.get(reading.key[:2])
        if converter is None:
            return sums
        if not self.path.intensities:
            return converter.convert(sums).mul_(reading.unit)
        offset = reading.offset()
        return (converter.convert(sums + offset) - offset).mul_(reading.unit)

    def _spread(self, reading: Reading, normal: tuple[Any, ...], *, each: bool) -> Spread:
        """Return how normal sources spread sums, kept from pass to pass where nothing moves it."""
        repeating = None if each else self._repeating
        if self.weight is None or self.repetitions.requires_grad:
            return reading.spread(normal, repeating)
        key = (reading.op, *reading.key)
        if key not in self._spreads:
            self._spreads[key] = reading.spread(normal, repeating)
        return self._spreads[key]

    # ---- operands ------------------------------------------------------------------------

    def _readings(self, inputs: Tensor, held: Tensor) -> Iterator[Reading]:
        """Yield what is read one by one; all as one where nothing happens to a single reading."""
        spec, sources = self.spec, self.path.sources
        if not (self._converting or sources.per_reading or sources.counted):
            yield replace(self._whole(inputs, held), op=self.op, errors=self._errors(held))
            return
        grid, kept_grid = self._grid(self.inputs_from), self._held_grid
        driven = cut(inputs, grid, grid.step, spec.input_slices, spec.input_slice_bits)
        step = self._per_weight(kept_grid.step)
        kept = cut(held, kept_grid, step, spec.weight_slices, spec.weight_slice_bits)
        errors = self._errors(held)  # of the whole operand, so once: in its most significant slice
        for a, x in enumerate(driven):
            for b, w in enumerate(kept):
                yield from self._parts((a, b), x, w, errors if w is kept[-1] else None)

    def _parts(
        self, pair: tuple[int, int], driven: Slice, held: Slice, errors: Tensor | None
    ) -> Iterator[Reading]:
        unit: Any = 1.0
        if self._converting:
            unit = held.full_scale * float(driven.full_scale)
            if self.path.intensities:
                unit = held.range * float(driven.range)
            unit = self.product.by_channel(unit).to(held.values.dtype)
        converter = self._converters.get(pair)
        sums_range = None if converter is None else converter.high - converter.low
        first, several = 0, len(self.spec.readings) > 1
        for place, part in enumerate(self.spec.readings):
            last = first + part.products
            product = self.product.part(first, last) if several else self.product
            yield Reading(
                op=self.op,
                key=(*pair, place),
                product=product,
                driven=driven,
                held=held,
                errors=errors,
                fan_in=part.products,
                vector=self._fan_in,
                symbols=part.symbols,
                unit=unit,
                sums_range=sums_range,
            )
            first = last

    def _whole(self, inputs: Tensor, held: Tensor) -> Reading:
        """Return the product as one reading, for levels that are relative to all of it."""
        grid, kept = self._grid(self.inputs_from), self._held_grid
        return Reading(
            op=f"{self.op} (whole)",
            key=_FIRST,
            product=self.product,
            driven=Slice(inputs, grid.low, grid.high),
            held=Slice(held, kept.low, kept.high),
            errors=None,
            fan_in=self._fan_in,
            vector=self._fan_in,
            symbols=1,
            unit=1.0,
            sums_range=None,
        )

    @property
    def _fan_in(self) -> int:
        return sum(part.products for part in self.spec.readings)

    def _errors(self, held: Tensor) -> Tensor | None:
        """Return the errors of the held operand that last for a forward pass or longer.

        Activations are written anew for each pass, so what freezes lasts no longer.
        """
        if self.draws is None or not self.path.sources.of_weights:
            return None
        total = torch.zeros_like(held)
        for source in self.path.sources.of_weights:
            frozen = source.draw is Draw.FROZEN and self.weight is not None
            repeating = Repeating(self.repetitions, self.path.mode, self.path.averaging)
            range_ = self._per_weight(self._held_grid.range * repeating.factor(source.source))
            std = noise.weight_std(source.parameters["std"], weight_range=range_, input_norm=1.0)
            errors = self.draws.normal_like(held, self.op, source.name, frozen=frozen)
            total = torch.addcmul(total, std.to(held.dtype), errors)
        return total

    @property
    def _repeating(self) -> Repeating:
        counts = self.product.by_channel(self.repetitions)
        return Repeating(counts, self.path.mode, self.path.averaging)

    @property
    def _held_grid(self) -> Grid:
        if self.weight is None:
            return self._grid(self.held_from)
        return Grid(self.weight_step, self.weight_low, self.weight_high)

    def _grid(self, quantiser: Quantiser | None) -> Grid:
        if quantiser is None or quantiser.grid is None:
            raise ConfigError(
                f"{self.op}: found levels that are not known yet; expected a calibrated network; "
                "calibrate it first"
            )
        return quantiser.grid

    def _per_weight(self, values: Any) -> Any:
        """Return values by channel in a shape that fits the held operand."""
        if self.weight is None or not isinstance(values, Tensor) or values.ndim == 0:
            return values
        return values.reshape(-1, *[1] * (self.weight.ndim - 1))

    @property
    def _channel_axis(self) -> int:
        return -1 if isinstance(self.product, Linear) else 1
