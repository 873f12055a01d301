"""Workers of a Dask cluster that is running already.

The sweep travels once to each of them, those that come later or come back included, as a plugin
that keeps what points share. A job whose worker dies goes to another one; after some deaths it
counts as lost. A job cannot be stopped on a thread, so where one takes too long, its worker is
started anew by its nanny; other jobs of that worker run again elsewhere.
"""

from __future__ import annotations

import queue
import time
from collections.abc import Sequence
from typing import Any, Self

from distributed import Client, Future, WorkerPlugin, get_worker
from distributed.scheduler import KilledWorker

from archsim.errors import ConfigError
from archsim.sweep.executor import ATTEMPTS, Done
from archsim.sweep.points import Job, Result, Worker
from archsim.sweep.sweep import Sweep

PLUGIN = "archsim-sweep"
AHEAD = 2
"""Jobs for each thread of the cluster, so that none waits for the coordinator."""

_CONNECTING_S = 30
"""Until a scheduler has to answer, and a first worker to be there."""


class DaskWorkers:
    """Runs jobs on a Dask cluster."""

    def __init__(self, sweep: Sweep, address: str, timeout_s: float | None = None) -> None:
        """Say where the scheduler is; it is connected to with the context."""
        self._sweep, self._address, self._timeout_s = sweep, address, timeout_s
        self._over: queue.SimpleQueue[tuple[int, Future[Any]]] = queue.SimpleQueue()
        self._futures: dict[int, Future[Any]] = {}
        self._began_s: dict[int, float] = {}

    @property
    def workers(self) -> int:
        """How many jobs run at the same time."""
        return sum(self._client.nthreads().values())

    @property
    def room(self) -> int:
        """How many more jobs the cluster takes; with a time limit none has to wait there."""
        ahead = AHEAD if self._timeout_s is None else 1
        return max(0, ahead * self.workers - len(self._futures))

    def __enter__(self) -> Self:
        """Connect, and send the sweep."""
        try:
            self._client = Client(self._address, timeout=_CONNECTING_S, set_as_default=False)
            self._client.wait_for_workers(1, timeout=_CONNECTING_S)
        except (OSError, TimeoutError, ValueError) as fault:
            raise ConfigError(
                f"dask: {self._address}: found no scheduler with workers there ({fault}); expected "
                "one that answers; start it with dask scheduler and dask worker, or check the "
                "address"
            ) from None
        self._client.register_plugin(_Kept(self._sweep), name=PLUGIN)
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the cluster as it was."""
        self._client.cancel(list(self._futures.values()))
        self._client.unregister_worker_plugin(PLUGIN)
        self._client.close()

    def submit(self, ticket: int, job: Job) -> None:
        """Send a job."""
        future = self._client.submit(run_job, job, key=f"{PLUGIN}-{id(self)}-{ticket}", pure=False)
        self._futures[ticket] = future
        self._began_s[ticket] = time.monotonic()
        future.add_done_callback(lambda done: self._over.put((ticket, done)))

    def wait(self, timeout_s: float) -> Sequence[Done]:
        """Return jobs that are over, as soon as there is one, or nothing after a while."""
        found: list[Done] = []
        try:
            found += self._ended(*self._over.get(timeout=timeout_s))
            while True:
                found += self._ended(*self._over.get_nowait())
        except queue.Empty:
            return found + self._overdue()

    def _ended(self, ticket: int, future: Future[Any]) -> Sequence[Done]:
        if self._futures.get(ticket) is not future:
            return ()
        del self._futures[ticket], self._began_s[ticket]
        if future.status == "finished":
            return ((ticket, future.result()),)
        fault = future.exception() if future.status == "error" else None
        if isinstance(fault, KilledWorker):
            text = (
                f"found its worker dead {ATTEMPTS} times; expected a result; look for a lack of "
                "memory, and run again with --retry"
            )
        else:
            text = (
                f"found no result from the cluster ({fault or future.status}); expected one; run "
                "again with --retry"
            )
        return ((ticket, Result("lost", text)),)

    def _overdue(self) -> list[Done]:
        """End jobs that take too long, with the workers that they are on."""
        if self._timeout_s is None:
            return []
        late_s = time.monotonic() - self._timeout_s
        late = [ticket for ticket, began_s in self._began_s.items() if began_s < late_s]
        if not late:
            return []
        keys = {self._futures[ticket].key for ticket in late}
        busy = [address for address, on in self._client.processing().items() if keys & set(on)]
        self._client.cancel([self._futures.pop(ticket) for ticket in late])
        for ticket in late:
            del self._began_s[ticket]
        if busy:
            self._client.restart_workers(busy, raise_for_error=False)
        text = (
            f"found no result within {self._timeout_s:g} s; expected one; raise --timeout, and run "
            "again with --retry"
        )
        return [(ticket, Result("timeout", text)) for ticket in late]


class _Kept(WorkerPlugin):
    """What a worker of the cluster keeps of a sweep."""

    name = PLUGIN

    def __init__(self, sweep: Sweep) -> None:
        self._sweep = sweep

    def setup(self, worker: object) -> None:
        """Begin with nothing, on each worker that comes."""
        del worker
        self.worker = Worker(self._sweep)


def run_job(job: Job) -> Result:
    """Run a job on the worker that this is called on."""
    kept: Any = get_worker().plugins[PLUGIN]
    found: Result = kept.worker.run(job)
    return found
