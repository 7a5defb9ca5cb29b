"""Zendesk as a connector: one POST a new case, one PUT a further message, both stamped with the key."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from connectors.contract import (
    Capabilities,
    CaseGone,
    CaseRef,
    CaseState,
    Change,
    Connector,
    Dedupe,
    Delivery,
    Finding,
    InDoubt,
    Rejected,
    Request,
)
from connectors.http import Call, HttpClient, Secrets, json_body, url_problem
from connectors.recent import Recent
from connectors.zendesk import ticket
from connectors.zendesk.catalogue import Catalogue
from connectors.zendesk.commenting import Updates
from connectors.zendesk.fields import Fields, shown
from connectors.zendesk.finding import Finder
from connectors.zendesk.health import Examination
from connectors.zendesk.login import Login, login_misfits
from connectors.zendesk.people import People
from connectors.zendesk.reading import Reader
from connectors.zendesk.rules import CaseClosed, KeyTaken, ZendeskRules
from connectors.zendesk.stamps import Stamps
from connectors.zendesk.uploads import MAX_BYTES, Enclosed, Uploads, originals, safe_name

#: Zendesk keeps an idempotency key for two hours; before these are quite over, we look
_KEY_LIVES_S = 115 * 60.0
_DAY_S = 86_400.0
_TURNS = 64


class Zendesk(Connector):
    """Options: url; client_id and client_secret, or email and token; group (a name) and tags for new tickets."""

    # Not offered: correlates. A Message-ID could only be found by Zendesk's search, whose index lags by minutes, so
    # that the answer would be neither sure nor the same twice; lists and single records know no Message-IDs.
    capabilities = Capabilities(
        dedupe=Dedupe.SEARCH,
        html=True,
        internal_notes=True,
        updates=True,
        reads_back=True,
        answers=True,
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
        self._fields = Fields(self._people, Catalogue(self._http))
        self._stamps = Stamps(self._http)
        self._finder = Finder(self._http, self._people, self._stamps)
        self._updates = Updates(self._http, self._finder, self._stamps)
        self._appended: Recent[CaseRef] = Recent(10_000, 2 * 3600.0)
        #: when a key was first sent, as monotonic seconds
        self._first_sent: Recent[float] = Recent(10_000, _DAY_S)
        # Threads of this process that hold one key take turns; a few keys share a turn.
        self._turns = tuple(threading.Lock() for _ in range(_TURNS))

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
        known = self._after_the_window(delivery.key)
        if known:
            return known
        body = ticket.new_ticket(delivery, self._enclose(delivery), self._placement(delivery))
        return self._open_ticket(delivery, body)

    def append(self, delivery: Delivery) -> CaseRef:
        case = _case_of(delivery.case)
        with self._turns[hash(delivery.key) % _TURNS]:
            # Zendesk has no key for comments; what this process knows to be done is not done again.
            done = self._appended.get(delivery.key)
            if done is None:
                done = self._add_comment(delivery, case)
                self._appended.put(delivery.key, done)
            return done

    def update(self, case: CaseRef, change: Change) -> None:
        """As the contract says. Zendesk's own triggers run at every update, which no option of the call prevents."""
        case = _case_of(case)
        if "tags" in change.fields:
            raise Rejected("tags are given to new tickets only: an update would replace those that agents have set")
        body = ticket.changed(change, self._fields.values(change.fields))
        with self._turns[hash(change.key) % _TURNS]:
            if self._finder.within(case.id, change.key):
                return
            try:
                self._updates.put(case.id, change.key, body)
            except CaseClosed as closed:
                raise CaseGone(f"{closed}; a closed ticket stays as it is") from closed

    def read_back(self, since: datetime) -> Iterator[CaseState]:
        return Reader(self._http, self._finder).states(since)

    def preview(self, delivery: Delivery) -> Sequence[Request]:
        files = [one for one in delivery.attachments if one.size_bytes <= MAX_BYTES]
        uploads = [Request("POST", f"/api/v2/uploads?filename={safe_name(one)}") for one in files]
        enclosed = Enclosed(tuple(f"UPLOAD-{number}" for number in range(1, len(files) + 1)))
        if delivery.case:
            body = {"ticket": ticket.further_comment(delivery, enclosed, None)}
            return (*uploads, Request("PUT", f"/api/v2/tickets/{delivery.case.id}", _shown(body)))
        body = ticket.new_ticket(delivery, enclosed, ticket.Placement(self._tags, shown(delivery.fields)))
        return (*uploads, Request("POST", "/api/v2/tickets", _shown(body)))

    def close(self) -> None:
        self._http.close()

    def _enclose(self, delivery: Delivery) -> Enclosed:
        extra = originals(delivery) if ticket.is_cut(delivery) else ()
        return self._uploads.enclose(delivery.key, delivery.attachments + extra)

    def _placement(self, delivery: Delivery) -> ticket.Placement:
        values = self._fields.values(delivery.fields)
        if self._group and "group_id" not in values:
            values["group_id"] = self._people.own_group(self._group)
        return ticket.Placement(self._tags, values)

    def _after_the_window(self, key: str) -> CaseRef | None:
        """The ticket, where the key was first sent so long ago that Zendesk has forgotten it."""
        now = time.monotonic()
        first = self._first_sent.get(key)
        if first is None:
            self._first_sent.put(key, now)
        return self._finder.ticket(key) if first is not None and now - first > _KEY_LIVES_S else None

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
        self._stamps.learn(str(number), answer)
        was_there = answer.headers.get("x-idempotency-lookup", "").lower() == "hit"
        return replace(self._finder.ref(number), was_there=was_there)

    def _taken(self, delivery: Delivery, taken: KeyTaken) -> CaseRef:
        """The first try got through after all; its files had other tokens than this one's."""
        found = self._finder.ticket(delivery.key)
        if found is None:
            raise InDoubt(f"{taken}; the ticket does not show yet") from taken
        return replace(found, was_there=True)

    def _add_comment(self, delivery: Delivery, case: CaseRef) -> CaseRef:
        enclosed = self._enclose(delivery)
        body = ticket.further_comment(delivery, enclosed, self._people.author(delivery.requester))
        try:
            self._updates.put(case.id, delivery.key, body)
        except CaseClosed:
            # Merged tickets are closed too. Which one took over is told in words only, that anybody might have
            # written; so theirs is a follow-up as well, which agents see linked to its source.
            placement = self._placement(delivery)
            return self._open_ticket(delivery, ticket.follow_up_ticket(delivery, enclosed, placement, case))
        return case


def _case_of(case: CaseRef | None) -> CaseRef:
    if case is None or not (case.id.isascii() and case.id.isdigit()):
        raise CaseGone("there is no ticket with such a number")
    return case


def _shown(body: dict[str, Any]) -> str:
    return json.dumps(body, indent=2, ensure_ascii=False)
