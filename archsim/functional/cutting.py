"""How a product comes apart: operands into slices of their bits, the fan-in into parts.

What each pair of slices gives over each part is read by itself; the readings add up to the product.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from torch import Tensor, nn

from archsim.errors import ConfigError
from archsim.functional.products import Product
from archsim.functional.quantisers import Grid, Quantiser
from archsim.functional.reading import Reading
from archsim.functional.slices import Slice, cut
from archsim.mapping import AnalogProduct

FIRST = (0, 0, 0)
"""Input slice, weight slice and part of the first reading."""


class Cutting(nn.Module):
    """What the operands of one product are, and the readings that they are cut into.

    Attributes:
        op: Name of the product.
        product: What it computes.
        spec: How it is cut.
        inputs_from: Quantiser of what is driven.
        held_from: Quantiser of the held operand, if that is an activation.
    """

    held_step: Tensor
    held_low: Tensor
    held_high: Tensor

    def __init__(self, op: str, product: Product, spec: AnalogProduct, grid: Grid | None) -> None:
        """Make it.

        Args:
            op: Name of the product.
            product: What it computes.
            spec: How it is cut.
            grid: Levels of the held operand by channel; None if that is an activation.
        """
        super().__init__()
        self.op, self.product, self.spec = op, product, spec
        self._holds_weights = grid is not None
        for name in ("step", "low", "high"):
            self.register_buffer(f"held_{name}", None if grid is None else getattr(grid, name))
        self.inputs_from: Quantiser | None = None
        self.held_from: Quantiser | None = None

    @property
    def held_grid(self) -> Grid:
        """Return the levels of the held operand."""
        if self._holds_weights:
            return Grid(self.held_step, self.held_low, self.held_high)
        return self._grid(self.held_from)

    def uncut(self, inputs: Tensor, held: Tensor, errors: Tensor | None) -> Reading:
        """Return the product as one reading, where nothing happens to a single one."""
        return replace(self.whole(inputs, held), op=self.op, errors=errors)

    def whole(self, inputs: Tensor, held: Tensor) -> Reading:
        """Return the product as one reading, for levels that are relative to all of it."""
        grid, kept = self._grid(self.inputs_from), self.held_grid
        return Reading(
            op=f"{self.op} (whole)",
            key=FIRST,
            product=self.product,
            driven=Slice(inputs, grid.low, grid.high),
            held=Slice(held, kept.low, kept.high),
            errors=None,
            fan_in=self._fan_in,
            vector=self._fan_in,
            symbols=1,
        )

    def readings(self, inputs: Tensor, held: Tensor, errors: Tensor | None) -> Iterator[Reading]:
        """Yield what is read one by one.

        Args:
            inputs: What is driven, on its grid.
            held: The held operand, on its own.
            errors: What is wrong with all of it: with its most significant slice, so once.
        """
        spec, grid, kept_grid = self.spec, self._grid(self.inputs_from), self.held_grid
        driven = cut(inputs, grid, grid.step, spec.input_slices, spec.input_slice_bits)
        step = self.product.by_held(kept_grid.step)
        kept = cut(held, kept_grid, step, spec.weight_slices, spec.weight_slice_bits)
        for a, x in enumerate(driven):
            for b, w in enumerate(kept):
                yield from self._parts((a, b), x, w, errors if w is kept[-1] else None)

    def _parts(
        self, pair: tuple[int, int], driven: Slice, held: Slice, errors: Tensor | None
    ) -> Iterator[Reading]:
        first, several = 0, len(self.spec.readings) > 1
        for place, part in enumerate(self.spec.readings):
            last = first + part.products
            yield Reading(
                op=self.op,
                key=(*pair, place),
                product=self.product.part(first, last) if several else self.product,
                driven=driven,
                held=held,
                errors=errors,
                fan_in=part.products,
                vector=self._fan_in,
                symbols=part.symbols,
            )
            first = last

    @property
    def _fan_in(self) -> int:
        return sum(part.products for part in self.spec.readings)

    def _grid(self, quantiser: Quantiser | None) -> Grid:
        if quantiser is None or quantiser.grid is None:
            raise ConfigError(
                f"{self.op}: found levels that are not known yet; expected a calibrated network; "
                "calibrate it first"
            )
        return quantiser.grid
