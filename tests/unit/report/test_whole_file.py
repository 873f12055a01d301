"""A file is whole or not there, and nothing else is written over."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from archsim.errors import ConfigError
from archsim.report.whole_file import Sort, WholeFile

SORT = Sort("poem", (".txt", ".txt.gz"), "Roses")


def written(path: Path, text: str) -> bytes:
    with WholeFile(path, SORT) as whole:
        whole.file.write(text)
    return path.read_bytes()


def broken_off(path: Path, fault: Exception) -> None:
    with WholeFile(path, SORT) as whole:
        whole.file.write("Roses")
        raise fault


@pytest.mark.parametrize("name", ["a.txt", "a.txt.gz"])
def test_an_earlier_file_of_the_sort_is_replaced_and_equal_files_are_equal(tmp_path, name):
    first = written(tmp_path / name, "Roses are red\n")
    assert written(tmp_path / name, "Roses are red\n") == first
    text = gzip.decompress(first) if name.endswith("gz") else first
    assert text == b"Roses are red\n"
    assert [entry.name for entry in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("content", [b"Violets", b"\xff\xfe", b"\x1f\x8b\x08broken"])
@pytest.mark.parametrize("name", ["a.txt", "a.txt.gz"])
def test_anything_else_is_kept(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ConfigError, match="found something that is no poem; expected an earlier"):
        WholeFile(path, SORT)
    assert path.read_bytes() == content


def test_a_link_and_a_folder_are_kept(tmp_path):
    written(tmp_path / "a.txt", "Roses")
    (tmp_path / "b.txt").symlink_to(tmp_path / "a.txt")
    (tmp_path / "c.txt").mkdir()
    for name in ("b.txt", "c.txt"):
        with pytest.raises(ConfigError, match="found something that is no poem"):
            WholeFile(tmp_path / name, SORT)


def test_nothing_is_left_of_a_file_that_was_not_finished(tmp_path):
    with pytest.raises(KeyError):
        broken_off(tmp_path / "a.txt.gz", KeyError())
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_told(tmp_path):
    with pytest.raises(ConfigError, match=r"a\.txt: cannot be written \(No space left"):
        broken_off(tmp_path / "a.txt", OSError(28, "No space left on device"))
    assert list(tmp_path.iterdir()) == []


def test_an_extension_of_another_sort_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"found \.csv; expected \.txt or \.txt\.gz; choose one"):
        WholeFile(tmp_path / "a.csv", SORT)
