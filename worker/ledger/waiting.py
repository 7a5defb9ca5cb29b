"""Cases in which a customer waits, as their CRM last showed them; and how far each CRM has been read back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, or_, select, update

from connectors.contract import CaseRef, CaseState
from worker.ledger.clock import NowS, instant, instant_or_none
from worker.ledger.schema import deliveries, messages
from worker.ledger.schema_waiting import cursors, waiting_cases
from worker.ledger.statements import printable, put, upsert
from worker.ledger.store import Store
from worker.ledger.wire import Wire


@dataclass(frozen=True, kw_only=True)
class WaitingCase:
    """An open case in which a customer waits; words are the CRM's own, times its own too."""

    connector: str
    case: CaseRef
    #: of the route and the message that opened it, as far as the ledger knows
    route: str
    identity: str | None
    received_at: datetime | None
    opened_at: datetime
    first_answer_at: datetime | None
    last_answer_at: datetime | None
    last_customer_at: datetime | None
    status: str
    priority: str
    queue: str
    owner_hash: str


_TURN = select(cursors.c.read_until_s, (cursors.c.next_at_s <= NowS()).label("due")).where(
    cursors.c.connector == bindparam("at_connector")
)
_NEXT = (
    update(cursors)
    .where(cursors.c.connector == bindparam("at_connector"), cursors.c.next_at_s <= NowS())
    .values(next_at_s=NowS() + bindparam("every_s", type_=cursors.c.next_at_s.type))
)
_READ = (
    update(cursors)
    .where(
        cursors.c.connector == bindparam("at_connector"),
        or_(cursors.c.read_until_s.is_(None), cursors.c.read_until_s < bindparam("until_s")),
    )
    .values(read_until_s=bindparam("until_s"))
)
_DROP = delete(waiting_cases).where(
    waiting_cases.c.connector == bindparam("at_connector"), waiting_cases.c.case_id == bindparam("at_case")
)
_WAITING = (
    select(waiting_cases, deliveries.c.route, deliveries.c.identity, messages.c.received_at_s)
    .select_from(
        waiting_cases.outerjoin(deliveries, deliveries.c.key == waiting_cases.c.key).outerjoin(
            messages, messages.c.identity == deliveries.c.identity
        )
    )
    .where(waiting_cases.c.connector == bindparam("at_connector"))
    .order_by(waiting_cases.c.opened_at_s, waiting_cases.c.case_id)
)


class Waiting(Store):
    """What this ledger knows of waiting cases."""

    def read_back_turn(self, connector: str, every_s: float) -> tuple[bool, datetime | None]:
        """Whether it is our turn to read that connector back, and from when on (the CRM's clock; None: never yet).

        Of all workers one gets a turn, and then none for ``every_s``.
        """
        return self._write(lambda wire: _turn(wire, connector, every_s))

    def read_back_until(self, connector: str, moment: datetime) -> None:
        """Everything that changed up to then (the CRM's clock) has been read back; the mark never sinks."""
        self._write(lambda wire: wire.change(_READ, {"at_connector": connector, "until_s": moment.timestamp()}))

    def watch(self, connector: str, waiting: Sequence[CaseState], others: Sequence[CaseState]) -> None:
        """Remember the cases in which a customer waits as they stand now, and forget the others."""
        rows = [self._waiting_row(connector, state) for state in waiting]
        gone = [{"at_connector": connector, "at_case": printable(state.case.id)} for state in others]

        def write(wire: Wire) -> None:
            wire.change_all(upsert(waiting_cases, wire.dialect, *_CHANGING), rows)
            wire.change_all(_DROP, gone)

        if rows or gone:
            self._write(write)

    def forget_waiting(self, connector: str, case_id: str) -> None:
        """The case is no more."""
        self._write(lambda wire: wire.change(_DROP, {"at_connector": connector, "at_case": printable(case_id)}))

    def waiting_cases(self, connector: str) -> list[WaitingCase]:
        """The cases in which a customer waits, the oldest first."""
        return [_waiting(row) for row in self._read(_WAITING, {"at_connector": connector})]

    def _waiting_row(self, connector: str, state: CaseState) -> dict[str, Any]:
        return {
            "connector": connector,
            "case_id": printable(state.case.id),
            "case_number": printable(state.case.number),
            "case_url": printable(state.case.url),
            "key": printable(state.key),
            "opened_at_s": state.opened_at.timestamp(),
            "first_answer_s": _seconds(state.first_answer_at),
            "last_answer_s": _seconds(state.last_answer_at),
            "last_customer_s": _seconds(state.last_customer_at),
            "status": printable(state.status),
            "priority": printable(state.priority),
            "queue": printable(state.queue),
            "owner_hash": self.hash_of(state.owner) if state.owner else "",
        }


_CHANGING = tuple(column.name for column in waiting_cases.columns if not column.primary_key)


def _turn(wire: Wire, connector: str, every_s: float) -> tuple[bool, datetime | None]:
    put(wire, cursors, {"connector": connector, "read_until_s": None, "next_at_s": 0.0})
    ours = wire.change(_NEXT, {"at_connector": connector, "every_s": every_s}) == 1
    return ours, instant_or_none(wire.one(_TURN, {"at_connector": connector}).read_until_s)


def _waiting(row: Any) -> WaitingCase:
    return WaitingCase(
        connector=row.connector,
        case=CaseRef(row.case_id, row.case_number, row.case_url),
        route=row.route or "",
        identity=row.identity,
        received_at=instant_or_none(row.received_at_s),
        opened_at=instant(row.opened_at_s),
        first_answer_at=instant_or_none(row.first_answer_s),
        last_answer_at=instant_or_none(row.last_answer_s),
        last_customer_at=instant_or_none(row.last_customer_s),
        status=row.status,
        priority=row.priority,
        queue=row.queue,
        owner_hash=row.owner_hash,
    )


def _seconds(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()
