"""One tick: read each CRM back in one question, then do what is due, in the order in which it became so."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import islice

import structlog

from connectors.contract import CaseState, ConnectorError, Throttled, Unusable
from worker.doors import Door
from worker.escalations.attempt import Came, attempt, paused_by
from worker.escalations.rules import Occasion, Rule, as_set, change_key, occasion_of, rules_of, waits
from worker.house import House
from worker.ledger import LedgerError, Standing, WaitingCase

log = structlog.get_logger(__name__)

#: Two ticks' questions overlap by this much: a CRM's index lags, and its clocks need not agree with each other.
OVERLAP = timedelta(minutes=10)
#: The first question of all reaches back so far; what stood still for longer is left alone.
FIRST_LOOK = timedelta(days=30)
#: What was read back longer ago is read again before anything is done about it: somebody may have answered.
FRESH_S = 60.0
_BATCH = 200


@dataclass
class Escalated:
    """What a tick came to for one connector."""

    connector: str
    #: cases that the CRM showed
    read: int = 0
    #: cases in which a customer waits
    waiting: int = 0
    applied: int = 0
    #: changes that the CRM will never take
    refused: int = 0
    #: changes that are due and were not made, or of which nobody knows yet
    later: int = 0
    #: why nothing was done
    problem: str = ""


@dataclass(frozen=True)
class _Round:
    """What a tick works with, for one connector."""

    door: Door
    rules: Sequence[Rule]
    now: datetime
    tally: Escalated
    standing: Mapping[str, Standing]
    began_s: float = field(default_factory=time.monotonic)


def escalate(house: House, *, every_s: float = 0.0, now: datetime | None = None) -> tuple[Escalated, ...]:
    """Do what is due now in every CRM that an escalation is about. A fault is told in the answer, and never raised.

    ``every_s``: of all workers that share the ledger, one asks a CRM within that time, and the others leave it alone.
    """
    rules, moment = rules_of(house.settings), now or datetime.now(UTC)
    rounds = []
    for name, door in house.doors.items():
        mine = [rule for rule in rules if rule.escalation.when.connector in (None, name)]
        if mine and not house.stopping.is_set():
            rounds.append(_guarded(_Round(door, mine, moment, Escalated(name), {}), house, every_s))
    return tuple(rounds)


def _guarded(one: _Round, house: House, every_s: float) -> Escalated:
    """One connector's trouble is not another's."""
    try:
        _tick(one, house, every_s)
    except LedgerError as error:
        one.tally.problem = str(error)
    except Exception as error:
        log.exception("unforeseen", connector=one.door.name)
        one.tally.problem = f"unforeseen {type(error).__name__} in the worker; see its log"
    return one.tally


def _tick(one: _Round, house: House, every_s: float) -> None:
    door, ledger = one.door, house.ledger
    if not _is_able(door):
        return
    door.refresh()
    if paused := door.paused():
        one.tally.problem = f"paused: {paused[1]}"
        return
    ours, since = ledger.read_back_turn(door.name, every_s)
    if not ours or not _read_back(one, since) or not _is_able(door):
        return
    ledger.end_moot_escalations(door.name)
    waiting = ledger.waiting_cases(door.name)
    one.tally.waiting = len(waiting)
    known = replace(one, standing=ledger.escalations_of(door.name), began_s=one.began_s)
    for case in waiting:
        if house.stopping.is_set() or not _go_on(known, case):
            break


def _is_able(door: Door) -> bool:
    """Asked again after reading back: some connectors learn only then that their CRM tells of no answers."""
    can = door.connector.capabilities
    return can.updates and can.reads_back and can.answers


def _read_back(one: _Round, since: datetime | None) -> bool:
    """Take in what changed, in one question; False when that failed, and then nothing may be concluded."""
    door, start = one.door, since - OVERLAP if since else one.now - FIRST_LOOK
    newest = since
    try:
        for states in _batches(door.connector.read_back(start)):
            one.tally.read += len(states)
            newest = max([*(state.changed_at for state in states), *([newest] if newest else [])])
            _take_in(one, states)
    except ConnectorError as error:
        one.tally.problem = str(error)
        if isinstance(error, Throttled | Unusable):
            paused_by(error, door)
        else:
            door.unanswered(str(error))
        return False
    if newest:
        # Should the CRM's clock be ahead of ours, the next question only reaches back further.
        door.ledger.read_back_until(door.name, min(newest, one.now))
    return True


def _take_in(one: _Round, states: Sequence[CaseState]) -> None:
    seen = [_believed(state, one.now) for state in states]
    waiting = [state for state in seen if waits(state)]
    others = [state for state in seen if not waits(state)]
    one.door.ledger.watch(one.door.name, waiting, others)


def _believed(state: CaseState, now: datetime) -> CaseState:
    """A customer's mail that is dated in the future came when the case last changed, or it would never be due."""
    if state.last_customer_at is None or state.last_customer_at <= now:
        return state
    return replace(state, last_customer_at=state.changed_at)


def _batches(states: Iterator[CaseState]) -> Iterator[list[CaseState]]:
    while batch := list(islice(states, _BATCH)):
        yield batch


def _go_on(one: _Round, case: WaitingCase) -> bool:
    """Everything that is due in one case, the longest due first; False when the tick is over."""
    hash_of = one.door.ledger.hash_of
    for rule, occasion in _due(one, case):
        known = one.standing.get(change_key(rule.escalation, case, occasion))
        is_about = rule.is_about(case, hash_of)
        if (known and known.is_final) or not (is_about or (known and known.is_doubtful)):
            continue
        if not _is_free(one, case, known):
            # The next level waits until it is known what became of this one.
            one.tally.later += 1
            return one.door.paused() is None and time.monotonic() - one.began_s <= FRESH_S
        came = _try(one, case, rule, occasion)
        if came not in (Came.APPLIED, Came.REFUSED):
            return came is not Came.PAUSED
        if came is Came.APPLIED:
            case = as_set(case, tuple(rule.escalation.set.items()), hash_of)
    return True


def _is_free(one: _Round, case: WaitingCase, known: Standing | None) -> bool:
    """Whether the change may be tried now: it is due, the case may be written to, what we know of it is fresh."""
    is_fresh = time.monotonic() - one.began_s <= FRESH_S
    return is_fresh and (known is None or known.due) and one.door.paused(case.case.id) is None


def _due(one: _Round, case: WaitingCase) -> list[tuple[Rule, Occasion]]:
    """The rules whose time has come in this case, in the order in which it came."""
    due = []
    for rule in one.rules:
        occasion = occasion_of(rule, case)
        if occasion and (due_at := rule.due_at(occasion, one.now)):
            due.append((due_at, rule.number, rule, occasion))
    return [(rule, occasion) for _, _, rule, occasion in sorted(due, key=lambda entry: entry[:2])]


def _try(one: _Round, case: WaitingCase, rule: Rule, occasion: Occasion) -> Came:
    door = one.door
    change = rule.change(case, occasion, note=door.connector.capabilities.internal_notes)
    came = attempt(door, case, rule, change)
    one.tally.applied += came is Came.APPLIED
    one.tally.refused += came in (Came.REFUSED, Came.GONE)
    one.tally.later += came in (Came.LATER, Came.PAUSED)
    if came is Came.GONE:
        door.ledger.forget_waiting(door.name, case.case.id)
    return came
