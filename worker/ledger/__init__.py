"""What was decided and done (the only SQL)."""

from worker.ledger.errors import LedgerError
from worker.ledger.ledger import Ledger
from worker.ledger.records import (
    TAKEN_S,
    Agenda,
    Claim,
    DeliveryRow,
    DeliveryState,
    Event,
    KnownCase,
    Lease,
    LeaseHeld,
    Link,
    MailboxSummary,
    MessageFacts,
    Pause,
    Planned,
    Recorded,
    SlotEnd,
    SlotState,
    Summary,
    Trail,
)
from worker.ledger.replies import ReplyAsk, ReplyGrant, ReplyLimits, ReplyState

__all__ = [
    "TAKEN_S",
    "Agenda",
    "Claim",
    "DeliveryRow",
    "DeliveryState",
    "Event",
    "KnownCase",
    "Lease",
    "LeaseHeld",
    "Ledger",
    "LedgerError",
    "Link",
    "MailboxSummary",
    "MessageFacts",
    "Pause",
    "Planned",
    "Recorded",
    "ReplyAsk",
    "ReplyGrant",
    "ReplyLimits",
    "ReplyState",
    "SlotEnd",
    "SlotState",
    "Summary",
    "Trail",
]
