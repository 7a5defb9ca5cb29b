"""What the ledger is told and what it tells: plain frozen values, no SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from connectors.contract import CaseRef
from worker.outcome import Deferred, Delivered, Discarded, Held, Outcome
from worker.slot import Slot

#: A claim made when the delivery is recorded holds so long.
TAKEN_S = 150.0
#: A delivery that someone else works on, or that was not begun, is looked at again after this long.
LOOK_AGAIN_S = 30.0

SlotState = Literal["entered", "fresh", "finished", "deferred", "held"]
DeliveryState = Literal["pending", "delivering", "deferred", "held", "delivered", "discarded"]


@dataclass(frozen=True)
class Lease:
    """The time for which something named is ours. ``fence`` grows with every holder."""

    name: str
    owner: str
    fence: int


@dataclass(frozen=True)
class Agenda:
    """What one poll of a folder has to do; UIDs ascending."""

    #: never entered, or due again after an orderly end
    fresh: tuple[int, ...]
    #: entered before and never left: the one that killed the worker may be among them, so read them alone
    suspects: tuple[int, ...]
    #: all that remains is to acknowledge
    finished: tuple[int, ...]
    #: deferred and not due yet
    waiting: int
    held: int


@dataclass(frozen=True)
class SlotEnd:
    """How a message left the hands of a poll. ``due_after_s`` is for deferred ones; None: due at the next poll."""

    slot: Slot
    state: Literal["finished", "deferred", "held"]
    due_after_s: float | None
    why: str


@dataclass(frozen=True, kw_only=True)
class MessageFacts:
    """What is remembered of a message; author, subject and Message-ID are hashed before they are written."""

    identity: str
    message_id: str
    author: str
    subject: str
    #: aware, UTC
    received_at: datetime
    size_bytes: int
    #: what it was classified as
    kind: str
    mailbox: str


@dataclass(frozen=True)
class Planned:
    """One delivery to come. ``route`` is the route's name in the settings; addresses in ``trace`` are cut.

    ``take``: if it is new, its first attempt is ours from the moment it is on record.
    """

    key: str
    connector: str
    target: str
    route: str
    trace: str
    take: bool = False


@dataclass(frozen=True)
class Recorded:
    """A message that is to be put on record: where it lies, what is remembered of it, and its deliveries."""

    slot: Slot
    facts: MessageFacts
    planned: Sequence[Planned]


@dataclass(frozen=True)
class Claim:
    """One attempt at one delivery, ours until it is settled or its lease runs out."""

    key: str
    fence: int
    #: number of this attempt, from 1
    attempt: int
    #: an earlier attempt may have reached the CRM: ask it first
    in_doubt: bool
    #: when that earlier attempt began, by the database's clock; None when there is no doubt
    intent_at: datetime | None
    #: seconds since then, by the database's clock; 0.0 when there is no doubt
    age_s: float
    #: the case last known for this delivery
    case: CaseRef | None


@dataclass(frozen=True)
class Link:
    """What is remembered of a conversation once its case is known. Ids and addresses are hashed."""

    connector: str
    case: CaseRef
    message_ids: tuple[str, ...] = ()
    participants: tuple[str, ...] = ()


@dataclass(frozen=True)
class KnownCase:
    """A case that holds the message with this Message-ID."""

    case: CaseRef
    message_id_hash: str
    linked_at: datetime


@dataclass(frozen=True, kw_only=True)
class DeliveryRow:
    """One delivery as it stands. ``connector`` is None for a message held before any route was found."""

    key: str
    identity: str | None
    connector: str | None
    target: str
    mailbox: str
    #: where the message lay when the row was written
    slot: Slot | None
    route: str
    trace: str
    state: DeliveryState
    attempts: int
    #: an attempt may have reached the CRM
    in_doubt: bool
    why: str
    case: CaseRef | None
    first_seen_at: datetime
    changed_at: datetime
    #: None: at once, or never when the state waits for nothing
    next_attempt_at: datetime | None
    #: seconds until the next attempt may be made, by the database's clock
    due_in_s: float
    #: seconds since the row was written, by the database's clock
    age_s: float

    @property
    def outcome(self) -> Outcome:
        """The row as an outcome: what is not begun or in someone's hands counts as deferred."""
        if self.state == "delivered":
            return Delivered(self.case or CaseRef("", ""), self.why)
        if self.state == "held":
            return Held(self.why)
        if self.state == "discarded":
            return Discarded(self.why)
        return Deferred(self.due_in_s or LOOK_AGAIN_S, self.why or f"{self.state} by another worker")


@dataclass(frozen=True)
class Event:
    """Something that happened, never changed afterwards. ``detail``: ``name=value`` pairs, no mail content."""

    at: datetime
    kind: str
    identity: str | None
    key: str | None
    mailbox: str | None
    detail: str


@dataclass(frozen=True, kw_only=True)
class Trail:
    """The steps one message took. ``identity`` is None for a message that was never read."""

    identity: str | None
    mailbox: str
    received_at: datetime | None
    deliveries: tuple[DeliveryRow, ...]
    #: oldest first
    events: tuple[Event, ...]


@dataclass(frozen=True)
class Pause:
    """A connector, or one bucket of it, that gets nothing. ``until`` None: until a person acts."""

    since: datetime
    until: datetime | None
    #: by the database's clock; infinite when a person must act
    remaining_s: float
    why: str


@dataclass(frozen=True)
class LeaseHeld:
    """A lease in force."""

    name: str
    owner: str
    remaining_s: float


@dataclass(frozen=True)
class MailboxSummary:
    """The slots of one mailbox, counted by state."""

    mailbox: str
    slots: Mapping[str, int]
    #: seconds since the oldest unfinished message was first seen
    oldest_s: float | None


@dataclass(frozen=True)
class Summary:
    """Where everything stands."""

    #: number of deliveries by state
    deliveries: Mapping[str, int]
    #: seconds since the oldest unfinished, not held delivery was first seen
    oldest_waiting_s: float | None
    mailboxes: tuple[MailboxSummary, ...]
    leases: tuple[LeaseHeld, ...]
    pauses: Mapping[tuple[str, str], Pause] = field(default_factory=dict)
