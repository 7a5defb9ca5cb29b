"""The story: list, enter, fetch, parse, classify, route, correlate, deliver, respond, acknowledge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import structlog

from worker.compose import unread_key
from worker.conversations import correlate
from worker.deliver import Taken, deliver, paused, put_all_back, put_back, refuse, settle, take
from worker.docket import Docket
from worker.draft import Matter, drafted
from worker.farewell import combined, tell_login
from worker.house import House, Tally
from worker.judge import announce
from worker.ledger import LedgerError
from worker.mailbox import Mailbox, MailboxError
from worker.message.guard import GuardError
from worker.outcome import Deferred, Delivered, Discarded, Held, Outcome
from worker.plan import Plan, Step, in_order, plan
from worker.tenure import LEASE_S, Tenure
from worker.visit import Visit

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
    tell_login(mailbox, house.ledger, tally.problem)
    return tally


def _take_all(visit: Visit) -> None:
    """List, enter, fetch, parse, classify, route, put on record; the rest of each life runs on lanes meanwhile."""
    house = visit.house
    for door in house.doors.values():
        door.refresh()
    try:
        for letters in visit.letters(Docket(visit.mailbox, house, visit.tally).groups()):
            plans = in_order(visit.guarded(letters, partial(plan, house=house)))
            taken = take(house.ledger, [one.recorded for one in plans if one.steps])
            for one in plans:
                ours = {key: taken.pop(key) for key in one.keys if key in taken}
                life, unlived = partial(carry_out, one, house, ours), partial(put_all_back, house.ledger, ours)
                visit.begin(one.letter, one.belongs_with, life, unlived)
            visit.see_off(everything=False)
        visit.see_off(everything=True)
    except BaseException as error:
        visit.abandon(error)
        raise


def carry_out(one: Plan, house: House, taken: Mapping[str, Taken]) -> Outcome:
    """The rest of a message's life: for each connector correlate and deliver; then respond.

    ``taken``: by key, what is in hand. The answer goes out before the mark: whoever dies between the two finds the
    answer on record, and whoever dies before it answers next time.
    """
    announce(one.judgement, str(one.letter.waiting.slot))
    if one.steps:
        outcomes = [_go(step, one, house, taken.get(step.planned.key)) for step in one.steps]
        _respond(one, outcomes[0], house)
        return combined(outcomes)
    slot, why = one.letter.waiting.slot, one.judgement.why_held
    held = house.ledger.hold_unrouted(slot, one.facts, unread_key(slot), why)
    return Held(why) if held else Discarded("by an operator")


def _respond(one: Plan, outcome: Outcome, house: House) -> None:
    """The route's automatic answer, once its own connector has the message."""
    route = one.decision.route
    if route and route.reply and isinstance(outcome, Delivered):
        house.answer(one.letter.message, one.judgement, outcome)


def _go(step: Step, one: Plan, house: House, taken: Taken | None) -> Outcome:
    """One delivery: what the rules say of such mail, else the case it belongs to, else a new one."""
    door, message, key = step.door, one.letter.message, step.planned.key
    if step.ruling and not door.ledger.released(key):
        return settle(door.ledger, key, step.ruling)
    if waits := paused(door):
        return put_back(door.ledger, taken, waits)
    trust = house.trust(one.letter.waiting.slot.mailbox)
    continuation = correlate(message, door.name, door.connector, door.ledger, trust)
    if continuation.error:
        return refuse(door, key, continuation.error, taken)
    if continuation.wait_for:
        return put_back(door.ledger, taken, Deferred(30.0, f"waits for {continuation.wait_for}"))
    letter, capabilities = one.letter, door.connector.capabilities
    draft = drafted(Matter(message, letter.source, one.decision, door.name, capabilities, key), continuation, trust)
    return deliver(door, draft.delivery, draft.link, _may_be_older(message.received_at, house.ledger.born_at), taken)


def _may_be_older(received_at: datetime, born_at: datetime) -> bool:
    """Whether an earlier, lost ledger may have known the message; of a date in the future nothing is believed."""
    return not born_at + _CLOCK_MARGIN <= received_at <= datetime.now(UTC) + _CLOCK_MARGIN
