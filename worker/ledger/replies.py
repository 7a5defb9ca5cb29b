"""Automatic answers: asked for once a message, granted within the budgets, never granted twice."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Select, bindparam, func, select, update

from connectors.contract import CaseRef
from worker.ledger.clock import NowS
from worker.ledger.links import remember
from worker.ledger.owner import is_gone
from worker.ledger.records import Link
from worker.ledger.schema import replies
from worker.ledger.statements import impersonal, note, printable, put
from worker.ledger.store import Store
from worker.ledger.wire import Wire

ReplyState = Literal["sending", "sent", "failed", "unsure", "suppressed"]

DAY_S, HOUR_S = 24 * 3600.0, 3600.0
#: No submission takes that long, so whoever began it is gone.
_LOST_AFTER_S = 1800.0
MAYBE_SENT = "an earlier attempt never came back: maybe sent, not repeated"
#: Names the lock under which budgets are counted and granted on a server; SQLite has one writer anyway.
_LOCK = 0x6D32_6372_6570

_IN_BUDGET = replies.c.state.in_(("sending", "sent", "unsure"))


@dataclass(frozen=True, kw_only=True)
class ReplyAsk:
    """An answer that may be sent: to whom, in which case, and by which id it will be known again."""

    key: str
    #: of the message that is answered
    identity: str
    template: str
    connector: str
    case: CaseRef
    recipient: str
    #: by which an answer to the answer finds its case
    message_ids: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ReplyLimits:
    """So many at most: to one address a day, to one domain an hour, in one case ever, in all an hour."""

    recipient: int
    domain: int
    case: int
    total: int


@dataclass(frozen=True)
class ReplyGrant:
    """Whether it may be sent now, by this very call; if not, how the matter stands and why."""

    granted: bool
    state: ReplyState
    why: str = ""
    #: to be given back with the result
    call: str = ""


def _count(*where: Any) -> Any:
    return select(func.count()).select_from(replies).where(_IN_BUDGET, *where).scalar_subquery()


def _since(name: str) -> Any:
    return replies.c.at_s > NowS() - bindparam(name, type_=replies.c.at_s.type)


_STANDING = select(
    replies.c.state, replies.c.why, replies.c.call, replies.c.owner, (NowS() - replies.c.at_s).label("age_s")
).where(replies.c.key == bindparam("at_key"))
_SPENT: Select[Any] = select(
    _count(replies.c.recipient_hash == bindparam("at_recipient"), _since("day_s")).label("recipient"),
    _count(replies.c.domain_hash == bindparam("at_domain"), _since("hour_s")).label("domain"),
    _count(replies.c.connector == bindparam("at_connector"), replies.c.case_id == bindparam("at_case")).label("case"),
    _count(_since("hour_s")).label("total"),
)
_END = (
    update(replies)
    .where(replies.c.key == bindparam("at_key"), replies.c.call == bindparam("at_call"), replies.c.state == "sending")
    .values(state=bindparam("ended"), why=bindparam("because"), changed_at_s=NowS())
    .returning(replies.c.key, replies.c.identity)
)
_LOST = (
    update(replies)
    .where(replies.c.state == "sending", replies.c.at_s < NowS() - bindparam("after_s", type_=replies.c.at_s.type))
    .values(state="unsure", why=MAYBE_SENT, changed_at_s=NowS())
    .returning(replies.c.key, replies.c.identity)
)
_TAKE_TURNS = select(func.pg_advisory_xact_lock(_LOCK).label("turn"))
_WORDS = {
    "recipient": "this address had {} automatic answers within 24 hours",
    "domain": "this domain had {} automatic answers within an hour",
    "case": "its conversation had {} automatic answer(s) already",
    "total": "{} automatic answers were sent within an hour",
}


class Replies(Store):
    """The automatic answers of this ledger."""

    def begin_reply(self, ask: ReplyAsk, limits: ReplyLimits) -> ReplyGrant:
        """The permission to send, durable before it is given, and given once for each key, to one call.

        Counted and written in one transaction, so that no number of workers draws more than the budgets.
        """
        call = secrets.token_hex(8)
        return self._write(lambda wire: self._begin_reply(wire, ask, limits, call))

    def suppress_reply(self, ask: ReplyAsk, why: str) -> ReplyGrant:
        """Write down that it was not sent, and why; what was decided earlier about the same key stands."""

        def suppress(wire: Wire) -> ReplyGrant:
            standing = wire.first(_STANDING, {"at_key": ask.key})
            return _stands(wire, ask, standing) if standing else self._suppress_reply(wire, ask, why)

        return self._write(suppress)

    def end_reply(self, key: str, call: str, state: ReplyState, why: str = "") -> bool:
        """The result of sending. False when that call had no permission, or was given up for lost."""
        return self._write(lambda wire: _end(wire, key, call, state, why))

    def end_lost_replies(self, after_s: float = _LOST_AFTER_S) -> int:
        """Put down as unsure what was begun so long ago that nobody can still be at it; how many there were."""

        def end(wire: Wire) -> int:
            lost = wire.rows(_LOST, {"after_s": after_s})
            for row in lost:
                note(wire, "reply_unsure", {"key": row.key, "identity": row.identity}, MAYBE_SENT)
            return len(lost)

        return self._write(end)

    def reply_state(self, key: str) -> tuple[ReplyState, str] | None:
        """How it stands, and why."""
        rows = self._read(_STANDING, {"at_key": key})
        return (rows[0].state, rows[0].why) if rows else None

    def _begin_reply(self, wire: Wire, ask: ReplyAsk, limits: ReplyLimits, call: str) -> ReplyGrant:
        if wire.dialect == "postgresql":
            wire.rows(_TAKE_TURNS, {})
        standing = wire.first(_STANDING, {"at_key": ask.key})
        if standing and standing.call == call:
            # Its commit went through, but not the answer to it: the permission is this call's own.
            return ReplyGrant(True, "sending", "", call)
        if standing:
            return _stands(wire, ask, standing)
        why = self._too_many_replies(wire, ask, limits)
        if why:
            return self._suppress_reply(wire, ask, why)
        put(wire, replies, {**self._reply_row(ask), "state": "sending", "call": call, "owner": self.owner})
        remember(wire, Link(ask.connector, ask.case, ask.message_ids), self.hash_of)
        note(wire, "reply_begun", {"key": ask.key, "identity": ask.identity}, template=ask.template)
        return ReplyGrant(True, "sending", "", call)

    def _too_many_replies(self, wire: Wire, ask: ReplyAsk, limits: ReplyLimits) -> str:
        """Which budget is used up, in words, or ""."""
        row = self._reply_row(ask)
        where = {f"at_{name}": row[column] for name, column in _COLUMNS.items()}
        spent = wire.one(_SPENT, {**where, "day_s": DAY_S, "hour_s": HOUR_S})
        for name, words in _WORDS.items():
            if getattr(spent, name) >= getattr(limits, name):
                return words.format(getattr(spent, name))
        return ""

    def _suppress_reply(self, wire: Wire, ask: ReplyAsk, why: str) -> ReplyGrant:
        said = impersonal(why)
        put(wire, replies, {**self._reply_row(ask), "state": "suppressed", "why": said})
        note(wire, "reply_suppressed", {"key": ask.key, "identity": ask.identity}, said, template=ask.template)
        return ReplyGrant(False, "suppressed", said)

    def _reply_row(self, ask: ReplyAsk) -> dict[str, Any]:
        domain = ask.recipient.rpartition("@")[2]
        return {
            "key": ask.key,
            "identity": ask.identity,
            "template": printable(ask.template),
            "connector": ask.connector,
            "case_id": printable(ask.case.id),
            "recipient_hash": self.hash_of(person_of(ask.recipient)),
            "domain_hash": self.hash_of(f"@{domain}"),
        }


def person_of(address: str) -> str:
    """Whose budget an address has: ann+anything@ is ann's as well."""
    local, _, domain = address.rpartition("@")
    return f"{local.partition('+')[0] or local}@{domain}"


_COLUMNS = {"recipient": "recipient_hash", "domain": "domain_hash", "connector": "connector", "case": "case_id"}


def _stands(wire: Wire, ask: ReplyAsk, standing: Any) -> ReplyGrant:
    """What was decided before; what a dead one began may have been sent, and is not sent again."""
    if standing.state != "sending":
        return ReplyGrant(False, standing.state, standing.why)
    if is_gone(standing.owner) or standing.age_s > _LOST_AFTER_S:
        _end(wire, ask.key, standing.call, "unsure", MAYBE_SENT)
        return ReplyGrant(False, "unsure", MAYBE_SENT)
    return ReplyGrant(False, "sending", "another worker is sending it")


def _end(wire: Wire, key: str, call: str, state: ReplyState, why: str) -> bool:
    said = impersonal(why)
    ended = wire.first(_END, {"at_key": key, "at_call": call, "ended": state, "because": said})
    if ended:
        note(wire, f"reply_{state}", {"key": key, "identity": ended.identity}, said)
    return ended is not None
