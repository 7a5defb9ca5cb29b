"""Pauses: a connector, or one bucket of it, that gets nothing for a time or until a person acts."""

from __future__ import annotations

import math
from typing import Any

from sqlalchemy import bindparam, delete, or_, select, update

from worker.ledger.clock import NowS, instant, instant_or_none
from worker.ledger.records import Pause
from worker.ledger.schema import pauses
from worker.ledger.statements import impersonal, note, printable, put
from worker.ledger.store import Store
from worker.ledger.wire import Wire

_IN_FORCE = or_(pauses.c.until_s.is_(None), pauses.c.until_s > NowS())
_AT = (pauses.c.connector == bindparam("at_connector"), pauses.c.bucket == bindparam("at_bucket"))
_ALL = select(pauses, NowS().label("now_s")).where(_IN_FORCE)
_STANDING = select(pauses.c.until_s).where(*_AT, _IN_FORCE)
_OVER = delete(pauses).where(*_AT, ~_IN_FORCE)
_LONGER = (
    update(pauses)
    .where(*_AT, pauses.c.until_s < NowS() + bindparam("for_s", type_=pauses.c.until_s.type))
    .values(until_s=NowS() + bindparam("for_s", type_=pauses.c.until_s.type), why=bindparam("because"))
)
_FOR_GOOD = update(pauses).where(*_AT).values(until_s=None, why=bindparam("because"))
_ENDS = update(pauses).where(*_AT).values(until_s=NowS() + bindparam("for_s", type_=pauses.c.until_s.type))
_RESUME = delete(pauses).where(*_AT)


class Pauses(Store):
    """The pauses of this ledger."""

    def pause(self, connector: str, bucket: str, seconds: float | None, why: str) -> bool:
        """Send nothing for that long; None: until a person acts. A pause in force is never shortened.

        True when there was none in force: the one moment to alert.
        """
        values = {"at_connector": connector, "at_bucket": printable(bucket), "because": impersonal(why)}
        for_s = seconds if seconds is not None and math.isfinite(seconds) else None
        return self._write(lambda wire: _pause(wire, values, for_s))

    def resume(self, connector: str, bucket: str = "") -> bool:
        """End a pause. True when there was one in force."""
        values = {"at_connector": connector, "at_bucket": printable(bucket)}
        return self._write(lambda wire: end_pause(wire, values))

    def pauses(self) -> dict[tuple[str, str], Pause]:
        """The pauses in force, by connector and bucket."""
        return {(row.connector, row.bucket): _pause_of(row) for row in self._read(_ALL)}


def end_pause(wire: Wire, values: dict[str, Any]) -> bool:
    """End a pause within a transaction; True when there was one in force."""
    in_force = wire.first(_STANDING, values) is not None
    wire.change(_RESUME, values)
    if in_force:
        note(wire, "resumed", {}, connector=values["at_connector"], bucket=values["at_bucket"])
    return in_force


def _pause(wire: Wire, values: dict[str, Any], for_s: float | None) -> bool:
    at = {name: values[name] for name in ("at_connector", "at_bucket")}
    about = {"connector": at["at_connector"], "bucket": at["at_bucket"]}
    wire.change(_OVER, at)
    new = put(wire, pauses, {**about, "until_s": None, "why": values["because"]})
    if not new:
        wire.change(*((_LONGER, {**values, "for_s": for_s}) if for_s is not None else (_FOR_GOOD, values)))
        return False
    if for_s is not None:
        wire.change(_ENDS, {**at, "for_s": for_s})
    seconds = "until a person acts" if for_s is None else round(for_s, 1)
    note(wire, "paused", {}, values["because"], for_s=seconds, **about)
    return True


def _pause_of(row: Any) -> Pause:
    remaining_s = math.inf if row.until_s is None else max(0.0, row.until_s - row.now_s)
    return Pause(instant(row.since_s), instant_or_none(row.until_s), remaining_s, row.why)
