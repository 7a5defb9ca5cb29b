"""Values for tests of the ledger."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

from connectors.contract import CaseRef
from worker.ledger import Ledger, Link, MessageFacts, Planned
from worker.ledger.engine import Engines
from worker.slot import Slot, Waiting

MAILBOX, FOLDER, VALIDITY = "support", "INBOX", 7
WHERE = (MAILBOX, FOLDER, VALIDITY)
RECEIVED = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
CASE = CaseRef("4711", "C-4711", "https://crm.example/4711")


def slot(uid: int = 1, *, validity: int = VALIDITY, mailbox: str = MAILBOX) -> Slot:
    return Slot(mailbox, FOLDER, validity, uid)


def waiting(*uids: int) -> list[Waiting]:
    return [Waiting(slot(uid), 1000, RECEIVED) for uid in uids]


def digest(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def key(name: str = "one", connector: str = "crm") -> str:
    return digest(f"{name}/{connector}")[:40]


def facts(name: str = "one", **changes: object) -> MessageFacts:
    given: dict[str, object] = {
        "identity": digest(name),
        "message_id": f"{name}@example.com",
        "author": f"{name}@customer.example",
        "subject": f"Question {name}",
        "received_at": RECEIVED,
        "size_bytes": 1000,
        "kind": "customer",
        "mailbox": MAILBOX,
    }
    return MessageFacts(**{**given, **changes})  # type: ignore[arg-type]


def planned(name: str = "one", connector: str = "crm") -> Planned:
    return Planned(key(name, connector), connector, "", "billing", "matched by To")


def routed(ledger: Ledger, name: str = "one", uid: int = 1, connectors: tuple[str, ...] = ("crm",)) -> str:
    """A message entered and recorded; the key of its first delivery."""
    ledger.folder_mark(*WHERE)
    ledger.enter(waiting(uid))
    ledger.record(slot(uid), facts(name), [planned(name, connector) for connector in connectors])
    return key(name, connectors[0])


def link(name: str = "one", case: CaseRef = CASE) -> Link:
    return Link("crm", case, (f"{name}@example.com",), (f"{name}@customer.example",))


def pragma(engines: Engines, words: str) -> object:
    """Ask or tell SQLite something on the connection that writes."""
    with engines.writes.borrowed() as wire:
        row = wire._connection.execute(f"PRAGMA {words}").fetchone()
    return row[0] if row else None
