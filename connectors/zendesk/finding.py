"""Where a key is: on a ticket, on a comment of the ticket it was meant for, or on one of the author's tickets."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.contract import CaseGone, CaseRef, Delivery, Person, Rejected
from connectors.http import Call, HttpClient
from connectors.recent import Recent
from connectors.zendesk.people import People
from connectors.zendesk.stamps import Stamp, Stamps
from connectors.zendesk.ticket import MARKER

_PAGE = 100
_AUDIT_PAGES = 10
_OWN_TICKETS = 10
#: the author, and whoever else may have asked for the ticket that the author wrote into
_PEOPLE = 4
#: a message may claim to be a little younger than it is; a ticket untouched since long before cannot hold it
_CLOCK_MARGIN = timedelta(days=7)
#: what a look has shown stays true while the ticket's stamp does, so this need not be short
_LOOK_LIVES_S = 3600.0


class Finder:
    """Reads only. Never the search, whose index lags: lists and single records, which do not."""

    def __init__(self, http: HttpClient, people: People, stamps: Stamps) -> None:
        self._http = http
        self._people = people
        self._stamps = stamps
        #: by key, the ticket's stamp before its audits were searched in vain
        self._looks: Recent[Stamp] = Recent(10_000, _LOOK_LIVES_S)

    def find(self, delivery: Delivery) -> CaseRef | None:
        """The case that holds the key. One call, when it is new; up to a dozen after the ledger was lost."""
        found = self.ticket(delivery.key)
        if found is None and delivery.case:
            found = self.within(delivery.case.id, delivery.key)
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

    def within(self, case_id: str, key: str) -> CaseRef | None:
        """The ticket, if one of its updates bears the key; None also when it is gone."""
        if not (case_id.isascii() and case_id.isdigit()):
            return None
        try:
            # The stamp first: what comes after it, and after the audits were read, is caught by the stamp.
            stamp = self._stamps.ask(case_id)
            if self.is_marked(case_id, key):
                return self.ref(int(case_id))
        except CaseGone:
            return None
        self._looks.put(key, stamp)
        return None

    def looked(self, key: str) -> Stamp | None:
        """How the ticket stood when ``within`` did not find the key in it."""
        return self._looks.get(key)

    def is_marked(self, case_id: str, key: str, pages: int = _AUDIT_PAGES) -> bool:
        """Whether one of the ticket's updates bears the key. Raises CaseGone when it is deleted."""
        return any(_marked(audit, key) for audit in self._audits(case_id, pages))

    def _audits(self, case_id: str, pages: int) -> Iterator[dict[str, Any]]:
        """Newest first, since what is asked for has just been tried. An archived ticket has but one page."""
        for page in range(1, pages + 1):
            path = f"/api/v2/tickets/{case_id}/audits?sort_order=desc&page={page}&per_page={_PAGE}"
            answer = self._http.send(Call(method="GET", path=path, case_id=case_id))
            found = answer.items("audits")
            yield from found
            if not found or not answer.data.get("next_page"):
                return

    def _among_own(self, delivery: Delivery) -> CaseRef | None:
        """In a ticket that its author asked for, or somebody else whom the message names."""
        people = {one.address.lower(): one for one in (delivery.requester, *delivery.to, *delivery.cc) if one.address}
        people.pop(delivery.recipient.lower(), None)
        for person in [*people.values()][:_PEOPLE]:
            for number in self._requested(person, delivery.sent_at):
                if self._still_marked(str(number), delivery.key):
                    return self.ref(number)
        return None

    def _requested(self, person: Person, sent_at: datetime) -> list[int]:
        user = self._people.known(person)
        if user is None:
            return []
        path = f"/api/v2/users/{user}/tickets/requested?sort_by=updated_at&sort_order=desc&per_page={_OWN_TICKETS}"
        try:
            answer = self._http.send(Call(method="GET", path=path))
        except Rejected:
            return []
        return [one["id"] for one in answer.items("tickets")[:_OWN_TICKETS] if _may_hold(one, sent_at)]

    def _still_marked(self, case_id: str, key: str) -> bool:
        try:
            return self.is_marked(case_id, key, pages=1)
        except CaseGone:
            return False


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
