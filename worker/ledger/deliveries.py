"""Deliveries: put on record once, in hand at once if that is wanted."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import groupby
from typing import Any

from sqlalchemy import Insert, bindparam
from sqlalchemy.sql.dml import ReturningInsert

from worker.ledger.claims import STANDING, first_claim, note_attempt
from worker.ledger.clock import NowS
from worker.ledger.compiled import Values
from worker.ledger.records import TAKEN_S, Claim, DeliveryRow, MessageFacts, Planned, Recorded
from worker.ledger.rows import DELIVERY, delivery_of
from worker.ledger.schema import deliveries, messages, slots
from worker.ledger.statements import if_absent, impersonal, insert_if_absent, note, of_slot, put, put_all, upsert
from worker.ledger.store import Store
from worker.ledger.wire import Wire
from worker.slot import Slot

_MAX_TRACE_CHARS = 2000

_BY_KEY = DELIVERY.where(deliveries.c.key.in_(bindparam("keys", expanding=True)))


class Deliveries(Store):
    """The deliveries of this ledger."""

    def record(self, slot: Slot, facts: MessageFacts, planned: Sequence[Planned]) -> None:
        """Write down what is to be done with a message, whole and once; the slot is its, and its strikes end."""
        self.record_all([Recorded(slot, facts, planned)])

    def record_all(self, records: Sequence[Recorded]) -> dict[str, Claim]:
        """As ``record``, for many messages in one transaction; the claims of what was to be taken and is new, by key.

        Their intent is durable with the record. One that is not begun after all has to be settled like any other.
        """
        known = [self._message(one.facts) for one in records]
        rows = [self._row(planned, one) for one in records for planned in one.planned]
        places = [_placed(one.slot, one.facts.identity, "fresh") for one in records]
        if not records:
            return {}
        new = self._write(lambda wire: _record(wire, known, rows, places))
        return {row["key"]: first_claim(row["key"]) for row in new if row["owner"]}

    def hold_unrouted(self, slot: Slot, facts: MessageFacts | None, key: str, why: str) -> bool:
        """Hold a message that has no route, or that may not be read: row, slot and event together.

        False when a person has discarded it before: the slot is then finished.
        """
        message = self._message(facts) if facts else None
        because = impersonal(why)
        return self._write(lambda wire: _hold(wire, slot, message, key, because))

    def state(self, keys: Sequence[str]) -> dict[str, DeliveryRow]:
        """The rows of these keys; a key that was never recorded is missing."""
        return {row.key: delivery_of(row) for row in self._read(_BY_KEY, {"keys": list(keys)})}

    def _row(self, planned: Planned, record: Recorded) -> dict[str, Any]:
        return {
            **of_slot(record.slot),
            "key": planned.key,
            "identity": record.facts.identity,
            "connector": planned.connector,
            "target": planned.target,
            "route": planned.route,
            "trace": impersonal(planned.trace, _MAX_TRACE_CHARS),
            "state": "delivering" if planned.take else "pending",
            "owner": self.owner if planned.take else None,
            "fence": int(planned.take),
        }

    def _message(self, facts: MessageFacts) -> dict[str, Any]:
        return {
            "identity": facts.identity,
            "message_id_hash": self.hash_of(facts.message_id) if facts.message_id else "",
            "author_hash": self.hash_of(facts.author) if facts.author else "",
            "subject_hash": self.hash_of(facts.subject) if facts.subject else "",
            "received_at_s": facts.received_at.timestamp(),
            "size_bytes": facts.size_bytes,
            "kind": facts.kind,
            "mailbox": facts.mailbox,
        }


@cache
def _new_row(dialect: str, *, taken: bool) -> ReturningInsert[Any]:
    statement = if_absent(deliveries, dialect)
    if taken:
        statement = statement.values(lease_until_s=NowS() + TAKEN_S, intent_at_s=NowS())
    return statement.returning(deliveries.c.key)


def _record(wire: Wire, known: Sequence[Values], rows: Sequence[Values], places: Sequence[Values]) -> list[Values]:
    wire.change_all(insert_if_absent(messages, wire.dialect), known)
    new: list[Values] = []
    for taken, alike in groupby(rows, lambda row: row["owner"] is not None):
        new += put_all(wire, _new_row(wire.dialect, taken=taken), "key", list(alike))
    for row in new:
        note(wire, "routed", row, row["trace"], connector=row["connector"], route=row["route"])
        if row["owner"]:
            note_attempt(wire, row, first_claim(row["key"]))
    wire.change_all(_into_place(wire.dialect), places)
    return new


def _hold(wire: Wire, slot: Slot, message: dict[str, Any] | None, key: str, why: str) -> bool:
    identity = message["identity"] if message else None
    if message:
        put(wire, messages, message)
    row = {**of_slot(slot), "key": key, "identity": identity, "state": "held", "why": why}
    if put(wire, deliveries, row):
        note(wire, "held", row, why)
    standing = wire.one(STANDING, {"at_key": key}).state
    # Not held yet: people have not been shown it, and whoever dies before that has to come back to it.
    place = _placed(slot, identity, "fresh" if standing == "held" else "finished")
    wire.change(_into_place(wire.dialect), place)
    return bool(standing == "held")


def _into_place(dialect: str) -> Insert:
    return upsert(slots, dialect, "state", "strikes", "due_at_s", "identity")


def _placed(slot: Slot, identity: str | None, state: str) -> dict[str, Any]:
    """The slot in a state, linked to its message; its strikes end."""
    return {**of_slot(slot), "state": state, "strikes": 0, "due_at_s": None, "identity": identity}
