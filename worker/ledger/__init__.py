"""What was decided and done (the only SQL)."""

from worker.ledger.errors import LedgerError
from worker.ledger.ledger import Ledger
from worker.ledger.records import (
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

__all__ = [
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
    "SlotEnd",
    "SlotState",
    "Summary",
    "Trail",
]
