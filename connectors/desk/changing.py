"""What happens to a case that is there: an agent's edit or answer, and a change ordered by key."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Mapping

from connectors.contract import Change
from connectors.desk.writing import living, now, storable

_INSERT = """
    INSERT INTO messages (case_id, author_name, author_address, text, html, public, key, message_id, sent_at,
                          written_at, by_agent) VALUES (?, ?, ?, ?, '', ?, ?, '', ?, ?, ?)
"""
_CLOSE = """
    UPDATE cases SET closed_at = CASE WHEN status NOT IN ('solved', 'closed') THEN ''
                                      WHEN closed_at = '' THEN changed_at ELSE closed_at END
    WHERE id = ?
"""


def edit(case_id: str, values: Mapping[str, str | int], db: sqlite3.Connection) -> None:
    """An agent's change. The names are columns, never a mail's words. Raises CaseGone for no such case."""
    _set(living(case_id, db), values, db)


def update(case_id: str, change: Change, db: sqlite3.Connection) -> None:
    """The fields and the note in one go, and once: a retry undoes nothing. Raises CaseGone for no such case."""
    found = living(case_id, db)
    if not db.execute("INSERT OR IGNORE INTO changes (key, case_id) VALUES (?, ?)", (change.key, found)).rowcount:
        return
    if change.fields:
        _set(found, {name: storable(value) for name, value in change.fields.items()}, db)
    if change.note:
        moment = now()
        values = (found, "", "", storable(change.note), 0, change.key, moment, moment, 0)
        db.execute(_INSERT, values)
        db.execute("UPDATE cases SET changed_at = ? WHERE id = ?", (moment, found))


def answer(case_id: str, text: str, author: str, db: sqlite3.Connection) -> None:
    """An agent's words to the customer; a new case is an open one from then on. Raises CaseGone."""
    found, moment = living(case_id, db), now()
    key = f"agent:{secrets.token_hex(20)}"
    db.execute(_INSERT, (found, author, "", storable(text), 1, key, moment, moment, 1))
    status = "CASE status WHEN 'new' THEN 'open' ELSE status END"
    db.execute(f"UPDATE cases SET changed_at = ?, status = {status} WHERE id = ?", (moment, found))  # noqa: S608


def _set(case_id: int, values: Mapping[str, str | int], db: sqlite3.Connection) -> None:
    settings = ", ".join(f"{name} = ?" for name in values)
    db.execute(
        f"UPDATE cases SET {settings}, changed_at = ? WHERE id = ?",  # noqa: S608
        (*values.values(), now(), case_id),
    )
    db.execute(_CLOSE, (case_id,))
