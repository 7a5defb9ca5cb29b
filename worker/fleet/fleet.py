"""The worker's part in the fleet: asks for polls, takes polls, gives signs of life, and picks up after the dead."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable, Collection
from concurrent.futures import Future
from typing import Any

import structlog
from procrastinate import App, JobContext
from procrastinate.exceptions import AlreadyEnqueued, ProcrastinateException
from procrastinate.worker import Worker

from worker.fleet.line import Line
from worker.fleet.room import SCHEMA, prepare
from worker.fleet.upkeep import BEAT_S, DEAD_S, QUEUE, Upkeep
from worker.ledger import Ledger, LedgerError

log = structlog.get_logger(__name__)

#: How soon a worker sees what another one has asked for.
_LOOK_S = 1.0
#: How long a worker whose queue is out of order waits before it begins anew.
_REST_S = 3.0


class Fleet:
    """One thread with a loop of its own, on which Procrastinate runs; everything public may be called from any thread.

    ``begin(name)`` starts a poll here and returns at once; its future tells after how many seconds the mailbox is
    to be polled again (0: at once, by another worker), or None when all is well. ``on_beat(duty)`` is told every
    few seconds, on a thread of its own, which mailboxes this worker watches; it may block.
    """

    def __init__(
        self,
        ledger: Ledger,
        names: Collection[str],
        begin: Callable[[str], Future[float | None]],
        on_beat: Callable[[frozenset[str]], None],
        at_once: int,
    ) -> None:
        self._ledger, self._names, self._begin, self._on_beat = ledger, frozenset(names), begin, on_beat
        self._at_once = at_once
        self._asked: set[str] = set()
        self._running: set[int] = set()
        self._thread = threading.Thread(target=self._live, name="fleet", daemon=True)
        self._loop = asyncio.new_event_loop()
        self._news, self._closing, self._over = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._worker: Worker | None = None
        self._trouble = ""
        address = ledger.address
        assert address is not None, "a ledger in a file has no fleet"
        self._line = Line(address, SCHEMA)
        self._app = App(connector=self._line)
        self._task = self._app.task(name="poll", queue=QUEUE, pass_context=True)(self._poll)

    def start(self) -> None:
        """Begin to take polls."""
        # Whatever the library has to say of its trouble, we say ourselves, in an operator's words, and once.
        logging.getLogger("procrastinate").setLevel(logging.CRITICAL)
        self._thread.start()

    def ask(self, name: str) -> None:
        """Have somebody poll the mailbox soon; cheap, never blocks, harmless when repeated."""
        self._tell(self._note, name)

    def close_door(self) -> None:
        """Take no new poll; those in hand go on."""
        self._tell(self._close)

    def end(self, timeout_s: float) -> bool:
        """Give back what is in hand and leave the fleet; False when that took too long."""
        self._tell(self._finish)
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    # ---- on the loop's thread -----------------------------------------------------------------------------

    def _tell(self, what: Callable[..., None], *words: str) -> None:
        try:
            self._loop.call_soon_threadsafe(what, *words)
        except RuntimeError:
            # The loop has ended: nobody is left to be told.
            return

    def _note(self, name: str) -> None:
        self._asked.add(name)
        self._news.set()

    def _close(self) -> None:
        self._closing.set()
        if self._worker:
            self._worker.stop()  # type: ignore[no-untyped-call]

    def _finish(self) -> None:
        self._close()
        self._over.set()
        self._line.give_up()

    def _live(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        asking = asyncio.create_task(self._pass_on())
        try:
            while not self._closing.is_set():
                await self._work_until_closed()
        finally:
            asking.cancel()
            await self._leave()

    async def _work_until_closed(self) -> None:
        """One life of Procrastinate's worker; it ends when the door is closed, or with whatever goes wrong."""
        self._worker = Worker(
            self._app,
            queues=[QUEUE],
            concurrency=self._at_once,
            fetch_job_polling_interval=_LOOK_S,
            abort_job_polling_interval=60.0,
            delete_jobs="always",
            install_signal_handlers=False,
            update_heartbeat_interval=BEAT_S,
            stalled_worker_timeout=DEAD_S,
        )
        upkeep = asyncio.create_task(self._keep_up(self._worker))
        try:
            await self._worker.run()  # type: ignore[no-untyped-call]
        except (ProcrastinateException, LedgerError) as error:
            await self._rest(error)
        finally:
            upkeep.cancel()

    async def _rest(self, error: Exception) -> None:
        """Tell what is wrong with the queue, wait a moment, and see to its tables before the next life."""
        if self._closing.is_set():
            return
        self._say("queue_trouble", error)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._closing.wait(), _REST_S)
        try:
            await asyncio.to_thread(prepare, self._ledger)
        except LedgerError as refused:
            self._say("queue_trouble", refused)

    def _say(self, event: str, error: Exception) -> None:
        """A trouble that lasts is told once."""
        told = error if isinstance(error, LedgerError) else error.__cause__ or error
        why = " ".join(str(told).split())
        if why != self._trouble:
            log.warning(event, why=why)
        self._trouble = why

    # ---- polls --------------------------------------------------------------------------------------------

    async def _pass_on(self) -> None:
        """Put what was asked for into the queue; what is asked for twice meanwhile goes there once."""
        while True:
            await self._news.wait()
            self._news.clear()
            names, self._asked = self._asked, set()
            try:
                while names:
                    await self._defer(next(iter(names)))
                    names.pop()
            except ProcrastinateException as error:
                self._say("queue_trouble", error)
                self._asked |= names
                await asyncio.sleep(_REST_S)
                self._news.set()

    async def _defer(self, name: str) -> None:
        """One waiting poll a mailbox is enough, whoever asked for it."""
        with contextlib.suppress(AlreadyEnqueued):
            await self._task.configure(lock=name, queueing_lock=name).defer_async(mailbox=name)
        self._line.ring()

    async def _poll(self, context: JobContext, mailbox: str) -> None:
        """Procrastinate's task. It never fails: what a poll could not do now is asked for again."""
        number = context.job.id or 0
        self._running.add(number)
        try:
            again_in_s = await self._polled(mailbox)
            if again_in_s is None:
                return
            if again_in_s > 0 and not self._closing.is_set():
                # Not by the queue's own calendar, which would compare our clock with the database's.
                self._loop.call_later(again_in_s, self._note, mailbox)
            else:
                await self._defer(mailbox)
        finally:
            self._running.discard(number)

    async def _polled(self, mailbox: str) -> float | None:
        """The end of the poll, or of our patience with it: one that hangs must not keep the job from others."""
        if mailbox not in self._names:
            log.info("not_our_mailbox", mailbox=mailbox)
            return None
        polling = asyncio.wrap_future(self._begin(mailbox))
        over = asyncio.create_task(self._over.wait())
        ends: tuple[asyncio.Future[Any], ...] = (polling, over)
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        over.cancel()
        return polling.result() if polling.done() and not polling.cancelled() else 0.0

    # ---- the others ---------------------------------------------------------------------------------------

    async def _keep_up(self, worker: Worker) -> None:
        while worker.worker_id is None:
            await asyncio.sleep(0.05)
        upkeep = Upkeep(self._app.job_manager, self._ledger, self._names, self._defer, self._running)
        while True:
            try:
                await asyncio.to_thread(self._on_beat, await upkeep.round(worker.worker_id))
                self._trouble = ""
            except (ProcrastinateException, LedgerError) as error:
                self._say("upkeep_failed", error)
            await asyncio.sleep(BEAT_S)

    async def _leave(self) -> None:
        self._line.give_up()
        with contextlib.suppress(LedgerError):
            await asyncio.to_thread(self._ledger.leave)
        await self._line.close_async()
