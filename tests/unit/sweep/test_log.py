"""The log: what was appended stays, whatever happens."""

from __future__ import annotations

import os

import pytest

from archsim.errors import ConfigError
from archsim.sweep.log import Log, cut_last_line, read_live


def entries(count, first=0):
    return [{"key": str(n), "text": "ä\n\ud800"} for n in range(first, first + count)]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "_log.jsonl"


def test_what_was_appended_is_read_back_in_order(path):
    with Log(path) as log:
        log.append(entries(2))
        log.append(entries(1, first=2))
        assert log.entries == 3
    with Log(path) as log:
        assert list(log.live()) == entries(3)
        assert log.entries == 3
        assert not log.damaged


def test_a_line_that_was_cut_short_is_cut_off(path):
    with Log(path) as log:
        log.append(entries(3))
    whole = path.read_bytes()
    for end in range(len(whole) - 1, len(whole) - 25, -5):
        path.write_bytes(whole[:end])
        with Log(path) as log:
            assert list(log.live()) == entries(2)
            log.append(entries(1, first=2))
        assert path.read_bytes() == whole


def test_a_damaged_line_harms_no_other_and_is_told_of(path):
    with Log(path) as log:
        log.append(entries(3))
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + b"\x00\x01garbage\n" + b"[1]\n" + lines[2])
    with Log(path) as log:
        assert [entry["key"] for entry in log.live()] == ["0", "2"]
        assert log.damaged == {path}


def test_rolled_entries_are_in_files_that_do_not_change(path):
    with Log(path) as log:
        log.append(entries(2))
        log.roll()
        first = path.with_name("_log-00001.jsonl.gz").read_bytes()
        log.append(entries(1, first=2))
        log.roll()
        log.append(entries(1, first=3))
        assert list(log.rolled()) == entries(3)
        assert list(log.live()) == entries(1, first=3)
        assert log.entries == 1
    assert path.with_name("_log-00001.jsonl.gz").read_bytes() == first
    assert path.with_name("_log-00002.jsonl.gz").exists()


def test_a_damaged_rolled_file_gives_what_is_before_the_damage(path):
    with Log(path) as log:
        log.append(entries(20_000))
        log.roll()
        log.append(entries(1, first=20_000))
        log.roll()
    segment = path.with_name("_log-00001.jsonl.gz")
    content = segment.read_bytes()
    for damaged in (content[: len(content) // 2], content[:-6], b"", b"nothing of the kind"):
        segment.write_bytes(damaged)
        with Log(path) as log:
            *found, last = log.rolled()
            assert found == entries(20_000)[: len(found)]
            assert last == entries(1, first=20_000)[0]
            assert log.damaged == ({segment} if damaged else set())


@pytest.mark.parametrize("fault", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_what_could_not_be_forced_to_the_disk_is_not_in_the_log(path, monkeypatch, fault):
    def refuse(_):
        raise fault

    with Log(path) as log:
        log.append(entries(1))
        with monkeypatch.context() as patched:
            patched.setattr(os, "fsync", refuse)
            with pytest.raises((ConfigError, KeyboardInterrupt)) as refused:
                log.append(entries(2, first=1))
        assert list(log.live()) == entries(1)
        log.append(entries(1, first=1))
        assert list(log.live()) == entries(2)
    if isinstance(fault, OSError):
        assert str(refused.value) == (
            f"{path}: cannot be written (No space left on device); expected room for results; free "
            "some, and run again: what is finished is kept"
        )


def test_a_disk_that_is_full_in_the_middle_of_a_line_leaves_whole_lines(path):
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    with Log(path) as log:
        log.append(entries(1))
        resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 10, before[1]))
        try:
            with pytest.raises(ConfigError, match="File too large"):
                log.append(entries(100, first=1))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        assert list(log.live()) == entries(1)
        log.append(entries(1, first=1))
    assert list(read_live(path)) == entries(2)


def test_a_log_that_cannot_be_made_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="cannot be written"):
        Log(tmp_path / "nowhere" / "_log.jsonl")


def test_a_log_that_is_not_there_has_no_entries(path):
    assert list(read_live(path)) == []


def test_only_a_last_line_without_an_end_is_cut_off(tmp_path):
    path = tmp_path / "some"
    path.write_bytes(b"one\ntwo\nthr")
    assert cut_last_line(path) == 8
    assert path.read_bytes() == b"one\ntwo\n"
