"""What runs on the workers of a Dask cluster."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Any

from distributed import WorkerPlugin, get_worker

from archsim.sweep.points import Job, Result, Worker
from archsim.sweep.sweep import Sweep

Jobs = Mapping[int, Job]
"""By ticket."""


class Kept(WorkerPlugin):
    """What a worker of the cluster keeps of a sweep.

    Attributes:
        name: Of the sweep on this cluster.
        worker: What runs jobs; one at a time, as networks are changed while they are evaluated.
    """

    def __init__(self, sweep: Sweep, name: str) -> None:
        """Say what to keep; this object travels.

        Args:
            sweep: What jobs are points of.
            name: Of the sweep on this cluster.
        """
        self._sweep, self.name = sweep, name

    def setup(self, worker: object) -> None:
        """Begin with nothing, on each worker that comes."""
        del worker
        self.worker = Worker(self._sweep)
        self.alone = threading.Lock()
        self.ready = False


def run_jobs(name: str, number: int, jobs: Jobs) -> tuple[dict[int, Result], float]:
    """Run jobs on the worker that this is called on; return how long they took, too."""
    here = get_worker()
    kept: Any = here.plugins[name]
    with kept.alone:
        if not kept.ready:
            kept.worker.prepare()
            kept.ready = True
        here.log_event(name, [number, here.address])
        began_s = time.monotonic()
        found = {ticket: kept.worker.run(job) for ticket, job in jobs.items()}
        return found, time.monotonic() - began_s
