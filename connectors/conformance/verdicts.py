"""What each fault must be told as, and the way the worker gets over it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, TypeVar

from connectors.conformance.abilities import wait_s
from connectors.conformance.rig import Fault, RiggedCrm
from connectors.contract import (
    AuthFailed,
    CaseRef,
    Connector,
    ConnectorError,
    Dedupe,
    Delivery,
    InDoubt,
    Rejected,
    Retryable,
    Throttled,
    Unusable,
)

#: the error that says what happened; None beside it where the connector may also get through by itself
TOLD_AS: Final[dict[Fault, tuple[type[ConnectorError] | None, ...]]] = {
    Fault.RESET_BEFORE: (InDoubt, None),
    Fault.RESET_AFTER: (InDoubt, None),
    Fault.CUT: (InDoubt, None),
    Fault.TRUNCATED: (InDoubt, None),
    Fault.MALFORMED: (InDoubt, None),
    Fault.HTML: (InDoubt, None),
    Fault.SERVER_ERROR: (InDoubt, None),
    Fault.SERVER_ERROR_AFTER: (InDoubt, None),
    Fault.UNAVAILABLE: (Throttled,),
    Fault.THROTTLED_SECONDS: (Throttled,),
    Fault.THROTTLED_DATE: (Throttled,),
    Fault.CONFLICT: (Retryable, None),
    Fault.INVALID: (Rejected,),
    Fault.TOO_LARGE: (Rejected,),
    Fault.FORBIDDEN: (Unusable,),
    Fault.REDIRECT: (Unusable,),
    Fault.EXPIRED: (None,),
    Fault.REFUSED: (Throttled,),
    Fault.UNAUTHORIZED: (AuthFailed,),
}
#: faults whose answer says for how long
TIMED: Final = (Fault.UNAVAILABLE, Fault.THROTTLED_SECONDS, Fault.THROTTLED_DATE)

#: so often the kit comes back to a connector that asks it to wait
_PATIENCE = 4

Act = Callable[[Delivery], CaseRef]
T = TypeVar("T")


def attempt(act: Act, delivery: Delivery) -> ConnectorError | None:
    """What the connector says of one try."""
    try:
        act(delivery)
    except ConnectorError as error:
        return error
    return None


def judge(fault: Fault, told: ConnectorError | None, asked_s: float) -> None:
    """Whether the error is the one that the fault means: exactly that class, or a finer one, never a coarser."""
    expected = TOLD_AS[fault]
    if told is None:
        assert None in expected, f"{fault.name}: passed for a success"
        return
    classes = tuple(one for one in expected if one is not None)
    assert isinstance(told, classes), f"{fault.name}: told as {type(told).__name__}"
    if fault is Fault.CONFLICT:
        assert not isinstance(told, Throttled), "CONFLICT: one record's trouble must not stop the whole connector"
    if fault is Fault.FORBIDDEN:
        assert not isinstance(told, AuthFailed), "FORBIDDEN: the CRM knows us well"
    if fault in TIMED:
        assert isinstance(told, Throttled)
        assert told.retry_after_s is not None
        near = abs(told.retry_after_s - asked_s) <= 1
        assert near, f"{fault.name}: {told.retry_after_s} s, where {asked_s:g} were asked for"


def patiently(ask: Callable[[], T]) -> T:
    """Do it as the worker would: not before the time is over that a Throttled names."""
    for _ in range(_PATIENCE):
        try:
            return ask()
        except Throttled as error:
            time.sleep(min(error.retry_after_s or 1.0, 10.0))
    return ask()


def suffer(crm: RiggedCrm, connector: Connector, fault: Fault, act: Act, delivery: Delivery) -> None:
    """Play the fault: it is told as what it is; and whatever was told, there is one record in the end."""
    crm.fail_next(fault)
    told = attempt(act, delivery)
    judge(fault, told, wait_s(crm))
    assert get_over(crm, connector, act, delivery, told) == 1, f"{fault.name}: not one record in the end"


def get_over(crm: RiggedCrm, connector: Connector, act: Act, delivery: Delivery, told: ConnectorError | None) -> int:
    """Do what the worker does next; the number of records with the key when the dust has settled."""
    if told is not None and not isinstance(told, InDoubt):
        held = crm.keys()
        assert delivery.key not in held, f"{type(told).__name__} says that nothing happened, but it did"
    crm.settle()
    if isinstance(told, Unusable):
        return 1
    if isinstance(told, InDoubt) and connector.capabilities.dedupe is Dedupe.NONE:
        # It is declared that nobody can be asked, and that the message may then arrive twice.
        return 1
    if told is not None and patiently(lambda: connector.find(delivery)) is None:
        patiently(lambda: act(delivery))
        crm.settle()
    return crm.keys().count(delivery.key)
