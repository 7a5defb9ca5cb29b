"""What `--json` says of the ledger's records: the keys are stable, the times UTC."""

from __future__ import annotations

from typing import Any

from connectors.contract import CaseRef
from worker.cli.printing import iso
from worker.ledger import DeliveryRow, Event, Trail
from worker.slot import Slot

Shape = dict[str, Any]


def of_case(case: CaseRef | None) -> Shape | None:
    """A case, or null."""
    return {"id": case.id, "number": case.number, "url": case.url} if case else None


def of_slot(slot: Slot | None) -> Shape | None:
    """Where a message lies, or null."""
    if slot is None:
        return None
    return {"mailbox": slot.mailbox, "folder": slot.folder, "uidvalidity": slot.uidvalidity, "uid": slot.uid}


def of_delivery(row: DeliveryRow) -> Shape:
    """One delivery as it stands."""
    return {
        "key": row.key,
        "state": row.state,
        "why": row.why,
        "mailbox": row.mailbox,
        "connector": row.connector,
        "target": row.target,
        "route": row.route,
        "trace": row.trace,
        "case": of_case(row.case),
        "attempts": row.attempts,
        "in_doubt": row.in_doubt,
        "identity": row.identity,
        "slot": of_slot(row.slot),
        "first_seen_at": iso(row.first_seen_at),
        "changed_at": iso(row.changed_at),
        "next_attempt_at": iso(row.next_attempt_at),
        "age_s": round(row.age_s),
    }


def of_event(event: Event) -> Shape:
    """One thing that happened."""
    return {
        "at": iso(event.at),
        "kind": event.kind,
        "key": event.key,
        "mailbox": event.mailbox,
        "identity": event.identity,
        "detail": event.detail,
    }


def of_trail(trail: Trail) -> Shape:
    """The steps one message took."""
    return {
        "identity": trail.identity,
        "mailbox": trail.mailbox,
        "received_at": iso(trail.received_at),
        "deliveries": [of_delivery(row) for row in trail.deliveries],
        "events": [of_event(event) for event in trail.events],
    }
