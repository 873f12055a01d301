"""Memory that a run has freed is kept for its next tensors.

glibc hands tensors of more than 32 MB back to the system, which zeroes them page by page when the
next op asks for as much. That is half the time of a noisy pass of EfficientNet-Lite0
(tests/bench/bench_noise.py). Elsewhere nothing is done.
"""

from __future__ import annotations

import ctypes
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _MMAP_MAX = -1, -3, -4  # parameters of mallopt in malloc.h
_NEVER = -1
_MMAPS = 65536
_LARGE = 32 << 20
"""Bytes: once thresholds were set they no longer move, so these are where glibc's would end."""


@contextmanager
def kept_memory() -> Iterator[None]:
    """Keep what is freed within; afterwards hand it back, all of it."""
    library = _glibc()
    if library is None:
        yield
        return
    library.mallopt(_MMAP_MAX, 0)
    library.mallopt(_TRIM_THRESHOLD, _NEVER)
    try:
        yield
    finally:
        library.mallopt(_MMAP_MAX, _MMAPS)
        library.mallopt(_MMAP_THRESHOLD, _LARGE)
        library.mallopt(_TRIM_THRESHOLD, 2 * _LARGE)
        library.malloc_trim(0)


def _glibc() -> Any:
    """Return the C library if it is glibc, else None."""
    return ctypes.CDLL(None) if platform.libc_ver()[0] == "glibc" else None
