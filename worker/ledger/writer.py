"""Group commit: what many threads write at the same time becomes durable with one commit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Lock
from typing import Any, Generic, TypeVar, cast

from sqlalchemy import Connection, Engine

from worker.ledger.errors import LedgerError, explained

T = TypeVar("T")


class _Job(Generic[T]):
    """One caller's work, and what came of it."""

    __slots__ = ("done", "error", "gate", "leads", "result", "work")

    def __init__(self, work: Callable[[Connection], T]) -> None:
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
    Work must be repeatable: when a round fails, each function of it is run once more in a transaction of its own.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._door = Lock()
        self._queue: list[_Job[Any]] = []
        self._led = False

    def run(self, work: Callable[[Connection], T]) -> T:
        """What ``work`` returns, once it is durable. Raises what it raised; a database's fault as LedgerError."""
        job = _Job(work)
        with self._door:
            self._queue.append(job)
            job.leads = not self._led
            self._led = True
        if not job.leads:
            self._wait(job)
        if job.leads:
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
        began = self._together(jobs)
        if not began:
            return
        for job in jobs:
            if not job.done and not self._together((job,), last=True):
                return

    def _together(self, jobs: Sequence[_Job[Any]], *, last: bool = False) -> bool:
        """One transaction for all of them. False when it could not even be begun, and all are told so."""
        began = False
        try:
            with self._engine.begin() as connection:
                began = True
                results = [job.work(connection) for job in jobs]
        except Exception as error:
            if last or not began:
                for job in jobs:
                    job.fail(error)
            return began
        for job, result in zip(jobs, results, strict=True):
            job.succeed(result)
        return True
