"""Whatever a file holds: a machine or a sentence that says what is wrong, never anything else."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archsim.documents import read, read_text
from archsim.errors import ConfigError
from archsim.hardware import Hardware, load_hardware, shipped

LINES = shipped()["homodyne"].read_text(encoding="utf-8").splitlines()
JUNK = st.sampled_from(
    ["-1", "0", "1e999", ".nan", "null", "true", "'", "[", "{a: 1}", "1e30", "-5 W", "5 J", "x",
     "9" * 60, "\x00", "\t", "é", "*a", "&a 1", "!!int 3", "1/0 Hz", "1e-99 Hz", "1e99 GHz", "[]"]
)  # fmt: skip
calm = settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def loads_or_explains(path: Path, overrides: tuple[str, ...] = ()) -> None:
    try:
        hardware = load_hardware(path, overrides)
    except ConfigError as error:
        lines = str(error).splitlines()
        assert lines
        assert all(": " in line and len(line) < 1500 for line in lines)
    else:
        assert isinstance(hardware, Hardware)
        assert hardware.ticks(hardware.tiles.clock, 1) >= 1


@calm
@given(st.integers(0, len(LINES) - 1), JUNK)
def test_a_broken_value_gives_a_machine_or_a_sentence(tmp_path, at, junk):
    path = tmp_path / "broken.yaml"
    key = LINES[at].partition(":")[0]
    path.write_text("\n".join([*LINES[:at], f"{key}: {junk}", *LINES[at + 1 :]]))
    loads_or_explains(path)


@calm
@given(st.integers(0, len(LINES) - 1), st.integers(0, 60), JUNK)
def test_a_broken_line_gives_a_machine_or_a_sentence(tmp_path, at, column, junk):
    path = tmp_path / "broken.yaml"
    line = LINES[at][:column] + junk + LINES[at][column:]
    path.write_text("\n".join([*LINES[:at], line, *LINES[at + 1 :]]))
    loads_or_explains(path)


@calm
@given(st.binary(max_size=200), st.sampled_from([".yaml", ".json"]))
def test_binary_junk_gives_a_sentence(tmp_path, junk, suffix):
    path = tmp_path / f"junk{suffix}"
    path.write_bytes(junk)
    with pytest.raises(ConfigError, match="junk"):
        load_hardware(path)


@calm
@given(st.text(max_size=30), JUNK)
def test_any_override_gives_a_machine_or_a_sentence(key, junk):
    loads_or_explains(Path("homodyne"), (f"{key}={junk}", f"tiles.{key}"))
    loads_or_explains(Path("homodyne"), (f"tiles.{key}={junk}",))


plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**15), 10**15)
    | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)  # fmt: skip


@calm
@given(plain)
def test_json_reads_back_what_the_standard_library_wrote(tmp_path, data):
    path = tmp_path / "x.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    assert read(path).data == data


@calm
@given(st.dictionaries(st.text("abcdef", min_size=1), plain, max_size=4, min_size=1))
def test_yaml_reads_json_alike_where_both_can(data):
    text = json.dumps(data, ensure_ascii=True).replace("\\/", "/")
    if "\\u" in text or "\\" in text:  # escapes of surrogate pairs differ
        return
    assert read_text(text, "x").data == data
