"""Sweeps on a Dask cluster: a real scheduler, and two worker processes on loopback."""

from __future__ import annotations

import os
import random
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pandas as pd
import psutil
import pytest
from pandas.testing import assert_frame_equal

from archsim.errors import ConfigError, SimulationError
from archsim.sweep import connecting, load_sweep, run_sweep
from archsim.sweep.running import News
from archsim.sweep.starting import Running
from tests import sweep_with_faults
from tests.sweep_runs import finished_twice, swept, unbroken, written
from tests.sweep_with_faults import HANGS, KILLS, PAUSE, RAISES

pytestmark = pytest.mark.xdist_group("sweep_faults")

KILLED = 10
VARY = {
    "dram.bandwidth": {"from": "64 GB/s", "to": "512 GB/s", "points": 400},
    "repetitions": [1, 2],
}


class Cluster:
    """A scheduler, and two workers with nannies."""

    def __init__(self, folder: Path, *options: str, pause_s: float = 0.0, joining: int = 2) -> None:
        told = folder / "scheduler.json"
        self._environment = os.environ | {
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
            PAUSE: str(pause_s),
        }
        self._words = (folder / "words").open("w")
        self.scheduler = self._started(
            "dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(told)
        )
        _until(told.exists)
        self._workers = self._started(
            "dask_worker", "--scheduler-file", str(told), "--nworkers", "2", "--nthreads", "1",
            "--local-directory", str(folder), "--preload", sweep_with_faults.__file__, *options,
        )  # fmt: skip
        joined = (folder / "words").read_text
        _until(lambda: joined().count("Register worker") >= joining)  # a nanny has begun, too
        self.address = str(pd.read_json(told, typ="series")["address"])

    def _started(self, program: str, *options: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", f"distributed.cli.{program}", "--no-dashboard", *options]
        return subprocess.Popen(
            command, env=self._environment, stdout=self._words, stderr=self._words
        )

    def workers(self) -> list[psutil.Process]:
        """Return the processes that run jobs: those that nannies have started."""
        try:
            children = psutil.Process(self._workers.pid).children()
            return [c for c in children if "spawn_main" in " ".join(c.cmdline())]
        except psutil.Error:
            return []

    def end(self) -> None:
        """End all of it."""
        for process in (self._workers, self.scheduler):
            try:
                family = psutil.Process(process.pid).children(recursive=True)
            except psutil.Error:
                family = []
            process.kill()
            process.wait()
            for member in family:
                member.kill() if member.is_running() else None
        self._words.close()


def _until(so: object) -> None:
    began_s = time.monotonic()
    while not so():
        assert time.monotonic() - began_s < 60
        time.sleep(0.02)


@contextmanager
def started(
    folder: Path, *options: str, pause_s: float = 0.0, joining: int = 2
) -> Iterator[Cluster]:
    found = Cluster(folder, *options, pause_s=pause_s, joining=joining)
    try:
        yield found
    finally:
        found.end()


@pytest.fixture(scope="module")
def dask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with started(tmp_path_factory.mktemp("dask"), pause_s=0.03) as found:
        yield found


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait longer for workers, as others use this computer, too."""
    monkeypatch.setattr(connecting, "CONNECTING_S", 60.0)


@pytest.mark.slow  # make test-faults
def test_a_sweep_outlives_dask_workers_and_gives_the_same_table(
    dask: Cluster, tmp_path: Path
) -> None:
    chance = random.Random(3)
    file = written(tmp_path / "s.yaml", vary=VARY)
    killed, finished, next_s = 0, 0, 0.0

    def tell(news: News) -> None:
        nonlocal killed, finished, next_s
        if killed % 2 == 0 and news.finished == finished:
            return  # not before there was some progress; else whatever it does, it may be starting
        if killed < KILLED and time.monotonic() > next_s and (workers := dask.workers()):
            chance.choice(workers).kill()
            killed, finished = killed + 1, news.finished
            next_s = time.monotonic() + chance.uniform(0.0, 0.5)

    news = run_sweep(file, tmp_path / "r", Running(dask=dask.address), tell=tell)
    table = load_sweep(tmp_path / "r")
    assert killed == KILLED
    assert list(table.error[table.status != "done"]) == []  # what is lost says why
    assert dict(news.counts) == {"done": 800}
    assert_frame_equal(table, unbroken(file, tmp_path / "unbroken"))
    assert finished_twice(tmp_path / "r") == []


@pytest.mark.slow  # make test-faults
def test_points_that_raise_hang_or_kill_a_dask_worker_are_rows_that_say_so(
    dask: Cluster, tmp_path: Path
) -> None:
    file = written(tmp_path / "s.yaml", vary={"repetitions": [1, RAISES, HANGS, KILLS, 2]})
    news = run_sweep(file, tmp_path / "r", Running(dask=dask.address, timeout_s=4.0))
    assert news.finished == 5
    table = load_sweep(tmp_path / "r")
    assert list(table.status) == ["done", "failed", "timeout", "lost", "done"]
    assert list(table.error[1:3]) == [
        "RuntimeError: thirteen",
        "found no result within 4 s; expected one; raise --timeout, and run again with --retry",
    ]
    assert re.fullmatch(  # 4, unless a worker died before it could say that it had begun
        r"found its worker dead (4|8|12|16) times; expected a result; look for a lack of memory, "
        r"and run again with --retry",
        table.error[3],
    )
    assert swept(file, tmp_path / "r", retry=True).finished == 3
    assert_frame_equal(load_sweep(tmp_path / "r"), unbroken(file, tmp_path / "unbroken"))


@pytest.mark.slow  # make test-faults
def test_a_sweep_ends_when_its_scheduler_does_and_goes_on_elsewhere(tmp_path: Path) -> None:
    file = written(tmp_path / "s.yaml", vary=VARY)
    with started(tmp_path, pause_s=0.02) as dask:

        def tell(news: News) -> None:
            if news.finished > 20:
                dask.scheduler.kill()

        with pytest.raises(SimulationError) as told:
            run_sweep(file, tmp_path / "r", Running(dask=dask.address), tell=tell)
    assert str(told.value) == (
        f"dask: {dask.address}: found the scheduler gone; expected it to the end; start it anew, "
        "and run again: what is finished is kept"
    )
    assert swept(file, tmp_path / "r").finished < 800
    assert finished_twice(tmp_path / "r") == []
    assert_frame_equal(load_sweep(tmp_path / "r"), unbroken(file, tmp_path / "unbroken"))


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n"])
def test_whoever_is_no_scheduler_is_refused(
    answer: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connecting, "CONNECTING_S", 0.5)
    file = written(tmp_path / "s.yaml", vary={"repetitions": [1]})
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answered() -> None:
            with suppress(OSError):  # closed in the end
                held.append(server.accept()[0])
                held[0].sendall(answer)

        held: list[socket.socket] = []
        peer = threading.Thread(target=answered)
        peer.start()
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(ConfigError, match="found no scheduler"):
            run_sweep(file, tmp_path / "r", Running(dask=address))
        peer.join()
        held[0].close()


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "nowhere", "warp://127.0.0.1:9"])
def test_an_address_without_a_scheduler_is_refused(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connecting, "CONNECTING_S", 0.5)
    file = written(tmp_path / "s.yaml", vary={"repetitions": [1]})
    with pytest.raises(ConfigError) as told:
        run_sweep(file, tmp_path / "r", Running(dask=address))
    assert str(told.value).startswith(f"dask: {address}: found no scheduler (")
    assert str(told.value).endswith(
        "); expected a scheduler that answers and workers that have archsim; start dask scheduler "
        "and dask worker, or check the address"
    )


def test_a_time_limit_needs_workers_that_can_be_stopped(tmp_path: Path) -> None:
    file = written(tmp_path / "s.yaml", vary={"repetitions": [1]})
    with (
        started(tmp_path, "--no-nanny", "--nworkers", "1", joining=1) as dask,
        pytest.raises(ConfigError, match="found workers without a nanny") as told,
    ):
        run_sweep(file, tmp_path / "r", Running(dask=dask.address, timeout_s=1.0))
    assert "start workers with --nanny, or leave --timeout out" in str(told.value)
