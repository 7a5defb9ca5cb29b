"""What an operator may order: retry and discard. Each takes effect at once and leaves an event."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Delete, Update, and_, bindparam, delete, or_, select, update

from worker.ledger.pauses import end_pause
from worker.ledger.schema import UNFINISHED, deliveries, events, pauses, slots
from worker.ledger.statements import at_slot, in_slot, note
from worker.ledger.store import Store
from worker.ledger.wire import Wire
from worker.slot import Slot

_WAITING = ("held", "deferred", "pending")
_AT_KEY = deliveries.c.key == bindparam("at_key")
_SEEN = select(deliveries).where(_AT_KEY).with_for_update()
_CHANGE = {"due_at_s": None, "fence": deliveries.c.fence + 1, "why": ""}
_PENDING = update(deliveries).where(_AT_KEY).values(state="pending", attempts=0, **_CHANGE)
_DUE = update(deliveries).where(_AT_KEY).values(due_at_s=None)
_DISCARDED = update(deliveries).where(_AT_KEY).values(state="discarded", intent_at_s=None, **_CHANGE)
_DROP = delete(deliveries).where(_AT_KEY)
# The slots of a delivery: those of its message, or the one it was held in before it was read.
_ITS_SLOTS = or_(and_(slots.c.identity.is_not(None), slots.c.identity == bindparam("at_identity")), in_slot(slots))
_FRESH = (
    update(slots)
    .where(_ITS_SLOTS, slots.c.state.in_(("held", "deferred", "entered")))
    .values(state="fresh", strikes=0, due_at_s=None, why="")
)
_FINISHED = (
    update(slots).where(_ITS_SLOTS).values(state="finished", strikes=0, due_at_s=None, why="discarded by an operator")
)
_LEFT = select(deliveries.c.key).where(
    deliveries.c.identity == bindparam("at_identity"), deliveries.c.state.in_(UNFINISHED)
)
_PAUSES = select(pauses.c.connector, pauses.c.bucket).where(pauses.c.connector == bindparam("at_connector"))
_RETRIED = select(events.c.id).where(events.c.key == bindparam("at_key"), events.c.kind == "retried").limit(1)


class Orders(Store):
    """The operator's orders to this ledger."""

    def retry(self, keys: Sequence[str]) -> int:
        """Let deliveries that wait, for whatever reason, be tried at once; the number of those it was true of.

        Attempts count anew, except of a doubtful one, whose doubt goes on: the CRM is asked first, now.
        Pauses of their connector are over: a person says so.
        A message held without a route, or unread, is taken in again as if it were new.
        """
        return self._write(lambda wire: sum(_retry(wire, key) for key in dict.fromkeys(keys)))

    def reopen(self, key: str) -> bool:
        """Let a delivery that was held, put off or discarded be decided anew by the rules as they are now.

        Unlike ``retry``, no rule is set aside: what they hold now is held again. A doubt stays a doubt.
        """

        def reopened(wire: Wire) -> bool:
            row = wire.first(_SEEN, {"at_key": key})
            if row is None or row.connector is None or row.state not in (*_WAITING, "discarded"):
                return False
            wire.change(_PENDING, {"at_key": key})
            note(wire, "replayed", _about(row), by="operator", was=row.state)
            return True

        return self._write(reopened)

    def discard(self, key: str) -> bool:
        """Give up a delivery that waits; its message leaves the folder once all its deliveries are final."""
        return self._write(lambda wire: _discard(wire, key))

    def released(self, key: str) -> bool:
        """Whether an operator has ever let this delivery be tried again: a rule must not hold it a second time."""
        return bool(self._read(_RETRIED, {"at_key": key}))


def _retry(wire: Wire, key: str) -> bool:
    row = wire.first(_SEEN, {"at_key": key})
    if row is None or not (row.state in _WAITING or _is_doubtful(row)):
        return False
    wire.change(_change_of(row), {"at_key": key})
    wire.change(_FRESH, _slots_of(row))
    for pause in wire.rows(_PAUSES, {"at_connector": row.connector}):
        end_pause(wire, {"at_connector": pause.connector, "at_bucket": pause.bucket})
    note(wire, "retried", _about(row), by="operator", was=row.state, attempts=row.attempts)
    return True


def _is_doubtful(row: Any) -> bool:
    """Whether it waits, in nobody's hands, to learn what an attempt has done."""
    return bool(row.state == "delivering" and row.owner is None)


def _change_of(row: Any) -> Delete | Update:
    """A doubt stays a doubt: the CRM is asked before anything is sent again."""
    if row.connector is None:
        return _DROP
    return _DUE if _is_doubtful(row) else _PENDING


def _discard(wire: Wire, key: str) -> bool:
    row = wire.first(_SEEN, {"at_key": key})
    if row is None or row.state not in _WAITING:
        return False
    wire.change(_DISCARDED, {"at_key": key})
    if not wire.first(_LEFT, {"at_identity": row.identity}):
        wire.change(_FINISHED, _slots_of(row))
    note(wire, "discarded", _about(row), by="operator", was=row.state, connector=row.connector)
    return True


def _slots_of(row: Any) -> dict[str, Any]:
    return {**at_slot(Slot(row.mailbox, row.folder, row.uidvalidity, row.uid)), "at_identity": row.identity}


def _about(row: Any) -> dict[str, Any]:
    return {"identity": row.identity, "key": row.key, "mailbox": row.mailbox}
