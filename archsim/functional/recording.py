"""What noise does to each product, gathered while a network runs."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

import torch
from torch import Tensor


@dataclass
class Recorder:
    """Sums over results of one op, for each channel of it.

    The variance of the noise is added as it was calculated, not as it was drawn, so it has no
    error of sampling.
    """

    results: int = 0
    noise: Tensor | float = 0.0
    signal: Tensor | float = 0.0
    squares: Tensor | float = 0.0
    low: Tensor | float = inf
    high: Tensor | float = -inf
    photons: float = 0.0
    products: int = 0

    def add(self, results: Tensor, variance: Tensor, channel_axis: int | None) -> None:
        """Add results [...] and their variances, broadcast to them.

        Args:
            results: Without noise.
            variance: Of the noise on each.
            channel_axis: Axis of the channels; None where columns are positions.
        """
        by_channel = self._rows(results, channel_axis).double()
        spread = self._rows(variance.expand_as(results), channel_axis).double()
        self.results += by_channel.shape[1]
        self.noise = self.noise + spread.sum(1)
        self.signal = self.signal + by_channel.sum(1)
        self.squares = self.squares + by_channel.square().sum(1)
        self.low = torch.minimum(torch.as_tensor(self.low), by_channel.amin(1))
        self.high = torch.maximum(torch.as_tensor(self.high), by_channel.amax(1))

    def add_photons(self, detected: float, products: int) -> None:
        """Add photons of a reading, and the products that no reading before it had."""
        self.photons += detected
        self.products += products

    @property
    def photons_per_mac(self) -> float | None:
        """Return the mean detected photons of one product; None where there is no light."""
        return self.photons / self.products if self.products else None

    @staticmethod
    def _rows(values: Tensor, axis: int | None) -> Tensor:
        return values.reshape(1, -1) if axis is None else values.movedim(axis, 0).flatten(1)

    @property
    def noise_std(self) -> Tensor:
        """Return the root mean square of the noise over results, of each channel."""
        return (torch.as_tensor(self.noise) / self.results).sqrt()

    @property
    def signal_variance(self) -> float:
        """Return the variance of all results together; 0 where rounding leaves less."""
        channels = torch.as_tensor(self.signal).numel()
        results = self.results * channels
        mean = float(torch.as_tensor(self.signal).sum()) / results
        return max(0.0, float(torch.as_tensor(self.squares).sum()) / results - mean**2)
