"""What happens to a sweep: kills, full disks, damage. What was finished stays, nothing is twice."""

from __future__ import annotations

import os
import random
import resource
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from archsim.errors import ConfigError
from archsim.sweep import load_sweep
from archsim.sweep.directory import HOLDER, LOG
from archsim.sweep.table import POINTS
from tests.commands import archsim
from tests.sweep_runs import entries, finished_twice, running, swept, unbroken, written
from tests.sweep_with_faults import HANGS, KILLS, RAISES

pytestmark = pytest.mark.xdist_group("sweep_faults")

ROOT = Path(__file__).parents[2]
KILLED = 10
POINTS_IN_ALL = 240
PAUSE_S = 0.03
"""How much longer points take, so that a sweep outlives what is done to it."""

VARY = {
    "dram.bandwidth": {"from": "64 GB/s", "to": "512 GB/s", "points": POINTS_IN_ALL // 2},
    "repetitions": [1, 2],
}


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("sweep") / "small.yaml", vary=VARY)


@pytest.fixture(scope="module")
def expected(file: Path) -> pd.DataFrame:
    return unbroken(file, file.parent / "unbroken")


def check(folder: Path, expected: pd.DataFrame) -> None:
    """Assert that a directory has the table of an unbroken run, and nothing twice."""
    assert_frame_equal(load_sweep(folder), expected)
    assert_frame_equal(load_sweep(folder), _as_pandas_reads(folder))
    assert finished_twice(folder) == []


def _as_pandas_reads(folder: Path) -> pd.DataFrame:
    return pd.read_parquet(folder).sort_values("point", ignore_index=True)


@pytest.mark.slow  # make test-faults
def test_a_sweep_outlives_its_workers(file: Path, expected: pd.DataFrame, tmp_path: Path) -> None:
    chance = random.Random(1)
    killed = 0
    with running(file, tmp_path / "r", "--jobs", "2", pause_s=PAUSE_S) as run:
        while killed < KILLED and run.process.poll() is None:
            if killed % 2:  # whatever it does just now: it may be about to start
                time.sleep(chance.uniform(0.0, 0.5))
            else:  # not before there was some progress
                before = run.finished()
                run.until(lambda: run.finished() > before)  # noqa: B023 - at once
                time.sleep(chance.uniform(0.0, 0.1))
            if workers := run.workers():
                chance.choice(workers).kill()
                killed += 1
        status, _, err = run.end()
        assert run.orphans() == []
    assert killed == KILLED
    assert (status, err) == (0, "")
    check(tmp_path / "r", expected)


@pytest.mark.slow  # make test-faults
def test_a_sweep_goes_on_after_its_coordinator_was_killed(
    file: Path, expected: pd.DataFrame, tmp_path: Path
) -> None:
    chance = random.Random(2)
    folder, before = tmp_path / "r", 0
    for attempt in range(KILLED):
        with running(file, folder, "--jobs", "1", pause_s=PAUSE_S) as run:
            if attempt % 2:  # else it may still be about to start
                run.until(lambda: len(run.workers()) and run.finished() > before)  # noqa: B023
            time.sleep(chance.uniform(0.0, 0.4))
            run.process.kill()
            run.process.wait()
            assert run.orphans() == []
        there = len(entries(folder))
        assert there >= before  # nothing is lost
        before = there
    with running(file, folder, "--jobs", "2") as run:
        assert run.end()[0] == 0
    assert 0 < before < POINTS_IN_ALL
    check(folder, expected)


@pytest.mark.parametrize("early", [True, False])
def test_ctrl_c_ends_a_sweep_and_leaves_no_process(
    file: Path, expected: pd.DataFrame, tmp_path: Path, early: bool
) -> None:
    with running(file, tmp_path / "r", "--jobs", "2", pause_s=PAUSE_S) as run:
        run.until(run.workers if early else lambda: run.finished() > 5)
        os.killpg(run.process.pid, signal.SIGINT)  # as a terminal does: to all of them
        status, out, err = run.end()
        assert run.orphans() == []
    assert (status, out) == (130, "")
    kept = f"{tmp_path / 'r'}: what is finished is kept; the same command goes on\n"
    assert err == f"{kept}interrupted\n"
    assert len(entries(tmp_path / "r")) > 5 or early
    assert len(pd.read_parquet(tmp_path / "r")) == len(entries(tmp_path / "r"))
    swept(file, tmp_path / "r")
    check(tmp_path / "r", expected)


def test_a_second_coordinator_is_told_who_is_at_work(
    file: Path, expected: pd.DataFrame, tmp_path: Path
) -> None:
    with running(file, tmp_path / "r", "--jobs", "1", pause_s=PAUSE_S) as run:
        run.until((tmp_path / "r" / HOLDER).exists)
        second = archsim("sweep", file, "-o", tmp_path / "r")
        assert run.end()[0] == 0
    holder = f"process {run.process.pid} on {socket.gethostname()}"
    assert (second.status, second.out) == (2, "")
    assert second.err == (
        f"{tmp_path / 'r'}: found {holder} at work in it; expected nobody; wait for it, stop it, "
        "or choose another folder\n"
    )
    check(tmp_path / "r", expected)


def test_a_point_that_raises_hangs_or_kills_its_worker_is_a_row_that_says_so(
    tmp_path: Path,
) -> None:
    vary = {"repetitions": [1, RAISES, HANGS, KILLS, 2]}
    file, folder = written(tmp_path / "s.yaml", vary=vary), tmp_path / "r"
    with running(file, folder, "--jobs", "2", "--timeout", "3") as run:
        status, out, err = run.end()
        assert run.orphans() == []
    table = load_sweep(folder)
    wrong = table[table.error != ""]
    told = {f"warning: {row.status}, the first of 1: {row.error}" for row in wrong.itertuples()}
    assert (status, set(err.splitlines())) == (0, told)
    assert list(table.status) == ["done", "failed", "timeout", "lost", "done"]
    assert list(table.error) == [
        "",
        "RuntimeError: thirteen",
        "found no result within 3 s; expected one; raise --timeout, and run again with --retry",
        "found its worker dead 3 times (the last time with exit code -9); expected a result; look "
        "for a lack of memory, and run again with --retry",
        "",
    ]
    assert "3   killed their worker" not in out
    assert swept(file, folder).finished == 0
    assert swept(file, folder, retry=True).finished == 3
    assert_frame_equal(load_sweep(folder), unbroken(file, tmp_path / "unbroken"))


@contextmanager
def room_for_files(size_bytes: int) -> Iterator[None]:
    """Let no file of this process grow beyond a size: what a full disk does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("size_bytes", [10, 1_000, 5_000, 20_001, 100_000, 200_000])
def test_a_full_disk_ends_a_sweep_and_loses_nothing(
    file: Path, expected: pd.DataFrame, tmp_path: Path, size_bytes: int
) -> None:
    with room_for_files(size_bytes), pytest.raises(ConfigError, match="cannot be written") as told:
        swept(file, tmp_path / "r")
    assert str(tmp_path / "r") in str(told.value)
    there = len(entries(tmp_path / "r"))
    assert there > 0 or size_bytes < 5_000
    assert swept(file, tmp_path / "r").finished == POINTS_IN_ALL - there
    check(tmp_path / "r", expected)


def test_a_full_disk_is_told_by_the_command(
    file: Path, expected: pd.DataFrame, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        with room_for_files(30_000):  # which children keep
            run = stack.enter_context(running(file, tmp_path / "r", "--jobs", "1"))
        status, out, err = run.end()
        assert run.orphans() == []
    assert (status, out) == (2, "")
    assert err == (
        f"{tmp_path / 'r' / LOG}: cannot be written (File too large); expected room for results; "
        "free some, and run again: what is finished is kept\n"
    )
    swept(file, tmp_path / "r")
    check(tmp_path / "r", expected)


@pytest.mark.parametrize("part", [0.0, 0.3, 0.99])
def test_a_damaged_table_is_made_anew(
    file: Path, expected: pd.DataFrame, tmp_path: Path, part: float
) -> None:
    swept(file, tmp_path / "r")
    table = tmp_path / "r" / POINTS
    os.truncate(table, int(part * table.stat().st_size))
    assert swept(file, tmp_path / "r").finished == 0
    check(tmp_path / "r", expected)


@pytest.mark.parametrize("cut_bytes", [1, 700, 3_000])
def test_a_log_that_was_cut_short_loses_its_last_lines_only(
    file: Path, expected: pd.DataFrame, tmp_path: Path, cut_bytes: int
) -> None:
    with pytest.raises(MemoryError):
        swept(file, tmp_path / "r", crash_after=100)
    log = tmp_path / "r" / LOG
    lines = log.read_bytes()[:-cut_bytes].count(b"\n")
    assert 80 < lines < 100
    os.truncate(log, log.stat().st_size - cut_bytes)
    assert len(load_sweep(tmp_path / "r")) == lines
    assert swept(file, tmp_path / "r").finished == POINTS_IN_ALL - lines
    check(tmp_path / "r", expected)


def test_points_of_another_machine_are_computed_and_those_of_the_first_come_back(
    tmp_path: Path,
) -> None:
    machine = tmp_path / "machine.yaml"
    original = (ROOT / "hw_configs/homodyne.yaml").read_text()
    assert original.count("  lanes: 256\n") == 1
    machine.write_text(original)
    file = written(tmp_path / "s.yaml", hardware="machine.yaml", vary=VARY)
    with pytest.raises(MemoryError):
        swept(file, tmp_path / "r", crash_after=50)
    finished = len(entries(tmp_path / "r"))
    machine.write_text(original.replace("  lanes: 256\n", "  lanes: 32\n"))
    assert swept(file, tmp_path / "r").finished == POINTS_IN_ALL
    changed = load_sweep(tmp_path / "r")
    assert_frame_equal(changed, unbroken(file, tmp_path / "changed"))
    machine.write_text(original)
    assert swept(file, tmp_path / "r").finished == POINTS_IN_ALL - finished
    check(tmp_path / "r", unbroken(file, tmp_path / "original"))
    assert not changed.equals(load_sweep(tmp_path / "r"))
