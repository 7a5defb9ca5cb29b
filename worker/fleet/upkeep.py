"""What every worker does every few seconds: a sign of life, its share of the watch, and the jobs of the dead."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Iterable

import structlog
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job, Status
from procrastinate.manager import JobManager
from psycopg.errors import RaiseException

from worker.fleet.duty import duties
from worker.ledger import Ledger

log = structlog.get_logger(__name__)

QUEUE = "polls"
BEAT_S = 5.0
#: A worker that has given no sign of life for so long is dead, or as good as that.
DEAD_S = 20.0
#: Whoever should have a mailbox polled, and does not, is relieved of that by all others after this time.
_FORGOTTEN_S = 600.0
_LOOK_FOR_FORGOTTEN_S = 60.0


class Upkeep:
    """The rounds of one worker, from its registration on."""

    def __init__(
        self,
        jobs: JobManager,
        ledger: Ledger,
        names: Collection[str],
        defer: Callable[[str], Awaitable[None]],
        running: Collection[int],
    ) -> None:
        """``running``: the numbers of the jobs that this worker has in hand, at any moment."""
        self._jobs, self._ledger, self._names = jobs, ledger, names
        self._defer, self._running = defer, running
        self._duty: frozenset[str] = frozenset()
        self._suspects: set[int] = set()
        self._looked_at = time.monotonic()

    async def round(self, worker: int | None) -> frozenset[str]:
        """One round of the worker with that number in the queue; the mailboxes that are its to watch.

        Raises LedgerError, ProcrastinateException; another round is as good.
        """
        roll = await asyncio.to_thread(self._ledger.here, worker or 0, DEAD_S)
        duty = duties(self._names, roll.alive, self._ledger.owner)
        if duty != self._duty:
            log.info("watch", mailboxes=sorted(duty), workers=len(roll.alive))
        for name in sorted(duty - self._duty):
            await self._defer(name)
        self._duty = duty
        for dead in filter(None, roll.gone):
            await self._give_back(await self._in_hand(dead))
        await self._jobs.prune_stalled_workers(DEAD_S)
        await self._give_back(await self._jobs.get_stalled_jobs(queue=QUEUE, seconds_since_heartbeat=DEAD_S))
        await self._give_back(await self._strays(worker))
        await self._remind()
        return duty

    async def _in_hand(self, worker: int | None) -> list[Job]:
        return list(await self._jobs.list_jobs_async(queue=QUEUE, status="doing", worker_id=worker))

    async def _strays(self, worker: int | None) -> list[Job]:
        """Jobs that the queue believes we have: the answer that brought them got lost. Seen twice, to be sure."""
        if worker is None:
            return []
        missing = [job for job in await self._in_hand(worker) if job.id not in self._running]
        strays = [job for job in missing if job.id in self._suspects]
        self._suspects = {job.id for job in missing if job.id}
        return strays

    async def _give_back(self, jobs: Iterable[Job]) -> None:
        """Others may take these polls now. First the new job, then the end of the old one: death may come between."""
        for job in jobs:
            name = str(job.task_kwargs.get("mailbox", ""))
            log.warning("poll_given_back", mailbox=name)
            if name in self._names:
                await self._defer(name)
            await self._remove(job)

    async def _remove(self, job: Job) -> None:
        try:
            await self._jobs.finish_job(job, Status.FAILED, delete_job=True)
        except ConnectorException as error:
            # The database says so by RAISE when another worker was quicker, or the job's own came back to life.
            if not isinstance(error.__cause__, RaiseException):
                raise

    async def _remind(self) -> None:
        """Ask for mailboxes that nobody has polled for a long time, whoever should have."""
        if time.monotonic() - self._looked_at < _LOOK_FOR_FORGOTTEN_S:
            return
        self._looked_at = time.monotonic()
        for name in await asyncio.to_thread(self._ledger.unpolled, self._names, _FORGOTTEN_S):
            await self._defer(name)
