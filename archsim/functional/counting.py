"""Photon counts of direct detection, whose noise depends on the sum itself.

Operands are intensities, so both are shifted to be non-negative and scaled to at most 1:

    w~ = (w - w_low)/(w_high - w_low),   x~ likewise,   counts ~ Poisson(n·sum(w~·x~))

What the shifts add to the signal is known and subtracted without noise.

References:
    T. Wang et al., Nat. Commun. 13, 123 (2022), arXiv 2104.13467.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from archsim.functional.levels import Repeating
from archsim.hardware import Formula, NoiseSource
from archsim.physics import noise

POISSON_BELOW = 200.0
"""Mean counts from which a normal draw, rounded to whole counts, takes the place of a Poisson one.

There the two distributions are within 0.5 % (Kolmogorov); tests/validation/test_detectors.py
derives the distance and prints it for other counts.
"""


@dataclass(frozen=True, slots=True)
class Intensities:
    """One reading of a product as light sees it.

    Attributes:
        products: sum(w~·x~) of each result.
        inputs: sum(x~) of the whole vector of each result.
        scale: Unit of ``products``: the product of both ranges, for each channel.
        vector: Length of that vector.
    """

    products: Tensor
    inputs: Tensor
    scale: Any
    vector: int

    @classmethod
    def of(
        cls,
        sums: Tensor,
        over_held: Tensor,
        *,
        part: tuple[Tensor, int],
        vector: tuple[Tensor, int],
        held: tuple[Any, Any],
        driven: tuple[Any, Any],
    ) -> Intensities:
        """Return what shifting and scaling makes of a reading.

        Args:
            sums: sum(w·x).
            over_held: sum(w) of each result.
            part: sum(x) of each result, and how many these are.
            vector: The same of the whole vector, of which they are a part.
            held: Lowest and highest value of w, by channel.
            driven: Lowest and highest value of x.
        """
        (w_low, w_high), (x_low, x_high) = held, driven
        shifted = sums - w_low * part[0] - x_low * over_held + part[1] * w_low * x_low
        scale = (w_high - w_low) * (x_high - x_low)
        inputs = (vector[0] - vector[1] * x_low) / (x_high - x_low)
        # Rounding may leave a sum of non-negative products a little below zero.
        return cls((shifted / scale).clamp(min=0), inputs.clamp(min=0), scale, vector[1])


def photons_of(source: NoiseSource, light: Intensities, repeating: Repeating | None) -> Any:
    """Return the photons of the largest product, of each result: those of all repetitions."""
    more = 1.0 if repeating is None else repeating.factor(source.source) ** -2
    if source.formula is Formula.SHOT_DIRECT_FULL_SCALE:
        return source.parameters["photons"] * more
    inputs = light.inputs.clamp(min=_DARK)
    return noise.direct_full_scale_photons(
        source.parameters["photons_per_mac"] * more, input_sum=inputs, fan_in=light.vector
    )


def photon_std(source: NoiseSource, light: Intensities, repeating: Repeating | None) -> Tensor:
    """Return the standard deviation of each result."""
    photons = photons_of(source, light, repeating)
    products = light.products.clamp(min=_DARK)
    std: Tensor = noise.direct_std(sum_of_products=products, scale=light.scale, photons=photons)
    return std


def standardised_counts(mean: Tensor, generator: torch.Generator) -> Tensor:
    """Return (counts - mean)/sqrt(mean) of Poisson counts, 0 where the mean is."""
    mean = mean.detach()
    least, most = (float(end) for end in mean.aminmax())
    if least >= POISSON_BELOW:
        return _rounded_normal(mean, generator)
    few = mean.clamp(max=POISSON_BELOW)
    counted = (torch.poisson(few, generator) - few) / few.clamp(min=_NO_PHOTON).sqrt()
    if most <= POISSON_BELOW:
        return counted
    return torch.where(mean > POISSON_BELOW, _rounded_normal(mean, generator), counted)


def _rounded_normal(mean: Tensor, generator: torch.Generator) -> Tensor:
    one = torch.randn(mean.shape, generator=generator, device=mean.device, dtype=mean.dtype)
    root = mean.clamp(min=_NO_PHOTON).sqrt()
    return (torch.addcmul(mean, root, one).round() - mean) / root


_DARK = 1e-10
"""Least light that sums are taken to have, of a full-scale input or product: less than any level.

Patches of zeros have none, whose full scale would be infinite, and the gradient of whose root too.
"""

_NO_PHOTON = 1e-30
"""Keeps 0/0 away where nothing is counted: the count is then exactly 0, too."""
