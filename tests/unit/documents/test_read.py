import json
import os
import stat
from pathlib import Path

import pytest

from archsim.documents import read, read_text, write_atomically, write_yaml
from archsim.errors import ConfigError, WorkloadError


def at(document, *loc):
    position = document.position(loc)
    return position.line, position.column


@pytest.fixture
def write(tmp_path):
    def write(name, text):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def test_yaml_and_json_give_the_same_data(write):
    data = {"a": [1, -2.5, "x", None, True, {"b": "é\n"}], "on": "op", "e": {}, "l": []}
    yaml = 'a: [1, -2.5, x, null, true, {b: "é\\n"}]\non: op\ne: {}\nl: []\n'
    assert read(write("a.json", json.dumps(data))).data == data
    assert read(write("b.json", json.dumps(data, indent=3, ensure_ascii=False))).data == data
    assert read(write("a.yaml", yaml)).data == data


def test_positions_are_those_of_the_key_or_item(write):
    yaml = read(write("a.yaml", "x: 1\ntiles:\n  adc: {bits: 8}\n  list:\n    - 5\n"))
    assert at(yaml, "tiles", "adc", "bits") == (3, 9)
    assert at(yaml, "tiles", "list", 0) == (5, 7)
    assert at(yaml, "tiles", "adc", "missing") == (3, 3)
    found = read(write("a.json", '{"x": 1,\n "tiles": {"bits": [7, 8]}}'))
    assert at(found, "tiles", "bits") == (2, 12)
    assert at(found, "tiles", "bits", 1) == (2, 24)


def test_plain_words_of_yaml_1_1_stay_words():
    text = "a: on\nb: no\nc: 12:30\nd: 0x10\ne: 2020-01-01\nf: 1_000\n"
    data = read_text(text, "x").data
    words = ["on", "no", "12:30", "0x10", "2020-01-01", "1_000"]
    assert list(data.values()) == words


def test_numbers_in_quotes_stay_text_and_exponents_need_no_point():
    assert read_text("a: '3'\nb: 1e3\nc: .5\nd: '007'\ne: -0", "x").data == {
        "a": "3", "b": 1000.0, "c": 0.5, "d": "007", "e": 0,
    }  # fmt: skip


@pytest.mark.parametrize(
    "text", ["3", "08", "1e3", "-.5", "+1", "5.", "true", "", "~", "x", "a\x85\u2028\r\nb"]
)
def test_text_that_could_be_misread_is_written_in_quotes(text):
    assert read_text(write_yaml({text: [text, 1, 2.5, 1e-9]}), "x").data == {
        text: [text, 1, 2.5, 1e-9]
    }


BROKEN_YAML = {
    "a: 1\na: 2": "x:2:1: found key 'a' again (first on line 1); expected it once; remove one",
    "a: &y 1": "x:1:4: found the anchor or alias 'y'; expected plain values; write the value out",
    "a: *y": "x:1:4: found the anchor or alias 'y'",
    "<<: {a: 1}": "x:1:1: found a merge key; expected written-out keys",
    "a: !!python/object:os.system 1": "x:1:4: found the tag",
    "1: 2": "x:1:1: found 1 as a key; expected text; put the key in quotes",
    "? [1]\n: 2": "found a number or list as a key",
    "a: 1e999": "x:1:4: found the number 1e999…; expected one that fits a double",
    "a: " + "9" * 5000: "expected one that fits a double",
    "[" * 5000: "found more than 64 levels",
    "- " * 3000: "found more than 64 levels",
    "a: 1\n---\nb: 2": "x:2:1: found a second document; expected one document a file",
    "": "x: found nothing; expected keys and values",
    "# only words": "found nothing",
    "a: 064": "x:1:4: found the number 064; expected no leading zeros; remove them, or put text in",
    "a: [-01]": "found the number -01; expected no leading zeros",
    "a: [,]": "x:1:5: found no node content; expected YAML; mend the syntax here",
    "a: [1,": "expected YAML; mend the syntax here",
    "a: b: c": "x:1:5: found",
    "\ta: 1": "x:1:1: found character that cannot start any token; expected YAML",
    "a: \x00": "expected YAML",
    "%YAML 9.9\n---\na: 1": "expected YAML",
}


@pytest.mark.parametrize("text", BROKEN_YAML)
def test_broken_yaml_is_refused_where_it_breaks(text):
    with pytest.raises(ConfigError) as error:
        read_text(text, "x")
    assert BROKEN_YAML[text] in str(error.value)


BROKEN_JSON = {
    '{"a": 1, "a": 2}': "1:10: found key 'a' again (first on line 1); expected it once",
    '{"a": NaN}': "1:7: found 'NaN}'; expected a JSON value",
    '{"a": -Infinity}': "expected a JSON value",
    '{"a": 01}': "found '1}'; expected ','",
    '{"a": 1e999}': "found the number 1e999…",
    '{"a": %s}' % ("9" * 5000): "expected one that fits a double",
    '{"a" 1}': "1:6: found '1}'; expected ':'",
    '{"a": 1,}': "1:9: found '}'; expected a key in double quotes",
    "{a: 1}": "expected a key in double quotes",
    "[1 2]": "expected ','",
    "[" * 5000: "found more than 64 levels",
    '{"a": 1} x': "found 'x' after the end; expected one value",
    '"abc': "found text without its closing quote; expected a JSON string",
    '"\n"': "found a control character in a string; expected a JSON string",
    '"\\u12"': "found an incomplete \\u escape; expected a JSON string",
    '"\\ud800"': "found half a surrogate pair",
    '"\\x"': "found an unknown escape; expected a JSON string",
    "": "found the end of the file",
}


@pytest.mark.parametrize("text", BROKEN_JSON)
def test_broken_json_is_refused_where_it_breaks(write, text):
    path = write("x.json", text)
    with pytest.raises(ConfigError) as error:
        read(path)
    assert str(error.value).startswith(f"{path}:1:")
    assert BROKEN_JSON[text] in str(error.value)


def test_files_that_are_no_text_are_refused(write, tmp_path):
    with pytest.raises(ConfigError, match=r"x\.yaml:2:3: found byte 0xff, which is not UTF-8"):
        read(write("x.yaml", b"a: 1\nb:\xff\n"))
    with pytest.raises(ConfigError, match="found no such file; expected one; check the path"):
        read(tmp_path / "none.yaml")
    (tmp_path / "folder.yaml").mkdir()
    with pytest.raises(ConfigError, match="found a folder; expected a file"):
        read(tmp_path / "folder.yaml")
    with pytest.raises(ConfigError, match=r"found the extension '\.txt'; expected \.yaml"):
        read(write("a.txt", "a: 1"))
    with pytest.raises(ConfigError, match="cannot be read"):
        read("a\x00b.yaml")


def test_what_is_no_regular_file_is_refused_before_it_can_block(tmp_path):
    os.mkfifo(tmp_path / "pipe.yaml")
    with pytest.raises(ConfigError, match=r"pipe.yaml: found a pipe or device; expected a file"):
        read(tmp_path / "pipe.yaml")


def test_a_file_without_an_extension_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"net: found no extension; expected .yaml, .yml or"):
        read(tmp_path / "net")


def test_a_file_of_absurd_size_is_not_read_whole(tmp_path):
    path = tmp_path / "big.yaml"
    with path.open("wb") as file:
        file.truncate(100 * 1024**2)
    with pytest.raises(ConfigError, match="found more than 32 MiB"):
        read(path)


def test_the_caller_names_the_error(tmp_path):
    with pytest.raises(WorkloadError):
        read(tmp_path / "none.json", error=WorkloadError)
    with pytest.raises(WorkloadError):
        write_atomically(tmp_path / "none" / "x.yaml", "", error=WorkloadError)


def test_writing_replaces_the_file_and_leaves_nothing_beside_it(tmp_path):
    path = tmp_path / "x.yaml"
    path.write_text("old")
    write_atomically(path, "é: 1\n")
    assert path.read_bytes() == "é: 1\n".encode()
    assert list(tmp_path.iterdir()) == [path]
    fresh = tmp_path / "fresh"
    fresh.touch()
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE(fresh.stat().st_mode)


def test_a_failed_write_keeps_the_old_content(tmp_path, monkeypatch):
    path = tmp_path / "x.yaml"
    path.write_text("old")

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(ConfigError, match=r"cannot be written .No space left on device"):
        write_atomically(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
