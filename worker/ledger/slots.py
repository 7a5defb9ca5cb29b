"""Folders and slots: what of a mailbox has been looked at, what is in hand, what is due."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from sqlalchemy import and_, bindparam, case, delete, exists, insert, literal, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from worker.ledger.clock import NowS
from worker.ledger.records import Agenda, SlotEnd
from worker.ledger.schema import deliveries, events, folders, slots
from worker.ledger.statements import at_slot, impersonal, in_slot, note, of_slot, put
from worker.ledger.store import Store
from worker.ledger.wire import Wire
from worker.slot import Slot, Waiting

#: For a pause without an end: the message is looked at again after this long.
_LONGEST_S = 24 * 3600.0

_IN_FOLDER = and_(folders.c.mailbox == bindparam("at_mailbox"), folders.c.folder == bindparam("at_folder"))
_FOLDER = select(folders.c.uidvalidity, folders.c.mark).where(_IN_FOLDER)
_RESTART = update(folders).where(_IN_FOLDER).values(uidvalidity=bindparam("validity"), mark=0)
_RAISE = (
    update(folders)
    .where(_IN_FOLDER, folders.c.uidvalidity == bindparam("validity"), folders.c.mark < bindparam("to_uid"))
    .values(mark=bindparam("to_uid"))
)
_STALE = delete(slots).where(
    slots.c.mailbox == bindparam("at_mailbox"),
    slots.c.folder == bindparam("at_folder"),
    slots.c.uidvalidity != bindparam("validity"),
)
# A message held unread is known by its slot alone, so it is met again, and held again, in its new slot.
_STALE_UNREAD = delete(deliveries).where(
    deliveries.c.mailbox == bindparam("at_mailbox"),
    deliveries.c.folder == bindparam("at_folder"),
    deliveries.c.uidvalidity != bindparam("validity"),
    deliveries.c.connector.is_(None),
    deliveries.c.state == "held",
)
_KNOWN = select(
    slots.c.uid, slots.c.state, or_(slots.c.due_at_s.is_(None), slots.c.due_at_s <= NowS()).label("due")
).where(
    slots.c.mailbox == bindparam("at_mailbox"),
    slots.c.folder == bindparam("at_folder"),
    slots.c.uidvalidity == bindparam("validity"),
)
_ENTERED: dict[str, Any] = {"state": "entered", "strikes": slots.c.strikes + 1, "due_at_s": None, "why": ""}
_NAMES = (slots.c.mailbox, slots.c.folder, slots.c.uidvalidity, slots.c.uid)
_ENTER = {
    dialect: maker(slots)
    .on_conflict_do_update(index_elements=_NAMES, set_=_ENTERED)
    .returning(*_NAMES, slots.c.strikes)
    for dialect, maker in (("sqlite", sqlite.insert), ("postgresql", postgresql.insert))
}
# An operator's retry or discard may have come between the delivery's end and this one: then nothing is held any more,
# and the message is looked at again.
_IS_HELD = exists().where(
    deliveries.c.state == "held",
    or_(
        deliveries.c.identity == slots.c.identity,
        and_(*(deliveries.c[column.name] == column for column in _NAMES)),
    ),
)
_CONCLUDE = (
    update(slots)
    .where(in_slot(slots))
    .values(
        state=case((and_(bindparam("ended") == "held", ~_IS_HELD), "fresh"), else_=bindparam("ended")),
        strikes=0,
        due_at_s=NowS() + bindparam("after_s", type_=slots.c.due_at_s.type),
        why=bindparam("because"),
    )
)
_FAREWELL = insert(events).from_select(
    ["kind", "identity", "mailbox", "detail"],
    select(literal("acknowledged"), slots.c.identity, slots.c.mailbox, bindparam("words")).where(in_slot(slots)),
)
_FORGET = delete(slots).where(in_slot(slots))


class Slots(Store):
    """The slots of this ledger."""

    def folder_mark(self, mailbox: str, folder: str, uidvalidity: int) -> int:
        """The UID up to which every message is acknowledged or has a slot here; 0 for a new folder.

        Another UIDVALIDITY than before means other messages under the same UIDs (RFC 9051 section 2.3.1.1):
        every slot of the folder is forgotten; messages and deliveries stay known.
        """
        known = self._read(_FOLDER, {"at_mailbox": mailbox, "at_folder": folder})
        if known and known[0].uidvalidity == uidvalidity:
            return int(known[0].mark)
        return self._write(lambda wire: _restart(wire, mailbox, folder, uidvalidity))

    def agenda(self, mailbox: str, folder: str, uidvalidity: int, listed: Sequence[int]) -> Agenda:
        """Sort the listed UIDs and the slots that are due by what there is to do; see Agenda."""
        where = {"at_mailbox": mailbox, "at_folder": folder, "validity": uidvalidity}
        return _sorted(self._read(_KNOWN, where), listed)

    def enter(self, waiting: Sequence[Waiting]) -> dict[Slot, int]:
        """Count an entry of each slot, durable before its body is touched; the strikes so far, this one included."""
        if not waiting:
            return {}
        rows = [{**of_slot(one.slot), "state": "entered", "strikes": 1} for one in waiting]
        return self._write(lambda wire: _enter(wire, rows))

    def advance(self, mailbox: str, folder: str, uidvalidity: int, uid: int) -> None:
        """Raise the folder's mark; it never sinks."""
        values = {"at_mailbox": mailbox, "at_folder": folder, "validity": uidvalidity, "to_uid": uid}
        self._write(lambda wire: wire.change(_RAISE, values))

    def conclude(self, ends: Sequence[SlotEnd]) -> None:
        """Write down how messages left the hands of the poll; their strikes are forgotten."""
        if ends:
            rows = [_end(end) for end in ends]
            self._write(lambda wire: wire.change_all(_CONCLUDE, rows))

    def forget(self, gone: Sequence[Slot]) -> None:
        """Drop slots whose messages are acknowledged or gone; an event stays of each."""
        if gone:
            rows = [at_slot(slot) for slot in gone]
            self._write(lambda wire: _forget(wire, rows))


def _restart(wire: Wire, mailbox: str, folder: str, uidvalidity: int) -> int:
    where = {"at_mailbox": mailbox, "at_folder": folder, "validity": uidvalidity}
    new = {"mailbox": mailbox, "folder": folder, "uidvalidity": uidvalidity, "mark": 0}
    if put(wire, folders, new):
        return 0
    row = wire.one(_FOLDER, {"at_mailbox": mailbox, "at_folder": folder})
    if row.uidvalidity == uidvalidity:
        return int(row.mark)
    wire.change(_RESTART, where)
    forgotten = wire.change(_STALE, where)
    wire.change(_STALE_UNREAD, where)
    about = {"mailbox": mailbox}
    note(wire, "uidvalidity_changed", about, was=row.uidvalidity, now=uidvalidity, slots=forgotten)
    return 0


def _enter(wire: Wire, rows: list[dict[str, Any]]) -> dict[Slot, int]:
    entered = wire.rows_of_all(_ENTER[wire.dialect], rows)
    return {Slot(row.mailbox, row.folder, row.uidvalidity, row.uid): row.strikes for row in entered}


def _forget(wire: Wire, rows: list[dict[str, Any]]) -> None:
    wire.change_all(_FAREWELL, [{**row, "words": _words(row)} for row in rows])
    wire.change_all(_FORGET, rows)


def _words(row: dict[str, Any]) -> str:
    return f"folder={row['at_folder']} uidvalidity={row['at_uidvalidity']} uid={row['at_uid']}"


def _end(end: SlotEnd) -> dict[str, Any]:
    after_s = end.due_after_s if end.state == "deferred" else None
    if after_s is not None:
        after_s = max(0.0, after_s if math.isfinite(after_s) else _LONGEST_S)
    return {**at_slot(end.slot), "ended": end.state, "after_s": after_s, "because": impersonal(end.why)}


def _sorted(known: Sequence[Any], listed: Sequence[int]) -> Agenda:
    by_state: dict[str, list[int]] = {"entered": [], "fresh": [], "finished": [], "deferred": [], "held": []}
    waiting = 0
    for row in known:
        if row.due:
            by_state[row.state].append(row.uid)
        else:
            waiting += 1
    new = set(listed).difference(row.uid for row in known)
    return Agenda(
        fresh=tuple(sorted({*new, *by_state["fresh"], *by_state["deferred"]})),
        suspects=tuple(sorted(by_state["entered"])),
        finished=tuple(sorted(by_state["finished"])),
        waiting=waiting,
        held=len(by_state["held"]),
    )
