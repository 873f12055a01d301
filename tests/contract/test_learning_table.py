"""The script behind the tables of learned repetitions, made small: one network, a few steps."""

from __future__ import annotations

from argparse import Namespace

import pytest
import torch

from analysis import learning_table as script

CHOSEN = Namespace(networks=["digits_cnn"], noise=["thermal"], threads=1)
FEW = 4


@pytest.fixture
def small(tmp_path, monkeypatch):
    monkeypatch.setattr(script, "FOLDER", tmp_path / "cells")
    monkeypatch.setattr(script, "UNFINISHED", tmp_path / "unfinished")
    monkeypatch.setattr(script, "NETWORKS", {"digits_cnn": FEW})
    monkeypatch.setattr(script, "TRIALS", {FEW: 2})
    monkeypatch.setattr(script, "MAX_DROP", 1.0)
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


def test_cells_are_run_once_and_what_is_missing_is_said(small, capsys):
    chosen = list(script.cells(CHOSEN.networks, CHOSEN.noise))
    assert script.least_table(chosen).count("not run") == 3
    assert script.run_all(CHOSEN)
    first = capsys.readouterr().err
    assert first.count(" s)") == 3
    assert script.run_all(CHOSEN)
    assert capsys.readouterr().err.count("(kept)") == 3
    cells = {cell.granularity: cell.read() for cell in chosen}
    assert set(cells["channel"]["ratios"]) == {"uniform", "op"}
    low, high = cells["op"]["interval"]
    assert low <= cells["op"]["repetitions"] <= high
    row = script.least_table(chosen).splitlines()[2].split(" | ")
    assert row[0] == "| digits_cnn"
    assert row[2].startswith(f"{cells['uniform']['repetitions']:.3g} [")
    assert script.system_table(chosen).count("| thermal |") == 3
    kept = chosen[0].read()
    script.write(chosen[0], kept | {"machines": {}, "uneven": {}})  # as another mapping had it
    assert script.run_all(CHOSEN)
    assert capsys.readouterr().err.count("(machines run again)") == 1
    assert chosen[0].read() == kept


def test_a_cell_is_run_again_where_what_others_need_of_it_is_gone(small, monkeypatch):
    cell, ran = script.Cell("digits_cnn", "thermal", "uniform"), []
    monkeypatch.setattr(script, "run", lambda *of: ran.append(of))
    with pytest.raises(ValueError, match="digits_cnn-thermal-uniform: nothing was kept"):
        script.crossing_of(cell, task=None)
    assert ran == [(cell, None)]
