"""Escalations: changes to cases that wait too long, each permitted to one call and made once."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import bindparam, exists, literal, or_, select, update

from worker.ledger.clock import NowS
from worker.ledger.owner import is_gone
from worker.ledger.schema_waiting import escalations, waiting_cases
from worker.ledger.statements import impersonal, note, printable, put
from worker.ledger.waiting import Waiting, WaitingCase
from worker.ledger.wire import Wire

EscalationState = Literal["applying", "applied", "deferred", "doubtful", "rejected", "gone", "moot"]
_FINAL: frozenset[EscalationState] = frozenset(("applied", "rejected", "gone", "moot"))
#: No call takes that long, so whoever began it is gone.
_LOST_AFTER_S = 900.0
_MOOT = "the case was answered or closed before it was known whether it had been changed"


@dataclass(frozen=True)
class EscalationAsk:
    """A change that is to be made once. ``provable``: reading the case back tells whether it was made."""

    key: str
    case: WaitingCase
    #: as an operator finds it in the file
    rule: str
    provable: bool


@dataclass(frozen=True)
class EscalationGrant:
    """The permission to make the change, given to one call."""

    call: str
    #: number of this attempt, from 1
    attempt: int
    #: an earlier attempt may have reached the CRM
    doubtful: bool = False
    #: … and reading back tells whether it did
    provable: bool = False


@dataclass(frozen=True)
class Standing:
    """How a change stands."""

    state: EscalationState
    #: it may be tried (again) now
    due: bool
    why: str = ""

    @property
    def is_final(self) -> bool:
        """Whether nothing more is done about it."""
        return self.state in _FINAL

    @property
    def is_doubtful(self) -> bool:
        """Whether an attempt may have reached the CRM."""
        return self.state in ("doubtful", "applying")


def _state_values(name: str) -> Any:
    return bindparam(name, type_=escalations.c.due_at_s.type)


_STILL_WAITS = exists().where(
    waiting_cases.c.connector == escalations.c.connector, waiting_cases.c.case_id == escalations.c.case_id
)
_STANDING = select(
    escalations, or_(escalations.c.due_at_s.is_(None), escalations.c.due_at_s <= NowS()).label("due")
).add_columns((NowS() - escalations.c.changed_at_s).label("age_s"))
_ALL_STANDING = _STANDING.where(escalations.c.connector == bindparam("at_connector"), _STILL_WAITS)
_AT_KEY = escalations.c.key == bindparam("at_key")
_SEEN = _STANDING.where(_AT_KEY).with_for_update()
_AGAIN = (
    update(escalations)
    .where(_AT_KEY, escalations.c.call == bindparam("was_call"))
    .values(state="applying", call=bindparam("new_call"), owner=bindparam("holder"), due_at_s=None, changed_at_s=NowS())
)
_END = (
    update(escalations)
    .where(_AT_KEY, escalations.c.call == bindparam("at_call"), escalations.c.state == "applying")
    .values(
        state=bindparam("ended"),
        why=bindparam("because"),
        attempts=escalations.c.attempts + bindparam("counted"),
        due_at_s=NowS() + _state_values("after_s"),
        changed_at_s=NowS(),
    )
    .returning(*escalations.c)
)
_GIVE_UP = (
    update(escalations)
    .where(
        escalations.c.connector == bindparam("at_connector"),
        escalations.c.state.in_(("deferred", "doubtful")),
        ~_STILL_WAITS,
    )
    .values(state=literal("moot"), why=_MOOT, due_at_s=None, changed_at_s=NowS())
    .returning(*escalations.c)
)


class Escalations(Waiting):
    """The escalations of this ledger."""

    def escalations_of(self, connector: str) -> dict[str, Standing]:
        """How the changes to waiting cases stand, by key."""
        rows = self._read(_ALL_STANDING, {"at_connector": connector})
        return {row.key: Standing(row.state, _may_begin(row), row.why) for row in rows}

    def begin_escalation(self, ask: EscalationAsk) -> EscalationGrant | None:
        """The permission to make the change, durable before it is given; None when it is not to be had now."""
        call = secrets.token_hex(8)
        return self._write(lambda wire: self._begin_escalation(wire, ask, call))

    def end_escalation(
        self, key: str, grant: EscalationGrant, state: EscalationState, why: str, after_s: float | None = None
    ) -> bool:
        """How an attempt ended; ``after_s``: when it may be tried again. False when it was not ours any more.

        The attempt counts; who does not want that ends it with ``release_escalation``.
        """
        return self._write(lambda wire: _end(wire, key, grant.call, (state, why, after_s, 1)))

    def release_escalation(self, key: str, grant: EscalationGrant, why: str, after_s: float) -> bool:
        """As if it had not been begun: the whole connector must wait. What was doubtful stays so."""
        state: EscalationState = "doubtful" if grant.doubtful else "deferred"
        return self._write(lambda wire: _end(wire, key, grant.call, (state, why, after_s, 0)))

    def end_moot_escalations(self, connector: str) -> int:
        """Put down as moot what was never settled and whose case does not wait any more; how many there were."""

        def end(wire: Wire) -> int:
            rows = wire.rows(_GIVE_UP, {"at_connector": connector})
            for row in rows:
                _say(wire, row)
            return len(rows)

        return self._write(end)

    def _begin_escalation(self, wire: Wire, ask: EscalationAsk, call: str) -> EscalationGrant | None:
        case = ask.case
        row = {
            "key": ask.key,
            "connector": case.connector,
            "case_id": printable(case.case.id),
            "case_number": printable(case.case.number),
            "identity": case.identity,
            "rule": ask.rule,
            "state": "applying",
            "call": call,
            "owner": self.owner,
            "provable": int(ask.provable),
        }
        if put(wire, escalations, row):
            note(wire, "escalating", row, rule=ask.rule, connector=case.connector, case=row["case_number"])
            return EscalationGrant(call, 1)
        standing = wire.one(_SEEN, {"at_key": ask.key})
        if standing.call == call:
            # Its commit went through, but not the answer to it: the permission is this call's own.
            return EscalationGrant(call, 1)
        if not _may_begin(standing):
            return None
        values = {"at_key": ask.key, "was_call": standing.call, "new_call": call, "holder": self.owner}
        wire.change(_AGAIN, values)
        note(wire, "escalating", row, rule=ask.rule, connector=case.connector, case=row["case_number"])
        doubtful = standing.state != "deferred"
        return EscalationGrant(call, standing.attempts + 1, doubtful, bool(standing.provable))


def _may_begin(row: Any) -> bool:
    """Whether it waits for its next attempt, or its holder is gone."""
    if row.state == "applying":
        return is_gone(row.owner) or bool(row.age_s > _LOST_AFTER_S)
    return row.state in ("deferred", "doubtful") and bool(row.due)


def _end(wire: Wire, key: str, call: str, ending: tuple[EscalationState, str, float | None, int]) -> bool:
    state, why, after_s, counted = ending
    values = {"at_key": key, "at_call": call, "ended": state, "because": impersonal(why)}
    row = wire.first(_END, {**values, "after_s": after_s, "counted": counted})
    if row:
        _say(wire, row)
    return row is not None


def _say(wire: Wire, row: Any) -> None:
    kind = {"applied": "escalated"}.get(row.state, f"escalation_{row.state}")
    about = {"key": row.key, "identity": row.identity}
    note(wire, kind, about, row.why, rule=row.rule, connector=row.connector, case=row.case_number)
