"""Memory that a run has freed is kept for its next tensors.

glibc hands tensors of more than 32 MB back to the system, which zeroes them page by page when the
next op asks for as much. That is half the time of a noisy pass of EfficientNet-Lite0 over 32 images
(tests/bench/bench_noise.py). Only the main thread's memory can be kept; nothing is done elsewhere,
nor where the environment says how memory is to be handled.
"""

from __future__ import annotations

import ctypes
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _MMAP_MAX = -1, -3, -4  # parameters of mallopt in malloc.h
_NEVER = -1
_MMAPS = 65536
_LARGE = 32 << 20
"""Bytes: once thresholds were set they no longer move, so these are where glibc's would end."""

_USERS = ("GLIBC_TUNABLES", "MALLOC_MMAP_MAX_", "MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_")


class _Running:
    """How many runs there are: the settings are those of the whole process."""

    def __init__(self) -> None:
        self._count, self._lock = 0, Lock()

    def begins(self) -> bool:
        """Count one more; return whether it is the first."""
        with self._lock:
            self._count += 1
            return self._count == 1

    def ends(self) -> bool:
        """Count one less; return whether it was the last."""
        with self._lock:
            self._count -= 1
            return self._count == 0


_RUNNING = _Running()


@contextmanager
def kept_memory() -> Iterator[None]:
    """Keep what is freed within; once nothing runs any more, hand it back, all of it."""
    library = _glibc()
    if library is None:
        yield
        return
    if _RUNNING.begins():
        library.mallopt(_MMAP_MAX, 0)
        library.mallopt(_TRIM_THRESHOLD, _NEVER)
    try:
        yield
    finally:
        if _RUNNING.ends():
            library.mallopt(_MMAP_MAX, _MMAPS)
            library.mallopt(_MMAP_THRESHOLD, _LARGE)
            library.mallopt(_TRIM_THRESHOLD, 2 * _LARGE)
            library.malloc_trim(0)


def _glibc() -> Any:
    """Return the C library if it is glibc and nobody said how it is to handle memory."""
    if platform.libc_ver()[0] != "glibc" or any(name in os.environ for name in _USERS):
        return None
    return ctypes.CDLL(None)
