"""What every poll works with: built once at start, shared by all mailboxes, closed at the end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field
from pathlib import Path

from worker.doors import Door
from worker.lanes import Budget
from worker.ledger import Ledger
from worker.message import InboundMessage
from worker.message.guard import Guard
from worker.outcome import Delivered, Outcome
from worker.routes import Router
from worker.settings import Settings
from worker.slot import Slot


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
    #: answers the author of a message, if that may be: message, name of the reply, name of the connector, its outcome
    answer: Callable[[InboundMessage, str, str, Delivered], None] = lambda *_: None
    #: told of each message's outcome, for a progress bar
    on_outcome: Callable[[Slot, Outcome], None] = lambda *_: None
    #: told how many messages a poll has before it
    on_listed: Callable[[int], None] = lambda _: None


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
