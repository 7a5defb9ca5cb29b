"""When: a tick a mailbox, hints from IDLE, and a clean end on SIGTERM."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from types import FrameType

import structlog
from apscheduler.schedulers.background import BackgroundScheduler

from worker.house import House, Tally
from worker.log import flush
from worker.mailbox import Mailbox, MailboxError, Watch
from worker.poll import poll

log = structlog.get_logger(__name__)

#: A platform kills 30 s after SIGTERM; what is in hand has this long to end.
DRAIN_S = 22.0
#: … of which the last part is for those whose connection had to be cut.
_CUT_OFF_S = 5.0
#: How often a ledger that is a file is looked for.
_LOOK_S = 5.0
_POLLS_AT_ONCE = 16
_FIRST_WAIT_S = 5.0
_LAST_WAIT_S = 300.0


@dataclass
class _Turn:
    """One mailbox's turn: polled by one thread at a time, and again when asked meanwhile."""

    mailbox: Mailbox
    running: bool = False
    task: Future[None] | None = None
    again: bool = False
    failures: int = 0
    #: monotonic time before which a failing mailbox is left alone
    not_before: float = 0.0
    problem: str = ""


class Polls:
    """Hands mailboxes to a pool of threads; asking twice for one that is being polled means once more after it."""

    def __init__(self, mailboxes: Sequence[Mailbox], house: House) -> None:
        self._house = house
        self._turns = {mailbox.name: _Turn(mailbox) for mailbox in mailboxes}
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(_POLLS_AT_ONCE, thread_name_prefix="poll")
        self._watch = Watch(self.ask)

    def ask(self, name: str) -> None:
        """Have the mailbox polled soon; cheap, never blocks, harmless when repeated."""
        turn = self._turns[name]
        with self._lock:
            if self._house.stopping.is_set() or time.monotonic() < turn.not_before:
                return
            turn.again = turn.running
            if turn.running:
                return
            turn.running = True
            turn.task = self._pool.submit(self._take_turn, turn)

    def _take_turn(self, turn: _Turn) -> None:
        while True:
            try:
                self._poll(turn)
            except Exception:
                # A bug of ours in one mailbox's poll must not end the worker, nor its other mailboxes.
                log.exception("unforeseen", mailbox=turn.mailbox.name)
                turn.mailbox.close()
            with self._lock:
                if not turn.again or self._house.stopping.is_set() or time.monotonic() < turn.not_before:
                    turn.running = turn.again = False
                    return
                turn.again = False

    def _poll(self, turn: _Turn) -> None:
        mailbox = self._watch.remove(turn.mailbox.name) or turn.mailbox
        try:
            mailbox.end_idle()
        except MailboxError:
            mailbox.close()
        tally = poll(mailbox, self._house)
        self._note(turn, tally)
        if tally.problem or tally.busy or self._house.stopping.is_set():
            return
        if tally.delivered or tally.held or tally.discarded:
            # What came meanwhile may have been announced in passing, and a server announces nothing twice.
            with self._lock:
                turn.again = True
        else:
            self._idle(turn.mailbox)

    def _idle(self, mailbox: Mailbox) -> None:
        """Listen for hints until the next poll; a mailbox that cannot idle is polled by the clock alone."""
        if not mailbox.pushes:
            return
        try:
            mailbox.begin_idle()
        except MailboxError as error:
            log.info("idle_failed", mailbox=mailbox.name, why=str(error))
            mailbox.close()
            return
        self._watch.add(mailbox)

    def _note(self, turn: _Turn, tally: Tally) -> None:
        """Log what happened: work always, trouble only when it changes; and keep off a failing mailbox a while."""
        if tally.fetched or tally.acknowledged:
            log.info("polled", **{name: value for name, value in vars(tally).items() if value})
        if tally.problem != turn.problem and not self._house.stopping.is_set():
            if tally.problem:
                log.error("mailbox_trouble", mailbox=tally.mailbox, why=tally.problem)
            else:
                log.info("mailbox_well_again", mailbox=tally.mailbox)
        turn.problem = tally.problem
        turn.failures = turn.failures + 1 if tally.problem else 0
        wait_s = min(_FIRST_WAIT_S * 2 ** (turn.failures - 1), _LAST_WAIT_S) if tally.problem else 0.0
        turn.not_before = time.monotonic() + wait_s * random.uniform(0.8, 1.2)  # noqa: S311  (not a secret)

    def drain(self, timeout_s: float) -> bool:
        """Begin nothing new; True when everything in hand ended in time."""
        with self._lock:
            self._house.stopping.set()
        self._watch.stop()
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._ended(timeout_s - _CUT_OFF_S)
        # Whoever still waits for a mail server is cut off, and nobody waits for one to say goodbye.
        for turn in self._turns.values():
            turn.mailbox.interrupt()
        in_time = self._ended(_CUT_OFF_S)
        for turn in self._turns.values():
            if turn.task is None or turn.task.done():
                turn.mailbox.close()
        return in_time

    def _ended(self, timeout_s: float) -> bool:
        """Whether no poll is under way, at the latest after that time."""
        tasks = [turn.task for turn in self._turns.values() if turn.task]
        end = time.monotonic() + timeout_s
        while (under_way := not all(task.done() for task in tasks)) and time.monotonic() < end:
            time.sleep(0.02)
        return not under_way


def run(mailboxes: Sequence[Mailbox], house: House) -> int:
    """The worker: polls by clock and hint until SIGTERM or SIGINT. Returns the exit code: 0, or 1 without its ledger.

    A second signal leaves at once; what was in hand is then found again by its intent at the next start.
    """
    asked_to_stop = _on_signals()
    polls = Polls(mailboxes, house)
    clock = BackgroundScheduler(
        timezone="UTC", job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
    )
    period_s = house.settings.worker.poll_seconds
    for mailbox in mailboxes:
        clock.add_job(
            polls.ask,
            "interval",
            [mailbox.name],
            seconds=period_s,
            jitter=max(1, period_s // 10),
            id=mailbox.name,
        )
        polls.ask(mailbox.name)
    clock.start()
    log.info("started", mailboxes=[mailbox.name for mailbox in mailboxes], poll_seconds=period_s)
    code = _until(asked_to_stop, house)
    clock.shutdown(wait=False)
    in_time = polls.drain(DRAIN_S)
    log.info("stopped", drained=in_time)
    if not in_time:
        flush()
        os._exit(code)
    return code


def _until(asked_to_stop: threading.Event, house: House) -> int:
    """Wait. An operator's orders would go to the new ledger, and be ignored by who writes into the old one."""
    while not asked_to_stop.wait(_LOOK_S):
        if not house.ledger.still_there():
            log.error("ledger_gone", cure="its file was removed or replaced: the worker ends, to be started anew")
            return 1
    return 0


def _on_signals() -> threading.Event:
    asked = threading.Event()

    def heard(number: int, _: FrameType | None) -> None:
        if asked.is_set():
            flush(0.2)
            os._exit(128 + number)
        asked.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, heard)
    return asked
