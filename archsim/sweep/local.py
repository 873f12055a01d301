"""Workers that are processes of this computer.

Each has a pipe of its own, so that one that is killed, at whatever moment, breaks nothing that
others share: the queues of ready-made pools have locks that die with their holder, or give up the
whole pool. A short job lies ready in the pipe while the one before runs, so that a worker never
waits for the coordinator to write its log.

No message can block: a worker gets the sweep once it says that it listens, and never has more than
two jobs, which fit into its pipe. A worker ends with its coordinator, in the midst of a job, too.
"""

from __future__ import annotations

import os
import pickle
import signal
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing import get_context, parent_process, resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Self

from archsim.errors import SimulationError
from archsim.sweep.executor import ATTEMPTS, Done
from archsim.sweep.points import Job, Result, Worker
from archsim.sweep.sweep import Sweep

SHORT_S = 0.25
"""A worker whose jobs are shorter has two: one runs, one lies ready."""

_ENDING_S = 2.0
_GREETINGS = 2
"""A worker says that it listens, and that it is ready."""


@dataclass
class _Hand:
    """A process, its pipe, and the jobs that it has, the one that runs first.

    Attributes:
        process: The process.
        pipe: Our end of its pipe.
        jobs: Its jobs.
        began_s: When the first of them began.
        took_s: How long the last one took.
        heard: Messages that it sent.
    """

    process: BaseProcess
    pipe: Connection
    jobs: deque[tuple[int, Job]] = field(default_factory=deque)
    began_s: float = 0.0
    took_s: float = 0.0
    heard: int = 0

    @property
    def ready(self) -> bool:
        """Whether it has the sweep, and has begun with its jobs."""
        return self.heard >= _GREETINGS

    @property
    def room(self) -> int:
        """How many more jobs it takes."""
        return (2 if self.took_s < SHORT_S else 1) - len(self.jobs)

    def send(self, message: object) -> None:
        """Send a message; that it is dead is found by the next wait."""
        with suppress(OSError):
            self.pipe.send(message)


class LocalWorkers:
    """Runs jobs in processes of this computer."""

    def __init__(self, sweep: Sweep, workers: int, timeout_s: float | None = None) -> None:
        """Say how many; they start with the context.

        Args:
            sweep: What they all need; sent once.
            workers: How many processes.
            timeout_s: How long a job may take; a worker's start is not part of it.
        """
        self._sweep = pickle.dumps(sweep)
        self._count, self._timeout_s = workers, timeout_s
        self._hands: list[_Hand] = []
        self._deaths: dict[int, int] = {}
        self._over: list[Done] = []
        self._failures = 0

    @property
    def workers(self) -> int:
        """How many processes there are."""
        return self._count

    @property
    def room(self) -> int:
        """How many more jobs there is room for."""
        return sum(max(0, hand.room) for hand in self._hands)

    def __enter__(self) -> Self:
        """Start the processes."""
        with ExitStack() as stack:
            stack.push(self.__exit__)
            for _ in range(self._count):
                self._hands.append(self._started())
            stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        """End them: those with nothing to do by themselves, the others whatever they are doing."""
        for hand in self._hands:
            hand.pipe.close()
            if hand.jobs or not hand.ready:
                hand.process.kill()
        for hand in self._hands:
            hand.process.join(_ENDING_S)
            hand.process.kill()
            hand.process.join()
        self._hands = []

    def submit(self, ticket: int, job: Job) -> None:
        """Give a job to whoever has room, and least to do."""
        hand = min(self._hands, key=lambda each: (each.room <= 0, len(each.jobs)))
        if not hand.jobs:
            hand.began_s = time.monotonic()
        hand.jobs.append((ticket, job))
        if hand.ready:
            hand.send((ticket, job))

    def wait(self, timeout_s: float) -> Sequence[Done]:
        """Return jobs that are over, as soon as there is one, or nothing after a while."""
        soon_s = timeout_s if not self._over else 0.0
        if self._timeout_s is not None:
            soon_s = min(soon_s, *(self._left_s(hand) for hand in self._hands))
        pipes: dict[object, _Hand] = {hand.pipe: hand for hand in self._hands}
        for pipe in wait(list(pipes), max(0.0, soon_s)):  # type: ignore[arg-type]
            self._receive(pipes[pipe])
        for hand in list(self._hands):
            if self._left_s(hand) <= 0:
                self._replace(hand, self._overdue())
        over, self._over = self._over, []
        return over

    def _left_s(self, hand: _Hand) -> float:
        """Return how long a worker's job may still take."""
        if self._timeout_s is None or not hand.jobs or not hand.ready:
            return float("inf")
        return hand.began_s + self._timeout_s - time.monotonic()

    def _receive(self, hand: _Hand) -> None:
        """Take all that a worker has sent."""
        try:
            while hand.pipe.poll():
                message = hand.pipe.recv()
                hand.heard += 1
                if message is None:
                    self._greet(hand)
                    continue
                ticket, result = message
                now_s = time.monotonic()
                hand.began_s, hand.took_s = now_s, now_s - hand.began_s
                hand.jobs.popleft()
                self._deaths.pop(ticket, None)
                self._over.append((ticket, result))
        except (EOFError, OSError):
            hand.process.join(_ENDING_S)
            self._replace(hand, self._killed(hand))

    def _greet(self, hand: _Hand) -> None:
        """Give a worker that listens the sweep, one that is ready its jobs."""
        if not hand.ready:
            hand.send(self._sweep)
            return
        hand.began_s = time.monotonic()
        for each in hand.jobs:
            hand.send(each)

    def _replace(self, hand: _Hand, result: Result | None) -> None:
        """Start another worker for one that is gone; give it the jobs, or end the first of them."""
        hand.process.kill()
        hand.process.join(_ENDING_S)
        hand.pipe.close()
        jobs = list(hand.jobs)
        if result is not None:
            self._over.append((jobs.pop(0)[0], result))
        self._failures = 0 if hand.ready else self._failures + 1
        if self._failures > ATTEMPTS * self._count:
            raise SimulationError(
                f"workers: found {self._failures} that died before they were ready (exit code "
                f"{hand.process.exitcode}); expected them to start; look for a lack of memory, and "
                "guard a script that starts a sweep by if __name__ == '__main__'"
            )
        new = self._started()
        new.jobs.extend(jobs)
        self._hands[self._hands.index(hand)] = new

    def _overdue(self) -> Result:
        return Result(
            "timeout",
            f"found no result within {self._timeout_s:g} s; expected one; raise --timeout, and run "
            "again with --retry",
        )

    def _killed(self, hand: _Hand) -> Result | None:
        """Return how the running job ends if it has killed too many workers, else None."""
        if not hand.jobs or not hand.ready:
            return None
        ticket = hand.jobs[0][0]
        self._deaths[ticket] = self._deaths.get(ticket, 0) + 1
        if self._deaths[ticket] < ATTEMPTS:
            return None
        del self._deaths[ticket]
        return Result(
            "lost",
            f"found its worker dead {ATTEMPTS} times (the last time with exit code "
            f"{hand.process.exitcode}); expected a result; look for a lack of memory, and run "
            "again with --retry",
        )

    def _started(self) -> _Hand:
        context = get_context("spawn")  # threads and compiled code do not survive a fork
        here, there = context.Pipe()
        process = context.Process(target=_serve, args=(there,), daemon=True)
        with _undisturbed():
            process.start()
        there.close()
        return _Hand(process, here)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Keep Ctrl-C from processes that start now: they end with this one."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    resource_tracker.ensure_running()  # to start it would undo what comes next
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _serve(pipe: Connection) -> None:
    """Run jobs until there are no more: what a worker does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the coordinator says when it is over
    threading.Thread(target=_follow_parent, daemon=True).start()
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # points are what runs side by side
    with suppress(EOFError, OSError):  # the coordinator is gone
        pipe.send(None)  # listening
        worker = Worker(pickle.loads(pipe.recv()))
        worker.prepare()
        pipe.send(None)  # ready
        while True:
            ticket, job = pipe.recv()
            pipe.send((ticket, worker.run(job)))


def _follow_parent() -> None:
    """End this process as soon as the one that started it is gone."""
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
