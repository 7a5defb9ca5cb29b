"""Who is alive: each worker's own lease on it, renewed while it runs, by the database's clock."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, delete, select

from worker.ledger.clock import NowS
from worker.ledger.leases import ALIVE
from worker.ledger.owner import is_gone
from worker.ledger.schema import leases
from worker.ledger.statements import upsert
from worker.ledger.store import Store
from worker.ledger.wire import Wire

_ALL = (
    select(leases.c.name, leases.c.owner, leases.c.fence, (leases.c.until_s <= NowS()).label("is_over"))
    .where(leases.c.name.like(f"{ALIVE}%"))
    .order_by(leases.c.name)
)
_NOW = select(NowS().label("now_s"))
_FORGET = delete(leases).where(leases.c.name == bindparam("at_name"))
# A lease in force means that somebody is polling now.
_LATELY = select(leases.c.name).where(
    leases.c.name.in_(bindparam("names", expanding=True)),
    leases.c.until_s > NowS() - bindparam("after_s"),
)


@dataclass(frozen=True)
class Roll:
    """The answer to a worker's sign of life."""

    #: owners of this ledger's leases that live, this worker among them, sorted
    alive: tuple[str, ...]
    #: numbers of those that were found dead just now; each is told to one worker only
    gone: tuple[int, ...]


class Presence(Store):
    """Signs of life of the workers that share this ledger."""

    def here(self, number: int, ttl_s: float) -> Roll:
        """Give a sign of life that is good for ``ttl_s``, and learn who else lives. ``number`` is told when we die.

        A worker on this machine whose process is gone is dead at once, any other when its sign runs out.
        """
        return self._write(lambda wire: self._here(wire, number, ttl_s))

    def leave(self) -> None:
        """This worker ends in good order."""
        self._write(lambda wire: wire.change(_FORGET, {"at_name": ALIVE + self.owner}))

    def unpolled(self, names: Collection[str], after_s: float) -> tuple[str, ...]:
        """Which of these mailboxes nobody polls, and nobody has polled for that time, sorted."""
        lately = {row.name for row in self._read(_LATELY, {"names": list(names), "after_s": after_s})}
        return tuple(sorted(set(names) - lately))

    def _here(self, wire: Wire, number: int, ttl_s: float) -> Roll:
        now_s = wire.one(_NOW, {}).now_s
        ours = {"name": ALIVE + self.owner, "owner": self.owner, "fence": number, "until_s": now_s + ttl_s}
        wire.change(upsert(leases, wire.dialect, "fence", "until_s"), ours)
        rows = wire.rows(_ALL, {})
        gone = [row for row in rows if row.owner != self.owner and _is_dead(row)]
        told = [row.fence for row in gone if wire.change(_FORGET, {"at_name": row.name})]
        alive = sorted({row.owner for row in rows} - {row.owner for row in gone})
        return Roll(tuple(alive), tuple(told))


def _is_dead(row: Any) -> bool:
    return bool(row.is_over) or is_gone(row.owner)
