"""Random numbers that any part of a run can draw again."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b

import torch
from torch import Tensor

from archsim.functional.normal import normal

_SEED_BYTES = 8


@dataclass(frozen=True, slots=True)
class Draws:
    """Where the random numbers of one forward pass come from.

    Every op has a generator of its own, seeded from what is written here and the op's name. None is
    carried along, so a trial, a batch or an op draws the same numbers however it is reached.

    Attributes:
        seed: Of the whole run.
        trial: Which repetition of the run; what is frozen into cells lasts for one.
        step: Which batch of the trial.
    """

    seed: int
    trial: int = 0
    step: int = 0

    def normal_like(self, like: Tensor, op: str, what: str, *, frozen: bool = False) -> Tensor:
        """Return standard normal numbers in a tensor's shape and order in memory.

        Drawn flat: filling a strided tensor takes ten times as long on a CPU.
        """
        if like.device.type == "cpu" and like.dtype == torch.float32:
            numbers = normal(like.numel(), self._seed(op, what, frozen=frozen))
        else:
            numbers = torch.randn(
                like.numel(),
                generator=self.generator(op, what, like.device, frozen=frozen),
                device=like.device,
                dtype=like.dtype,
            )
        if like.is_contiguous():
            return numbers.view(like.shape)
        order = sorted(range(like.ndim), key=like.stride, reverse=True)
        shape = [like.shape[axis] for axis in order]
        return numbers.view(shape).permute([order.index(axis) for axis in range(like.ndim)])

    def generator(
        self, op: str, what: str, device: torch.device, *, frozen: bool = False
    ) -> torch.Generator:
        """Return the generator for one use within an op; a frozen one is the same in all steps."""
        return torch.Generator(device).manual_seed(self._seed(op, what, frozen=frozen))

    def _seed(self, op: str, what: str, *, frozen: bool) -> int:
        when = "frozen" if frozen else str(self.step)
        key = f"{self.seed}/{self.trial}/{when}/{op}/{what}".encode()
        return int.from_bytes(blake2b(key, digest_size=_SEED_BYTES).digest(), "big") >> 1
