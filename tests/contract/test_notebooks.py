"""Notebooks run, fast; what is committed beside a source shows what that source says."""

from __future__ import annotations

import sys

import jupytext
import nbformat
import pytest

from analysis.make_notebooks import executed, sources

SOURCES = sources()
MOST_CELLS = 9

# Kernels talk to their notebook over sockets that they leave to the collector.
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.mark.parametrize("name", SOURCES)
def test_a_notebook_runs(name, monkeypatch):
    monkeypatch.setenv("ARCHSIM_FAST", "1")
    monkeypatch.setenv("PYTHONPATH", str(SOURCES[name].parents[2]))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    shown = [output for cell in executed(SOURCES[name]).cells for output in cell.get("outputs", ())]
    assert shown
    assert not [output for output in shown if output.output_type == "error"]
    assert not [output.text for output in shown if output.get("name") == "stderr"]


@pytest.mark.parametrize("name", SOURCES)
def test_what_is_committed_is_of_the_source(name):
    source = jupytext.read(SOURCES[name])
    kept = nbformat.read(SOURCES[name].with_suffix(".ipynb"), as_version=4)
    assert [cell.source for cell in kept.cells] == [cell.source for cell in source.cells]
    assert len(kept.cells) <= MOST_CELLS
    assert any(cell.get("outputs") for cell in kept.cells)
    assert sys.prefix not in nbformat.writes(kept)
