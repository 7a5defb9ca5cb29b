"""Claims: one attempt at a time at each delivery, settled by the one whose fence still stands."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Update, bindparam, case, func, null, select, update

from worker.ledger.clock import NowS, instant_or_none
from worker.ledger.compiled import Values
from worker.ledger.endings import Ending, ending_of
from worker.ledger.links import remember
from worker.ledger.owner import is_gone
from worker.ledger.records import Claim, Link
from worker.ledger.rows import case_of
from worker.ledger.schema import deliveries
from worker.ledger.statements import note
from worker.ledger.store import Store
from worker.ledger.wire import Wire
from worker.outcome import Outcome

AT_KEY = deliveries.c.key == bindparam("at_key")
# A row that another worker has in hand at this very moment is not ours; waiting for it could only dead-lock.
_SEEN = select(deliveries, NowS().label("now_s")).where(AT_KEY).with_for_update(skip_locked=True)
_TAKE = (
    update(deliveries)
    .where(AT_KEY)
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
    AT_KEY,
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
STANDING = select(deliveries.c.state, deliveries.c.fence, deliveries.c.owner, deliveries.c.identity).where(AT_KEY)
_PROLONG = update(deliveries).where(*_KEPT_BY_HOLDER).values(lease_until_s=NowS() + bindparam("ttl_s"))


class Claims(Store):
    """The attempts of this ledger."""

    def claim(self, key: str, ttl_s: float = 120) -> Claim | None:
        """Take a delivery in hand; the intent is durable on return.

        None when it is final, held, not due, or in the hands of someone alive.
        """
        return self._write(lambda wire: self._claim(wire, key, ttl_s))

    def prolong(self, claim: Claim, ttl_s: float) -> bool:
        """Keep a delivery in hand for that long from now on. False when it is no longer ours."""
        values = {"at_key": claim.key, "at_fence": claim.fence, "ttl_s": ttl_s}
        return self._write(lambda wire: wire.change(_PROLONG, values)) == 1

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
        doubt = row.intent_at_s is not None
        age_s = max(0.0, row.now_s - row.intent_at_s) if doubt else 0.0
        claim = Claim(key, row.fence + 1, so_far + 1, doubt, instant_or_none(row.intent_at_s), age_s, case_of(row))
        note_attempt(wire, row._asdict(), claim)
        return claim

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


def first_claim(key: str) -> Claim:
    """The claim that is made together with the row."""
    return Claim(key, 1, 1, False, None, 0.0, None)


def note_attempt(wire: Wire, row: Values, claim: Claim) -> None:
    """The event that an attempt begins."""
    doubt = "yes" if claim.in_doubt else ""
    note(wire, "attempt", row, number=claim.attempt, connector=row["connector"], in_doubt=doubt)


def _is_claimable(row: Any) -> bool:
    if row.due_at_s is not None and row.due_at_s > row.now_s:
        return False
    if row.state == "delivering":
        return row.owner is None or bool(row.lease_until_s <= row.now_s) or is_gone(row.owner)
    return row.state in ("pending", "deferred")


def _was_settled(wire: Wire, values: dict[str, Any]) -> bool:
    """Whether this very settling is already in the ledger: its commit went through, but not the answer to it."""
    row = wire.first(STANDING, values)
    if row and row.fence == values["at_fence"] and row.owner is None and row.state == values["ended"]:
        return True
    about = {"key": values["at_key"], "identity": row.identity if row else None}
    note(wire, "fence_lost", about, fence=values["at_fence"], outcome=values["ended"])
    return False
