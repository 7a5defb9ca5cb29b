"""When a ticket was last changed: what makes the second of two equal writes fail, where comments have no key.

Zendesk applies an update that carries ``safe_update`` and ``updated_stamp`` only while the ticket's ``updated_at`` is
that stamp, and else answers 409. Stamps count in seconds, so a stamp protects in full once its second is over.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from connectors.http import Answer, Call, HttpClient
from connectors.recent import Recent

_SECOND_S = 1.0
#: what our own last answer said is taken for the present for so long; customers in a hurry cost no extra call then
_FRESH_S = 600.0
#: as long as a call may last: within it, a worker that we know nothing of may have touched the ticket as we would
_JUST_NOW = timedelta(seconds=30)


@dataclass(frozen=True)
class Stamp:
    """A ticket as it stood at one moment. ``value`` is "" when the answer did not tell."""

    value: str = ""
    status: str = ""
    #: monotonic second from which on a change would give another stamp
    settled_at: float = 0.0
    #: changed a moment before we looked, and not by us
    just_changed: bool = False

    def fields(self) -> dict[str, Any]:
        """What an update has to carry."""
        return {"safe_update": True, "updated_stamp": self.value} if self.value else {}


class Stamps:
    """Remembered by ticket, from the answers to our own writes, or asked for."""

    def __init__(self, http: HttpClient, clock: Callable[[], float] = time.monotonic) -> None:
        self._http = http
        self._clock = clock
        self._seen: Recent[Stamp] = Recent(10_000, _FRESH_S, clock)

    def of(self, case_id: str) -> Stamp:
        """What is known, else what Zendesk says now. Raises CaseGone when the ticket is deleted."""
        return self._seen.get(case_id) or self.ask(case_id)

    def ask(self, case_id: str) -> Stamp:
        """What Zendesk says now."""
        path = f"/api/v2/tickets/{case_id}"
        return self._stamp(self._http.send(Call(method="GET", path=path, case_id=case_id)), _JUST_NOW)

    def learn(self, case_id: str, answer: Answer) -> None:
        """From the answer to a write of ours."""
        self._seen.put(case_id, self._stamp(answer))

    def forget(self, case_id: str) -> None:
        """Somebody else has changed the ticket, or may have."""
        self._seen.forget(case_id)

    def is_settled(self, stamp: Stamp) -> bool:
        """Whether an update that carries it can be applied once only."""
        return bool(stamp.value) and self._clock() >= stamp.settled_at

    def _stamp(self, answer: Answer, just_now: timedelta = timedelta()) -> Stamp:
        ticket = answer.data.get("ticket") if isinstance(answer.data, dict) else None
        if not isinstance(ticket, dict) or not isinstance(ticket.get("updated_at"), str):
            return Stamp()
        age = _age(ticket["updated_at"], answer)
        wait_s = max(0.0, _SECOND_S - age.total_seconds())
        return Stamp(ticket["updated_at"], str(ticket.get("status", "")), self._clock() + wait_s, age < just_now)


def _age(updated_at: str, answer: Answer) -> timedelta:
    """By Zendesk's clock alone; none when that is not to be made out."""
    try:
        changed = datetime.fromisoformat(updated_at)
        now = parsedate_to_datetime(answer.headers.get("date", ""))
    except (ValueError, TypeError):
        return timedelta()
    return now.astimezone(UTC) - (changed if changed.tzinfo else changed.replace(tzinfo=UTC)).astimezone(UTC)
