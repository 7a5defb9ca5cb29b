"""HubSpot as a connector: a ticket and an e-mail on it, each stamped; what a crash left undone the next try completes.

The order is contact, ticket, files, e-mail. The e-mail comes last and in one call with its links and its files, so
the key on an e-mail says that all of it is there, and ``find`` asks for nothing else.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from connectors.contract import (
    Capabilities,
    CaseGone,
    CaseRef,
    CaseState,
    Change,
    Connector,
    ConnectorError,
    Dedupe,
    Delivery,
    Finding,
    Rejected,
    Request,
)
from connectors.http import HttpClient, Secrets, url_problem
from connectors.hubspot import bodies
from connectors.hubspot.account import Account
from connectors.hubspot.bodies import MESSAGE_ID
from connectors.hubspot.contacts import Contact, Contacts, upsert_body
from connectors.hubspot.fields import Fields
from connectors.hubspot.files import MAX_BYTES, Files, stored_name, to_send
from connectors.hubspot.health import Examination
from connectors.hubspot.login import Login, login_misfits
from connectors.hubspot.messages import Messages, kind_of
from connectors.hubspot.owners import Owners
from connectors.hubspot.pipelines import Pipelines
from connectors.hubspot.records import TICKETS, Records
from connectors.hubspot.rules import HubSpotRules
from connectors.hubspot.setup import Setup
from connectors.hubspot.states import States
from connectors.hubspot.tickets import Tickets
from connectors.hubspot.words import MAX_CHARS
from connectors.recent import Recent

_MODES: Final = ("email",)
_REMEMBERED_S = 2 * 3600.0


class HubSpot(Connector):
    """Options: token, or client_id, client_secret and refresh_token; names of pipeline, stage and owner for new tickets
    (or their numbers), reopen_stage for closed ones; folder for files; key_property, the unique property's name.
    """

    capabilities = Capabilities(
        dedupe=Dedupe.NATIVE,
        correlates=True,
        html=True,
        internal_notes=True,
        updates=True,
        reads_back=True,
        answers=True,
        max_text_chars=MAX_CHARS,
        max_attachment_bytes=MAX_BYTES,
    )

    # One keyword a settings key is the contract, so there are more than a function should have.
    def __init__(  # noqa: PLR0913
        self,
        *,
        url: str = "https://api.hubapi.com",
        token: str = "",
        client_id: str = "",
        client_secret: str = "",
        refresh_token: str = "",
        pipeline: str = "",
        stage: str = "",
        reopen_stage: str = "",
        owner: str = "",
        folder: str = "mail-to-case",
        key_property: str = "e2c_key",
        api_version: str = "2026-03",
        mode: str = "email",
    ) -> None:
        options = {"token": token, "client_id": client_id}
        options |= {"client_secret": client_secret, "refresh_token": refresh_token}
        rules = HubSpotRules((key_property, MESSAGE_ID))
        self._login = Login(options, api_version)
        self._http = HttpClient(url, rules, Secrets((token, client_secret, refresh_token)))
        self._http.auth = self._login.auth(self._http)
        self._entry, self._reopen_stage, self._owner, self._mode = (pipeline, stage), reopen_stage, owner, mode
        self._records = Records(self._http, api_version, key_property)
        self._account = Account(self._records, rules)
        self._pipelines, self._owners = Pipelines(self._records), Owners(self._records)
        self._fields = Fields(self._pipelines, self._owners, self._entry, owner)
        self._contacts, self._tickets = Contacts(self._records), Tickets(self._records)
        self._files = Files(self._records, folder)
        self._messages = Messages(self._records, self._files)
        self._setup = Setup(self._records)
        self._states = States(self._records, self._pipelines, self._owners, self._account)
        #: delivery key → the ticket that was made for it, while its message is still to come
        self._begun: Recent[str] = Recent(10_000, _REMEMBERED_S)
        #: delivery keys whose ticket another process, or an earlier one, has made
        self._was_there: Recent[bool] = Recent(10_000, _REMEMBERED_S)

    @classmethod
    def misfits(cls, options: Mapping[str, object]) -> Sequence[tuple[str, str]]:
        found = login_misfits(options)
        if problem := url_problem(str(options.get("url", "https://api.hubapi.com"))):
            found.append(("url", problem))
        if not re.fullmatch(r"\d{4}-\d{2}", str(options.get("api_version", "2026-03"))):
            found.append(("api_version", 'must be a dated version such as "2026-03"'))
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,99}", str(options.get("key_property", "e2c_key"))):
            found.append(("key_property", "must be a property's internal name: small letters, digits and _"))
        mode = options.get("mode", "email")
        if mode not in _MODES:
            found.append(("mode", f"{mode!r} (custom channels) is not supported yet; leave it out, or set it to email"))
        return found

    @property
    def target(self) -> str:
        return self._http.host

    def check(self) -> Sequence[Finding]:
        examination = Examination(self._records, self._login, self._account, self._setup)
        return examination.findings(self._pipelines, self._fields, self._entry, self._owner)

    def prepare(self) -> Sequence[Finding]:
        return self._setup.prepare()

    def find(self, delivery: Delivery) -> CaseRef | None:
        ticket = self._messages.find(delivery)
        return self._account.ref(ticket) if ticket else None

    def create(self, delivery: Delivery) -> CaseRef:
        ticket = self._messages.done(delivery.key)
        if ticket is None:
            self._setup.guard()
            ticket = self._create(delivery)
        return replace(self._account.ref(ticket), was_there=bool(self._was_there.get(delivery.key)))

    def append(self, delivery: Delivery) -> CaseRef:
        if delivery.case is None:
            raise CaseGone("there is no ticket to add to")
        ticket = self._messages.done(delivery.key)
        if ticket is None:
            self._setup.guard()
            ticket = self._append(delivery, delivery.case)
        return self._account.ref(ticket)

    def correlate(self, message_ids: Sequence[str]) -> CaseRef | None:
        ticket = self._messages.correlate(message_ids)
        return self._account.ref(ticket) if ticket else None

    def update(self, case: CaseRef, change: Change) -> None:
        properties = self._fields.of_change(change.fields, self._tickets.place(case))
        if properties:
            self._tickets.patch(case.id, properties)
        if change.note:
            self._messages.remark(case, change.note, change.key)

    def read_back(self, since: datetime) -> Iterator[CaseState]:
        return self._states.since(since)

    def preview(self, delivery: Delivery) -> Sequence[Request]:
        address, contact = delivery.requester.address.lower(), Contact("CONTACT" if delivery.requester.address else "")
        shown = []
        if contact.id:
            body = upsert_body({address: delivery.requester})
            shown.append(_shown(self._records.path("contacts", "/batch/upsert"), body))
        if delivery.case is None:
            ticket = bodies.ticket(delivery, self._records.key, contact, self._placed(delivery))
            shown.append(_shown(self._records.path(TICKETS), ticket))
        files = [one for one in to_send(delivery) if one.size_bytes <= MAX_BYTES]
        names = [stored_name(delivery.key, position, one) for position, one in enumerate(files)]
        shown += [Request("POST", f"/files/{self._records.version}/files", f"file={name}; PRIVATE") for name in names]
        enclosed = bodies.Enclosed(tuple(f"FILE-{number}" for number in range(1, len(files) + 1)))
        hung = (delivery.case.id if delivery.case else "TICKET", contact)
        kind, body = self._messages.body(delivery, hung, enclosed)
        return (*shown, _shown(self._records.path(kind), body))

    def _placed(self, delivery: Delivery) -> dict[str, str]:
        """By number, as they are sent; by name when HubSpot cannot be asked for the numbers."""
        try:
            return self._fields.of_new(delivery.fields)
        except ConnectorError:
            names = {"hs_pipeline": self._entry[0] or "(first)", "hs_pipeline_stage": self._entry[1] or "(first open)"}
            return names | dict(delivery.fields)

    def close(self) -> None:
        self._http.close()

    def _create(self, delivery: Delivery) -> str:
        try:
            return self._with_author(delivery, lambda contact: self._complete(delivery, contact))
        except Rejected:
            # The ticket that was begun may be gone; the next try is not to build on it.
            self._begun.forget(delivery.key)
            raise

    def _complete(self, delivery: Delivery, contact: Contact) -> str:
        """Whatever of ticket, files and message is not there yet."""
        ticket = self._begun.get(delivery.key)
        if ticket is None:
            placed = self._fields.of_new(delivery.fields)
            kept = self._records.make(TICKETS, bodies.ticket(delivery, self._records.key, contact, placed))
            if not kept.fresh:
                # Somebody has been here before, and may have uploaded files.
                self._files.doubt(delivery.key)
                self._was_there.put(delivery.key, True)
            ticket = kept.id
            self._begun.put(delivery.key, ticket)
        return self._messages.write(delivery, ticket, contact)

    def _with_author(self, delivery: Delivery, act: Callable[[Contact], str]) -> str:
        """Do it with the author's contact; once more with another one when the one we knew was deleted since."""
        contact = self._contacts.of(delivery.requester)
        try:
            return act(contact)
        except Rejected:
            self._contacts.forget(delivery.requester)
            again = self._contacts.of(delivery.requester)
            if again == contact:
                raise
            return act(again)

    def _append(self, delivery: Delivery, case: CaseRef) -> str:
        place = self._tickets.place(case)
        reopening = self._fields.reopening(place, self._reopen_stage) if delivery.public else {}
        # Reopened first: if we die in between, the next try still finds the message missing. What came through
        # already opens nothing, for an agent may have closed it since.
        if reopening:
            kept = self._records.by_key(kind_of(delivery), delivery.key)
            if kept and kept.tickets:
                return case.id if case.id in kept.tickets else kept.tickets[0]
            self._tickets.patch(case.id, reopening)
        try:
            return self._with_author(delivery, lambda contact: self._messages.write(delivery, case.id, contact))
        except Rejected:
            # Whether it was deleted a moment ago, no refusal says for sure.
            self._tickets.place(case)
            raise


def _shown(path: str, body: dict[str, object]) -> Request:
    return Request("POST", path, json.dumps(body, indent=2, ensure_ascii=False))
