"""One message into the service desk: a request on behalf of its sender, or a further comment with all its files."""

from __future__ import annotations

import re
from typing import Any, Final

from connectors.contract import CaseRef, ConnectorError, Delivery, InDoubt, Rejected, Unusable
from connectors.http import Answer
from connectors.jira.api import is_issue_id
from connectors.jira.flavour import Flavour
from connectors.jira.found import Found
from connectors.jira.people import People
from connectors.jira.service_desk.asked import Asked, Sorter
from connectors.jira.service_desk.customers import Customers
from connectors.jira.service_desk.desk import Desk
from connectors.jira.service_desk.files import DeskFiles
from connectors.jira.service_desk.marks import line_of
from connectors.jira.wiki import markup
from connectors.jira.words import LABEL, Fitted, Page, Room, fit, marker, page_of, stamp
from connectors.jira.writing import Manner, Writer

#: a refusal that concerns the people of a request, not the request
_OF_PEOPLE: Final = re.compile(r"behalf|reporter|participant|customer", re.IGNORECASE)


class DeskWriter(Writer):
    """Words without files go by the platform's API, whose comments hold the key in a property.

    Words with files go by the service desk's, which takes both in one call but no property: there the last line of
    the text has the key.
    """

    files: DeskFiles

    def __init__(self, flavour: Flavour, desk: Desk, people: People, manner: Manner) -> None:
        super().__init__(flavour, desk, people, manner)
        self._desk = desk
        self._sender_field = manner.sender_field
        self._labels = manner.labels
        self._sorter = Sorter(flavour, desk, people)
        self.customers = Customers(desk, people)
        self.files = DeskFiles(desk)

    def open_issue(self, delivery: Delivery) -> CaseRef:
        """POST request; label, property and what the form does not have come right after, with ``attach``."""
        # What is no key is found out before anything is asked or laid down.
        line_of(delivery.key)
        asked = self._sorter.sort(delivery, self._sender_field)
        whom = self._people_of(delivery)
        enclosed = self.all_files(delivery)
        ids, refused = self.files.lay_down(enclosed.files) if self._desk.form().takes_files else ([], [])
        notices = (*enclosed.notices, *refused)
        filled = self._sorter.filled(delivery, asked, ids)
        answer = self.fitting(
            lambda room: self.wiki(delivery, notices, room, signed=not self._desk.key_field_name),
            lambda text: self._raised(delivery, filled(text), whom),
        )
        if not is_issue_id(str(answer.value("issueId"))):
            raise answer.call.unclear(f"{answer.call.place}: the answer names no issue")
        return self._desk.api.ref({"id": answer.value("issueId"), "key": answer.value("issueKey")})

    def _people_of(self, delivery: Delivery) -> dict[str, Any]:
        """A note for agents has no customer, since a customer sees the text of his request."""
        if not delivery.public:
            return {}
        requester = self.customers.account(delivery.requester)
        others = self.customers.participants(delivery, requester)
        whom: dict[str, Any] = {"raiseOnBehalfOf": requester} if requester else {}
        return {**whom, "requestParticipants": others} if others else whom

    def _raised(self, delivery: Delivery, filled: dict[str, Any], whom: dict[str, Any]) -> Answer:
        """In the sender's name or, if Jira will not have him after all, in our own."""
        body = self.request(filled, whom)
        try:
            return self._desk.calls.create("request", "request", body)
        except (Rejected, Unusable) as error:
            if not whom or not _OF_PEOPLE.search(str(error)):
                raise
        self.customers.forget(delivery.requester)
        return self._desk.calls.create("request", "request", self.request(filled, {}))

    def request(self, filled: dict[str, Any], whom: dict[str, Any]) -> dict[str, Any]:
        """The body of POST request."""
        place = {"serviceDeskId": self._desk.desk_id(), "requestTypeId": self._desk.request_type_id()}
        return {**place, "requestFieldValues": filled, **whom}

    def wiki(self, delivery: Delivery, notices: tuple[str, ...], room: Room, *, signed: bool) -> Fitted:
        """The text as wiki text; ``signed`` has the key in its last line."""
        tail = f"\n\n{line_of(delivery.key)}" if signed else ""

        def render(page: Page) -> str:
            return markup(page) + tail

        return fit(render, page_of(delivery, notices), room)

    def may_be_cut(self, delivery: Delivery) -> bool:
        """Whichever way it goes."""
        worst = Room(wide=True)
        return super().may_be_cut(delivery) or self.wiki(delivery, (), worst, signed=True).is_cut

    def add_comment(self, delivery: Delivery, case: CaseRef) -> None:
        """Words and files in one call."""
        enclosed = self.all_files(delivery)
        ids, refused = self.files.lay_down(enclosed.files)
        notices = (*enclosed.notices, *refused)
        if not ids:
            return self.say(delivery, case, notices)
        self.fitting(
            lambda room: self.wiki(delivery, notices, room, signed=True),
            lambda text: self._desk.calls.write("attachment", case.id, comment_with_files(delivery, text, ids)),
        )
        return None

    def attach(self, delivery: Delivery, case: CaseRef, found: Found | None) -> list[str]:
        """What could not go with the request itself. A further message is whole from the start."""
        if delivery.case is not None:
            return []
        lines = [] if found and found.stamped else self._marked(delivery, case)
        return lines if self._desk.form().takes_files else lines + super().attach(delivery, case, found)

    def _marked(self, delivery: Delivery, case: CaseRef) -> list[str]:
        """PUT issue, after the request is made; a line for what Jira would not have. Raises InDoubt."""
        asked = self._sorter.sort(delivery, self._sender_field)
        if not self.must_mark(asked):
            return []
        try:
            return self._put(delivery, case, asked)
        except ConnectorError as error:
            raise InDoubt(f"request {case.number} is made, but not labelled yet: {error}") from error

    def must_mark(self, asked: Asked) -> bool:
        """Whether the request cannot say it all."""
        return not self._desk.key_field_name or bool(asked.fields or asked.labels or self._labels)

    def _put(self, delivery: Delivery, case: CaseRef, asked: Asked) -> list[str]:
        body = self.marking(delivery, asked)
        try:
            self._desk.api.write("issue", case.id, body, "PUT")
        except Rejected as error:
            if not asked.fields:
                raise
            del body["fields"]
            self._desk.api.write("issue", case.id, body, "PUT")
            return [f"{', '.join(asked.fields)} could not be set: {error}"]
        return []

    def marking(self, delivery: Delivery, asked: Asked) -> dict[str, Any]:
        """The body of PUT issue."""
        labels = dict.fromkeys((marker(delivery.key), LABEL, *self._labels, *asked.labels))
        body: dict[str, Any] = {"fields": asked.fields} if asked.fields else {}
        body["update"] = {"labels": [{"add": one} for one in labels]}
        return {**body, "properties": [stamp(delivery)]}


def comment_with_files(delivery: Delivery, text: Any, ids: list[str]) -> dict[str, Any]:
    """The body of POST attachment."""
    return {"temporaryAttachmentIds": ids, "public": delivery.public, "additionalComment": {"body": text}}
