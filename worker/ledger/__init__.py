"""What was decided and done (the only SQL)."""

from worker.ledger.annex import Script
from worker.ledger.erasing import Erased, Known
from worker.ledger.errors import LedgerError
from worker.ledger.escalations import EscalationAsk, EscalationGrant, EscalationState, Standing
from worker.ledger.ledger import Ledger
from worker.ledger.presence import Roll
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
from worker.ledger.waiting import WaitingCase

__all__ = [
    "TAKEN_S",
    "Agenda",
    "Claim",
    "DeliveryRow",
    "DeliveryState",
    "Erased",
    "EscalationAsk",
    "EscalationGrant",
    "EscalationState",
    "Event",
    "Known",
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
    "Roll",
    "Script",
    "SlotEnd",
    "SlotState",
    "Standing",
    "Summary",
    "Trail",
    "WaitingCase",
]
