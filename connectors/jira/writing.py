"""One message into Jira: an issue or a comment, stamped in the same call, then its files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from connectors.contract import Attachment, CaseRef, Delivery
from connectors.http import Answer
from connectors.jira.api import Api, is_issue_id
from connectors.jira.fields import Values, known
from connectors.jira.files import Enclosed, Files
from connectors.jira.flavour import Flavour
from connectors.jira.found import Found
from connectors.jira.people import People
from connectors.jira.project import Project
from connectors.jira.rules import TooLong
from connectors.jira.words import LABEL, PROPERTY, Fitted, Page, Room, clean, marker, page_of, stamp, summary_of

#: a note that Jira Service Management shows to agents only; elsewhere it means nothing
INTERNAL: Final = {"key": "sd.public.comment", "value": {"internal": True}}
_LABEL_CHARS: Final = 255


@dataclass(frozen=True)
class Manner:
    """What the settings say about new issues and comments."""

    labels: tuple[str, ...] = ()
    sender_field: str = ""
    set_reporter: bool = False
    internal_role: str = ""


class Writer:
    """Builds the bodies and sends them; what is in doubt is raised as such."""

    def __init__(self, flavour: Flavour, project: Project, people: People, manner: Manner) -> None:
        self._flavour = flavour
        self._api: Api = flavour.api
        self._project = project
        self._people = people
        self._values = Values(flavour, people)
        self._manner = manner
        self.files = Files(flavour.api)

    def open_issue(self, delivery: Delivery) -> CaseRef:
        """POST issue: text, label and property in one call."""
        fields = self._asked_fields(delivery)
        notices = self.all_files(delivery).notices
        answer = self.fitting(
            lambda room: self.fitted(delivery, notices, room),
            lambda body: self._api.create("issue", "issue", self.issue(delivery, body, fields)),
        )
        if not is_issue_id(str(answer.value("id"))) or not answer.value("key"):
            raise answer.call.unclear(f"{answer.call.place}: the answer names no issue")
        return self._api.ref(answer.data)

    def add_comment(self, delivery: Delivery, case: CaseRef) -> None:
        """POST comment, with the property."""
        self.say(delivery, case, self.all_files(delivery).notices)

    def say(self, delivery: Delivery, case: CaseRef, notices: tuple[str, ...]) -> None:
        """The message's words as a comment."""
        answer = self.fitting(
            lambda room: self.fitted(delivery, notices, room),
            lambda body: self._api.write("comment", case.id, self.comment(delivery, body)),
        )
        answer.value("id")

    def attach(self, delivery: Delivery, case: CaseRef, found: Found | None) -> list[str]:
        """Its files; after a doubt (``found``) only those that are not there. A line for each that Jira refused."""
        files = self.all_files(delivery).files
        if found:
            return self.files.attach_missing(case.id, files, found)
        return self.files.attach(case.id, files)

    def say_missing(self, delivery: Delivery, case: CaseRef, refused: list[str]) -> None:
        """A comment that tells which files Jira would not take."""
        body = self._flavour.render(Page("", "", tuple(clean(line) for line in refused)))
        mark = {"key": PROPERTY, "value": {"notice": delivery.key}}
        self._api.write("comment", case.id, {"body": body, "properties": [mark, INTERNAL]})

    def fitting(self, fitted: Callable[[Room], Fitted], send: Callable[[Any], Answer]) -> Answer:
        """Send it as long as it may be. A site counts in its own way; told that it is too long, count in the worst."""
        try:
            return send(fitted(Room()).body)
        except TooLong as error:
            return send(fitted(Room(min(Room().chars, error.limit_chars * 9 // 10), wide=True)).body)

    def fitted(self, delivery: Delivery, notices: tuple[str, ...], room: Room) -> Fitted:
        """The text in Jira's form."""
        return self._flavour.fitted(page_of(delivery, notices), room)

    def all_files(self, delivery: Delivery) -> Enclosed:
        """Those that go, and what is to be said of the others."""
        return self.files.sort(self.enclosures(delivery))

    def enclosures(self, delivery: Delivery) -> tuple[Attachment, ...]:
        """The message's files and, when the text may have to be cut, the original."""
        source = delivery.source
        if source is None or source.sha256 in {one.sha256 for one in delivery.attachments}:
            return delivery.attachments
        return (*delivery.attachments, source) if self.may_be_cut(delivery) else delivery.attachments

    def may_be_cut(self, delivery: Delivery) -> bool:
        """Counted in the worst way, so that every try of the same message has the same files."""
        return self.fitted(delivery, (), Room(wide=True)).is_cut

    def issue(self, delivery: Delivery, body: Any, more: dict[str, Any]) -> dict[str, Any]:
        """The body of POST issue. What a route asks for may not replace what we must say ourselves."""
        ours = (marker(delivery.key), LABEL, *self._manner.labels)
        asked = more.get("labels", [])
        own = {
            **self._project.place(),
            "summary": summary_of(delivery),
            "description": body,
            "labels": list(dict.fromkeys((*ours, *(str(one)[:_LABEL_CHARS] for one in asked)))),
        }
        return {"fields": {**more, **own}, "properties": [stamp(delivery)]}

    def comment(self, delivery: Delivery, body: Any) -> dict[str, Any]:
        """The body of POST comment."""
        if delivery.public:
            return {"body": body, "properties": [stamp(delivery)]}
        return {"body": body, "properties": [stamp(delivery), INTERNAL], **self.restriction()}

    def restriction(self) -> dict[str, Any]:
        """Who may see a note, when the settings name a role."""
        role = self._manner.internal_role
        return {"visibility": {"type": "role", "value": role}} if role else {}

    def _asked_fields(self, delivery: Delivery) -> dict[str, Any]:
        """From the route, and those that tell who wrote."""
        asked = dict(delivery.fields)
        found: dict[str, Any] = {}
        if labels := asked.pop("labels", asked.pop("tags", "")):
            found["labels"] = labels.replace(",", " ").split()
        if self._manner.sender_field and delivery.requester.address:
            asked.setdefault(self._manner.sender_field, delivery.requester.address)
        screen = self._project.screen().fields if asked else ()
        for name, text in asked.items():
            field = known(screen, name)
            found[field.id] = self._values.of(field, text)
        if self._manner.set_reporter and (identity := self._people.customer(delivery.requester)):
            found["reporter"] = self._flavour.user(identity)
        return found
