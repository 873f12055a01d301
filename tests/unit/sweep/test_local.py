"""Who of the workers gets a job."""

from __future__ import annotations

from collections import deque
from unittest.mock import Mock

from archsim.sweep.local import SHORT_S, LocalWorkers, _Hand
from archsim.sweep.points import Job
from tests.sweeps import sweep_of

JOB = Job("timing", (0, 0))


def workers(folder, *hands):
    """Return workers that have so many jobs, of which the last one took so long."""
    found = LocalWorkers(sweep_of(folder), len(hands))
    found._hands = [
        _Hand(Mock(), Mock(), deque((n, JOB) for n in range(count)), took_s=took_s, heard=2)
        for count, took_s in hands
    ]
    return found


def jobs(found):
    return [len(hand.jobs) for hand in found._hands]


def test_a_job_never_waits_behind_a_long_one(tmp_path):
    found = workers(tmp_path, (1, 4 * SHORT_S), (1, SHORT_S / 4))
    assert found.room == 1
    found.submit(7, JOB)
    assert jobs(found) == [1, 2]
    assert found.room == 0


def test_whoever_has_nothing_to_do_comes_first(tmp_path):
    found = workers(tmp_path, (1, 0.0), (0, 4 * SHORT_S))
    found.submit(7, JOB)
    assert jobs(found) == [1, 1]
