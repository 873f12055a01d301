"""One reading: part of a product's fan-in, one slice of each operand, and the noise on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from archsim.functional.counting import Intensities, photon_std, photons_of, standardised_counts
from archsim.functional.draws import Draws
from archsim.functional.levels import Repeating, Variance, variance_of
from archsim.functional.products import Product
from archsim.functional.slices import Slice
from archsim.functional.spread import Factors, Spread, whole
from archsim.hardware import Formula, NoiseSource
from archsim.hardware.deviations import Operands
from archsim.physics import noise


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading of one pair of slices.

    Attributes:
        op: Name of the product.
        key: Places of input slice, weight slice and reading.
        product: The product, restricted to its part of the fan-in.
        driven: Slice of the inputs.
        held: Slice of the held operand as it should be.
        errors: What is wrong with it; None for nothing.
        fan_in: Products of each sum.
        vector: Products of the whole sum, of which it is a part.
        symbols: Symbols whose charge it holds.
        unit: What one unit of its sums is worth, by channel: 1, or both operands at full scale.
        sums_range: Range of the converter in units; None without.
    """

    op: str
    key: tuple[int, int, int]
    product: Product
    driven: Slice
    held: Slice
    errors: Tensor | None
    fan_in: int
    vector: int
    symbols: int
    unit: Any = 1.0
    sums_range: float | None = None

    @property
    def pair(self) -> tuple[int, int]:
        """Return the places of input slice and weight slice."""
        return self.key[:2]

    def variance(self, sources: tuple[NoiseSource, ...], repeating: Repeating | None) -> Variance:
        """Return the variance of normal sources, in the unit of the inputs and weights."""
        by_channel = self.product.by_channel
        operands = Operands(
            fan_in=self.fan_in,
            symbols=self.symbols,
            weight_norm=self.product.over_held(self.held.values.detach().square()).sqrt(),
            weight_max=by_channel(self.held.full_scale),
            weight_range=by_channel(self.held.range),
            input_max=float(self.driven.full_scale),
            input_range=float(self.driven.range),
            sums_range=None if self.sums_range is None else self.sums_range * self.unit,
        )
        return variance_of(sources, operands, repeating)

    def spread(self, sources: tuple[NoiseSource, ...], repeating: Repeating | None) -> Spread:
        """Return how normal sources spread its sums, in their unit."""
        variance, like = self.variance(sources, repeating), self.driven.values
        return Spread.of(
            *(
                torch.as_tensor(part / self.unit**2).to(like.device, like.dtype)
                for part in (variance.constant, variance.slope)
            )
        )

    def normal_std(self, spread: Spread) -> Factors:
        """Return the standard deviation of normal sources on each sum."""
        if spread.slope is None:
            return spread.factors(None)
        return spread.factors(self.product.over_inputs(self.driven.values.detach().square()))

    def light(self, sums: Tensor) -> Intensities:
        """Return the reading as intensities, from its noiseless sums."""
        by_channel = self.product.by_channel
        driven, held = self.driven, self.held
        inputs = driven.values.detach()
        over_all = self.product.part(0, None).over_inputs(inputs)
        over_part = over_all if self.fan_in == self.vector else self.product.over_inputs(inputs)
        return Intensities.of(
            sums.detach() * self.unit,
            self.product.over_held(held.values.detach()),
            part=(over_part, self.fan_in),
            vector=(over_all, self.vector),
            held=(by_channel(held.low).to(sums), by_channel(held.high).to(sums)),
            driven=(float(driven.low), float(driven.high)),
        )

    def offset(self) -> Tensor:
        """Return what shifting both operands to begin at zero adds to the sums, in their unit."""
        by_channel, (driven, held) = self.product.by_channel, (self.driven, self.held)
        low_x, low_w = float(driven.low), by_channel(held.low).to(held.values.dtype)
        shift = self.fan_in * low_x * low_w - low_w * self.product.over_inputs(driven.values)
        shifted: Tensor = (shift - low_x * self.product.over_held(held.values)) / self.unit
        return shifted

    def counted(
        self, sums: Tensor, source: NoiseSource, repeating: Repeating | None
    ) -> tuple[Tensor, Tensor]:
        """Return the standard deviation of a counted source, and the mean counts, of each sum."""
        light = self.light(sums)
        counts = torch.as_tensor(photons_of(source, light, repeating)) * light.products
        return (photon_std(source, light, repeating) / self.unit).to(sums.dtype), counts.to(sums)

    def photons_per_mac(self, sums: Tensor, source: NoiseSource, repeating: Repeating) -> float:
        """Return the mean detected photons of one product, over all repetitions and results."""
        more = repeating.factor(source.source) ** -2
        if source.formula is Formula.SHOT_RENORMALISED:
            return float((torch.as_tensor(more) * source.parameters["photons_per_mac"]).mean())
        if source.formula is Formula.SHOT_FULL_SCALE:
            photons = noise.homodyne_photons_per_mac(
                self.product.over_held(self.held.values.detach().square()).sqrt(),
                self.product.over_inputs(self.driven.values.square()).sqrt(),
                weight_max=self.product.by_channel(self.held.full_scale),
                input_max=float(self.driven.full_scale),
                photons=source.parameters["photons"] * more,
                fan_in=self.fan_in,
            )
            return float(torch.as_tensor(photons).mean())
        _, counts = self.counted(sums, source, repeating)
        return float(counts.mean()) / self.fan_in


Normal = Callable[[Tensor], Tensor]


def drawn(
    reading: Reading, draws: Draws, factors: Factors, counted: tuple[Tensor, Tensor] | None
) -> tuple[Factors, Normal]:
    """Return the standard deviation of all noise on a reading, and who draws it, scaled to 1.

    Args:
        reading: The reading.
        draws: Where random numbers come from.
        factors: Standard deviation of the normal sources together.
        counted: Standard deviation and mean counts of photons, where they are counted.
    """
    a, b, r = reading.key
    times = 0

    def name(what: str) -> str:
        return f"{what}[{a},{b},{r}]" if times == 1 else f"{what}[{a},{b},{r}]#{times}"

    def normal(like: Tensor) -> Tensor:
        nonlocal times
        times += 1
        return draws.normal_like(like, reading.op, name("noise"))

    if counted is None:
        return factors, normal
    photon, counts = counted
    std = whole(factors, photon).detach()
    both = torch.hypot(whole(factors, photon).expand_as(photon), photon)

    def mixed(like: Tensor) -> Tensor:
        one = normal(like)
        generator = draws.generator(reading.op, name("photons"), like.device)
        other = standardised_counts(counts.expand_as(like), generator)
        total = both.detach().clamp(min=torch.finfo(both.dtype).tiny)
        return (one * std + other * photon.detach()) / total

    return (both,), mixed
