"""How an attempt may end, as the values that settle writes."""

from __future__ import annotations

import math
from enum import Enum, auto
from typing import Any

from connectors.contract import CaseRef
from worker.ledger.records import Claim, Link
from worker.ledger.statements import impersonal, printable
from worker.outcome import Deferred, Delivered, Held, Outcome, is_final

_LONGEST_S = 24 * 3600.0


class Ending(Enum):
    """What an attempt says about whether the CRM has the message."""

    FINAL = auto()
    NOTHING_DONE = auto()
    MAYBE_DONE = auto()
    STILL_UNKNOWN = auto()


def ending_of(
    claim: Claim, outcome: Outcome, *, counts: bool, doubt: bool, link: Link | None
) -> tuple[Ending, dict[str, Any]]:
    """The kind of ending, and the parameters of its statement."""
    case = outcome.case if isinstance(outcome, Delivered) else link.case if link else None
    values: dict[str, Any] = {
        "at_key": claim.key,
        "at_fence": claim.fence,
        "ended": _state(outcome, doubt),
        "after_s": _after_s(outcome),
        "counted": int(counts),
        "because": impersonal(outcome.why),
        "has_case": int(case is not None),
        **_case(case or CaseRef("", "")),
    }
    return _ending(outcome, counts=counts, doubt=doubt), values


def _ending(outcome: Outcome, *, counts: bool, doubt: bool) -> Ending:
    if is_final(outcome):
        return Ending.FINAL
    if not doubt:
        return Ending.NOTHING_DONE
    return Ending.MAYBE_DONE if counts else Ending.STILL_UNKNOWN


def _state(outcome: Outcome, doubt: bool) -> str:
    if isinstance(outcome, Deferred):
        return "delivering" if doubt else "deferred"
    if isinstance(outcome, Held):
        return "held"
    return "delivered" if isinstance(outcome, Delivered) else "discarded"


def _after_s(outcome: Outcome) -> float | None:
    if not isinstance(outcome, Deferred):
        return None
    return max(0.0, outcome.after_s if math.isfinite(outcome.after_s) else _LONGEST_S)


def _case(case: CaseRef) -> dict[str, str]:
    return {
        "new_case_id": printable(case.id),
        "new_case_number": printable(case.number),
        "new_case_url": printable(case.url),
    }
