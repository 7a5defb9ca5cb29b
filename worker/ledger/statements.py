"""Statements that both databases understand, built once so that SQLAlchemy compiles them once."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Insert, Table, and_, bindparam, insert
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import ReturningInsert

from worker.ledger.compiled import Values
from worker.ledger.schema import events
from worker.ledger.wire import Wire
from worker.slot import Slot

_MAX_DETAIL_CHARS = 300
_LOCAL_PART = re.compile(r"""(?:"[^"]*"|[^\s@<>"'(),;:=]+)@""")

_NOTE = insert(events)


@cache
def insert_if_absent(table: Table, dialect: str) -> Insert:
    """INSERT that leaves a row with the same key as it is; its rowcount tells whether it was new."""
    return if_absent(table, dialect)


def if_absent(table: Table, dialect: str) -> Insert:
    """As ``insert_if_absent``, to be built upon.

    Begun anew, since a statement that was compiled once passes on to its descendants that it returns no columns.
    """
    statement = sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)
    return statement.on_conflict_do_nothing().execution_options(preserve_rowcount=True)


@cache
def upsert(table: Table, dialect: str, *names: str) -> Insert:
    """INSERT that overwrites the columns ``names`` of a row with the same key."""
    statement = sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)
    return statement.on_conflict_do_update(
        index_elements=list(table.primary_key.columns),
        set_={name: statement.excluded[name] for name in names},
    )


def put(wire: Wire, table: Table, values: dict[str, Any]) -> bool:
    """Insert one row unless there is one with its key; True when it is new."""
    return wire.change(insert_if_absent(table, wire.dialect), values) == 1


def put_all(wire: Wire, statement: ReturningInsert[Any], key: str, rows: Sequence[Values]) -> list[Values]:
    """Run an INSERT that returns ``key`` where the row was absent; the new rows, in order, the first of equals."""
    new = {getattr(row, key) for row in wire.rows_of_all(statement, rows)}
    first: dict[Any, Values] = {}
    for row in rows:
        first.setdefault(row[key], row)
    return [row for name, row in first.items() if name in new]


def in_slot(table: Table) -> ColumnElement[bool]:
    """The rows of one slot; the parameters come from ``at_slot``."""
    columns = (table.c.mailbox, table.c.folder, table.c.uidvalidity, table.c.uid)
    return and_(*(column == bindparam(f"at_{column.name}") for column in columns))


def at_slot(slot: Slot) -> dict[str, Any]:
    """The parameters of ``in_slot``."""
    return {
        "at_mailbox": slot.mailbox,
        "at_folder": slot.folder,
        "at_uidvalidity": slot.uidvalidity,
        "at_uid": slot.uid,
    }


def of_slot(slot: Slot) -> dict[str, Any]:
    """The columns that name a slot."""
    return {"mailbox": slot.mailbox, "folder": slot.folder, "uidvalidity": slot.uidvalidity, "uid": slot.uid}


def note(wire: Wire, kind: str, about: Mapping[str, Any], why: str = "", **facts: object) -> None:
    """Append an event when the transaction ends. ``about`` holds what is known of identity, key and mailbox."""
    wire.at_last(_NOTE, event(kind, about, why, **facts))


def event(kind: str, about: Mapping[str, Any], why: str = "", **facts: object) -> dict[str, Any]:
    """The row of an event."""
    words = [f"{name}={value}" for name, value in facts.items() if value not in ("", None)]
    if why:
        words.append(f"why={why}")
    return {
        "kind": kind,
        "identity": about.get("identity"),
        "key": about.get("key"),
        "mailbox": about.get("mailbox"),
        "detail": impersonal(" ".join(words)),
    }


def impersonal(words: str, max_chars: int = _MAX_DETAIL_CHARS) -> str:
    """The words on one line, cut, with nothing but the domain left of each address."""
    line = " ".join(printable(words[: 2 * max_chars]).split())
    return (_LOCAL_PART.sub("…@", line) if "@" in line else line)[:max_chars]


def printable(words: str) -> str:
    """The words without what no database takes as text: control characters and lone surrogates."""
    return words if words.isprintable() else "".join(c if c.isprintable() else " " for c in words)
