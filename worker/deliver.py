"""One delivery, safely: intent, find, create or append, result."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import structlog

from connectors.contract import (
    CaseGone,
    CaseRef,
    Connector,
    ConnectorError,
    Dedupe,
    Delivery,
    Rejected,
    Retryable,
    Throttled,
    Unusable,
)
from worker.doors import Door
from worker.ledger import TAKEN_S, Claim, Ledger, Link, Recorded
from worker.outcome import NOT_BEGUN, Deferred, Delivered, Held, Outcome

log = structlog.get_logger(__name__)

FIRST_RETRY_S = 60.0
LAST_RETRY_S = 3600.0
#: An unusable connector is tried again after this long, with one message, in case a person has acted.
UNUSABLE_PAUSE_S = 300.0
#: A request whose answer was lost is applied within this time or never.
REQUEST_LIFE_S = 5.0
#: An attempt is ours for this long, and longer by what its files take at the slowest rate we put up with.
CLAIM_S = 120.0
SLOWEST_BYTES_PER_S = 100_000


@dataclass(frozen=True)
class Taken:
    """A delivery that was taken in hand with the record of its message."""

    claim: Claim
    #: when that was, by the monotonic clock
    at_s: float


@dataclass(frozen=True)
class _End:
    """How one attempt ended, and what the ledger must know of it."""

    outcome: Outcome
    #: whether the attempt counts towards max_attempts
    counts: bool = True
    #: whether it may have happened all the same
    doubt: bool = False


def deliver(door: Door, delivery: Delivery, link: Callable[[CaseRef], Link], old: bool, taken: Taken | None) -> Outcome:
    """Take one delivery as far as it can go now.

    ``old``: the message is older than the ledger, so an earlier, lost ledger may have known it; the CRM is
    asked first. ``link`` makes what is remembered of the conversation once the case is known. ``taken``: it is
    in our hands already.
    """
    if waits := paused(door, delivery.case.id if delivery.case else ""):
        return put_back(door.ledger, taken, waits)
    claim = _in_hand(door.ledger, delivery, taken)
    if claim is None:
        return standing(door.ledger, delivery.key)
    if claim.attempt > door.max_attempts:
        end = _End(Held(f"{claim.attempt - 1} attempts, the last without an end; look in the CRM before you retry"))
    else:
        end = _attempt(door, delivery, claim, ask_first=claim.in_doubt or old)
    case = end.outcome.case if isinstance(end.outcome, Delivered) else None
    return _settled(door.ledger, claim, end, link(case) if case else None)


def take(ledger: Ledger, records: Sequence[Recorded]) -> dict[str, Taken]:
    """Put messages on record; by key, the deliveries that are in our hands from now on."""
    now = time.monotonic()
    return {key: Taken(claim, now) for key, claim in ledger.record_all(records).items()}


def put_all_back(ledger: Ledger, taken: Mapping[str, Taken]) -> Outcome:
    """The end of a message whose turn does not come in this poll."""
    for one in taken.values():
        put_back(ledger, one, NOT_BEGUN)
    return NOT_BEGUN


def _in_hand(ledger: Ledger, delivery: Delivery, taken: Taken | None) -> Claim | None:
    """The claim, good for as long as the attempt may take."""
    if taken is None:
        return ledger.claim(delivery.key, _claim_s(delivery))
    needed_s, waited_s = _claim_s(delivery), time.monotonic() - taken.at_s
    is_good = waited_s + needed_s <= TAKEN_S
    return taken.claim if is_good or ledger.prolong(taken.claim, needed_s) else None


def put_back(ledger: Ledger, taken: Taken | None, outcome: Outcome) -> Outcome:
    """``outcome``, for a delivery of which nothing was begun; if it was in our hands, it no longer is."""
    return _settled(ledger, taken.claim, _End(outcome, counts=False)) if taken else outcome


def paused(door: Door, case_id: str = "") -> Deferred | None:
    """The outcome of whatever may not be sent (to that case) now, or None."""
    pause = door.paused(case_id)
    return Deferred(pause[0], f"connector {door.name} is paused: {pause[1]}") if pause else None


def _claim_s(delivery: Delivery) -> float:
    """How long an attempt is ours: large files take their time, and nobody may begin anew meanwhile."""
    return CLAIM_S + sum(one.size_bytes for one in delivery.attachments) / SLOWEST_BYTES_PER_S


def _settled(ledger: Ledger, claim: Claim, end: _End, link: Link | None = None) -> Outcome:
    """The outcome, once it is written down; if the attempt was no longer ours, what the new holder made of it."""
    ours = ledger.settle(claim, end.outcome, counts=end.counts, doubt=end.doubt, link=link)
    return end.outcome if ours else standing(ledger, claim.key)


def refuse(door: Door, key: str, error: ConnectorError, taken: Taken | None) -> Outcome:
    """The end of an attempt that failed before the delivery could be made up: the CRM could not be asked."""
    return _conclude(door.ledger, key, taken, lambda claim: _end_of(error, door, claim))


def settle(ledger: Ledger, key: str, outcome: Outcome) -> Outcome:
    """End a delivery by rule, without asking the CRM."""
    return _conclude(ledger, key, None, lambda _: _End(outcome))


def _conclude(ledger: Ledger, key: str, taken: Taken | None, end_of: Callable[[Claim], _End]) -> Outcome:
    claim = taken.claim if taken else ledger.claim(key)
    if claim is None:
        return standing(ledger, key)
    return _settled(ledger, claim, end_of(claim))


def standing(ledger: Ledger, key: str) -> Outcome:
    """What the ledger already says of a delivery that may not be attempted now."""
    row = ledger.state((key,)).get(key)
    return row.outcome if row else Deferred(FIRST_RETRY_S, "the ledger does not know this delivery yet")


def _attempt(door: Door, delivery: Delivery, claim: Claim, *, ask_first: bool) -> _End:
    """Find when there is a doubt, then create or append; whatever is raised becomes an end."""
    try:
        if ask_first and (end := _found(door, delivery, claim)):
            return end
        case = _write(door.connector, delivery)
    except ConnectorError as error:
        return _end_of(error, door, claim)
    except Exception as error:
        # A connector's own bug says nothing about what the CRM did, so it counts as in doubt.
        log.exception("connector_bug", connector=door.name, key=delivery.key)
        return _doubtful(f"unforeseen {type(error).__name__} in connector {door.name}", door, claim)
    door.opened()
    # A try of ours whose end is unknown may have made it; else it was somebody with another ledger.
    return _End(Delivered(case, by_another=case.was_there and not claim.in_doubt))


def _found(door: Door, delivery: Delivery, claim: Claim) -> _End | None:
    """The end, when the CRM already has the message or cannot be sure yet; None when it must be sent."""
    capabilities = door.connector.capabilities
    if capabilities.dedupe is Dedupe.NONE:
        return None
    case = door.connector.find(delivery)
    if case:
        log.info("recovered", by="crm_key", connector=door.name, key=delivery.key, case=case.number)
        return _End(Delivered(case, "found by its key"))
    # A CRM that refuses a second record with one key may be sent it again at once.
    quiet_s = 0.0 if capabilities.dedupe is Dedupe.NATIVE else capabilities.visible_after_s + REQUEST_LIFE_S
    if claim.in_doubt and claim.age_s < quiet_s:
        return _End(Deferred(quiet_s - claim.age_s, "waiting until the CRM would show it"), False, True)
    return None


def _write(connector: Connector, delivery: Delivery) -> CaseRef:
    if delivery.case is None:
        return connector.create(delivery)
    try:
        return connector.append(delivery)
    except CaseGone:
        return connector.create(replace(delivery, case=None, follows=delivery.case))


def _end_of(error: ConnectorError, door: Door, claim: Claim) -> _End:
    """The table of the architecture: did it happen, can it ever, for whom."""
    if isinstance(error, Throttled):
        wait_s = error.retry_after_s or FIRST_RETRY_S
        door.pause(error.bucket, wait_s, str(error))
        return _End(Deferred(wait_s, str(error)), counts=False)
    if isinstance(error, Unusable):
        door.pause("", UNUSABLE_PAUSE_S, str(error))
        return _End(Deferred(UNUSABLE_PAUSE_S, str(error)), counts=False)
    if isinstance(error, Rejected):
        return _End(Held(str(error)))
    if isinstance(error, Retryable):
        return _later(error, door, claim)
    return _doubtful(str(error), door, claim)


def _later(error: Retryable, door: Door, claim: Claim) -> _End:
    door.unanswered(str(error))
    if claim.attempt >= door.max_attempts:
        return _End(Held(f"{error} ({claim.attempt} attempts)"))
    wait_s = backoff_s(claim.attempt) if error.retry_after_s is None else error.retry_after_s
    return _End(Deferred(wait_s, str(error)))


def _doubtful(why: str, door: Door, claim: Claim) -> _End:
    door.unanswered(why)
    if claim.attempt >= door.max_attempts:
        return _End(Held(f"{why} ({claim.attempt} attempts; look in the CRM before you retry)"))
    quiet_s = door.connector.capabilities.visible_after_s + REQUEST_LIFE_S
    wait_s = quiet_s if claim.attempt <= 1 else max(quiet_s, backoff_s(claim.attempt))
    return _End(Deferred(wait_s, f"in doubt: {why}"), doubt=True)


def backoff_s(attempt: int) -> float:
    """Seconds until the next try after the ``attempt``-th: doubling from a minute to an hour, with jitter."""
    wait_s: float = min(FIRST_RETRY_S * 2 ** (attempt - 1), LAST_RETRY_S)
    return wait_s * random.uniform(1.0, 1.2)  # noqa: S311  (not a secret)
