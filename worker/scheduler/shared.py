"""Polls on many machines: asked for by the worker on watch, done by whoever is free."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import Future

from worker.fleet import Fleet
from worker.house import House
from worker.mailbox import Mailbox, MailboxError
from worker.scheduler.turns import POLLS_AT_ONCE, Turn, Turns

#: A mailbox that cannot be listened to now is tried again after this time; until then the clock alone has it polled.
_DEAF_S = 60.0
_GIVE_BACK_S = 2.0


class SharedPolls(Turns):
    """This worker's share: it asks for the mailboxes that it watches, and takes what the fleet hands it."""

    def __init__(self, mailboxes: Sequence[Mailbox], house: House) -> None:
        super().__init__(mailboxes, house)
        self._duty: frozenset[str] = frozenset()
        #: mailboxes whose connection the watch holds
        self._watched: set[str] = set()
        #: monotonic times before which no further try is made to listen
        self._deaf_until: dict[str, float] = {}
        self._fleet = Fleet(house.ledger, self._turns.keys(), self._take, self._keep_watch, POLLS_AT_ONCE)

    def start(self) -> None:
        """Join the fleet; the mailboxes that fall to this worker are polled to begin with."""
        self._fleet.start()

    def ask(self, name: str) -> None:
        """Have the mailbox polled soon, by whoever is free; cheap, never blocks, harmless when repeated."""
        if not self._house.stopping.is_set() and not self._waits_s(self._turns[name]):
            self._fleet.ask(name)

    def tick(self, name: str) -> None:
        """The clock says that the mailbox should be polled: the worker that watches it sees to that."""
        if name in self._duty:
            self.ask(name)

    def drain(self, timeout_s: float) -> bool:
        """Take no more polls, end those in hand, and give back what could not be ended."""
        self._fleet.close_door()
        in_time = super().drain(timeout_s - _GIVE_BACK_S)
        return self._fleet.end(_GIVE_BACK_S) and in_time

    def _take(self, name: str) -> Future[float | None]:
        """The fleet hands us a poll."""
        turn = self._turns[name]
        with self._lock:
            stopping, wait_s = self._house.stopping.is_set(), self._waits_s(turn)
            if not stopping and not wait_s:
                return self._begin(turn, self._poll)
        declined: Future[float | None] = Future()
        declined.set_result(0.0 if stopping else wait_s)
        return declined

    def _heard(self, name: str) -> None:
        self._watched.discard(name)
        self.ask(name)

    def _poll(self, turn: Turn) -> None:
        self._watched.discard(turn.mailbox.name)
        super()._poll(turn)

    def _idle(self, mailbox: Mailbox) -> None:
        # A hint may come before this returns.
        self._watched.add(mailbox.name)
        super()._idle(mailbox)
        if not mailbox.idling:
            self._watched.discard(mailbox.name)

    def _listens(self, name: str) -> bool:
        return name in self._duty

    def _keep_watch(self, duty: frozenset[str]) -> None:
        """Listen to every mailbox on duty that is not polled this moment; let go of those that went to others."""
        self._duty = duty
        for name, turn in self._turns.items():
            if name not in duty:
                if mailbox := self._watch.remove(name):
                    self._watched.discard(name)
                    mailbox.close()
            elif name not in self._watched and time.monotonic() >= self._deaf_until.get(name, 0.0):
                with self._lock:
                    if not turn.running and not self._house.stopping.is_set() and not self._waits_s(turn):
                        self._begin(turn, self._listen)

    def _listen(self, turn: Turn) -> None:
        """Another worker took the poll that our hint had asked for, or the mailbox was given to us just now."""
        mailbox = turn.mailbox
        turn.again_in_s = None
        try:
            mailbox.open()
        except MailboxError as error:
            mailbox.close()
            self._judge(turn, str(error))
            return
        self._idle(mailbox)
        if not mailbox.idling:
            self._deaf_until[mailbox.name] = time.monotonic() + _DEAF_S
        # What arrived before this connection was made is announced to nobody.
        self.ask(mailbox.name)
