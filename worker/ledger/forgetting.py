"""Forgetting: finished mail after its time, in small batches; and a person, at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, and_, bindparam, delete, exists, or_, select

from worker.ledger.clock import NowS, instant
from worker.ledger.schema import (
    UNFINISHED,
    deliveries,
    events,
    links,
    messages,
    meta,
    participants,
    replies,
    slots,
)
from worker.ledger.schema_waiting import escalations, waiting_cases
from worker.ledger.statements import upsert
from worker.ledger.store import Store
from worker.ledger.wire import Wire

DAY_S = 24 * 3600.0
_BATCH = 200
#: The name in ``meta`` of the moment before which mail may have been handled and forgotten.
FORGOTTEN = "forgotten_before_s"

_NOW = select(NowS().label("now_s"))
_MARK = select(meta.c.value).where(meta.c.name == FORGOTTEN)
_OLDEST = select(events.c.id, events.c.at_s, events.c.identity, events.c.key).order_by(events.c.id).limit(_BATCH)
_CUTOFF = bindparam("cutoff_s", type_=events.c.at_s.type)
_IDENTITIES: BindParameter[Any] = bindparam("identities", expanding=True)
_STILL_WANTED = exists().where(
    deliveries.c.identity == messages.c.identity,
    or_(deliveries.c.state.in_(UNFINISHED), deliveries.c.changed_at_s >= _CUTOFF),
)
_DONE_WITH = select(messages.c.identity, messages.c.message_id_hash).where(
    messages.c.identity.in_(_IDENTITIES),
    messages.c.first_seen_s < _CUTOFF,
    ~_STILL_WANTED,
    ~exists().where(slots.c.identity == messages.c.identity),
)
_CASES = (
    select(deliveries.c.connector, deliveries.c.case_id, deliveries.c.case_number)
    .where(deliveries.c.identity.in_(_IDENTITIES), deliveries.c.case_id != "")
    .distinct()
)
_IN_CASE = and_(deliveries.c.connector == bindparam("at_connector"), deliveries.c.case_id == bindparam("at_case"))
# By the number first, which has an index.
_LEFT_IN_CASE = select(deliveries.c.key).where(deliveries.c.case_number == bindparam("at_number"), _IN_CASE).limit(1)
_DROP_DELIVERIES = delete(deliveries).where(deliveries.c.identity.in_(_IDENTITIES))
_DROP_UNREAD = delete(deliveries).where(
    deliveries.c.key.in_(bindparam("keys", expanding=True)),
    deliveries.c.identity.is_(None),
    deliveries.c.state.not_in(UNFINISHED),
    deliveries.c.changed_at_s < _CUTOFF,
)
_DROP_MESSAGES = delete(messages).where(messages.c.identity.in_(_IDENTITIES))
_DROP_LINKS = delete(links).where(links.c.message_id_hash.in_(bindparam("hashes", expanding=True)))
_DROP_CASE = tuple(
    delete(table).where(table.c.connector == bindparam("at_connector"), table.c.case_id == bindparam("at_case"))
    for table in (links, participants)
)
# An operator's word that a delivery may be tried holds as long as it is under way.
_HOLDS = and_(
    events.c.kind == "retried", exists().where(deliveries.c.key == events.c.key, deliveries.c.state.in_(UNFINISHED))
)
_DROP_EVENTS = delete(events).where(events.c.id.in_(bindparam("ids", expanding=True)), ~_HOLDS)
_OLD_REPLIES = (
    select(replies.c.key).where(replies.c.at_s < _CUTOFF, replies.c.state != "sending").limit(_BATCH).scalar_subquery()
)
_DROP_REPLIES = delete(replies).where(replies.c.key.in_(_OLD_REPLIES))
_OLD_ESCALATIONS = (
    select(escalations.c.key)
    .where(
        escalations.c.at_s < _CUTOFF,
        escalations.c.state.in_(("applied", "rejected", "gone", "moot")),
        ~exists().where(
            waiting_cases.c.connector == escalations.c.connector, waiting_cases.c.case_id == escalations.c.case_id
        ),
    )
    .limit(_BATCH)
    .scalar_subquery()
)
_DROP_ESCALATIONS = delete(escalations).where(escalations.c.key.in_(_OLD_ESCALATIONS))


class Forgetting(Store):
    """What this ledger lets go of with time."""

    #: Mail received before this may have been handled without the ledger's knowing: ask the CRM first.
    born_at: datetime

    def forget_old(self, days: float) -> int:
        """Forget a batch of what has been finished for so many days; how many rows that were, 0 when all is done.

        What is unfinished, or lies unmarked in its folder, is kept however old it is. A forgotten message that
        turns up again is older than ``born_at``, which moves on a day ahead of what is forgotten: so every worker
        that calls this daily asks the CRM for its key before it makes a case (I6).
        """
        forgotten, mark_s = self._write(lambda wire: _forget(wire, days))
        self.born_at = max(self.born_at, instant(mark_s))
        return forgotten


def _forget(wire: Wire, days: float) -> tuple[int, float]:
    cutoff_s = float(wire.one(_NOW, {}).now_s) - days * DAY_S
    mark_s = _raise_mark(wire, cutoff_s + DAY_S)
    at = {"cutoff_s": cutoff_s}
    oldest = [row for row in wire.rows(_OLDEST, {}) if row.at_s < cutoff_s]
    forgotten = _forget_mail(wire, sorted({row.identity for row in oldest if row.identity}), at)
    if keys := sorted({row.key for row in oldest if row.key}):
        forgotten += wire.change(_DROP_UNREAD, {**at, "keys": keys})
    if oldest:
        forgotten += wire.change(_DROP_EVENTS, {"ids": [row.id for row in oldest]})
    forgotten += wire.change(_DROP_REPLIES, at) + wire.change(_DROP_ESCALATIONS, at)
    return forgotten, mark_s


def _raise_mark(wire: Wire, moment_s: float) -> float:
    """Said before anything is forgotten, by whoever was first; it never sinks."""
    known = wire.first(_MARK, {})
    mark_s = max(float(known.value), moment_s) if known else moment_s
    wire.change(upsert(meta, wire.dialect, "value"), {"name": FORGOTTEN, "value": repr(mark_s)})
    return mark_s


def _forget_mail(wire: Wire, identities: Sequence[str], at: dict[str, Any]) -> int:
    found = wire.rows(_DONE_WITH, {**at, "identities": identities}) if identities else []
    done = {"identities": [row.identity for row in found]}
    if not found:
        return 0
    cases = wire.rows(_CASES, done)
    forgotten = wire.change(_DROP_DELIVERIES, done)
    if hashes := sorted({row.message_id_hash for row in found if row.message_id_hash}):
        forgotten += wire.change(_DROP_LINKS, {"hashes": hashes})
    for case in cases:
        where = {"at_connector": case.connector, "at_case": case.case_id}
        if not wire.first(_LEFT_IN_CASE, {**where, "at_number": case.case_number}):
            forgotten += sum(wire.change(drop, where) for drop in _DROP_CASE)
    return forgotten + wire.change(_DROP_MESSAGES, done)
