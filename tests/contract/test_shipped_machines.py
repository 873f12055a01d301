"""Every shipped machine, and every kind of component, keeps the contract of the hardware room."""

import math
import re

import jsonschema
import pytest

from archsim.documents import read
from archsim.hardware import OutputStationary, catalogue, load_hardware, schema, shipped
from archsim.hardware._component import REGISTRY
from archsim.hardware._sources import idle_sources, numbers, unsourced
from archsim.hardware.check import facts

NAMES = ["crossbar", "digital_int8", "dota_b", "homodyne", "ring_bank"]
ACTIONS = {
    "laser": set(),
    "comb": set(),
    "modulator": {"symbol"},
    "dac": {"convert"},
    "weight_dac": {"convert"},
    "detector": set(),
    "tia": set(),
    "adc": {"convert"},
    "array": {"mac", "write"},
    "accumulator": {"add"},
    "buffer": {"read_bit", "write_bit"},
    "dram": {"read_bit", "write_bit"},
    "vector_unit": {"simple", "special", "mac"},
}


def test_the_promised_machines_are_shipped():
    assert sorted(shipped()) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_machine_file_is_valid_for_editors(name):
    validator = jsonschema.Draft202012Validator(schema())
    assert [error.message for error in validator.iter_errors(read(shipped()[name]).data)] == []


@pytest.mark.parametrize(
    "change",
    [
        {"format": 2},
        {"clocks": {"symbol": 5}},
        {"clocks": {"symbol": "5 J"}},
        {"nmae": "x"},
        {"tiles": {"dataflow": "x"}},
    ],
)
def test_editors_see_what_the_loader_refuses(change):
    validator = jsonschema.Draft202012Validator(schema())
    assert not validator.is_valid(read(shipped()["homodyne"]).data | change)


def test_editors_accept_a_file_that_inherits():
    validator = jsonschema.Draft202012Validator(schema())
    assert validator.is_valid({"base": "homodyne.yaml", "tiles": {"count": 8}})
    assert not validator.is_valid({"base": "homodyne.yaml", "tils": {"count": 8}})


@pytest.mark.parametrize("name", NAMES)
def test_every_number_has_a_source_and_every_source_a_number(name):
    hardware = load_hardware(name)
    assert unsourced(hardware) == ()
    assert idle_sources(hardware) == ()
    assert len(list(numbers(hardware))) > 30


@pytest.mark.parametrize("name", NAMES)
def test_sources_name_a_publication_or_say_that_they_assume(name):
    named = re.compile(r"\b(19|20)\d\d\b|JEDEC|arXiv|^assumed: .{6}|^derived: .{6}")
    for path, text in load_hardware(name).sources.items():
        assert named.search(text), path


@pytest.mark.parametrize("name", NAMES)
def test_a_machine_is_named_after_its_file(name):
    assert load_hardware(name).name == name


@pytest.mark.parametrize("name", NAMES)
def test_parts_answer_their_three_questions(name):
    hardware = load_hardware(name)
    for slot, part in hardware.parts().items():
        assert part.slot == slot
        assert set(part.component.costs()) == ACTIONS[slot]
        figures = [*part.component.costs().values(), part.area_m2, part.static_w]
        assert all(math.isfinite(figure) and figure >= 0 for figure in figures)
        assert part.instances(hardware.tiles.count) == part.per_machine >= 1
        served = [part.instances(tiles) for tiles in range(min(hardware.tiles.count, 20) + 1)]
        assert served == sorted(served)
    for source in hardware.noise():
        assert all(math.isfinite(level) and level > 0 for level in source.parameters.values())
        assert source.name.split(".")[0] in hardware.parts()


@pytest.mark.parametrize("name", NAMES)
def test_facts_are_finite(name):
    found = facts(load_hardware(name))
    assert found.macs_per_s <= found.native_macs_per_s
    assert all(math.isfinite(w) and w >= 0 for w in found.power_w.values())
    assert sum(found.power_w.values()) > 0
    assert list(found.power_w) == list(found.area_m2) == list(load_hardware(name).parts())


def test_both_dataflows_and_a_machine_of_every_technology_are_shipped():
    machines = {name: load_hardware(name) for name in NAMES}
    assert {m.tiles.array.kind for m in machines.values()} == {
        "free_space", "ring_bank", "reram", "photonic_tensor_core", "mac",
    }  # fmt: skip
    flows = {isinstance(m.tiles, OutputStationary) for m in machines.values()}
    assert flows == {True, False}


def test_resnet_50_fits_the_crossbars_without_reloading():
    # At least 6,300 arrays of 128 x 32 eight-bit weights.
    tiles = load_hardware("crossbar").tiles
    assert tiles.count >= 6300
    assert tiles.columns * tiles.array.cell_bits // 8 == 32


def test_the_catalogue_lists_every_kind_with_unit_and_meaning():
    entries = catalogue()
    kinds = {(entry.slot, entry.kind) for entry in entries}
    for slot, registered in REGISTRY.items():
        for kind in registered:
            assert (slot, kind) in kinds
    assert all(entry.doc for entry in entries)
    units = {(e.slot, e.key): e.unit for e in entries}
    assert units["laser", "power"] == "W"
    assert units["adc", "energy"] == "J"
    assert units["adc", "rate"] == "Hz"
    assert units["buffer", "size"] == "bit"
    assert units["dram", "latency"] == "s"
    assert units["dram", "read_energy"] == "J/bit"
    assert units["tia", "input_noise"] == "A/sqrt(Hz)"
    assert units["adc", "bits"] == ""
    defaults = {(e.slot, e.key): e.default for e in entries}
    assert defaults["tiles", "cores"] == "1"
    assert defaults["laser", "power"] is None
