"""Freed memory: kept while a run lasts, and handed back after it."""

import platform
import resource
from pathlib import Path

import pytest
import torch

from archsim.functional.memory import kept_memory

ELEMENTS = 16 << 20  # 64 MB in single precision
PAGE = 4096

pytestmark = pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc", reason="memory is kept where glibc hands it out"
)


def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt


def resident():
    return int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[1]) * PAGE


def touch():
    return torch.zeros(ELEMENTS).add_(1)


def test_memory_is_asked_for_once_and_handed_back():
    touch()
    before = resident()
    with kept_memory():
        touch()
        first = faults()
        for _ in range(5):
            touch()
        again = faults() - first
        assert resident() - before > 3 * ELEMENTS
    assert again * PAGE < ELEMENTS  # fewer pages than a quarter of one tensor
    assert resident() - before < ELEMENTS


def test_it_is_handed_back_after_a_fault():
    before = resident()
    with pytest.raises(RuntimeError, match="shape"), kept_memory():
        touch().view(3)
    assert resident() - before < ELEMENTS


def test_elsewhere_nothing_is_done(monkeypatch):
    monkeypatch.setattr(platform, "libc_ver", lambda: ("", ""))
    with kept_memory():
        touch()
