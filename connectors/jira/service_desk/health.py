"""Whether mail would get through to the service desk: desk, request type, its form, customers, and who sees whom."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from connectors.contract import AuthFailed, Finding, Rejected, Severity, Unusable
from connectors.jira.fields import known, named
from connectors.jira.health import Examination, Step, Wishes
from connectors.jira.login import Login
from connectors.jira.service_desk.asked import MUST_HAVE, unfilled
from connectors.jira.service_desk.desk import ATTACHMENT, Desk

_SAMPLE: Final = 20
_FILLED: Final = {"summary", "description", ATTACHMENT}


class DeskExamination(Examination):
    """Reads only; so whether customers can be made is told by the permission that it takes."""

    def __init__(self, desk: Desk, login: Login, wishes: Wishes) -> None:
        super().__init__(desk.api, login, desk, wishes)
        self._desk = desk
        self._sender_field = wishes.sender_field

    def steps(self) -> Sequence[Step]:
        return (self.user, self._service_desk, self.rights, self._form, self._behalf, self._addresses, self.files)

    def _service_desk(self) -> Iterator[Finding]:
        try:
            shown = self._desk.shown()
            yield Finding(Severity.OK, f"service desk {shown.get('projectName')!r} of project {self._desk.key}")
            kind = self._desk.shown_type()
        except AuthFailed:
            raise
        except (Rejected, Unusable) as error:
            raise Unusable(
                f"{error}; look at service_desk and request_type, and at our user's access to them"
            ) from error
        yield Finding(Severity.OK, f"it has the request type {kind.get('name')!r}")
        if kind.get("canCreateRequest") is False:
            fact = f"the user may not raise requests of the type {kind.get('name')!r}"
            yield Finding(Severity.STOPS_MAIL, fact, "make it an agent of the service desk, or lift the restriction")

    def _form(self) -> Iterator[Finding]:
        form = self._desk.form()
        there = {one.id for one in form.fields}
        for name in MUST_HAVE:
            if name not in there:
                fact = f"request type {self._desk.request_type!r} lacks the field {name}"
                yield Finding(Severity.STOPS_MAIL, fact, f"add {name} to the request type's form")
        sender, key = self._named_fields()
        for lacking in unfilled(form, _FILLED | {sender, key}):
            fact = f"request type {self._desk.request_type!r} demands the field {lacking}, which mail does not fill"
            cure = "make it optional, give it a default, or set it in every route's fields"
            yield Finding(Severity.WARNING, fact, cure)
        if not form.takes_files:
            fact = "the request type has no field for attachments: files of a new request come in a comment of ours"
            cure = "add Attachment to its form, so that they come with the request and no answer is seen in it"
            yield Finding(Severity.WARNING, fact, cure)
        if not key and not named(self._desk.screen().fields, "labels"):
            fact = "issues of this type have no labels, by which requests are listed"
            yield Finding(Severity.STOPS_MAIL, fact, "add Labels to the issue type's fields, or set key_field")

    def _named_fields(self) -> tuple[str, str]:
        """Ids of ``sender_field`` and ``key_field``, or "". Raises Rejected or Unusable for what is not there."""
        sender, field = self._sender_field, self._desk.key_field()
        fields = self._desk.form().fields
        if sender:
            sender = known(fields if named(fields, sender) else self._desk.screen().fields, sender).id
        return sender, field.id if field else ""

    def _behalf(self) -> Iterator[Finding]:
        form = self._desk.form()
        own = "requests are raised in our own name, and the first line says who wrote"
        if not form.on_behalf:
            cure = "make our user an agent of the service desk"
            yield Finding(Severity.WARNING, f"the user may not raise requests on behalf of others; {own}", cure)
            return
        lacking = self.lacking(["ADMINISTER", "ADMINISTER_PROJECTS", "USER_PICKER"])
        if "ADMINISTER" in lacking:
            fact = f"the user may not create customers (it is no Jira administrator): for a stranger, {own}"
            cure = "give it the global permission Administer Jira, or let customers sign up by themselves"
            yield Finding(Severity.WARNING, fact, f"{cure}; sender_field names a field for the address")
        else:
            yield Finding(Severity.OK, "senders become customers, and requests are raised on their behalf")
        if "ADMINISTER_PROJECTS" in lacking:
            fact = "the user may not add customers to the service desk"
            cure = "make it the project's administrator; not needed where anybody may raise requests"
            yield Finding(Severity.WARNING, fact, cure)
        if "USER_PICKER" in lacking:
            fact = "the user may not look people up, so customers who are there already may not be found"
            yield Finding(Severity.WARNING, fact, "give it the global permission Browse users and groups")
        if not form.participants:
            cure = "let agents add participants in the service desk's settings"
            yield Finding(Severity.WARNING, "other recipients cannot be made participants", cure)

    def _addresses(self) -> Iterator[Finding]:
        """By a sample: customers whose addresses are hidden cannot be told by them."""
        cure = "ask customers, or the organisation's administrator, to let addresses be seen"
        try:
            shown = self._desk.calls.customers(self._desk.desk_id(), {"limit": _SAMPLE})
        except AuthFailed:
            raise
        except (Rejected, Unusable):
            fact = "the user may not see the service desk's customers, so their addresses could not be looked at"
            yield Finding(Severity.WARNING, fact, "let our user see the customers of the service desk")
            return
        hidden = sum(not one.get("emailAddress") for one in shown)
        if hidden:
            fact = f"{hidden} of {len(shown)} customers hide their address, and may not be found by it"
            yield Finding(Severity.WARNING, fact, cure)
        elif shown:
            yield Finding(Severity.OK, "customers can be found by their addresses")
