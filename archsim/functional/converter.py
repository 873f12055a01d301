"""Analog-to-digital conversion of a tensor of sums, and the average of several conversions.

The conversion itself is exact. What K noisy conversions average to is drawn conversion by
conversion for small K and from closed-form moments beyond, whose cost does not grow with K.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, pi, sqrt
from typing import NamedTuple

import torch
from torch import Tensor

from archsim.errors import ConfigError
from archsim.functional.rounding import rounded

EXACT_UP_TO = 4
"""Repetitions up to which each conversion is drawn; beyond, one draw has the moments of all."""

# Spreads are in steps. Below the border the thresholds near the level are summed; above it rounding
# is an error of variance 1/12, whose first Fourier harmonic is exp(-2·pi²·0.85²) = 6e-7 or less.
# What limits both is the edge of the range, where clipping leaves little variance: standard
# deviations are within 0.2 % of a step below the border and within 0.8 % above it.
_BORDER_STEPS = 0.85
_LEAST_STEPS = 1e-3  # what smaller spreads count as; bounds the gradient
_REACH = 3.5  # spreads beyond which a threshold does not count
_FAR = 5.0  # spreads beyond which the other edge of the range does not count
_UNDERFLOW = 12.0  # spreads beyond which a density is nothing; exp is slow where it underflows
_TINY = 1e-12  # steps squared: keeps the gradient of a standard deviation finite

_PIECE = 1 << 16  # elements done at a time, to stay in cache: 20 instead of 60 ns an element

_MOST_BITS = 16  # single precision still resolves a hundredth of such a step


@dataclass(frozen=True)
class Converter:
    """A uniform quantiser that clips.

    Its levels are the 2^bits whole multiples of ``step`` that lie nearest to the range: the range
    is moved by at most half a step, so that zero is a level, as with an offset code.

    Attributes:
        low: Lower end of the range of sums, at most 0.
        high: Upper end, at least 0.
        bits: Resolution, from 1 to 16.
    """

    low: float
    high: float
    bits: int

    def __post_init__(self) -> None:
        faults = []
        if not (self.low <= 0 <= self.high and 0 < self.high - self.low < float("inf")):
            faults.append(
                f"converter: found the range {self.low:g} to {self.high:g}; expected a finite "
                "range around zero; widen it to include 0"
            )
        if not 1 <= self.bits <= _MOST_BITS:
            faults.append(
                f"converter: found {self.bits} bits; expected 1 to {_MOST_BITS}; "
                "leave out the converter to keep sums as they are"
            )
        if faults:
            raise ConfigError("\n".join(faults))

    @property
    def levels(self) -> int:
        """Return the number of levels."""
        return 2**self.bits  # type: ignore[no-any-return]

    @property
    def step(self) -> float:
        """Return the distance between levels."""
        return (self.high - self.low) / (self.levels - 1)

    @property
    def lowest(self) -> int:
        """Return the lowest level in steps."""
        return round(self.low / self.step)

    @property
    def highest(self) -> int:
        """Return the highest level in steps."""
        return self.lowest + self.levels - 1

    def convert(self, sums: Tensor) -> Tensor:
        """Return the nearest levels; the gradient passes straight through, but where clipped."""
        return rounded(sums, self.step, self.lowest, self.highest)

    def moments(self, sums: Tensor, std: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and variance of the conversion of sums with normal noise, element by element.

        Mean and standard deviation are within 1 % of a step of the exact sums over all levels. Both
        can be differentiated. Below 0.85 steps of noise the gradient in ``sums`` is the
        straight-through one of :meth:`convert`, which is the true one's average over a step (the
        true one is a comb of peaks that grow without bound as the noise falls). The gradient in
        ``std`` is the true one, which has peaks of up to 0.24 step/std beside a threshold, and zero
        where the noise is less than a thousandth of a step.

        Args:
            sums: Noiseless sums.
            std: Standard deviation of the noise of one conversion, >= 0, of a shape that broadcasts
                to that of ``sums``.
        """
        learning = torch.is_grad_enabled() and (sums.requires_grad or std.requires_grad)
        if learning or sums.numel() <= 2 * _PIECE:
            return self._moments(sums, std)
        flat = (sums.flatten(), std.expand_as(sums).flatten())
        pieces = (torch.split(values, _PIECE) for values in flat)
        done = [self._moments(*piece) for piece in zip(*pieces, strict=True)]
        mean, variance = (torch.cat(part).view(sums.shape) for part in zip(*done, strict=True))
        return mean, variance

    def _moments(self, sums: Tensor, std: Tensor) -> tuple[Tensor, Tensor]:
        spread = (std / self.step).clamp(min=_LEAST_STEPS)
        if sums.numel() == 0:
            return self.convert(sums), torch.zeros_like(sums)
        least, most = (float(bound) for bound in spread.detach().aminmax())
        if most < _BORDER_STEPS:
            mean, variance = self._of_little_noise(sums, spread, most)
        elif least >= _BORDER_STEPS:
            mean, variance = self._of_much_noise(sums, spread, most)
        else:  # both for all: choosing elements costs more
            little = self._of_little_noise(sums, spread.clamp(max=_BORDER_STEPS), _BORDER_STEPS)
            much = self._of_much_noise(sums, spread.clamp(min=_BORDER_STEPS), most)
            share = (spread >= _BORDER_STEPS).to(spread.dtype)
            mean, variance = (torch.lerp(*pair, share) for pair in zip(little, much, strict=True))
        return mean, variance.clamp(min=0) * self.step**2

    def average(
        self,
        sums: Tensor,
        std: Tensor,
        repetitions: int | Tensor,
        normal: Callable[[Tensor], Tensor],
    ) -> Tensor:
        """Return one draw of the average of K conversions, each with fresh noise.

        Up to :data:`EXACT_UP_TO` conversions are drawn one by one. More are one normal draw of
        their mean and variance/K. The obvious deviation, sqrt((std² + step²/12)/K), would be wrong:
        rounding the same sum makes the same error each time, and that averages away only as far as
        noise moves the sum across levels. With a noise of 0.1 steps and K = 16 the average is off
        by 0.201 steps (root mean square over sums); the obvious formula has 0.076.

        Args:
            sums: Noiseless sums.
            std: As for :meth:`moments`.
            repetitions: K >= 1; a tensor broadcasts to ``sums``. Fractions, and counts that need a
                gradient, are never drawn one by one.
            normal: Returns independent standard normal draws, shaped like its argument.

        Raises:
            ConfigError: K < 1.
        """
        counts = torch.as_tensor(repetitions, dtype=sums.dtype, device=sums.device)
        least = float(counts.detach().min())
        if not least >= 1:
            raise ConfigError(
                f"converter: found {least:g} repetitions; expected at least 1; raise the count"
            )
        exact = (counts <= EXACT_UP_TO) & (counts == counts.round())
        if counts.requires_grad or not exact.any():
            return self._drawn_at_once(sums, std, counts, normal)
        if exact.all():
            return self._drawn_each(sums, std, counts, normal)
        few = self._drawn_each(sums, std, counts.clamp(max=EXACT_UP_TO), normal)
        many = self._drawn_at_once(sums, std, counts, normal)
        return torch.lerp(many, few, exact.to(sums.dtype))

    def _drawn_each(
        self, sums: Tensor, std: Tensor, counts: Tensor, normal: Callable[[Tensor], Tensor]
    ) -> Tensor:
        least, most = (int(bound) for bound in counts.aminmax())
        total = self.convert(torch.addcmul(sums, std, normal(sums)))
        for drawn in range(1, most):
            one = self.convert(torch.addcmul(sums, std, normal(sums)))
            total = total + (one if drawn < least else one * (counts > drawn))
        return total if most == 1 else total / counts

    def _drawn_at_once(
        self, sums: Tensor, std: Tensor, counts: Tensor, normal: Callable[[Tensor], Tensor]
    ) -> Tensor:
        mean, variance = self.moments(sums, std)
        return torch.addcmul(
            mean, ((variance + _TINY * self.step**2) / counts).sqrt(), normal(sums)
        )

    def _of_little_noise(self, sums: Tensor, spread: Tensor, most: float) -> tuple[Tensor, Tensor]:
        """Return mean and variance [steps²] from the thresholds that the noise can reach.

        With a = P(sum passes j thresholds or more), up and down, and the level as origin: the mean
        is the sum of a_up - a_down, the mean square that of (2j - 1)·(a_up + a_down).
        """
        level = self.convert(sums)
        code = level.detach() / self.step
        one = sqrt(0.5) / spread  # step, as erf counts
        off = (sums.detach() - level.detach()) / self.step * one
        # Doubled probabilities, taken away where there is no such threshold.
        reached = ceil(_REACH * most)
        room = min(float(self.highest - code.max()), float(code.min() - self.lowest))
        shift = square = torch.zeros((), dtype=level.dtype, device=level.device)
        for passed in range(1, reached + 1):
            up = 1 + torch.erf(torch.sub(off, one, alpha=passed - 0.5))
            down = 1 - torch.erf(torch.add(off, one, alpha=passed - 0.5))
            if not room > passed - 0.5:
                up = up * (code < self.highest - passed + 0.5)
                down = down * (code > self.lowest + passed - 0.5)
            shift = (up - down) + shift
            square = torch.add(square, up + down, alpha=2 * passed - 1)
        return torch.add(level, shift, alpha=self.step / 2), square / 2 - (shift / 2) ** 2

    def _of_much_noise(self, sums: Tensor, spread: Tensor, most: float) -> tuple[Tensor, Tensor]:
        """Return mean and variance [steps²] of the clipped normal, rounded.

        Rounding adds 1/12 to the variance inside the range and, by the first term of Euler and
        Maclaurin, density/24 to the mean at each edge. The range is folded at its middle, so that
        one edge is near.
        """
        half = (self.levels - 1) / 2
        place = sums / self.step - (self.lowest + half)
        distance = place.abs()
        if float(distance.detach().max()) < half - _FAR * most:
            return sums.clone(), (spread**2 + 1 / 12).expand_as(place)
        beyond = (distance - half) / spread
        edge = _Edge.of(beyond.abs(), spread)
        inside = ((beyond < 0).to(edge.tail.dtype) - edge.tail).abs()  # P(below the edge)
        depth = edge.loss + torch.relu(-beyond)  # mean distance from the edge, in spreads
        shift = edge.loss * spread - edge.nudge  # inwards, by clipping and rounding
        variance = (
            spread**2 * (inside - edge.loss * (beyond.abs() + edge.loss))
            + inside / 12
            + edge.nudge * (2 * spread * depth - edge.nudge)
        )
        if half < _FAR * most:  # the other edge, too
            away = (distance + half) / spread
            far = _Edge.of(away, spread)
            excess = edge.loss + torch.relu(beyond)
            shift = shift - far.loss * spread + far.nudge
            variance = (
                variance
                + spread**2 * (far.loss * (2 * excess - away - far.loss) - far.tail)
                - far.tail / 12
                + far.nudge * (4 * half - 2 * spread * (depth - far.loss) + 2 * edge.nudge)
                - 2 * edge.nudge * spread * far.loss
                - far.nudge**2
            )
        clipped = sums.clamp(self.lowest * self.step, self.highest * self.step)
        return torch.addcmul(clipped, place.sign(), shift, value=-self.step), variance


class _Edge(NamedTuple):
    """What a normal of some spread [steps] does at an edge t >= 0 spreads away."""

    tail: Tensor
    """P(xi > t)."""
    loss: Tensor
    """E[(xi - t)+]."""
    nudge: Tensor
    """What rounding adds to the mean, outwards [steps]: the density there over 24."""

    @classmethod
    def of(cls, distance: Tensor, spread: Tensor) -> _Edge:
        distance = distance.clamp(max=_UNDERFLOW)
        tail = torch.erfc(distance * sqrt(0.5)) * 0.5
        density = torch.exp(distance**2 * -0.5) * (1 / sqrt(2 * pi))
        return cls(tail, density - distance * tail, density / spread * (1 / 24))
