"""Freed memory: kept while a run lasts, and handed back after it."""

import ctypes
import json
import platform
import subprocess
import sys

import pytest
import torch
from torch import nn

from archsim.functional import Conditions, Task, evaluate
from archsim.functional.learning import Aim, Rules, learn
from archsim.functional.memory import kept_memory
from archsim.functional.task import Examples
from archsim.hardware import load_hardware

SET, RESET = 2, 6
"""How often the library has been told something within a run, and after it."""

ALONE = """
import json, resource
from pathlib import Path
import torch
from archsim.functional.memory import kept_memory

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1])

def fresh():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    torch.zeros(16 << 20).add_(1)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

def looks():
    fresh()
    return {"fresh": sum(fresh() for _ in range(8)), "resident": resident()}

before = looks()
with kept_memory():
    within = looks()
print(json.dumps([before, within, looks()]))
"""


@pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc", reason="memory is kept where glibc hands it out"
)
def test_large_tensors_take_few_fresh_pages_and_these_are_handed_back():
    """Few, not none: a small thing in a freed place leaves too little for the next tensor there."""
    done = subprocess.run([sys.executable, "-c", ALONE], check=True, capture_output=True, text=True)
    before, within, after = json.loads(done.stdout)
    pages = before["fresh"] / 8
    assert within["fresh"] <= 3 * pages
    assert after["fresh"] > 7 * pages
    assert within["resident"] - before["resident"] > pages * 0.9
    assert after["resident"] - before["resident"] < pages / 10


class Library:
    """The part of the C library that is told how to handle memory."""

    def __init__(self):
        self.told = []

    def mallopt(self, *said):
        self.told.append(said)

    def malloc_trim(self, *said):
        self.told.append(said)


@pytest.fixture
def library(monkeypatch):
    library = Library()
    monkeypatch.setattr(platform, "libc_ver", lambda: ("glibc", "2.31"))
    monkeypatch.setattr(ctypes, "CDLL", lambda _: library)
    return library


def test_it_is_handed_back_after_a_fault(library):
    with pytest.raises(RuntimeError, match="shape"), kept_memory():
        torch.zeros(1).view(3)
    assert len(library.told) == RESET


def test_the_last_of_several_runs_hands_it_back(library):
    with kept_memory():
        with kept_memory():
            assert len(library.told) == SET
        assert len(library.told) == SET
    assert len(library.told) == RESET


def test_what_the_environment_says_stays_in_force(library, monkeypatch):
    monkeypatch.setenv("MALLOC_TRIM_THRESHOLD_", "1000000")
    with kept_memory():
        pass
    assert not library.told


def test_other_libraries_are_told_nothing(library, monkeypatch):
    monkeypatch.setattr(platform, "libc_ver", lambda: ("", ""))
    with kept_memory():
        pass
    assert not library.told


def test_tasks_are_run_and_learned_with_their_memory_kept(library):
    inputs, labels = torch.randn(8, 4), torch.arange(8) % 3
    examples = Examples((inputs,), labels)
    model = nn.Linear(4, 3).eval()
    task = Task("small", model, (inputs,), labels, (inputs,), learning=examples)
    hardware, aim, seen = load_hardware("homodyne"), Aim("op", target=4.0), []

    def look(*_):
        seen.append(len(library.told))

    evaluate(task, hardware, trials=1, progress=look)
    assert (set(seen), len(library.told)) == ({SET}, RESET)
    library.told.clear()
    learn(
        task,
        hardware,
        aim,
        Conditions(trials=1),
        rules=Rules(steps=1, batch=8),
        tell=look,
        compare=False,
    )
    assert (set(seen), len(library.told)) == ({SET}, RESET)
