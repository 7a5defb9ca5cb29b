"""One change to one case, safely: intent, update, result."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

import structlog

from connectors.contract import CaseGone, Change, ConnectorError, Rejected, Retryable, Throttled, Unusable
from worker.deliver import FIRST_RETRY_S, REQUEST_LIFE_S, UNUSABLE_PAUSE_S, backoff_s
from worker.doors import Door
from worker.escalations.rules import Rule, shows
from worker.ledger import EscalationAsk, EscalationGrant, EscalationState, WaitingCase

log = structlog.get_logger(__name__)


class Came(Enum):
    """What an attempt came to, for whoever goes on."""

    APPLIED = auto()
    #: never, as the rule stands; the next rule may do better
    REFUSED = auto()
    #: not now, or nobody knows: nothing further is done to this case
    LATER = auto()
    #: the case is no more
    GONE = auto()
    #: the connector gets nothing for a while
    PAUSED = auto()


@dataclass(frozen=True)
class _End:
    came: Came
    state: EscalationState
    why: str
    after_s: float | None = None
    counts: bool = True


def attempt(door: Door, case: WaitingCase, rule: Rule, change: Change) -> Came:
    """Make the change, if nobody else is at it, and put on record what became of it. Raises LedgerError."""
    ledger, fields = door.ledger, tuple(change.fields.items())
    provable = not shows(case, fields, ledger.hash_of)
    grant = ledger.begin_escalation(EscalationAsk(change.key, case, rule.name, provable))
    if grant is None:
        return Came.LATER
    end = _end(door, case, change, grant) if not _is_moot(door, case, rule, grant) else _MOOT
    if end.counts:
        ledger.end_escalation(change.key, grant, end.state, end.why, end.after_s)
    else:
        ledger.release_escalation(change.key, grant, end.why, end.after_s or FIRST_RETRY_S)
    say = log.info if end.came is Came.APPLIED else log.warning
    say("escalation", state=end.state, connector=door.name, case=case.case.number, rule=rule.name, why=end.why)
    return end.came


_MOOT = _End(Came.REFUSED, "moot", "a person changed the case before it was known what an earlier attempt had done")


def _is_moot(door: Door, case: WaitingCase, rule: Rule, grant: EscalationGrant) -> bool:
    """Whether an attempt of which nobody knows has met a case that has become another one since."""
    fields, hash_of = tuple(rule.escalation.set.items()), door.ledger.hash_of
    proven = grant.provable and shows(case, fields, hash_of)
    return grant.doubtful and not proven and not rule.is_about(case, hash_of)


def _end(door: Door, case: WaitingCase, change: Change, grant: EscalationGrant) -> _End:
    fields = tuple(change.fields.items())
    if grant.doubtful and grant.provable and shows(case, fields, door.ledger.hash_of):
        return _End(Came.APPLIED, "applied", "found by reading the case back")
    try:
        door.connector.update(case.case, change)
    except ConnectorError as error:
        return _end_of(error, door, grant)
    except Exception as error:
        # A connector's own bug says nothing about what the CRM did, so it counts as in doubt.
        log.exception("connector_bug", connector=door.name, key=change.key)
        return _doubtful(f"unforeseen {type(error).__name__} in connector {door.name}", door, grant)
    door.opened()
    return _End(Came.APPLIED, "applied", "")


def _end_of(error: ConnectorError, door: Door, grant: EscalationGrant) -> _End:
    """The table of the architecture: did it happen, can it ever, for whom."""
    if isinstance(error, Throttled | Unusable):
        wait_s = paused_by(error, door)
        only_case = isinstance(error, Throttled) and bool(error.bucket)
        return _End(Came.LATER if only_case else Came.PAUSED, "deferred", str(error), wait_s, counts=False)
    if isinstance(error, CaseGone):
        return _End(Came.GONE, "gone", str(error))
    if isinstance(error, Rejected):
        return _End(Came.REFUSED, "rejected", str(error))
    if isinstance(error, Retryable):
        return _later(error, door, grant)
    return _doubtful(str(error), door, grant)


def paused_by(error: Throttled | Unusable, door: Door) -> float:
    """Pause the connector, or one bucket of it, as the error says; for how many seconds."""
    if isinstance(error, Throttled):
        wait_s = error.retry_after_s or FIRST_RETRY_S
        door.pause(error.bucket, wait_s, str(error))
        return wait_s
    door.pause("", UNUSABLE_PAUSE_S, str(error))
    return UNUSABLE_PAUSE_S


def _later(error: Retryable, door: Door, grant: EscalationGrant) -> _End:
    door.unanswered(str(error))
    if grant.attempt >= door.max_attempts:
        return _given_up(str(error), grant)
    wait_s = backoff_s(grant.attempt) if error.retry_after_s is None else error.retry_after_s
    # This attempt did nothing, but what an earlier one did is as unknown as before.
    return _End(Came.LATER, "doubtful" if grant.doubtful else "deferred", str(error), wait_s)


def _doubtful(why: str, door: Door, grant: EscalationGrant) -> _End:
    door.unanswered(why)
    if grant.attempt >= door.max_attempts:
        return _given_up(why, grant)
    quiet_s = door.connector.capabilities.visible_after_s + REQUEST_LIFE_S
    wait_s = quiet_s if grant.attempt <= 1 else max(quiet_s, backoff_s(grant.attempt))
    return _End(Came.LATER, "doubtful", f"in doubt: {why}", wait_s)


def _given_up(why: str, grant: EscalationGrant) -> _End:
    return _End(Came.REFUSED, "rejected", f"{why} ({grant.attempt} attempts; given up)")
