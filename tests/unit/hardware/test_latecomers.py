"""Kinds of components that users define."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import pytest

from archsim import simulate
from archsim.errors import ConfigError
from archsim.hardware import ModulatorSlot, catalogue, load_hardware, schema
from archsim.hardware._component import REGISTRY
from archsim.hardware._latecomers import renew
from archsim.units import Farad, Joule, Volt

FILE = """
base: homodyne
name: mine
tiles:
  modulator:
    kind: test_film
    swing: 2 V
    capacitance: 1 pF
    area: 0.001 mm^2
    static_power: 0 W
    loss: 1 dB
"""


@pytest.fixture
def mine(tmp_path) -> Iterator[str]:
    class Film(ModulatorSlot):
        """A film whose symbols charge an electrode."""

        kind: Literal["test_film"] = "test_film"
        energy_j: Joule = 0.0
        swing_v: Volt
        capacitance_f: Farad

        def costs(self) -> dict[str, float]:
            return {"symbol": self.capacitance_f * self.swing_v**2}

    path = tmp_path / "mine.yaml"
    path.write_text(FILE)
    yield str(path)
    del REGISTRY["modulator"]["test_film"]
    renew("modulator")


def test_a_kind_that_comes_late_can_be_simulated(mine):
    before, after = simulate("homodyne", "lenet5"), simulate(mine, "lenet5")
    symbols = sum(row.count for row in after.tables.actions if row.action == "modulator.symbol")
    spent = after.energy_by_component_j["modulator"]
    assert spent == pytest.approx(symbols * 1e-12 * 4, rel=1e-12)
    assert before.energy_by_component_j["modulator"] != spent
    assert before.energy_by_component_j["dac"] == after.energy_by_component_j["dac"]


def test_a_kind_that_comes_late_is_known_everywhere(mine):
    assert {entry.kind for entry in catalogue() if entry.slot == "modulator"} >= {"test_film"}
    assert "test_film" in str(schema())
    with pytest.raises(ConfigError, match=r"unknown key 'swin'.*did you mean 'swing'"):
        load_hardware(mine, ["tiles.modulator.swin=1 V"])


def test_machines_without_it_stay_as_they_were(mine):
    assert load_hardware("homodyne").tiles.modulator.kind == "mzm"


def test_it_is_gone_when_it_is_taken_away(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(FILE)
    with pytest.raises(ConfigError, match="found kind 'test_film'; expected mzm or"):
        load_hardware(path)
