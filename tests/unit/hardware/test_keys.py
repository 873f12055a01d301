"""Keys of a machine: looked up, valued, changed."""

from __future__ import annotations

import pytest

from archsim.documents import Faults
from archsim.errors import ConfigError
from archsim.hardware import load_hardware, shipped
from archsim.hardware.keys import changed, key_at, machine_of

HOMODYNE = load_hardware("homodyne")


@pytest.mark.parametrize(
    ("path", "column", "whole"),
    [
        ("tiles.rows", "tiles.rows", True),
        ("tiles.laser.power", "tiles.laser.power_w", False),
        ("tiles.laser.power_w", "tiles.laser.power_w", False),
        ("tiles.laser.wall_plug_efficiency", "tiles.laser.wall_plug_efficiency", False),
        ("tiles.adc.energy", "tiles.adc.energy_j", False),
        ("tiles.readout_buffer", "tiles.readout_buffer", False),
        ("clocks.symbol", "clocks.symbol_hz", False),
        ("buffer.size", "buffer.size_bits", False),
        ("dram.bandwidth", "dram.bandwidth_byte_per_s", False),
        ("tiles.modulator.loss", "tiles.modulator.loss_db", False),
        ("tiles.laser", "tiles.laser", False),
    ],
)
def test_a_key_has_a_column_with_its_unit(path, column, whole):
    key = key_at(HOMODYNE, path)
    assert (key.column, key.whole) == (column, whole)


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("tiles.rws", "found the unknown key 'rws' in tiles; expected one of"),
        ("tiles.rws", "; did you mean 'rows'?"),
        ("tile.rows", "found the unknown key 'tile'; expected one of"),
        ("clocks.symbl", "in clocks; expected one of digital, symbol; did you mean 'symbol'?"),
        ("tiles.rows.x", "but tiles.rows is a plain value on 'homodyne'"),
        ("tiles.comb.power", "but tiles.comb is nothing on 'homodyne'"),
        ("", "found the unknown key ''"),
        ("tiles..rows", "found the unknown key '' in tiles"),
        ("name", "found 'name', which changes no figure"),
        ("sources.tiles", "found 'sources.tiles', which changes no figure"),
    ],
)
def test_what_is_no_key_is_refused(path, said):
    with pytest.raises(ValueError, match=r"found .*; expected ") as refused:
        key_at(HOMODYNE, path)
    assert said in str(refused.value)


def test_a_value_is_checked_as_in_a_file():
    with pytest.raises(Faults, match="expected at least 1"):
        key_at(HOMODYNE, "tiles.rows").plain(0)
    with pytest.raises(Faults, match="expected a quantity in W"):
        key_at(HOMODYNE, "tiles.laser.power").plain(0.001)
    with pytest.raises(Faults, match="expected rows or columns or contraction"):
        key_at(HOMODYNE, "tiles.tiles_split").plain("diagonals")


def leaves(data, path=()):
    if isinstance(data, dict) and data:
        for key in data:
            yield from leaves(data[key], (*path, key))
    else:
        yield path, data


@pytest.mark.parametrize("name", shipped())
def test_every_key_of_every_machine_takes_the_value_that_it_has(name):
    machine = load_hardware(name)
    data = machine.dump()
    for path, value in leaves({k: v for k, v in data.items() if k in ("clocks", "tiles", "dram")}):
        if path[-1] in ("kind", "dataflow") or "survey" in path or "fixed" in path:
            continue
        key = key_at(machine, ".".join(path))
        assert (key.path, key.plain(value)) == (path, value)
        assert changed(data, {key.path: value}) == data


@pytest.mark.parametrize(
    "setting",
    ["tiles.rows=32", "tiles.laser.power=2 mW", "clocks.symbol=2.5 GHz", "tiles.adc.energy=1 pJ"],
)
def test_a_changed_machine_is_the_one_that_an_override_gives(setting):
    path, value = setting.split("=")
    key = key_at(HOMODYNE, path)
    plain = key.plain(int(value) if value.isdigit() else value)
    found = machine_of(changed(HOMODYNE.dump(), {key.path: plain}), "homodyne")
    assert found == load_hardware("homodyne", [setting])


def test_a_value_of_none_takes_a_key_away_and_leaves_the_data_as_it_was():
    data = HOMODYNE.dump()
    before = str(data)
    less = changed(data, {("tiles", "laser", "max_power"): None})
    assert "max_power" not in less["tiles"]["laser"]
    assert str(data) == before


def test_a_machine_that_cannot_be_is_called_by_its_name():
    with pytest.raises(ConfigError, match=r"^some machine: tiles\.adc\.enob: found 7\.5 effective"):
        machine_of(changed(HOMODYNE.dump(), {("tiles", "adc", "bits"): 6}), "some machine")
