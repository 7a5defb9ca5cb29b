"""What each fault must be told as, and the way the worker gets over it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from connectors.conformance.rig import Fault, RiggedCrm
from connectors.contract import (
    AuthFailed,
    CaseRef,
    Connector,
    ConnectorError,
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
#: faults whose answer says "7 seconds"
TIMED: Final = (Fault.UNAVAILABLE, Fault.THROTTLED_SECONDS, Fault.THROTTLED_DATE)

Act = Callable[[Delivery], CaseRef]


def attempt(act: Act, delivery: Delivery) -> ConnectorError | None:
    """What the connector says of one try."""
    try:
        act(delivery)
    except ConnectorError as error:
        return error
    return None


def judge(fault: Fault, told: ConnectorError | None) -> None:
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
        assert 6 <= told.retry_after_s <= 8, f"{fault.name}: {told.retry_after_s} s, where 7 were asked for"


def get_over(crm: RiggedCrm, connector: Connector, act: Act, delivery: Delivery, told: ConnectorError | None) -> int:
    """Do what the worker does next; the number of records with the key when the dust has settled."""
    if told is not None and not isinstance(told, InDoubt):
        held = crm.keys()
        assert delivery.key not in held, f"{type(told).__name__} says that nothing happened, but it did"
    crm.settle()
    if isinstance(told, Unusable):
        return 1
    if told is not None and connector.find(delivery) is None:
        act(delivery)
        crm.settle()
    return crm.keys().count(delivery.key)
