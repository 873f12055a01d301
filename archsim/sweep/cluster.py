"""Workers of a Dask cluster that is running already.

The sweep travels once to each of them, those that come later or come back included, as a plugin
that keeps what points share. Short jobs travel in batches, as handing a task to Dask and back takes
as long as a small point. A job whose worker dies goes to another one; after some deaths it counts
as lost. A job cannot be stopped on a thread, so where one takes too long, its worker is started
anew by its nanny; other jobs of that worker run again. Its time counts from when it began, which
workers tell.

A cluster without workers is waited for: they may be in a queue. One whose scheduler is gone ends
the sweep.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, Self
from uuid import uuid4

from distributed import Future
from distributed.scheduler import KilledWorker

from archsim.sweep.connecting import connected, gone, restart
from archsim.sweep.executor import ATTEMPTS, Done
from archsim.sweep.on_worker import Jobs, Kept, run_jobs
from archsim.sweep.points import Job, Result
from archsim.sweep.sweep import Sweep

AHEAD = 2
"""Batches for each worker: one runs, one lies ready."""

BATCH_S = 0.1
MOST = 50
"""Jobs travel together as long as they take no longer than this, and are no more."""

_LOOKING_S = 1.0
_PREFIX = "archsim-sweep"


@dataclass
class _Batch:
    """Jobs that travel together.

    Attributes:
        future: What Dask has of it.
        jobs: By ticket.
        began_s: When a worker began with it; None if none has said so.
        worker: Address of that worker.
        begun: How often workers said that they began, these jobs' earlier batches counted in.
        chances: How often these jobs were sent again after Dask took them for killers.
        faults: How often its results were there, but could not be had.
    """

    future: Future[Any]
    jobs: Jobs
    began_s: float | None = None
    worker: str = ""
    begun: int = 0
    chances: int = 0
    faults: int = 0


@dataclass(frozen=True, slots=True)
class _Came:
    """What the results of some batches are; the fault if they could not be had."""

    asked: Sequence[int]
    results: Sequence[tuple[Mapping[int, Result], float]] = ()
    fault: str = ""


class DaskWorkers:
    """Runs jobs on a Dask cluster."""

    def __init__(self, sweep: Sweep, address: str, timeout_s: float | None = None) -> None:
        """Say where the scheduler is; it is connected to with the context."""
        self._sweep, self._address, self._timeout_s = sweep, address, timeout_s
        self._name = f"{_PREFIX}-{uuid4().hex}"  # others may use the cluster at the same time
        self._collected: dict[int, Job] = {}
        self._batches: dict[int, _Batch] = {}
        self._last = 0
        self._each = 1
        self._workers, self._looked_s = 0, -_LOOKING_S
        self._ended: SimpleQueue[int | _Came] = SimpleQueue()

    @property
    def workers(self) -> int:
        """How many jobs run at the same time; a worker runs one, however many threads it has."""
        if time.monotonic() - self._looked_s >= _LOOKING_S:
            try:
                self._workers = len(self._client.nthreads())
            except (OSError, TimeoutError):
                raise gone(self._address) from None
            self._looked_s = time.monotonic()
        return self._workers

    @property
    def room(self) -> int:
        """How many more jobs the cluster takes."""
        there = len(self._collected) + sum(len(batch.jobs) for batch in self._batches.values())
        return max(0, AHEAD * self.workers * self._each - there)

    def __enter__(self) -> Self:
        """Connect, and send the sweep."""
        kept = Kept(self._sweep, self._name)
        self._client = connected(self._address, kept, stoppable=self._timeout_s is not None)
        self._client.subscribe_topic(self._name, self._begin)
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the cluster as it was."""
        if self._alive:
            self._client.cancel([batch.future for batch in self._batches.values()])
            self._client.unregister_worker_plugin(self._name)
        self._batches = {}
        self._client.close()

    def submit(self, ticket: int, job: Job) -> None:
        """Take a job; it is sent with the next wait."""
        self._collected[ticket] = job

    def wait(self, timeout_s: float) -> Sequence[Done]:
        """Return jobs that are over, as soon as there is one, or nothing after a while."""
        self._send()
        found: list[Done] = []
        ended: list[int] = []
        try:
            news = self._ended.get(timeout=timeout_s)
            while True:
                if isinstance(news, _Came):
                    found += self._taken(news)
                else:
                    ended.append(news)
                news = self._ended.get_nowait()
        except Empty:
            found += self._fetch(ended)
            return found + self._overdue()

    def _send(self) -> None:
        """Send what was collected, in batches."""
        jobs = list(self._collected.items())
        self._collected = {}
        for first in range(0, len(jobs), self._each):
            self._submit(dict(jobs[first : first + self._each]))

    def _submit(self, jobs: Jobs, begun: int = 0, chances: int = 0) -> None:
        self._last += 1
        future = self._client.submit(
            run_jobs, self._name, self._last, jobs, key=f"{self._name}-{self._last}", pure=False
        )
        self._batches[self._last] = _Batch(future, jobs, begun=begun, chances=chances)
        self._watch(self._last)

    def _watch(self, number: int) -> None:
        """Let the next wait know when a batch has come to an end."""
        self._batches[number].future.add_done_callback(lambda _: self._ended.put(number))

    def _fetch(self, ended: Sequence[int]) -> list[Done]:
        """Ask for the results of batches that came to an end; end those that have none."""
        there: dict[int, Future[Any]] = {}
        lost: list[Done] = []
        for number in ended:
            batch = self._batches.get(number)
            if batch is None:  # it was overdue
                continue
            if batch.future.status == "finished":
                batch.began_s = None  # if its worker dies now, another one begins anew
                there[number] = batch.future
            elif batch.future.status == "error":
                lost += self._lost(number, batch)
            elif batch.future.cancelled():
                raise gone(self._address)
            else:  # its worker died after it was done; another one runs it
                self._watch(number)
        if there:
            loop: Any = self._client.loop
            asked = asyncio.run_coroutine_threadsafe(self._results(there), loop.asyncio_loop)
            asked.add_done_callback(lambda done: self._ended.put(done.result()))
        return lost

    async def _results(self, futures: Mapping[int, Future[Any]]) -> _Came:
        asked = list(futures)
        try:
            found = await self._client.gather(list(futures.values()), asynchronous=True)
        except Exception as fault:  # noqa: BLE001 - told in the rows of these points
            return _Came(asked, fault=str(fault) or type(fault).__name__)
        return _Came(asked, results=found)

    def _taken(self, came: _Came) -> list[Done]:
        """Take results; one that could not be had keeps back those that were asked with it."""
        found: list[Done] = []
        if came.fault:
            for number in self._batches.keys() & set(came.asked):
                batch = self._batches[number]
                batch.faults += 1
                if batch.faults < ATTEMPTS:
                    self._watch(number)
                    continue
                del self._batches[number]
                found += _unknown(batch.jobs, came.fault)
            return found
        for number, (results, took_s) in zip(came.asked, came.results, strict=True):
            if self._batches.pop(number, None) is not None:
                found += results.items()
                fit = int(BATCH_S * len(results) / max(took_s, 1e-9))
                self._each = 1 if self._timeout_s is not None else max(1, min(fit, MOST))
        return found

    def _lost(self, number: int, batch: _Batch) -> list[Done]:
        """End a batch that killed its workers; of several jobs each gets a chance of its own.

        Dask counts the deaths of workers for which a job only waited, too. So one that began less
        often than that, as far as was heard, gets another chance; some, at most, since what a dying
        worker says last may be lost.
        """
        fault = batch.future.exception()
        del self._batches[number]
        if len(batch.jobs) > 1:
            for ticket, job in batch.jobs.items():
                self._submit({ticket: job})
            return []
        if not isinstance(fault, KilledWorker):
            return _unknown(batch.jobs, f"{type(fault).__name__}: {fault}")
        deaths = fault.allowed_failures + 1
        if batch.begun < deaths and batch.chances < ATTEMPTS:
            self._submit(batch.jobs, batch.begun, batch.chances + 1)
            return []
        text = (
            f"found its worker dead {deaths * (batch.chances + 1)} times; expected a result; look "
            "for a lack of memory, and run again with --retry"
        )
        return [(ticket, Result("lost", text)) for ticket in batch.jobs]

    def _begin(self, event: tuple[float, tuple[int, str]]) -> None:
        """Take note that a worker has begun with a batch; called on Dask's thread."""
        number, worker = event[1]
        batch = self._batches.get(number)
        if batch is not None:
            batch.worker, batch.began_s = worker, time.monotonic()
            batch.begun += 1

    def _overdue(self) -> list[Done]:
        """End jobs that take too long, with the workers that they are on."""
        if self._timeout_s is None:
            return []
        late_s = time.monotonic() - self._timeout_s
        late = [
            number
            for number, batch in self._batches.items()
            if batch.began_s is not None and batch.began_s < late_s and not batch.future.done()
        ]
        return self._ended_late(late) if late else []

    def _ended_late(self, late: Sequence[int]) -> list[Done]:
        text = (
            f"found no result within {self._timeout_s:g} s; expected one; raise --timeout, and run "
            "again with --retry"
        )
        found: list[Done] = []
        busy: set[str] = set()
        try:
            running = self._client.processing()
            for number in late:
                batch = self._batches[number]
                if batch.future.key not in running.get(batch.worker, ()):
                    batch.began_s = None  # that worker is dead; another one begins anew
                    continue
                del self._batches[number]
                batch.future.cancel()
                busy.add(batch.worker)
                found += [(ticket, Result("timeout", text)) for ticket in batch.jobs]
            if busy:
                restart(self._client, busy)
        except (OSError, TimeoutError):
            raise gone(self._address) from None
        return found

    @property
    def _alive(self) -> bool:
        return bool(self._client.status == "running")


def _unknown(jobs: Jobs, fault: str) -> list[Done]:
    text = f"found a fault of the cluster ({fault}); expected a result; run again with --retry"
    return [(ticket, Result("lost", text)) for ticket in jobs]
