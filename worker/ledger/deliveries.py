"""Deliveries: planned once, claimed by one at a time, settled by the one whose fence still stands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Insert, Update, bindparam, case, func, null, select, update

from worker.ledger.clock import NowS, instant_or_none
from worker.ledger.compiled import Values
from worker.ledger.endings import Ending, ending_of
from worker.ledger.links import remember
from worker.ledger.owner import is_gone
from worker.ledger.records import Claim, DeliveryRow, Link, MessageFacts, Planned, Recorded
from worker.ledger.rows import DELIVERY, case_of, delivery_of
from worker.ledger.schema import deliveries, messages, slots
from worker.ledger.statements import impersonal, insert_if_absent, note, of_slot, put, put_all, upsert
from worker.ledger.store import Store
from worker.ledger.wire import Wire
from worker.outcome import Outcome
from worker.slot import Slot

_MAX_TRACE_CHARS = 2000

_AT_KEY = deliveries.c.key == bindparam("at_key")
# A row that another worker has in hand at this very moment is not ours; waiting for it could only dead-lock.
_SEEN = select(deliveries, NowS().label("now_s")).where(_AT_KEY).with_for_update(skip_locked=True)
_TAKE = (
    update(deliveries)
    .where(_AT_KEY)
    .values(
        state="delivering",
        owner=bindparam("holder"),
        fence=deliveries.c.fence + 1,
        attempts=bindparam("so_far"),
        lease_until_s=NowS() + bindparam("ttl_s"),
        due_at_s=None,
        earlier_intent_s=deliveries.c.intent_at_s,
        intent_at_s=NowS(),
        changed_at_s=NowS(),
    )
)
_KEPT_BY_HOLDER = (
    _AT_KEY,
    deliveries.c.fence == bindparam("at_fence"),
    deliveries.c.owner.is_not(None),
    deliveries.c.state == "delivering",
)


def _settle(intent: object) -> Update:
    return (
        update(deliveries)
        .where(*_KEPT_BY_HOLDER)
        .values(
            state=bindparam("ended"),
            owner=None,
            lease_until_s=None,
            due_at_s=NowS() + bindparam("after_s", type_=deliveries.c.due_at_s.type),
            attempts=deliveries.c.attempts + bindparam("counted"),
            intent_at_s=intent,
            earlier_intent_s=None,
            why=bindparam("because"),
            changed_at_s=NowS(),
            **{name: _given(name) for name in ("case_id", "case_number", "case_url")},
        )
        .returning(deliveries.c.identity, deliveries.c.key, deliveries.c.mailbox, deliveries.c.connector)
    )


def _given(name: str) -> object:
    """The new value, or the present one when no case is given."""
    return case((bindparam("has_case") == 1, bindparam(f"new_{name}")), else_=deliveries.c[name])


_SETTLE = {
    Ending.FINAL: _settle(null()),
    # This attempt did nothing, so what may have happened is what may have happened before it.
    Ending.NOTHING_DONE: _settle(deliveries.c.earlier_intent_s),
    Ending.MAYBE_DONE: _settle(deliveries.c.intent_at_s),
    Ending.STILL_UNKNOWN: _settle(func.coalesce(deliveries.c.earlier_intent_s, deliveries.c.intent_at_s)),
}
_BY_KEY = DELIVERY.where(deliveries.c.key.in_(bindparam("keys", expanding=True)))
_STANDING = select(deliveries.c.state, deliveries.c.fence, deliveries.c.owner, deliveries.c.identity).where(_AT_KEY)


class Deliveries(Store):
    """The deliveries of this ledger."""

    def record(self, slot: Slot, facts: MessageFacts, planned: Sequence[Planned]) -> None:
        """Write down what is to be done with a message, whole and once; the slot is its, and its strikes end."""
        self.record_all([Recorded(slot, facts, planned)])

    def record_all(self, records: Sequence[Recorded]) -> None:
        """As ``record``, for many messages in one transaction."""
        known = [self._message(one.facts) for one in records]
        rows = [_pending(planned, one) for one in records for planned in one.planned]
        places = [_placed(one.slot, one.facts.identity, "fresh") for one in records]
        if records:
            self._write(lambda wire: _record(wire, known, rows, places))

    def hold_unrouted(self, slot: Slot, facts: MessageFacts | None, key: str, why: str) -> bool:
        """Hold a message that has no route, or that may not be read: row, slot and event together.

        False when a person has discarded it before: the slot is then finished.
        """
        message = self._message(facts) if facts else None
        because = impersonal(why)
        return self._write(lambda wire: _hold(wire, slot, message, key, because))

    def claim(self, key: str, ttl_s: float = 120) -> Claim | None:
        """Take a delivery in hand; the intent is durable on return.

        None when it is final, held, not due, or in the hands of someone alive.
        """
        return self._write(lambda wire: self._claim(wire, key, ttl_s))

    def state(self, keys: Sequence[str]) -> dict[str, DeliveryRow]:
        """The rows of these keys; a key that was never recorded is missing."""
        return {row.key: delivery_of(row) for row in self._read(_BY_KEY, {"keys": list(keys)})}

    def settle(
        self, claim: Claim, outcome: Outcome, *, counts: bool = True, doubt: bool = False, link: Link | None = None
    ) -> bool:
        """Write how an attempt ended. False when the delivery is no longer ours; then only an event is written.

        ``counts``: whether the attempt counts. ``doubt``: it may have happened all the same; with Deferred the
        row stays ``delivering``. ``doubt`` without ``counts``: nothing new was sent, the earlier doubt goes on,
        and so does its age. A doubt that a claim came with ends with a final outcome only.
        ``link``: with Delivered, the conversation; else only the case is remembered.
        """
        ending, values = ending_of(claim, outcome, counts=counts, doubt=doubt, link=link)
        return self._write(lambda wire: self._settled(wire, ending, values, link))

    def _claim(self, wire: Wire, key: str, ttl_s: float) -> Claim | None:
        row = wire.first(_SEEN, {"at_key": key})
        if row is None or not _is_claimable(row):
            return None
        # An attempt whose holder never came back counts too, or a message that kills the worker would do so for ever.
        so_far = row.attempts + (row.state == "delivering" and row.owner is not None)
        wire.change(_TAKE, {"at_key": key, "holder": self.owner, "ttl_s": ttl_s, "so_far": so_far})
        doubt, attempt = row.intent_at_s is not None, so_far + 1
        about = {"identity": row.identity, "key": key, "mailbox": row.mailbox}
        note(wire, "attempt", about, number=attempt, connector=row.connector, in_doubt="yes" if doubt else "")
        age_s = max(0.0, row.now_s - row.intent_at_s) if doubt else 0.0
        return Claim(key, row.fence + 1, attempt, doubt, instant_or_none(row.intent_at_s), age_s, case_of(row))

    def _settled(self, wire: Wire, ending: Ending, values: dict[str, Any], link: Link | None) -> bool:
        row = wire.first(_SETTLE[ending], values)
        if row is None:
            return _was_settled(wire, values)
        about, ended = row._asdict(), values["ended"]
        kind = "in_doubt" if ended == "delivering" else ended
        note(
            wire,
            kind,
            about,
            values["because"],
            connector=row.connector,
            case=values["new_case_number"],
            after_s=None if values["after_s"] is None else round(values["after_s"], 1),
        )
        if link and ended == "delivered":
            remember(wire, link, self.hash_of)
        return True

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


def _record(wire: Wire, known: Sequence[Values], rows: Sequence[Values], places: Sequence[Values]) -> None:
    wire.change_all(insert_if_absent(messages, wire.dialect), known)
    for row in put_all(wire, deliveries, "key", rows):
        note(wire, "routed", row, row["trace"], connector=row["connector"], route=row["route"])
    wire.change_all(_into_place(wire.dialect), places)


def _hold(wire: Wire, slot: Slot, message: dict[str, Any] | None, key: str, why: str) -> bool:
    identity = message["identity"] if message else None
    if message:
        put(wire, messages, message)
    row = {**of_slot(slot), "key": key, "identity": identity, "state": "held", "why": why}
    if put(wire, deliveries, row):
        note(wire, "held", row, why)
    standing = wire.one(_STANDING, {"at_key": key}).state
    place = _placed(slot, identity, "held" if standing == "held" else "finished")
    wire.change(_into_place(wire.dialect), place)
    return bool(standing == "held")


def _into_place(dialect: str) -> Insert:
    return upsert(slots, dialect, "state", "strikes", "due_at_s", "identity")


def _placed(slot: Slot, identity: str | None, state: str) -> dict[str, Any]:
    """The slot in a state, linked to its message; its strikes end."""
    return {**of_slot(slot), "state": state, "strikes": 0, "due_at_s": None, "identity": identity}


def _pending(planned: Planned, record: Recorded) -> dict[str, Any]:
    return {
        **of_slot(record.slot),
        "key": planned.key,
        "identity": record.facts.identity,
        "connector": planned.connector,
        "target": planned.target,
        "route": planned.route,
        "trace": impersonal(planned.trace, _MAX_TRACE_CHARS),
        "state": "pending",
    }


def _is_claimable(row: Any) -> bool:
    if row.due_at_s is not None and row.due_at_s > row.now_s:
        return False
    if row.state == "delivering":
        return row.owner is None or bool(row.lease_until_s <= row.now_s) or is_gone(row.owner)
    return row.state in ("pending", "deferred")


def _was_settled(wire: Wire, values: dict[str, Any]) -> bool:
    """Whether this very settling is already in the ledger: its commit went through, but not the answer to it."""
    row = wire.first(_STANDING, values)
    if row and row.fence == values["at_fence"] and row.owner is None and row.state == values["ended"]:
        return True
    about = {"key": values["at_key"], "identity": row.identity if row else None}
    note(wire, "fence_lost", about, fence=values["at_fence"], outcome=values["ended"])
    return False
