"""What every poll works with: built once at start, shared by all mailboxes, closed at the end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field
from pathlib import Path

from worker.authority import Trust, trust_of
from worker.doors import Door
from worker.judge import Judge, Judgement
from worker.lanes import Budget
from worker.ledger import Ledger
from worker.message import InboundMessage
from worker.message.guard import Guard
from worker.outcome import Delivered, Outcome
from worker.routes import Router
from worker.settings import MailboxSettings, Settings
from worker.slot import Slot
from worker.tokens import Tokens


@dataclass(frozen=True)
class House:
    """The rooms a poll goes through, and what bounds it."""

    settings: Settings
    ledger: Ledger
    doors: Mapping[str, Door]
    router: Router
    guard: Guard
    #: runs deliveries side by side
    pool: Executor
    #: bounds the message bytes held in memory by all polls together
    budget: Budget
    #: a folder for what is too big to be held in memory
    spool: Path
    #: our own addresses, which must not be answered or taken for a customer's
    own_addresses: frozenset[str] = frozenset()
    #: set when the worker is asked to stop: nothing new is begun
    stopping: threading.Event = field(default_factory=threading.Event)
    #: answers the author of a message that was delivered, if that may be
    answer: Callable[[InboundMessage, Judgement, Delivered], None] = lambda *_: None
    #: knows our marks
    tokens: Tokens | None = None
    #: what the rules make of a message; None: by the router alone
    judge: Judge | None = None
    #: told of each message's outcome, for a progress bar
    on_outcome: Callable[[Slot, Outcome], None] = lambda *_: None
    #: told how many messages a poll has before it
    on_listed: Callable[[int], None] = lambda _: None

    def trust(self, mailbox: str) -> Trust:
        """Whom that mailbox believes."""
        return trust_of(self.settings.watched.get(mailbox, MailboxSettings()), self.tokens, self.own_addresses)

    def judged(self, message: InboundMessage, mailbox: str) -> Judgement:
        """What is to become of a message that lies in that mailbox."""
        judge = self.judge or Judge(self.router, self.own_addresses)
        return judge.of(message, mailbox)


@dataclass
class Tally:
    """What one poll of one mailbox came to."""

    mailbox: str
    listed: int = 0
    fetched: int = 0
    delivered: int = 0
    deferred: int = 0
    held: int = 0
    discarded: int = 0
    gone: int = 0
    acknowledged: int = 0
    #: messages that wait from earlier polls and were not due
    waiting: int = 0
    held_before: int = 0
    #: another worker polls this mailbox
    busy: bool = False
    #: why the mailbox could not be polled to its end
    problem: str = ""

    def count(self, outcome: Outcome) -> None:
        """Add one outcome."""
        name = type(outcome).__name__.lower()
        setattr(self, name, getattr(self, name) + 1)
