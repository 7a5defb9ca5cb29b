"""A mailbox's turn on this worker: one thread at a time, again when asked meanwhile, left alone when it fails."""

from __future__ import annotations

import random
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeAlias

import structlog

from worker.house import House, Tally
from worker.mailbox import Mailbox, MailboxError, Watch
from worker.poll import poll

log = structlog.get_logger(__name__)

POLLS_AT_ONCE = 16
#: … of the time to drain, the last part is for those whose connection had to be cut.
_CUT_OFF_S = 5.0
_FIRST_WAIT_S = 5.0
_LAST_WAIT_S = 300.0
#: A mailbox that another worker has is looked at again soon: that worker may be dead.
_BUSY_S = 5.0


@dataclass
class Turn:
    """One mailbox's turn: polled by one thread at a time, and again when asked meanwhile."""

    mailbox: Mailbox
    running: bool = False
    task: Future[float | None] | None = None
    again: bool = False
    failures: int = 0
    #: monotonic time before which a failing mailbox is left alone
    not_before: float = 0.0
    problem: str = ""
    #: after how many seconds it should be polled again, if sooner than by the clock
    again_in_s: float | None = None


Work: TypeAlias = Callable[[Turn], None]


class Turns(ABC):
    """The mailboxes of a worker, a pool of threads that polls them, and a watch that listens in between."""

    def __init__(self, mailboxes: Sequence[Mailbox], house: House) -> None:
        self._house = house
        self._turns = {mailbox.name: Turn(mailbox) for mailbox in mailboxes}
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(POLLS_AT_ONCE, thread_name_prefix="poll")
        self._watch = Watch(self._heard)

    @abstractmethod
    def start(self) -> None:
        """Begin."""

    @abstractmethod
    def ask(self, name: str) -> None:
        """Have the mailbox polled soon; cheap, never blocks, harmless when repeated."""

    @abstractmethod
    def tick(self, name: str) -> None:
        """The clock says that the mailbox should be polled."""

    def _heard(self, name: str) -> None:
        """A server has spoken; the watch has let go of the mailbox."""
        self.ask(name)

    @abstractmethod
    def _listens(self, name: str) -> bool:
        """Whether this worker keeps a connection to the mailbox, and listens on it for hints."""

    def _waits_s(self, turn: Turn) -> float:
        """How long a failing mailbox is left alone from now; 0 when it is well."""
        return max(0.0, turn.not_before - time.monotonic())

    def _begin(self, turn: Turn, work: Work) -> Future[float | None]:
        """Start it on the pool, or leave word that it is wanted again; the lock must be held."""
        turn.again = turn.running
        if turn.task is None or not turn.running:
            turn.running = True
            turn.task = self._pool.submit(self._take_turn, turn, work)
        return turn.task

    def _take_turn(self, turn: Turn, work: Work) -> float | None:
        while True:
            try:
                work(turn)
            except Exception:
                # A bug of ours in one mailbox's poll must not end the worker, nor its other mailboxes.
                log.exception("unforeseen", mailbox=turn.mailbox.name)
                turn.mailbox.close()
            with self._lock:
                if not turn.again or self._house.stopping.is_set() or self._waits_s(turn):
                    turn.running = turn.again = False
                    return turn.again_in_s
                turn.again = False
            work = self._poll

    def _poll(self, turn: Turn) -> None:
        mailbox = self._watch.remove(turn.mailbox.name) or turn.mailbox
        try:
            mailbox.end_idle()
        except MailboxError:
            mailbox.close()
        tally = poll(mailbox, self._house)
        self._note(turn, tally)
        if self._house.stopping.is_set():
            return
        if not self._listens(mailbox.name):
            mailbox.close()
        if tally.problem or tally.busy:
            return
        if tally.delivered or tally.held or tally.discarded:
            # What came meanwhile may have been announced in passing, and a server announces nothing twice.
            with self._lock:
                turn.again = True
        elif self._listens(mailbox.name):
            self._idle(mailbox)

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

    def _note(self, turn: Turn, tally: Tally) -> None:
        """Log what happened: work always, trouble only when it changes; and keep off a failing mailbox a while."""
        if tally.fetched or tally.acknowledged:
            log.info("polled", **{name: value for name, value in vars(tally).items() if value})
        self._judge(turn, tally.problem)
        turn.again_in_s = self._waits_s(turn) if tally.problem else _BUSY_S if tally.busy else None
        if self._house.stopping.is_set():
            # It was broken off: whoever is free goes on.
            turn.again_in_s = 0.0

    def _judge(self, turn: Turn, problem: str) -> None:
        """Keep off a failing mailbox a while, and longer each time."""
        if problem != turn.problem and not self._house.stopping.is_set():
            if problem:
                log.error("mailbox_trouble", mailbox=turn.mailbox.name, why=problem)
            else:
                log.info("mailbox_well_again", mailbox=turn.mailbox.name)
        turn.problem = problem
        turn.failures = turn.failures + 1 if problem else 0
        wait_s = min(_FIRST_WAIT_S * 2 ** (turn.failures - 1), _LAST_WAIT_S) if problem else 0.0
        turn.not_before = time.monotonic() + wait_s * random.uniform(0.8, 1.2)  # noqa: S311  (not a secret)

    def drain(self, timeout_s: float) -> bool:
        """Begin nothing new; True when everything in hand ended in time."""
        with self._lock:
            self._house.stopping.set()
        self._watch.stop()
        self._pool.shutdown(wait=False, cancel_futures=True)
        # Where a connection is only being made, nothing is in hand that could be brought to an end.
        for turn in self._turns.values():
            turn.mailbox.refrain()
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
