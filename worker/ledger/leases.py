"""Leases: who polls which mailbox, with an end, by the database's clock."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select, update

from worker.ledger.clock import NowS, instant
from worker.ledger.owner import is_gone
from worker.ledger.records import Lease, LeaseHeld
from worker.ledger.schema import leases
from worker.ledger.statements import note, put
from worker.ledger.store import Store
from worker.ledger.wire import Wire

_SEEN = select(leases, NowS().label("now_s")).where(leases.c.name == bindparam("at_name")).with_for_update()
_HOLD = (
    update(leases)
    .where(leases.c.name == bindparam("at_name"), leases.c.fence == bindparam("at_fence"))
    .values(owner=bindparam("holder"), fence=leases.c.fence + 1, until_s=NowS() + bindparam("ttl_s"))
)
_OURS = update(leases).where(
    leases.c.name == bindparam("at_name"),
    leases.c.fence == bindparam("at_fence"),
    leases.c.owner == bindparam("at_owner"),
)
_RENEW = _OURS.values(until_s=NowS() + bindparam("ttl_s"))
# A lease that was given back tells by its end when that was.
_RELEASE = _OURS.values(owner="", until_s=NowS())
#: Begins the names of leases that workers hold on being alive (see ``presence``); all others are mailboxes'.
ALIVE = "alive:"
_OF_MAILBOX = leases.c.name.not_like(f"{ALIVE}%")
_ENDED = select(leases.c.name, leases.c.until_s).where(leases.c.until_s > 0, leases.c.until_s <= NowS(), _OF_MAILBOX)
_IN_FORCE = (
    select(leases.c.name, leases.c.owner, (leases.c.until_s - NowS()).label("remaining_s"))
    .where(leases.c.owner != "", leases.c.until_s > NowS(), _OF_MAILBOX)
    .order_by(leases.c.name)
)


class Leases(Store):
    """The leases of this ledger."""

    def acquire(self, name: str, ttl_s: float = 60) -> Lease | None:
        """The lease, or None while someone else holds it, be it another thread of ours.

        A holder on this machine whose process is gone is taken over at once, any other when its time is up.
        """
        return self._write(lambda wire: self._acquire(wire, name, ttl_s))

    def renew(self, lease: Lease, ttl_s: float = 60) -> bool:
        """Begin its time anew. False when it is no longer ours."""
        values = {**_of(lease), "ttl_s": ttl_s}
        return self._write(lambda wire: wire.change(_RENEW, values) == 1)

    def release(self, lease: Lease) -> None:
        """Give it back, if it is still ours."""
        self._write(lambda wire: wire.change(_RELEASE, _of(lease)))

    def leases(self) -> tuple[LeaseHeld, ...]:
        """The leases in force on mailboxes."""
        return tuple(LeaseHeld(row.name, row.owner, row.remaining_s) for row in self._read(_IN_FORCE))

    def last_polls(self) -> dict[str, datetime]:
        """When each lease that nobody holds now was given back, or ran out with its holder."""
        return {row.name: instant(row.until_s) for row in self._read(_ENDED)}

    def _acquire(self, wire: Wire, name: str, ttl_s: float) -> Lease | None:
        put(wire, leases, {"name": name, "owner": "", "fence": 0, "until_s": 0.0})
        row = wire.one(_SEEN, {"at_name": name})
        if not _is_free(row):
            return None
        values = {"at_name": name, "at_fence": row.fence, "holder": self.owner, "ttl_s": ttl_s}
        wire.change(_HOLD, values)
        if row.owner:
            note(wire, "lease_taken_over", {"mailbox": name}, of=row.owner, fence=row.fence + 1)
        return Lease(name, self.owner, row.fence + 1)


def _is_free(row: Any) -> bool:
    return not row.owner or bool(row.until_s <= row.now_s) or is_gone(row.owner)


def _of(lease: Lease) -> dict[str, Any]:
    return {"at_name": lease.name, "at_fence": lease.fence, "at_owner": lease.owner}
