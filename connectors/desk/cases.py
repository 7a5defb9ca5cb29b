"""What the desk holds, read back: cases with their messages, and the JSON of the ``desk`` verb."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class DeskAttachment:
    """``size_bytes`` and ``sha256`` are those of the stored file."""

    name: str
    content_type: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class DeskMessage:
    """One message of a case, oldest first in its case."""

    author: str
    author_name: str
    text: str
    html: str
    public: bool
    #: "" for what an agent wrote
    key: str
    message_id: str
    #: ISO 8601, UTC
    sent_at: str
    by_agent: bool = False
    attachments: tuple[DeskAttachment, ...] = ()


@dataclass(frozen=True, kw_only=True)
class DeskCase:
    """One case; ``requester`` is an address."""

    id: str
    number: str
    subject: str
    status: str
    priority: str
    owner: str
    queue: str
    requester: str
    requester_name: str
    key: str
    #: number of the case that this one takes the place of, or ""
    follows: str
    created_at: str
    changed_at: str
    #: "" while it is open
    closed_at: str
    deleted: bool
    messages: tuple[DeskMessage, ...] = field(default=())


def number_of(case_id: int) -> str:
    """The number that people quote: strictly increasing, six digits or more."""
    return f"{case_id:06d}"


def read_cases(db: sqlite3.Connection, deleted: bool) -> list[DeskCase]:
    """Every case, oldest first, as of one moment."""
    db.execute("BEGIN")
    try:
        messages = _messages(db, _attachments(db))
        rows = _rows(db, "SELECT * FROM cases WHERE deleted <= ? ORDER BY id", (int(deleted),))
        return [_case(row, tuple(messages[row["id"]])) for row in rows]
    finally:
        db.execute("COMMIT")


def _rows(db: sqlite3.Connection, sql: str, values: tuple[object, ...] = ()) -> Iterable[dict[str, Any]]:
    cursor = db.execute(sql, values)
    names = [column[0] for column in cursor.description]
    return (dict(zip(names, row, strict=True)) for row in cursor)


def _attachments(db: sqlite3.Connection) -> dict[int, list[DeskAttachment]]:
    found: dict[int, list[DeskAttachment]] = defaultdict(list)
    for row in db.execute("SELECT message, name, content_type, size_bytes, sha256 FROM attachments ORDER BY id"):
        found[row[0]].append(DeskAttachment(*row[1:]))
    return found


def _messages(db: sqlite3.Connection, attachments: dict[int, list[DeskAttachment]]) -> dict[int, list[DeskMessage]]:
    found: dict[int, list[DeskMessage]] = defaultdict(list)
    for row in _rows(db, "SELECT * FROM messages ORDER BY id"):
        message = DeskMessage(
            author=row["author_address"],
            author_name=row["author_name"],
            text=row["text"],
            html=row["html"],
            public=bool(row["public"]),
            key="" if row["by_agent"] else row["key"],
            message_id=row["message_id"],
            sent_at=row["sent_at"],
            by_agent=bool(row["by_agent"]),
            attachments=tuple(attachments[row["id"]]),
        )
        found[row["case_id"]].append(message)
    return found


def _case(row: dict[str, Any], messages: tuple[DeskMessage, ...]) -> DeskCase:
    return DeskCase(
        id=str(row["id"]),
        number=number_of(row["id"]),
        subject=row["subject"],
        status=row["status"],
        priority=row["priority"],
        owner=row["owner"],
        queue=row["queue"],
        requester=row["requester_address"],
        requester_name=row["requester_name"],
        key=row["key"],
        follows=row["follows"],
        created_at=row["created_at"],
        changed_at=row["changed_at"],
        closed_at=row["closed_at"],
        deleted=bool(row["deleted"]),
        messages=messages,
    )


def as_json(cases: Iterable[DeskCase]) -> dict[str, Any]:
    """The shape of ``desk --json``; its keys are pinned."""
    return {"cases": [_case_json(case) for case in cases]}


def _case_json(case: DeskCase) -> dict[str, Any]:
    names = ("id", "number", "subject", "status", "priority", "owner", "requester", "key")
    return {name: getattr(case, name) for name in names} | {"messages": [_message_json(m) for m in case.messages]}


def _message_json(message: DeskMessage) -> dict[str, Any]:
    names = ("author", "text", "html", "public", "key")
    return {name: getattr(message, name) for name in names} | {
        "attachments": [{"name": a.name, "size": a.size_bytes, "sha256": a.sha256} for a in message.attachments]
    }
