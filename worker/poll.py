"""The story: list, enter, fetch, parse, classify, route, correlate, deliver, acknowledge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import structlog

from connectors.contract import CaseRef
from worker.classify import Verdict, classify
from worker.compose import compose, fitted, key_of, unread_key
from worker.conversations import correlate, ids_of, participants_of
from worker.deliver import deliver, paused, refuse, settle
from worker.doors import Door
from worker.farewell import combined
from worker.house import House, Tally
from worker.ledger import LedgerError, Link, MessageFacts, Planned
from worker.mailbox import Mailbox, MailboxError
from worker.message.guard import GuardError
from worker.outcome import Deferred, Discarded, Held, Outcome
from worker.policy import ruled
from worker.routes import RoutingDecision
from worker.tenure import LEASE_S, Tenure
from worker.visit import Letter, Visit

log = structlog.get_logger(__name__)

#: How far the mail server's clock may be off when a message is compared with the age of the ledger.
_CLOCK_MARGIN = timedelta(minutes=10)


def poll(mailbox: Mailbox, house: House) -> Tally:
    """Take every waiting message of one mailbox as far as it can go now. A mailbox's fault is told, not raised."""
    tally = Tally(mailbox.name)
    try:
        lease = house.ledger.acquire(mailbox.name, LEASE_S)
        if lease is None:
            return replace(tally, busy=True)
        with Tenure(house.ledger, lease) as tenure:
            _take_all(Visit(mailbox, house, tally, tenure))
    except (MailboxError, LedgerError, GuardError, OSError) as error:
        mailbox.close()
        tally.problem = str(error)
    except Exception as error:
        # A bug of ours in one mailbox's poll must not stop the others'.
        log.exception("unforeseen", mailbox=mailbox.name)
        mailbox.close()
        tally.problem = f"unforeseen {type(error).__name__} in the worker; see its log"
    return tally


def _take_all(visit: Visit) -> None:
    """List, enter, fetch, parse; the rest of each life runs on lanes; acknowledge what is done meanwhile."""
    for door in visit.house.doors.values():
        door.refresh()
    try:
        for group in visit.groups():
            for waiting, source in visit.fetch(group):
                letter = visit.read(waiting, source)
                visit.begin(letter, _belongs_with(letter), live)
            visit.see_off(everything=group.suspect)
        visit.see_off(everything=True)
    except BaseException as error:
        visit.abandon(error)
        raise


def live(letter: Letter, house: House) -> Outcome:
    """The life of one message from its parsing on: classify, route, and for each connector correlate, deliver."""
    message, slot = letter.message, letter.waiting.slot
    verdict = classify(message, house.own_addresses)
    decision = house.router.decide(message, slot.mailbox)
    facts = _facts(letter, verdict)
    if decision.route is None:
        why = f"no route matches ({decision.tried})"
        held = house.ledger.hold_unrouted(slot, facts, unread_key(slot), why)
        return Held(why) if held else Discarded("by an operator")
    steps = _plan(letter, decision, house)
    house.ledger.record(slot, facts, [step.planned for step in steps])
    outcomes = [_go(step, letter, verdict, house) for step in steps]
    return combined(outcomes)


def _belongs_with(letter: Letter) -> Sequence[str]:
    """What must not be overtaken: the same message in another slot, and the messages it answers."""
    message = letter.message
    return tuple(filter(None, (message.identity, message.message_id, *ids_of(message))))


@dataclass(frozen=True)
class _Step:
    """One connector that is to get the message."""

    door: Door
    planned: Planned
    decision: RoutingDecision


def _plan(letter: Letter, decision: RoutingDecision, house: House) -> Sequence[_Step]:
    assert decision.route is not None
    names = dict.fromkeys((decision.route.connector, *decision.route.also))
    return [_step(house.doors[name], letter, decision) for name in names]


def _step(door: Door, letter: Letter, decision: RoutingDecision) -> _Step:
    key = key_of(letter.message.identity, door.name, door.connector)
    planned = Planned(key, door.name, door.connector.target, decision.name, decision.told())
    return _Step(door, planned, decision)


def _go(step: _Step, letter: Letter, verdict: Verdict, house: House) -> Outcome:
    """One delivery: what the rules say of such mail, else the case it belongs to, else a new one."""
    door, message, key = step.door, letter.message, step.planned.key
    route = step.decision.route
    assert route is not None
    outcome = ruled(route, verdict.kind.value, verdict.reasons)
    if outcome and not door.ledger.released(key):
        return settle(door.ledger, key, outcome)
    if waits := paused(door):
        return waits
    continuation = correlate(message, door.name, door.connector, door.ledger)
    if continuation.error:
        return refuse(door, key, continuation.error)
    if continuation.wait_for:
        return Deferred(30.0, f"waits for {continuation.wait_for}")
    delivery = compose(message, letter.source, key, step.decision.recipient, route.fields)
    delivery = replace(
        fitted(delivery, door.connector.capabilities),
        case=continuation.case,
        follows=continuation.follows,
        public=continuation.public,
    )

    def link(case: CaseRef) -> Link:
        # Who may only write for agents' eyes does not come to take part in the case by doing so.
        is_stranger = not continuation.public and continuation.case == case
        people = () if is_stranger else participants_of(message)
        return Link(door.name, case, tuple(filter(None, (message.message_id,))), people)

    return deliver(door, delivery, link, old=_may_be_older(message.received_at, house.ledger.born_at))


def _may_be_older(received_at: datetime, born_at: datetime) -> bool:
    """Whether an earlier, lost ledger may have known the message; of a date in the future nothing is believed."""
    return not born_at + _CLOCK_MARGIN <= received_at <= datetime.now(UTC) + _CLOCK_MARGIN


def _facts(letter: Letter, verdict: Verdict) -> MessageFacts:
    message = letter.message
    return MessageFacts(
        identity=message.identity,
        message_id=message.message_id,
        author=message.author.address,
        subject=message.subject,
        received_at=message.received_at,
        size_bytes=message.size_bytes,
        kind=verdict.kind.value,
        mailbox=letter.waiting.slot.mailbox,
    )
