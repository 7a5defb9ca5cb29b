"""The desk's cases as they stand, for whoever reads them back: who answered when, what is still open."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime

from connectors.contract import CaseRef, CaseState
from connectors.desk.cases import number_of
from connectors.desk.writing import DONE

#: so many cases are read at a time, so that a long report holds neither memory nor a reader
PAGE = 500
_CHANGED = """
    SELECT id, status, priority, owner, queue, key, created_at, changed_at, closed_at,
           (SELECT MIN(written_at) FROM messages WHERE case_id = cases.id AND by_agent),
           (SELECT MAX(written_at) FROM messages WHERE case_id = cases.id AND by_agent),
           (SELECT MAX(CASE written_at WHEN '' THEN sent_at ELSE written_at END)
              FROM messages WHERE case_id = cases.id AND NOT by_agent AND key NOT IN (SELECT key FROM changes))
    FROM cases WHERE changed_at >= ? AND id > ? AND NOT deleted ORDER BY id LIMIT ?
"""


def changed(since: datetime, after_id: int, db: sqlite3.Connection) -> list[CaseState]:
    """Up to ``PAGE`` cases that changed at or after ``since``, with higher ids than ``after_id``, by id."""
    moment = since.astimezone(UTC).isoformat(timespec="microseconds")
    return [_state(row) for row in db.execute(_CHANGED, (moment, after_id, PAGE))]


def _state(row: tuple[int, str, str, str, str, str, str, str, str, str | None, str | None, str | None]) -> CaseState:
    case_id, status, priority, owner, queue, key, *times = row
    opened, changed_, closed, first, last, customer = (_moment(one) for one in times)
    return CaseState(
        case=CaseRef(str(case_id), number_of(case_id)),
        status=status,
        open=status not in DONE,
        opened_at=opened or datetime.min.replace(tzinfo=UTC),
        changed_at=changed_ or datetime.min.replace(tzinfo=UTC),
        closed_at=closed,
        priority=priority,
        owner=owner,
        queue=queue,
        key=key,
        first_answer_at=first,
        last_answer_at=last,
        last_customer_at=customer,
    )


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
