"""Group commit: what many threads write at the same time becomes durable with one commit."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from threading import Lock
from typing import Any, Generic, TypeVar, cast

from sqlalchemy.exc import DBAPIError

from worker.ledger.errors import LedgerError, explained
from worker.ledger.lines import Lines
from worker.ledger.wire import Wire

T = TypeVar("T")

#: SQLSTATE of serialization_failure and deadlock_detected (PostgreSQL manual, appendix A).
_COLLISIONS = {"40001", "40P01"}
_PAUSES_S = (0.02, 0.1, 0.5)


class _Job(Generic[T]):
    """One caller's work, and what came of it."""

    __slots__ = ("done", "error", "gate", "leads", "result", "work")

    def __init__(self, work: Callable[[Wire], T]) -> None:
        self.work = work
        self.gate = Lock()
        self.gate.acquire()
        self.leads = False
        self.done = False
        self.result: T | None = None
        self.error: BaseException | None = None

    def succeed(self, result: T) -> None:
        self.result, self.done = result, True

    def fail(self, error: BaseException) -> None:
        self.error, self.done = error, True

    def outcome(self) -> T:
        if not self.done:
            raise LedgerError("the write was interrupted; nothing of it is in the ledger")
        if self.error is not None:
            raise explained(self.error) from self.error
        return cast("T", self.result)


class Writer:
    """Runs functions in write transactions, together where they come together.

    The first thread to come leads: it runs its own work at once. What comes meanwhile queues, and one of its
    callers leads the next round, so nobody waits for more than the round before his own and his own.
    Work must be repeatable: when a round fails, each function of it is run again in a transaction of its own.
    """

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self._door = Lock()
        self._queue: list[_Job[Any]] = []
        self._led = False

    def run(self, work: Callable[[Wire], T]) -> T:
        """What ``work`` returns, once it is durable. Raises what it raised; a database's fault as LedgerError."""
        job = _Job(work)
        with self._door:
            self._queue.append(job)
            leads, self._led = not self._led, True
        if not leads:
            # Even if it was appointed this very moment, the gate must be gone through: it stands open.
            self._wait(job)
        if leads or job.leads:
            self._lead()
        return job.outcome()

    def _wait(self, job: _Job[Any]) -> None:
        """Until the job is done, or its turn to lead has come."""
        try:
            job.gate.acquire()
        except BaseException:
            # A signal's exception reached a thread that waits: its place must not stay taken.
            with self._door:
                if job in self._queue:
                    self._queue.remove(job)
                if job.leads:
                    self._appoint()
            raise

    def _lead(self) -> None:
        with self._door:
            jobs, self._queue = self._queue, []
        try:
            self._commit(jobs)
        finally:
            with self._door:
                self._appoint()
            for job in jobs:
                job.gate.release()

    def _appoint(self) -> None:
        """Hand the lead to the first that waits; the door must be held."""
        if not self._queue:
            self._led = False
            return
        self._queue[0].leads = True
        self._queue[0].gate.release()

    def _commit(self, jobs: Sequence[_Job[Any]]) -> None:
        """All together; when that fails, each alone, so that one's failure is his alone."""
        began, error = self._together(jobs)
        for job in jobs if began and error else ():
            began, error = self._alone(job)
            if error is not None:
                job.fail(error)
            if not began:
                break
        for job in jobs:
            if error is not None and not job.done:
                job.fail(error)

    def _alone(self, job: _Job[Any]) -> tuple[bool, Exception | None]:
        """In its own transaction; again after a moment when another worker's stood in its way."""
        for pause_s in _PAUSES_S:
            began, error = self._together((job,))
            if error is None or not _is_collision(error):
                return began, error
            time.sleep(random.uniform(pause_s / 2, pause_s))  # noqa: S311  (not a secret)
        return self._together((job,))

    def _together(self, jobs: Sequence[_Job[Any]]) -> tuple[bool, Exception | None]:
        """One transaction for all of them: whether it could be begun, and what went wrong."""
        began = False
        try:
            with self._lines.transaction() as wire:
                began = True
                results = [job.work(wire) for job in jobs]
        except Exception as error:
            return began, error
        for job, result in zip(jobs, results, strict=True):
            job.succeed(result)
        return True, None


def _is_collision(error: Exception) -> bool:
    """Whether PostgreSQL sacrificed this transaction to end a deadlock, or could not serialise it."""
    return isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) in _COLLISIONS
