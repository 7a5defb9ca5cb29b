"""Zendesk as a connector: one POST a new case, one PUT a further message, both stamped with the key."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from connectors.contract import Capabilities, CaseGone, CaseRef, Connector, Dedupe, Delivery, Finding, InDoubt, Request
from connectors.http import Call, HttpClient, Secrets, json_body, url_problem
from connectors.zendesk import ticket
from connectors.zendesk.finding import Finder
from connectors.zendesk.health import Examination
from connectors.zendesk.login import Login, login_misfits
from connectors.zendesk.people import People
from connectors.zendesk.recent import Recent
from connectors.zendesk.rules import CaseClosed, KeyTaken, ZendeskRules
from connectors.zendesk.uploads import MAX_BYTES, Enclosed, Uploads, originals, safe_name


class Zendesk(Connector):
    """Options: url; client_id and client_secret, or email and token; group (a name) and tags for new tickets."""

    capabilities = Capabilities(
        dedupe=Dedupe.SEARCH,
        html=True,
        internal_notes=True,
        max_text_chars=ticket.MAX_TEXT_CHARS,
        max_attachment_bytes=MAX_BYTES,
        visible_after_s=5.0,
    )

    # One keyword a settings key is the contract, so there are more than a function should have.
    def __init__(  # noqa: PLR0913
        self,
        *,
        url: str,
        client_id: str = "",
        client_secret: str = "",
        email: str = "",
        token: str = "",
        group: str = "",
        tags: tuple[str, ...] = (),
    ) -> None:
        self._login = Login(client_id, client_secret, email, token)
        self._group = group
        self._tags = tags
        self._http = HttpClient(url, ZendeskRules(), Secrets((client_secret, token)))
        self._http.auth = self._login.auth(self._http)
        self._people = People(self._http)
        self._uploads = Uploads(self._http)
        self._finder = Finder(self._http, self._people)
        self._appended: Recent[CaseRef] = Recent(10_000, 2 * 3600.0)

    @classmethod
    def misfits(cls, options: Mapping[str, object]) -> Sequence[tuple[str, str]]:
        problem = url_problem(str(options["url"]))
        return [*([("url", problem)] if problem else []), *login_misfits(options)]

    @property
    def target(self) -> str:
        return self._http.host

    def check(self) -> Sequence[Finding]:
        return Examination(self._http, self._login, self._people, self._group).findings()

    def find(self, delivery: Delivery) -> CaseRef | None:
        return self._finder.find(delivery)

    def create(self, delivery: Delivery) -> CaseRef:
        body = ticket.new_ticket(delivery, self._enclose(delivery), self._placement(delivery))
        return self._open_ticket(delivery, body)

    def append(self, delivery: Delivery) -> CaseRef:
        case = _case_of(delivery)
        # Zendesk has no key for comments; what this process knows to be done is not done again.
        done = self._appended.get(delivery.key)
        if done is None:
            done = self._add_comment(delivery, case)
            self._appended.put(delivery.key, done)
        return done

    def preview(self, delivery: Delivery) -> Sequence[Request]:
        files = [one for one in delivery.attachments if one.size_bytes <= MAX_BYTES]
        uploads = [Request("POST", f"/api/v2/uploads?filename={safe_name(one)}") for one in files]
        enclosed = Enclosed(tuple(f"UPLOAD-{number}" for number in range(1, len(files) + 1)))
        if delivery.case:
            body = ticket.further_comment(delivery, enclosed, None)
            return (*uploads, Request("PUT", f"/api/v2/tickets/{delivery.case.id}", _shown(body)))
        body = ticket.new_ticket(delivery, enclosed, ticket.Placement(None, self._tags))
        return (*uploads, Request("POST", "/api/v2/tickets", _shown(body)))

    def close(self) -> None:
        self._http.close()

    def _enclose(self, delivery: Delivery) -> Enclosed:
        extra = originals(delivery) if ticket.is_cut(delivery) else ()
        return self._uploads.enclose(delivery.key, delivery.attachments + extra)

    def _placement(self, delivery: Delivery) -> ticket.Placement:
        asked = delivery.fields.get("queue") or delivery.fields.get("group")
        if asked:
            return ticket.Placement(self._people.group(asked), self._tags)
        return ticket.Placement(self._people.own_group(self._group) if self._group else None, self._tags)

    def _open_ticket(self, delivery: Delivery, body: dict[str, Any]) -> CaseRef:
        call = Call(
            method="POST",
            path="/api/v2/tickets",
            body=json_body(body),
            headers={"Idempotency-Key": delivery.key},
            safe_to_repeat=True,
        )
        try:
            answer = self._http.send(call)
        except KeyTaken as taken:
            return self._taken(delivery, taken)
        number = answer.number("ticket", "id")
        requester = answer.data["ticket"].get("requester_id")
        if isinstance(requester, int) and delivery.requester.address:
            self._people.learn(delivery.requester, requester)
        return self._finder.ref(number)

    def _taken(self, delivery: Delivery, taken: KeyTaken) -> CaseRef:
        """The first try got through after all; its files had other tokens than this one's."""
        found = self._finder.ticket(delivery.key)
        if found is None:
            raise InDoubt(f"{taken}; the ticket does not show yet") from taken
        return found

    def _add_comment(self, delivery: Delivery, case: CaseRef) -> CaseRef:
        enclosed = self._enclose(delivery)
        body = ticket.further_comment(delivery, enclosed, self._people.author(delivery.requester))
        path = f"/api/v2/tickets/{case.id}"
        try:
            answer = self._http.send(Call(method="PUT", path=path, body=json_body(body), case_id=case.id))
        except CaseClosed:
            placement = self._placement(delivery)
            return self._open_ticket(delivery, ticket.follow_up_ticket(delivery, enclosed, placement, case))
        return self._finder.ref(answer.number("ticket", "id"))


def _case_of(delivery: Delivery) -> CaseRef:
    if delivery.case is None or not (delivery.case.id.isascii() and delivery.case.id.isdigit()):
        raise CaseGone("there is no ticket with such a number")
    return delivery.case


def _shown(body: dict[str, Any]) -> str:
    return json.dumps(body, indent=2, ensure_ascii=False)
