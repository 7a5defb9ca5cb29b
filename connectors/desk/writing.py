"""What the desk writes: each function is one transaction's work and looks for the key before it adds."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from connectors.contract import CaseGone, CaseRef, Delivery, Rejected
from connectors.desk.cases import number_of
from connectors.desk.files import StoredFile

FIELDS = ("priority", "owner", "queue", "status")
#: the statuses of a case that nobody has to do anything about
DONE = ("solved", "closed")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_INSERT_CASE = """
    INSERT INTO cases (subject, status, priority, owner, queue, requester_name, requester_address, key,
                       follows, created_at, changed_at, closed_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_INSERT_MESSAGE = """
    INSERT INTO messages (case_id, author_name, author_address, text, html, public, key, message_id, sent_at,
                          written_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_INSERT_ATTACHMENT = """
    INSERT INTO attachments (message, name, content_type, size_bytes, sha256) VALUES (?, ?, ?, ?, ?)
"""
_REOPEN = """
    UPDATE cases SET changed_at = ?, closed_at = '',
                     status = CASE WHEN status IN ('solved', 'closed') THEN 'open' ELSE status END
    WHERE id = ?
"""
_BY_MESSAGE_ID = """
    SELECT case_id FROM messages JOIN cases ON cases.id = case_id
    WHERE message_id = ? AND NOT deleted ORDER BY messages.id DESC LIMIT 1
"""
_TAKES_PART = """
    SELECT 1 FROM cases WHERE id = :case AND lower(requester_address) = :address
    UNION SELECT 1 FROM messages WHERE case_id = :case AND public AND lower(author_address) = :address
"""


def with_key(db: sqlite3.Connection, key: str) -> CaseRef | None:
    """The case that holds the key, deleted or not: a key counts for ever."""
    row = db.execute("SELECT case_id FROM messages WHERE key = ?", (key,)).fetchone()
    return _ref(row[0]) if row else None


def with_message_id(db: sqlite3.Connection, message_ids: Sequence[str]) -> CaseRef | None:
    """The case that holds a message with the last of these Message-IDs that is known at all."""
    rows = (db.execute(_BY_MESSAGE_ID, (storable(one),)).fetchone() for one in reversed(message_ids) if one)
    return next((_ref(row[0]) for row in rows if row), None)


def takes_part(db: sqlite3.Connection, case: CaseRef, address: str) -> bool:
    """Whether that is the requester, or somebody who wrote for all to see."""
    wanted = {"case": case.id, "address": storable(address).lower()}
    return bool(address and db.execute(_TAKES_PART, wanted).fetchone())


def create(delivery: Delivery, files: Sequence[StoredFile], db: sqlite3.Connection) -> CaseRef:
    """A case and its first message, both keyed; or the case that has the key already, untouched."""
    known = with_key(db, delivery.key)
    return replace(known, was_there=True) if known else _ref(_insert_case(delivery, files, db))


def _insert_case(delivery: Delivery, files: Sequence[StoredFile], db: sqlite3.Connection) -> int:
    fields = {name: storable(value) for name, value in delivery.fields.items()}
    status, moment = fields.get("status", "new"), now()
    values = (
        storable(delivery.subject),
        status,
        fields.get("priority", "normal"),
        fields.get("owner", ""),
        fields.get("queue", ""),
        storable(delivery.requester.name),
        storable(delivery.requester.address),
        delivery.key,
        delivery.follows.number if delivery.follows else "",
        moment,
        moment,
        moment if status in DONE else "",
    )
    case_id = _row_id(db.execute(_INSERT_CASE, values))
    _insert_message(delivery, files, case_id, db)
    return case_id


def append(delivery: Delivery, files: Sequence[StoredFile], db: sqlite3.Connection) -> CaseRef:
    """A further message; a closed case opens again. Raises CaseGone for a deleted or unknown case."""
    known = with_key(db, delivery.key)
    if known:
        return replace(known, was_there=True)
    case_id = living(delivery.case.id if delivery.case else "", db)
    _insert_message(delivery, files, case_id, db)
    db.execute(_REOPEN, (now(), case_id))
    return _ref(case_id)


def _insert_message(delivery: Delivery, files: Sequence[StoredFile], case_id: int, db: sqlite3.Connection) -> None:
    values = (
        case_id,
        storable(delivery.requester.name),
        storable(delivery.requester.address),
        storable(delivery.text),
        storable(delivery.html),
        int(delivery.public),
        delivery.key,
        storable(delivery.message_id),
        delivery.sent_at.astimezone(UTC).isoformat(),
        now(),
    )
    message = _row_id(db.execute(_INSERT_MESSAGE, values))
    for attachment, stored in zip(delivery.attachments, files, strict=True):
        label = (storable(attachment.name), storable(attachment.content_type))
        db.execute(_INSERT_ATTACHMENT, (message, *label, stored.size_bytes, stored.sha256))


def refuse_unknown(names: Iterable[str]) -> None:
    """Raises Rejected unless every name is one of the desk's fields."""
    unknown = sorted(set(names) - set(FIELDS))
    if unknown:
        raise Rejected(f"the desk has no field {', '.join(unknown)}; it has {', '.join(FIELDS)}")


def living(case_id: str, db: sqlite3.Connection) -> int:
    """The row of a case that is there. Raises CaseGone."""
    row = db.execute("SELECT id, deleted FROM cases WHERE CAST(id AS TEXT) = ?", (case_id,)).fetchone()
    if row is None or row[1]:
        raise CaseGone(f"the desk has no case {case_id[:20]!r}" if row is None else f"case {case_id} was deleted")
    return int(row[0])


def _row_id(cursor: sqlite3.Cursor) -> int:
    if cursor.lastrowid is None:
        raise sqlite3.IntegrityError("an INSERT gave no row id")
    return cursor.lastrowid


def _ref(case_id: int) -> CaseRef:
    return CaseRef(str(case_id), number_of(case_id))


def now() -> str:
    """This moment, of one length, so that moments can be compared as texts."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def storable(text: str) -> str:
    """A lone surrogate is no text; everything else, NUL included, is kept as it is."""
    return text if text.isascii() else _LONE_SURROGATE.sub("\ufffd", text)
