"""Who counts as a killer of Dask's workers, which count whatever a dead worker had been given."""

from __future__ import annotations

import pytest
from distributed.scheduler import KilledWorker

from archsim.sweep.cluster import DaskWorkers
from archsim.sweep.executor import ATTEMPTS

ALLOWED = 3
DEATHS = ALLOWED + 1


class Future:
    """A job whose workers died."""

    status = "error"
    key = "job"

    def add_done_callback(self, call):
        call(self)

    def exception(self):
        return KilledWorker(self.key, None, ALLOWED)


class Client:
    """A cluster whose workers always die."""

    sent = 0

    def submit(self, *call, **_):
        self.sent += 1
        self.last = call[2]
        return Future()


def ended(begins):
    """Return how often a job was sent that begins so often each time, and what was said of it."""
    workers = DaskWorkers(None, "tcp://127.0.0.1:0")
    workers._client = client = Client()
    workers.submit(7, None)
    found = []
    while not found:
        workers._send()
        for _ in range(begins):
            workers._begin((0.0, (client.last, "tcp://127.0.0.1:1")))
        found = workers.wait(0.0)
    ((ticket, result),) = found
    assert (ticket, result.status) == (7, "lost")
    return client.sent, result.error


@pytest.mark.parametrize(
    ("begins", "sent"), [(DEATHS, 1), (DEATHS - 1, 2), (1, DEATHS), (0, 1 + ATTEMPTS)]
)
def test_a_job_is_lost_once_as_many_workers_died_that_had_begun_with_it(begins, sent):
    assert ended(begins) == (
        sent,
        f"found its worker dead {sent * DEATHS} times; expected a result; look for a lack of "
        "memory, and run again with --retry",
    )
