from fractions import Fraction

import pytest

from archsim.errors import ConfigError
from archsim.hardware import load_hardware, save_hardware, shipped


@pytest.fixture
def write(tmp_path):
    def write(name, text):
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


def complaint(*arguments):
    with pytest.raises(ConfigError) as error:
        load_hardware(*arguments)
    return str(error.value)


HEIR = f"base: {shipped()['homodyne']}\n"


def test_a_file_inherits_key_by_key(write):
    heir = load_hardware(
        write("heir.yaml", HEIR + "name: heir\ntiles: {count: 9, adc: {bits: 7, enob: 7}}")
    )
    parent = load_hardware("homodyne")
    assert (heir.name, heir.tiles.count, heir.tiles.adc.bits) == ("heir", 9, 7)
    assert heir.tiles.adc.rate_hz == parent.tiles.adc.rate_hz
    assert heir.buffer == parent.buffer


def test_a_base_is_found_beside_its_heir(write):
    write("a.yaml", HEIR + "name: a")
    assert load_hardware(write("b.yaml", "base: a.yaml\ntiles: {rows: 8}")).tiles.rows == 8


def test_a_component_of_another_kind_replaces_the_whole(write):
    text = "tiles:\n  modulator: {kind: ring_modulator}\n"
    message = complaint(write("heir.yaml", HEIR + text))
    assert "heir.yaml:3:3: tiles.modulator.energy: found nothing; expected this key" in message


def test_null_takes_a_key_of_the_base_away(write):
    text = "tiles: {adc: {energy: {survey: null, walden: 25 fJ}}}"
    adc = load_hardware(write("heir.yaml", HEIR + text)).tiles.adc
    assert adc.costs()["convert"] == pytest.approx(25e-15 * 2**7.5)


def test_a_circle_of_bases_is_refused(write):
    path = write("a.yaml", "base: b.yaml")
    write("b.yaml", "base: a.yaml")
    assert "b.yaml:1:1: base: found 'a.yaml', which inherits this file" in complaint(path)


def test_a_shipped_machine_is_inherited_by_its_bare_name(write):
    heir = load_hardware(write("heir.yaml", "base: homodyne\nname: heir"))
    assert heir.buffer == load_hardware("homodyne").buffer


@pytest.mark.parametrize(
    ("base", "message"),
    [
        ("homodin", "base: homodin: found no such machine; expected a file or one of"),
        ("none.yaml", "none.yaml: found no such file; expected one"),
        ("empty.yaml", "empty.yaml: found nothing; expected keys and values"),
        ("list.yaml", "list.yaml: found no keys; expected a machine; name another file"),
        ("''", "base: machine: found an empty name; expected a file or one of"),
    ],
)
def test_a_fault_of_a_base_names_the_place_that_inherits(write, base, message):
    write("empty.yaml", "")
    write("list.yaml", "- 1")
    found = complaint(write("heir.yaml", f"name: x\nbase: {base}"))
    assert "heir.yaml:2:1: base: " in found
    assert message in found


@pytest.mark.parametrize("base", ["3", "[a]", "''", "none.yaml"])
def test_a_base_that_is_no_machine_is_refused(write, base):
    assert "found" in complaint(write("heir.yaml", f"base: {base}"))


def test_faults_stand_in_the_file_that_holds_them(write):
    write("under.yaml", HEIR + "tiles:\n  rows: 0\n")
    message = complaint(write("over.yaml", "base: under.yaml\ntiles: {columns: x}\n"))
    first, second = message.splitlines()
    assert "over.yaml:2:9: tiles.columns" in first
    assert "under.yaml:3:3: tiles.rows: found 0; expected at least 1" in second


def test_overrides_are_read_as_the_file_would_be():
    hardware = load_hardware("homodyne", ["tiles.adc.bits=10", "clocks.symbol=97 GHz", "name='97'"])
    assert hardware.tiles.adc.bits == 10
    assert hardware.name == "97"
    assert hardware.clocks["symbol"] == Fraction(97 * 10**9)


def test_an_override_may_set_a_whole_part_or_take_it_away():
    hardware = load_hardware(
        "homodyne", ["tiles.adc.energy={walden: 10 fJ}", "tiles.adc.enob=null"]
    )
    assert hardware.tiles.adc.costs()["convert"] == pytest.approx(2.56e-12)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("tiles.adc.bts=6", "--set tiles.adc.bts=6: tiles.adc.bts: found the unknown key 'bts'; "),
        ("tils.count=6", "tils: found the unknown key 'tils'; "),
        ("tiles.count=-1", "--set tiles.count=-1: tiles.count: found -1; expected at least 1"),
        ("tiles.count=1e30", "tiles.count"),
        ("tiles.rows=064", "found the number 064; expected no leading zeros; remove them, or"),
        ("buffer.size=1.5 bit", "expected a whole number of bits; round it to such as 2 MiB"),
        ("tiles.laser.power=5", "tiles.laser.power: found 5; expected a quantity in W"),
        ("tiles.laser.power=5 J", "tiles.laser.power: found '5 J'; expected a quantity in W"),
        ("tiles.count.x=1", "found a path through a plain value"),
        ("tiles.count", "found no path=value; expected such as tiles.adc.bits=6"),
        ("=1", "found no path=value"),
        ("tiles..count=1", "found no path=value"),
        ("tiles.count=[1", "expected YAML"),
        ("tiles.count=", "tiles.count: found null; expected a whole number"),
    ],
)
def test_a_bad_override_is_refused_by_name(override, message):
    assert message in complaint("homodyne", [override])


def test_a_suggestion_names_what_was_meant():
    assert "did you mean 'homodyne'?" in complaint("homodin")
    assert "did you mean 'bits'?" in complaint("homodyne", ["tiles.adc.bts=6"])
    assert "did you mean 'reram'?" in complaint("crossbar", ["tiles.array.kind=reran"])


@pytest.mark.parametrize("name", sorted(shipped()))
def test_saved_machines_load_to_equal_ones(name, tmp_path):
    hardware = load_hardware(name)
    save_hardware(hardware, tmp_path / "x.yaml")
    again = load_hardware(tmp_path / "x.yaml")
    assert again == hardware
    assert again.hash == hardware.hash


def test_the_hash_follows_what_can_change_a_result_and_nothing_else(write):
    hardware = load_hardware("homodyne")
    assert load_hardware("homodyne", ["description=other"]).hash == hardware.hash
    assert load_hardware("homodyne", ["sources={}"]).hash == hardware.hash
    assert load_hardware("homodyne", ["tiles.laser.power=2 mW"]).hash != hardware.hash
    assert load_hardware("homodyne", ["tiles.laser.power=0.001 W"]).hash == hardware.hash


def test_a_text_is_no_list_of_overrides():
    assert complaint("homodyne", "tiles.count=8") == (
        "overrides: found the text 'tiles.count=8'; expected several; write ['tiles.count=8']"
    )


def nullable(data, path=()):
    """Yield every key of a machine; most do not take null, and are refused."""
    for name, value in data.items():
        if isinstance(value, dict):
            yield from nullable(value, (*path, name))
        else:
            yield (*path, name)


@pytest.mark.parametrize("name", shipped())
def test_a_machine_with_any_key_that_takes_null_is_saved_and_loaded_as_it_is(name, tmp_path):
    taken = []
    for path in nullable({key: load_hardware(name).dump()[key] for key in ("tiles", "dram")}):
        try:
            machine = load_hardware(name, [f"{'.'.join(path)}=null"])
        except ConfigError:
            continue
        save_hardware(machine, tmp_path / "machine.yaml")
        assert load_hardware(tmp_path / "machine.yaml") == machine, path
        taken.append(path[-1])
    assert taken or name == "digital_int8"


def test_a_cell_that_holds_a_whole_weight_is_saved_as_such(tmp_path):
    machine = load_hardware("crossbar", ["tiles.array.cell_bits=null"])
    save_hardware(machine, tmp_path / "machine.yaml")
    assert "cell_bits: null" in (tmp_path / "machine.yaml").read_text()
    assert load_hardware(tmp_path / "machine.yaml") == machine
