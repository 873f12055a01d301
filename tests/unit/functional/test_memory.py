"""Freed memory: kept while a run lasts, and handed back after it."""

import ctypes
import platform
import resource
from pathlib import Path

import pytest
import torch
from torch import nn

from archsim.functional import Conditions, Task, evaluate, memory
from archsim.functional.learning import Aim, Rules, learn
from archsim.functional.memory import kept_memory
from archsim.functional.task import Examples
from archsim.hardware import load_hardware

ELEMENTS = 16 << 20  # 64 MB in single precision
PAGES = 4 * ELEMENTS // resource.getpagesize()

pytestmark = pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc", reason="memory is kept where glibc hands it out"
)


def resident():
    """Return the pages of this process that are in memory."""
    return int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[1])


def fresh(elements=ELEMENTS):
    """Return how many pages the system gives for a large tensor."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    torch.zeros(elements).add_(1)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


def is_kept():
    """Return whether freed memory serves the next tensors, though smaller things went there too."""
    fresh()
    return sum(fresh(ELEMENTS // 2) for _ in range(3)) < PAGES / 4


@pytest.fixture(autouse=True)
def handed_back():
    assert not is_kept()
    yield
    assert not is_kept()


def test_memory_is_kept_and_then_handed_back():
    before = resident()
    with kept_memory():
        assert is_kept()
        assert resident() - before > PAGES * 3 / 4
    assert resident() - before < PAGES / 4


def test_it_is_handed_back_after_a_fault():
    before = resident()
    with pytest.raises(RuntimeError, match="shape"), kept_memory():
        torch.zeros(ELEMENTS).add_(1).view(3)
    assert resident() - before < PAGES / 4


def test_the_last_of_several_runs_hands_it_back():
    with kept_memory():
        with kept_memory():
            pass
        assert is_kept()


def test_where_the_environment_says_how_nothing_is_changed(monkeypatch):
    monkeypatch.setenv("MALLOC_TRIM_THRESHOLD_", "1000000")
    with kept_memory():
        assert not is_kept()


def test_elsewhere_nothing_is_asked_of_the_library(monkeypatch):
    monkeypatch.setattr(platform, "libc_ver", lambda: ("", ""))
    monkeypatch.setattr(ctypes, "CDLL", None)
    with kept_memory():
        assert not is_kept()


class Library:
    """The part of the C library that is told how to handle memory."""

    def __init__(self):
        self.told = []

    def mallopt(self, *said):
        self.told.append(said)

    def malloc_trim(self, _):
        self.told.append("trim")


@pytest.fixture
def library(monkeypatch):
    library = Library()
    monkeypatch.setattr(memory, "_glibc", lambda: library)
    return library


def test_tasks_are_run_and_learned_with_their_memory_kept(library):
    inputs, labels = torch.randn(8, 4), torch.arange(8) % 3
    examples = Examples((inputs,), labels)
    model = nn.Linear(4, 3).eval()
    task = Task("small", model, (inputs,), labels, (inputs,), learning=examples)
    hardware, aim, seen = load_hardware("homodyne"), Aim("op", target=4.0), []

    def look(*_):
        seen.append(len(library.told))

    evaluate(task, hardware, trials=1, progress=look)
    assert set(seen) == {2}
    assert library.told[-1] == "trim"
    library.told.clear()
    learn(task, hardware, aim, Conditions(trials=1), rules=Rules(steps=1), tell=look, compare=False)
    assert set(seen) == {2}
    assert library.told[-1] == "trim"
