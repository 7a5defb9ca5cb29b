"""One update of a ticket, applied once: by its stamp against the same moment, by its marker against the past."""

from __future__ import annotations

from typing import Any

from connectors.contract import InDoubt, Retryable
from connectors.http import Answer, Call, HttpClient, json_body
from connectors.zendesk.finding import Finder
from connectors.zendesk.rules import CaseClosed, Collision
from connectors.zendesk.stamps import Stamp, Stamps

#: the kind of call that an account may make so many of in a minute, whoever makes them
UPDATES = "ticket updates"
_TRIES = 3


class Updates:
    """Every PUT on a ticket goes through here."""

    def __init__(self, http: HttpClient, finder: Finder, stamps: Stamps) -> None:
        self._http = http
        self._finder = finder
        self._stamps = stamps

    def put(self, case_id: str, key: str, ticket: dict[str, Any]) -> None:
        """Send it, unless an update with the key is there already. Raises CaseClosed, CaseGone.

        A ticket that changes meanwhile is looked at anew, since it may be this very update that changed it.
        """
        looked = self._finder.looked(key)
        stamp = looked or self._stamps.of(case_id)
        is_suspect = looked is None and stamp.just_changed
        for _ in range(_TRIES):
            if is_suspect and self._finder.is_marked(case_id, key):
                return
            if stamp.status == "closed":
                raise CaseClosed(f"ticket {case_id} is closed")
            try:
                self._stamps.learn(case_id, self._send(case_id, ticket, stamp))
            except Collision:
                self._stamps.forget(case_id)
                stamp, is_suspect = self._stamps.ask(case_id), True
            else:
                return
        raise Retryable(f"PUT /api/v2/tickets/{case_id}: others keep changing the ticket")

    def _send(self, case_id: str, ticket: dict[str, Any], stamp: Stamp) -> Answer:
        call = Call(
            method="PUT",
            path=f"/api/v2/tickets/{case_id}",
            body=json_body({"ticket": {**ticket, **stamp.fields()}}),
            case_id=case_id,
            # A file's token is good for one comment, so that a second copy might be refused on its account.
            safe_to_repeat=self._stamps.is_settled(stamp) and not ticket.get("comment", {}).get("uploads"),
            buckets=(case_id, UPDATES),
        )
        try:
            return self._http.send(call)
        except InDoubt:
            self._stamps.forget(case_id)
            raise
