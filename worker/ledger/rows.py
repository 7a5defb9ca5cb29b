"""From rows of the database to records."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from connectors.contract import CaseRef
from worker.ledger.clock import NowS, instant, instant_or_none
from worker.ledger.records import DeliveryRow, Event
from worker.ledger.schema import deliveries, events
from worker.slot import Slot

DELIVERY = select(deliveries, NowS().label("now_s")).order_by(deliveries.c.first_seen_s, deliveries.c.key)
EVENT = select(events).order_by(events.c.id)


def delivery_of(row: Any) -> DeliveryRow:
    """A row of DELIVERY as a record."""
    # In someone's hands, the end of the lease is when the next attempt may come.
    due_at_s = row.lease_until_s if row.owner else row.due_at_s
    return DeliveryRow(
        key=row.key,
        identity=row.identity,
        connector=row.connector,
        target=row.target,
        mailbox=row.mailbox,
        slot=Slot(row.mailbox, row.folder, row.uidvalidity, row.uid),
        route=row.route,
        trace=row.trace,
        state=row.state,
        attempts=row.attempts,
        in_doubt=row.intent_at_s is not None,
        why=row.why,
        case=case_of(row),
        first_seen_at=instant(row.first_seen_s),
        changed_at=instant(row.changed_at_s),
        next_attempt_at=instant_or_none(due_at_s),
        due_in_s=max(0.0, due_at_s - row.now_s) if due_at_s is not None else 0.0,
        age_s=max(0.0, row.now_s - row.first_seen_s),
    )


def case_of(row: Any) -> CaseRef | None:
    """The case of a row that has case columns, if it has one."""
    return CaseRef(row.case_id, row.case_number, row.case_url) if row.case_id else None


def event_of(row: Any) -> Event:
    """A row of EVENT as a record."""
    return Event(instant(row.at_s), row.kind, row.identity, row.key, row.mailbox, row.detail)
