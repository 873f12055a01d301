"""Inputs of a model as text: ``1x3x224x224``, ``1x128:int64``."""

from __future__ import annotations

import re
from dataclasses import dataclass

import torch

from archsim.errors import WorkloadError

_TYPES = {
    "float32": torch.float32,
    "float16": torch.float16,
    "bfloat16": torch.bfloat16,
    "int64": torch.int64,
    "int32": torch.int32,
    "bool": torch.bool,
}
_PATTERN = re.compile(r"(?P<sizes>\d+(?:x\d+)*)(?::(?P<type>\w+))?")
_LARGEST = 2**31 - 1


@dataclass(frozen=True, slots=True)
class InputSpec:
    """Shape and element type of one input.

    Attributes:
        shape: Its sizes, batch first.
        dtype: Type of its elements.
    """

    shape: tuple[int, ...]
    dtype: torch.dtype

    @classmethod
    def parse(cls, text: str) -> InputSpec:
        """Return what a text such as ``1x128:int64`` says.

        Raises:
            WorkloadError: It is no such text, or a size or the type is impossible.
        """
        match = _PATTERN.fullmatch(text.strip())
        if match is None:
            raise WorkloadError(
                f"--input: found {text!r}; expected sizes joined by x and, for anything but "
                "float32, a type; write 1x3x224x224 or 1x128:int64"
            )
        shape = tuple(map(int, match["sizes"].split("x")))
        if wrong := [size for size in shape if not 1 <= size <= _LARGEST]:
            raise WorkloadError(
                f"--input: found a size of {wrong[0]} in {text!r}; expected 1 to {_LARGEST}; "
                "correct it"
            )
        name = match["type"] or "float32"
        if name not in _TYPES:
            raise WorkloadError(
                f"--input: found type {name!r} in {text!r}; expected one of {', '.join(_TYPES)}; "
                "choose one"
            )
        return cls(shape, _TYPES[name])

    def tensor(self, device: str) -> torch.Tensor:
        """Return an input of zeros."""
        return torch.zeros(self.shape, dtype=self.dtype, device=device)
