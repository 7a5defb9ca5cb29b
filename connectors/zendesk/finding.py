"""Where a key is: on a ticket, on a comment of the ticket it was meant for, or on one of the author's tickets."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.contract import CaseGone, CaseRef, Delivery, Rejected
from connectors.http import Call, HttpClient
from connectors.zendesk.people import People
from connectors.zendesk.ticket import MARKER

_PAGE = 100
_AUDIT_PAGES = 10
_OWN_TICKETS = 10
#: a message may claim to be a little younger than it is; a ticket untouched since long before cannot hold it
_CLOCK_MARGIN = timedelta(days=7)


class Finder:
    """Reads only. Never the search, whose index lags: lists and single records, which do not."""

    def __init__(self, http: HttpClient, people: People) -> None:
        self._http = http
        self._people = people

    def find(self, delivery: Delivery) -> CaseRef | None:
        """The case that holds the key. One call, when it is new; up to a dozen after the ledger was lost."""
        found = self.ticket(delivery.key)
        if found is None and delivery.case:
            found = self._in_audits(delivery.case.id, delivery.key, _AUDIT_PAGES)
        elif found is None and (delivery.references or delivery.in_reply_to):
            found = self._among_own(delivery)
        return found

    def ticket(self, key: str) -> CaseRef | None:
        """The oldest ticket with that external id."""
        answer = self._http.send(Call(method="GET", path=f"/api/v2/tickets?external_id={key}"))
        numbers = [
            one["id"]
            for one in answer.items("tickets")
            if one.get("external_id") == key and isinstance(one.get("id"), int)
        ]
        return self.ref(min(numbers)) if numbers else None

    def ref(self, number: int) -> CaseRef:
        """The ticket as people quote it, with the page that agents open."""
        return CaseRef(str(number), str(number), f"{self._http.base}/agent/tickets/{number}")

    def _in_audits(self, case_id: str, key: str, pages: int) -> CaseRef | None:
        if not (case_id.isascii() and case_id.isdigit()):
            return None
        try:
            marked = any(_marked(audit, key) for audit in self._audits(case_id, pages))
        except CaseGone:
            return None
        return self.ref(int(case_id)) if marked else None

    def _audits(self, case_id: str, pages: int) -> Iterator[dict[str, Any]]:
        """Newest first, since what is asked for has just been tried."""
        for page in range(1, pages + 1):
            path = f"/api/v2/tickets/{case_id}/audits?sort_order=desc&page={page}&per_page={_PAGE}"
            answer = self._http.send(Call(method="GET", path=path, case_id=case_id))
            found = answer.items("audits")
            yield from found
            if len(found) < _PAGE or not answer.data.get("next_page"):
                return

    def _among_own(self, delivery: Delivery) -> CaseRef | None:
        author = self._people.known(delivery.requester)
        if author is None:
            return None
        path = f"/api/v2/users/{author}/tickets/requested?sort_by=updated_at&sort_order=desc&per_page={_OWN_TICKETS}"
        try:
            answer = self._http.send(Call(method="GET", path=path))
        except Rejected:
            return None
        tickets = [one for one in answer.items("tickets") if _may_hold(one, delivery.sent_at)]
        refs = (self._in_audits(str(one["id"]), delivery.key, 1) for one in tickets[:_OWN_TICKETS])
        return next((ref for ref in refs if ref), None)


def _marked(audit: dict[str, Any], key: str) -> bool:
    metadata = audit.get("metadata")
    custom = metadata.get("custom") if isinstance(metadata, dict) else None
    return isinstance(custom, dict) and custom.get(MARKER) == key


def _may_hold(ticket: dict[str, Any], sent_at: datetime) -> bool:
    try:
        touched = datetime.fromisoformat(str(ticket.get("updated_at")))
    except ValueError:
        return isinstance(ticket.get("id"), int)
    if touched.tzinfo is None:
        touched = touched.replace(tzinfo=UTC)
    return isinstance(ticket.get("id"), int) and (touched >= sent_at - _CLOCK_MARGIN or sent_at > datetime.now(UTC))
